package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
)

// TestSSE: browsers get events with names and numbers, go on after a number, and are told when there is nothing more.
func TestSSE(t *testing.T) {
	s := start(t, nil)
	j := s.submit(api.NewJob{Kind: "tune", Effect: s.effectOf("a sepia photo").ID, Steps: 4})
	if _, last := s.followJob(j.ID); last.State != api.Done {
		t.Fatalf("%+v", last)
	}
	path := "/v1/jobs/" + j.ID + "/events"
	r := s.do("GET", path, nil, "Accept", "text/event-stream").want(t, http.StatusOK, "")
	if k := r.Header.Get("Content-Type"); k != "text/event-stream" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", r.Header)
	}
	number := 0
	blocks := strings.Split(strings.TrimSuffix(string(r.body), "\n\n"), "\n\n")
	for i, block := range blocks {
		lines := strings.Split(block, "\n")
		if i == 0 {
			if lines[0] != "event: state" || len(lines) != 2 {
				t.Errorf("the first event is %q", lines)
			}
			continue
		}
		number++
		if len(lines) != 3 || lines[0] != fmt.Sprintf("id: %d", number) || lines[1] != "event: point" {
			t.Fatalf("event %d is %.200q", i, block)
		}
		var e api.Event
		if err := json.Unmarshal([]byte(strings.TrimPrefix(lines[2], "data: ")), &e); err != nil || e.Point.Number != number {
			t.Errorf("%+v, %v", e, err)
		}
	}
	if number < 2 {
		t.Errorf("%d points", number)
	}
	rest := s.do("GET", path, nil, "Last-Event-ID", "1").want(t, http.StatusOK, fmt.Sprintf("id: %d\n", number))
	if strings.Contains(string(rest.body), "id: 1\n") {
		t.Error("a point that is known is told again")
	}
	s.do("GET", path, nil, "Last-Event-ID", fmt.Sprint(number)).want(t, http.StatusNoContent, "")
	s.do("GET", path, nil, "Last-Event-ID", "x").want(t, http.StatusBadRequest, "not the number of a point")
	s.do("GET", path+fmt.Sprint("?after=", number), nil).want(t, http.StatusOK, "event: state")
}

// TestManyStreams: streams are bounded, and those of clients that go away make room.
func TestManyStreams(t *testing.T) {
	s := start(t, nil)
	j := s.submit(api.NewJob{Kind: "tune", Effect: s.effectOf("a sepia photo").ID, Steps: long})
	s.awaitPoint(j.ID)
	for range cap(s.streams) - 1 {
		s.streams <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", s.url+"/v1/jobs/"+j.ID+"/events", nil)
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(r.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	s.do("GET", "/v1/jobs/"+j.ID+"/events", nil).want(t, http.StatusTooManyRequests, "streams of events are open")
	cancel()
	r.Body.Close()
	for len(s.streams) == cap(s.streams) { // until the server has noticed
		time.Sleep(time.Millisecond)
	}
	s.do("POST", "/v1/jobs/"+j.ID+"/cancel", nil).want(t, http.StatusOK, "")
	if _, last := s.followJob(j.ID); last.State != api.Cancelled {
		t.Errorf("%+v", last)
	}
}
