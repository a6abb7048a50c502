package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/jobs"
)

// heartbeat is the time after which a stream repeats the state of its job, so that both ends know that the other is there.
const heartbeat = 15 * time.Second

// media types of streams of events.
const (
	typeSSE    = "text/event-stream"
	typeNDJSON = "application/x-ndjson"
)

// events streams what happens to a job until it neither runs nor waits: its state, then the points from a number on, and either as they change.
func (s *Server) events(w http.ResponseWriter, r *http.Request, q query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	after := q.number("after", 0, 1<<30, 0)
	last := r.Header.Get("Last-Event-ID")
	if last != "" {
		if _, err := fmt.Sscanf(last, "%d", &after); err != nil || after < 0 {
			return fail(http.StatusBadRequest, "Last-Event-ID %.40q is not the number of a point", last)
		}
	}
	if q.err != nil {
		return q.err
	}
	news, err := s.jobs.Watch(id, after)
	if err != nil {
		return err
	}
	if last != "" && api.Settled(news.Job.State) && len(news.Points) == 0 {
		w.WriteHeader(http.StatusNoContent) // tells browsers not to ask again
		return nil
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return fail(http.StatusTooManyRequests, "%d streams of events are open, the most there may be: try again later", maxStreams)
	}
	st := &stream{w: w, control: http.NewResponseController(w), sse: !strings.Contains(r.Header.Get("Accept"), typeNDJSON)}
	if st.begin(); r.Method == http.MethodHead {
		return nil
	}
	return ignore(s.follow(st, r, id, after, news))
}

// follow writes news until there is none to come, or nobody who reads it.
func (s *Server) follow(st *stream, r *http.Request, id string, after int, news jobs.News) error {
	told := news.Job
	if err := st.state(told); err != nil {
		return err
	}
	beat := time.NewTimer(heartbeat)
	defer beat.Stop()
	for {
		for _, p := range news.Points {
			if err := st.point(p); err != nil {
				return err
			}
			after = p.Number
		}
		if !reflect.DeepEqual(told, news.Job) {
			if told = news.Job; st.state(told) != nil {
				return nil
			}
		}
		if api.Settled(told.State) {
			return nil
		}
		beat.Reset(heartbeat)
		select {
		case <-news.Changed:
		case <-beat.C:
			told = api.Job{}
		case <-r.Context().Done():
			return nil
		case <-s.ending.Done():
			return nil
		}
		var err error
		if news, err = s.jobs.Watch(id, after); err != nil {
			return err
		}
	}
}

// stream writes events, as a browser's EventSource reads them or as lines of JSON.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	sse     bool
}

func (st *stream) begin() {
	h := st.w.Header()
	h.Set("Content-Type", typeNDJSON)
	if st.sse {
		h.Set("Content-Type", typeSSE)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // for proxies
	st.w.WriteHeader(http.StatusOK)
}

func (st *stream) state(j api.Job) error { return st.write("", api.Event{Type: "state", Job: &j}) }

func (st *stream) point(p api.Point) error {
	return st.write(fmt.Sprintf("id: %d\n", p.Number), api.Event{Type: "point", Point: &p})
}

func (st *stream) write(id string, e api.Event) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if st.sse {
		_, err = fmt.Fprintf(st.w, "%sevent: %s\ndata: %s\n\n", id, e.Type, text)
	} else {
		_, err = fmt.Fprintf(st.w, "%s\n", text)
	}
	if err != nil {
		return err
	}
	return st.control.Flush()
}
