// Package shelf keeps effects and their weights on disk: a folder each, with effect.json and the file of weights that it names.
package shelf

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/store"
)

// MaxEffects is the most effects that are kept.
const MaxEffects = 1000

// Errors about effects, for answers to be told apart.
var (
	ErrUnknown   = errors.New("there is no such effect")
	ErrFull      = fmt.Errorf("the shelf holds %d effects, the most there may be: delete some", MaxEffects)
	ErrOtherBase = errors.New("the effect was made with other models: make it anew")
	ErrPrompt    = fmt.Errorf("the prompt is longer than %d bytes, the most there may be: shorten it", warmstart.MaxPrompt)
	ErrNoAdapter = errors.New("all weights of the effect were trained, so that it is no adapter: download its weights")
)

// Shelf holds effects. It is safe for concurrent use.
type Shelf struct {
	base *lora.Base
	dir  *store.Dir

	writing sync.Mutex // held while the disk is changed, so that who reads need not wait for it
	mu      sync.RWMutex
	effects map[string]record
	cache   cache
}

// record is an effect as effect.json has it.
type record struct {
	api.Effect
	File string `json:"file"` // of its weights
}

const recordFile = "effect.json"

// Open reads the effects in a folder. Those that are damaged are logged and left alone.
func Open(dir *store.Dir, base *lora.Base, log *slog.Logger) (*Shelf, error) {
	s := &Shelf{base: base, dir: dir, effects: map[string]record{}}
	ids, err := dir.List()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		var r record
		if err := dir.ReadJSON(id, recordFile, &r); err != nil {
			log.Warn("an effect cannot be read", "id", id, "error", err)
			continue
		}
		r.ID = id
		s.effects[id] = r
	}
	return s, nil
}

// Add keeps a new effect, and fills in what makes it one of its own.
func (s *Shelf) Add(e api.Effect, w Weights) (api.Effect, error) {
	if len(e.Prompt) > warmstart.MaxPrompt {
		return e, ErrPrompt
	}
	e.ID, e.Created, e.Base, e.Kind, e.Version = store.NewID(), time.Now().UTC().Round(time.Millisecond), s.base.Hash, w.Kind(), 1
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.Len() >= MaxEffects {
		return e, ErrFull
	}
	if err := s.dir.Make(e.ID); err != nil {
		return e, err
	}
	if err := s.write(e, w); err != nil {
		return e, errors.Join(err, s.dir.Remove(e.ID))
	}
	return e, nil
}

// write writes the weights of an effect to a new file, and then the record that names it.
func (s *Shelf) write(e api.Effect, w Weights) error {
	r := record{e, fmt.Sprintf("weights-%d.safetensors", e.Version)}
	r.Preview = ""
	if err := s.dir.Write(e.ID, r.File, encoder(w, s.base, e)); err != nil {
		return err
	}
	if err := s.dir.WriteJSON(e.ID, recordFile, r); err != nil {
		return err
	}
	s.cache.put(cacheKey{e.ID, e.Version, stored}, w)
	old, err := s.get(e.ID)
	s.set(r)
	if err == nil && old.File != r.File {
		s.dir.RemoveFile(e.ID, old.File) // if that fails it is in nobody's way
	}
	return nil
}

func (s *Shelf) set(r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.effects[r.ID] = r
}

// List returns the effects, the newest first.
func (s *Shelf) List() []api.Effect {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]api.Effect, 0, len(s.effects))
	for r := range maps.Values(s.effects) {
		list = append(list, r.Effect)
	}
	slices.SortFunc(list, func(a, b api.Effect) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// Len returns the number of effects.
func (s *Shelf) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.effects)
}

// Get returns an effect.
func (s *Shelf) Get(id string) (api.Effect, error) {
	r, err := s.get(id)
	return r.Effect, err
}

func (s *Shelf) get(id string) (record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.effects[id]
	if !ok {
		return r, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return r, nil
}

// Change changes what is known of an effect.
func (s *Shelf) Change(id string, change func(e *api.Effect)) (api.Effect, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	r, err := s.get(id)
	if err != nil {
		return r.Effect, err
	}
	change(&r.Effect)
	if err := s.dir.WriteJSON(id, recordFile, r); err != nil {
		return r.Effect, err
	}
	s.set(r)
	return r.Effect, nil
}

// Replace gives an effect other weights.
func (s *Shelf) Replace(id string, w Weights, change func(e *api.Effect)) (api.Effect, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	r, err := s.get(id)
	if err != nil {
		return r.Effect, err
	}
	e := r.Effect
	change(&e)
	e.Kind = w.Kind()
	e.Version++
	return e, s.write(e, w)
}

// Remove deletes an effect.
func (s *Shelf) Remove(id string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := s.get(id); err != nil {
		return err
	}
	if err := s.dir.Remove(id); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.effects, id)
	return nil
}
