package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/gomlx/compute"
)

// worker answers requests with this project's own backend.
type worker struct {
	backend compute.Backend
	hello   Response
	op      Op // the operation that call runs
	call    func() error
	trainer *trainer
}

// Serve answers the requests on in until it ends. version and detail are for the answer to hello.
func Serve(in io.Reader, out io.Writer, backend compute.Backend, version, detail string) error {
	w := &worker{backend: backend, hello: Response{Name: "warmstart", Version: version, Detail: detail}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	answer := json.NewEncoder(out)
	for lines.Scan() {
		var r Request
		a, err := Response{}, json.Unmarshal(lines.Bytes(), &r)
		if err == nil {
			a, err = w.answer(r)
		}
		if err != nil {
			a = Response{Error: err.Error()}
		}
		if err := answer.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (w *worker) answer(r Request) (Response, error) {
	switch r.Cmd {
	case "hello":
		return w.hello, nil
	case "time":
		return w.time(r)
	case "load":
		var err error
		w.trainer, err = loadTrainer(w.backend, r.File)
		return Response{}, err
	case "memory":
		n, err := peakMemory()
		return Response{PeakBytes: n}, err
	}
	if w.trainer == nil {
		return Response{}, fmt.Errorf("%s: load a model first", r.Cmd)
	}
	switch r.Cmd {
	case "train":
		return w.trainer.train(r.File, r.Order)
	case "steps":
		return w.trainer.steps(r.N)
	case "apply":
		return Response{}, w.trainer.apply(w.backend, r.File, r.Out)
	}
	return Response{}, fmt.Errorf("unknown request %q", r.Cmd)
}

// time calls the operation for about r.Seconds, after three calls to warm up when it is new.
func (w *worker) time(r Request) (Response, error) {
	if r.Op == nil {
		return Response{}, fmt.Errorf("time: no op")
	}
	if w.call == nil || w.op != *r.Op {
		call, err := newOp(w.backend, *r.Op)
		if err != nil {
			return Response{}, err
		}
		w.call, w.op = call, *r.Op
		for range 3 {
			if err := call(); err != nil {
				return Response{}, err
			}
		}
	}
	var durations []float64
	for begin := time.Now(); time.Since(begin).Seconds() < r.Seconds || len(durations) < 3; {
		t := time.Now()
		if err := w.call(); err != nil {
			return Response{}, err
		}
		durations = append(durations, time.Since(t).Seconds())
	}
	return Response{Median: median(durations)}, nil
}
