// Package server puts Warmstart behind an HTTP interface and a page: prompts become effects, effects are applied, tuned, raced and
// taken away. Package api says what goes over the wire.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/server/dataset"
	"github.com/warmstart-ml/warmstart/server/jobs"
	"github.com/warmstart-ml/warmstart/server/picture"
	"github.com/warmstart-ml/warmstart/server/shelf"
	"github.com/warmstart-ml/warmstart/server/store"
	"github.com/warmstart-ml/warmstart/server/studio"
)

// Options say what a server serves, and to whom.
type Options struct {
	Models  *warmstart.Models
	Backend compute.Backend
	Data    string       // folder for effects, pairs and jobs, which the server has for itself
	Token   string       // that requests have to carry; "": none is needed, which is for loopback addresses only
	Hosts   []string     // names of the server, besides addresses and "localhost"
	ORT     string       // folder with onnxruntime-web, served at /ort/; "": none
	Version string       // of the program
	Log     *slog.Logger // of what goes wrong

	// Discriminator is what adversarial trainings start from; nil: a new one each.
	Discriminator *gan.Discriminator
}

// Server is a server. Close frees what it holds.
type Server struct {
	o       Options
	store   *store.Store
	studio  *studio.Studio
	shelf   *shelf.Shelf
	pairs   *dataset.Store
	jobs    *jobs.Manager
	decoder *picture.Decoder
	metrics *metrics
	streams chan struct{} // one for each stream of events
	ort     *os.Root      // nil if there is none

	ending context.Context // ends when the server is about to, so that streams do
	end    context.CancelFunc
}

// maxStreams is the number of streams of events at the same time.
const maxStreams = 256

// EffectsFolder is in the data folder of every server.
const EffectsFolder = "effects"

// New opens the data folder, in which jobs go on where they were interrupted, and begins to compile.
func New(o Options) (s *Server, err error) {
	s = &Server{o: o, decoder: picture.NewDecoder(), streams: make(chan struct{}, maxStreams)}
	s.ending, s.end = context.WithCancel(context.Background())
	if s.store, err = store.Open(o.Data); err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		s.Close()
		return nil, err
	}
	s.metrics = newMetrics(s)
	return s, nil
}

// open opens what lies in the data folder.
func (s *Server) open() error {
	if s.o.ORT != "" {
		var err error
		if s.ort, err = os.OpenRoot(s.o.ORT); err != nil {
			return err
		}
	}
	var dirs []*store.Dir
	for _, name := range []string{EffectsFolder, "pairs", "jobs"} {
		d, err := s.store.Dir(name)
		if err != nil {
			return err
		}
		dirs = append(dirs, d)
	}
	var err error
	if s.shelf, err = shelf.Open(dirs[0], s.o.Models.Base, s.o.Log); err != nil {
		return err
	}
	if s.pairs, err = dataset.Open(dirs[1], s.decoder, s.o.Log); err != nil {
		return err
	}
	s.studio = studio.New(s.o.Models, s.o.Backend)
	o := jobs.Options{Dir: dirs[2], Shelf: s.shelf, Studio: s.studio, Pairs: s.pairs.Folder, Log: s.o.Log}
	if d := s.o.Discriminator; d != nil {
		if err := d.Fits(s.o.Models.Base.Generator.Config); err != nil {
			return err
		}
		o.Discriminator = d.Values
	}
	s.jobs, err = jobs.Open(o)
	return err
}

// Close lets jobs save what they have, and gives up the data folder. No request may be at work any more.
func (s *Server) Close() error {
	s.end()
	if s.jobs != nil {
		s.jobs.Close()
	}
	if s.studio != nil {
		s.studio.Close()
	}
	if s.ort != nil {
		s.ort.Close()
	}
	return s.store.Close()
}

// Time limits. Answers have a limit for every part that is written instead, so that streams may be as long as they like.
const (
	headerTimeout   = 5 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 10 * time.Second
	maxHeader       = 16 << 10
)

// Serve answers requests until ctx ends. Then those at work are finished, within ten seconds.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := s.http()
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.end()
	s.jobs.Close() // so that nobody waits for a turn behind trainings
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := h.Shutdown(finish); err != nil {
		h.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func (s *Server) http() *http.Server {
	return &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
}
