package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/server"
	"github.com/warmstart-ml/warmstart/server/loadtest"
)

// benchServerCmd measures a server: a stream of frames, then many clients at once.
type benchServerCmd struct {
	URL     string  `name:"url" placeholder:"URL" help:"Server to ask, whose token WARMSTART_TOKEN holds. Default: one of its own, in this process, with an empty folder."`
	Clients int     `default:"64" help:"Clients at once, 1 to 1000."`
	Seconds float64 `default:"60" help:"For that long."`
	Stream  float64 `default:"10" help:"Seconds of frames from one client before that; 0: none."`
	Side    int     `default:"256" help:"Width and height of the pictures, 16 to 1024 pixels."`
	Seed    uint64  `default:"1" help:"Of what the clients do."`
	modelsFlag
}

// serverReport tells what a server did.
type serverReport struct {
	Stream *loadtest.Stream `json:"stream,omitempty"`
	Load   *loadtest.Report `json:"load"`
}

// Run measures. It is an error if anything fails but with 429.
func (c benchServerCmd) Run(ctx context.Context, u *ui) error {
	if c.Clients < 1 || c.Clients > 1000 || c.Side < 16 || c.Side > 1024 || !(c.Seconds > 0 && c.Seconds <= 86400) || !(c.Stream >= 0 && c.Stream <= 3600) {
		return errors.New("bench server: --clients is from 1 to 1000, --side from 16 to 1024, --seconds at most a day, --stream at most an hour")
	}
	o := loadtest.Options{URL: c.URL, Token: os.Getenv(tokenVariable), Clients: c.Clients, Side: c.Side, Seed: c.Seed}
	if c.URL == "" {
		url, stop, err := c.start(ctx, u)
		if err != nil {
			return err
		}
		defer stop()
		o.URL, o.Token = url, ""
	}
	r, err := c.measure(ctx, o)
	if err != nil {
		return err
	}
	if err := u.result(r, r.print); err != nil {
		return err
	}
	if r.Load.Failures > 0 {
		return fmt.Errorf("%d requests failed; the first: %s", r.Load.Failures, r.Load.Messages[0])
	}
	return nil
}

func (c benchServerCmd) measure(ctx context.Context, o loadtest.Options) (*serverReport, error) {
	r := &serverReport{}
	var err error
	if c.Stream > 0 {
		o.Duration = time.Duration(c.Stream * float64(time.Second))
		if r.Stream, err = loadtest.Webcam(ctx, o); err != nil {
			return nil, err
		}
	}
	o.Duration = time.Duration(c.Seconds * float64(time.Second))
	r.Load, err = loadtest.Run(ctx, o)
	return r, err
}

// start runs a server in this process, until stop is called.
func (c benchServerCmd) start(ctx context.Context, u *ui) (url string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "warmstart-bench-")
	if err != nil {
		return "", nil, err
	}
	remove := func() { os.RemoveAll(dir) }
	models, err := warmstart.Load(c.Models)
	if err != nil {
		remove()
		return "", nil, c.hint(err)
	}
	backend, err := cpu.New("")
	if err != nil {
		remove()
		return "", nil, err
	}
	s, err := server.New(server.Options{
		Models: models, Backend: backend, Data: dir, Version: readVersion().Version, Log: slog.New(slog.NewTextHandler(u.err, nil)),
	})
	if err != nil {
		backend.Finalize()
		remove()
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Close()
		backend.Finalize()
		remove()
		return "", nil, err
	}
	serving, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.Serve(serving, l) }()
	return "http://" + l.Addr().String(), func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			u.notice("the server ended with %v", err)
		}
		backend.Finalize()
		remove()
	}, nil
}

func (r *serverReport) print(w io.Writer) {
	if s := r.Stream; s != nil {
		fmt.Fprintf(w, "stream of %dx%d frames, %d in flight: %.1f frames/s over %.0f s\n", s.Side, s.Side, s.InFlight, s.PerS, s.Seconds)
	}
	l := r.Load
	fmt.Fprintf(w, "%d clients for %.0f s on %d threads: %d failures, %d refused (429)\n", l.Clients, l.Seconds, l.Threads, l.Failures, l.Refused)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "kind\tdone\trefused\tfailed\t1/s\tmedian s\tp95 s\tworst s\t")
	for _, name := range slices.Sorted(maps.Keys(l.Kinds)) {
		k := l.Kinds[name]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.1f\t%.3f\t%.3f\t%.3f\t\n", name, k.Done, k.Refused, k.Failures, k.PerS, k.Median, k.P95, k.Worst)
	}
	t.Flush()
	for _, m := range l.Messages {
		fmt.Fprintln(w, m)
	}
}
