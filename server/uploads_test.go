package server

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSlowUploads: pairs that come slowly keep nobody else's waiting, until there are too many of them; those whose clients go leave nothing.
func TestSlowUploads(t *testing.T) {
	s := start(t, nil)
	upload := func() reply {
		return s.do("POST", "/v1/pairs", zipped(t, 2), "Content-Type", "application/zip")
	}
	var slow []*io.PipeWriter
	for {
		another := upload()
		if another.StatusCode == http.StatusTooManyRequests {
			another.want(t, http.StatusTooManyRequests, "try again later")
			break
		}
		another.want(t, http.StatusCreated, "")
		r, w := io.Pipe()
		slow = append(slow, w)
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/v1/pairs", r)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/zip")
		go http.DefaultTransport.RoundTrip(req) // ends with the pipe
		w.Write([]byte("PK"))
		s.awaitUploads(len(slow) + len(s.pairs.List()))
	}
	if len(slow) < 2 {
		t.Errorf("%d slow uploads are too many", len(slow))
	}
	for _, w := range slow {
		w.CloseWithError(io.ErrUnexpectedEOF)
	}
	s.awaitUploads(len(s.pairs.List()))
	upload().want(t, http.StatusCreated, "")
}

// awaitUploads waits until there are so many folders of pairs, with those that are on their way.
func (s *site) awaitUploads(n int) {
	s.t.Helper()
	for s.t.Context().Err() == nil {
		if items, err := os.ReadDir(filepath.Join(s.o.Data, "pairs")); err != nil {
			s.t.Fatal(err)
		} else if len(items) == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
