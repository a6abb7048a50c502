// Package dataset keeps pairs of pictures that clients bring, to train on: small, in the layout of package pairs.
package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/picture"
	"github.com/warmstart-ml/warmstart/server/store"
)

// Limits of what is kept.
const (
	MaxBytes = 256 << 20 // of an upload
	MaxPairs = 1000      // in it
	maxSets  = 50
	keptSide = 256 // pixels; larger pictures are scaled down

	maxUploads = 4 // that come or wait to be taken in, each in a file meanwhile
)

// Errors about pairs, for answers to be told apart.
var (
	ErrUnknown  = errors.New("there are no such pairs")
	ErrBusy     = fmt.Errorf("%d uploads are on their way, the most there may be: try again later", maxUploads)
	ErrFull     = fmt.Errorf("there are %d sets of pairs, the most there may be: delete some", maxSets)
	ErrTooLarge = errors.New("the upload is too large")
	ErrInvalid  = errors.New("the upload cannot be used")
)

// Store holds sets of pairs. It is safe for concurrent use.
type Store struct {
	dir     *store.Dir
	decoder *picture.Decoder
	log     *slog.Logger
	one     chan struct{} // held while an upload that has come is taken in: one at a time

	mu      sync.Mutex
	sets    map[string]api.Pairs
	uploads int // that come, wait or are taken in
}

// Files of a set.
const (
	recordFile = "pairs.json"
	uploadFile = "upload" // as it was sent, until it is taken in
)

// Open reads the sets in a folder. Those that are damaged, or were being taken in when the server was killed, are removed.
func Open(dir *store.Dir, decoder *picture.Decoder, log *slog.Logger) (*Store, error) {
	s := &Store{dir: dir, decoder: decoder, log: log, one: make(chan struct{}, 1), sets: map[string]api.Pairs{}}
	ids, err := dir.List()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		var p api.Pairs
		if err := dir.ReadJSON(id, recordFile, &p); err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				log.Warn("pairs cannot be read", "id", id, "error", err)
				continue
			}
			if err := dir.Remove(id); err != nil {
				return nil, err
			}
			continue
		}
		p.ID = id
		s.sets[id] = p
	}
	return s, nil
}

// List returns the sets, the newest first.
func (s *Store) List() []api.Pairs {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.AppendSeq(make([]api.Pairs, 0, len(s.sets)), maps.Values(s.sets))
	slices.SortFunc(list, func(a, b api.Pairs) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// Get returns a set.
func (s *Store) Get(id string) (api.Pairs, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.sets[id]
	if !ok {
		return p, fmt.Errorf("%w: %.40s", ErrUnknown, id)
	}
	return p, nil
}

// Folder returns the folder with a set's pictures, as pairs.Load reads it.
func (s *Store) Folder(id string) (string, error) {
	_, err := s.Get(id)
	return s.dir.Path(id), err
}

// Remove deletes a set.
func (s *Store) Remove(id string) error {
	if _, err := s.Get(id); err != nil {
		return err
	}
	if err := s.dir.Remove(id); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sets, id)
	return nil
}

// Add takes in an upload. Receive writes it to a file, which may take as long as the client takes; then fill puts it into an intake, one upload at
// a time.
func (s *Store) Add(ctx context.Context, name string, receive func(io.Writer) error, fill func(*Intake, *os.File) error) (p api.Pairs, err error) {
	if err := s.admit(); err != nil {
		return p, err
	}
	defer s.leave()
	p = api.Pairs{ID: store.NewID(), Name: name, Created: time.Now().UTC().Round(time.Millisecond)}
	if err := s.dir.Make(p.ID); err != nil {
		return p, err
	}
	defer func() {
		if err != nil {
			if errRemove := s.dir.Remove(p.ID); errRemove != nil {
				s.log.Error("an upload cannot be removed", "id", p.ID, "error", errRemove)
			}
		}
	}()
	root, err := s.dir.Root(p.ID)
	if err != nil {
		return p, err
	}
	defer root.Close()
	upload, err := root.OpenFile(uploadFile, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return p, err
	}
	defer upload.Close()
	if err := receive(upload); err != nil {
		return p, err
	}
	in := &Intake{ctx: ctx, root: root, decoder: s.decoder, found: map[key]*found{}}
	return p, s.take(in, &p, upload, fill)
}

// admit refuses an upload that is one too many.
func (s *Store) admit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.sets) >= maxSets:
		return ErrFull
	case s.uploads >= maxUploads:
		return ErrBusy
	}
	s.uploads++
	return nil
}

func (s *Store) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads--
}

// take waits for its turn, takes in what has come, and keeps it.
func (s *Store) take(in *Intake, p *api.Pairs, upload *os.File, fill func(*Intake, *os.File) error) error {
	select {
	case s.one <- struct{}{}:
		defer func() { <-s.one }()
	case <-in.ctx.Done():
		return context.Cause(in.ctx)
	}
	s.mu.Lock()
	full := len(s.sets) >= maxSets // since it was admitted
	s.mu.Unlock()
	if full {
		return ErrFull
	}
	if _, err := upload.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := fill(in, upload); err != nil {
		return err
	}
	if err := in.finish(p); err != nil {
		return err
	}
	if err := errors.Join(upload.Close(), in.root.Remove(uploadFile)); err != nil {
		return err
	}
	if err := s.dir.WriteJSON(p.ID, recordFile, *p); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets[p.ID] = *p
	return nil
}
