package loadtest

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/warmstart-ml/warmstart/client"
	"github.com/warmstart-ml/warmstart/server/api"
)

// Kinds of what clients do.
const (
	kindApply    = "apply"
	kindGenerate = "generate"
	kindTune     = "tune"
	kindAbort    = "abort"
	kindLook     = "look"
	kindRemove   = "remove"
)

// Report tells what came of a load.
type Report struct {
	Clients  int                 `json:"clients"`
	Seconds  float64             `json:"seconds"`
	Side     int                 `json:"side"` // of the pictures, in pixels
	Threads  int                 `json:"threads"`
	Kinds    map[string]*Summary `json:"kinds"`
	Refused  int                 `json:"refused"`  // with 429
	Failures int                 `json:"failures"` // of any other kind
	Messages []string            `json:"messages"` // of the first failures
}

// Summary tells of one kind of request.
type Summary struct {
	Done     int     `json:"done"`
	Refused  int     `json:"refused"`
	Failures int     `json:"failures"`
	PerS     float64 `json:"per_second"`
	Median   float64 `json:"median_seconds"`
	P95      float64 `json:"p95_seconds"`
	Worst    float64 `json:"worst_seconds"`

	took []time.Duration
}

// tally counts for all clients.
type tally struct {
	mu       sync.Mutex
	kinds    map[string]*Summary
	messages []string
}

func newTally() *tally { return &tally{kinds: map[string]*Summary{}, messages: []string{}} }

const maxMessages = 10

// add counts a request.
func (t *tally) add(kind string, took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.kinds[kind]
	if s == nil {
		s = &Summary{}
		t.kinds[kind] = s
	}
	var e *client.Error
	switch {
	case err == nil:
		s.Done++
		s.took = append(s.took, took)
	case errors.As(err, &e) && e.Status == http.StatusTooManyRequests:
		s.Refused++
	default:
		s.Failures++
		if len(t.messages) < maxMessages {
			t.messages = append(t.messages, kind+": "+err.Error())
		}
	}
}

// report sums up.
func (t *tally) report(o Options, s api.Status, took time.Duration) *Report {
	r := &Report{Clients: o.Clients, Seconds: took.Seconds(), Side: o.Side, Threads: s.Threads, Kinds: t.kinds, Messages: t.messages}
	for _, k := range t.kinds {
		r.Refused += k.Refused
		r.Failures += k.Failures
		k.PerS = float64(k.Done) / took.Seconds()
		if len(k.took) > 0 {
			slices.Sort(k.took)
			at := func(share float64) float64 { return k.took[int(share*float64(len(k.took)-1))].Seconds() }
			k.Median, k.P95, k.Worst = at(0.5), at(0.95), at(1)
		}
	}
	return r
}
