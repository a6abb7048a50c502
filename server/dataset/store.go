// Package dataset keeps pairs of pictures that clients bring, to train on: small, in the layout of package pairs.
package dataset

import (
	"context"
	"errors"
	"fmt"
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
)

// Errors about pairs, for answers to be told apart.
var (
	ErrUnknown  = errors.New("there are no such pairs")
	ErrFull     = fmt.Errorf("there are %d sets of pairs, the most there may be: delete some", maxSets)
	ErrTooLarge = errors.New("the upload is too large")
	ErrInvalid  = errors.New("the upload cannot be used")
)

// Store holds sets of pairs. It is safe for concurrent use.
type Store struct {
	dir     *store.Dir
	decoder *picture.Decoder
	log     *slog.Logger
	one     chan struct{} // held while an upload is taken in: one at a time

	mu   sync.Mutex
	sets map[string]api.Pairs
}

const recordFile = "pairs.json"

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

// Add takes in an upload, which fill puts into an intake.
func (s *Store) Add(ctx context.Context, name string, fill func(*Intake) error) (p api.Pairs, err error) {
	select {
	case s.one <- struct{}{}:
		defer func() { <-s.one }()
	case <-ctx.Done():
		return p, context.Cause(ctx)
	}
	s.mu.Lock()
	full := len(s.sets) >= maxSets
	s.mu.Unlock()
	if full {
		return p, ErrFull
	}
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
	if err := s.fill(ctx, &p, fill); err != nil {
		return p, err
	}
	if err := s.dir.WriteJSON(p.ID, recordFile, p); err != nil {
		return p, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets[p.ID] = p
	return p, nil
}

// fill takes in the pictures and writes the pairs.
func (s *Store) fill(ctx context.Context, p *api.Pairs, fill func(*Intake) error) error {
	root, err := s.dir.Root(p.ID)
	if err != nil {
		return err
	}
	defer root.Close()
	in := &Intake{ctx: ctx, root: root, decoder: s.decoder, found: map[key]*found{}}
	if err := fill(in); err != nil {
		return err
	}
	return in.finish(p)
}
