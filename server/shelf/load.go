package shelf

import (
	"container/list"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/server/api"
)

// Network is an effect at a strength: a generator's weights.
type Network struct {
	Key    string // tells networks apart
	Values [][]float32
}

// Weights returns an effect and what it consists of.
func (s *Shelf) Weights(id string) (api.Effect, Weights, error) {
	r, err := s.get(id)
	if err != nil {
		return r.Effect, Weights{}, err
	}
	if r.Base != s.base.Hash {
		return r.Effect, Weights{}, ErrOtherBase
	}
	key := cacheKey{r.ID, r.Version, stored}
	if w, ok := s.cache.get(key); ok {
		return r.Effect, w.(Weights), nil
	}
	f, size, err := s.dir.Open(id, r.File)
	if errors.Is(err, os.ErrNotExist) && s.changed(r) { // replaced or removed in between
		return s.Weights(id)
	}
	if err != nil {
		return r.Effect, Weights{}, err
	}
	defer f.Close()
	w, err := decode(f, size, s.base, r.Kind)
	if err != nil {
		return r.Effect, w, fmt.Errorf("weights of effect %s: %w", id, err)
	}
	s.cache.put(key, w)
	return r.Effect, w, nil
}

// changed tells whether an effect is no longer as it was.
func (s *Shelf) changed(r record) bool {
	now, err := s.get(r.ID)
	return err != nil || now.File != r.File
}

// Network returns an effect's weights at its own strength, or at another.
func (s *Shelf) Network(id string, strength *float64) (Network, error) {
	e, err := s.Get(id)
	if err != nil {
		return Network{}, err
	}
	at := e.Strength
	if strength != nil {
		at = *strength
	}
	key := cacheKey{e.ID, e.Version, at}
	n := Network{Key: fmt.Sprint(key)}
	if v, ok := s.cache.get(key); ok {
		n.Values = v.([][]float32)
		return n, nil
	}
	_, w, err := s.Weights(id)
	if err != nil {
		return n, err
	}
	if n.Values, err = w.network(s.base, at); err == nil {
		s.cache.put(key, n.Values)
	}
	return n, err
}

// Mixture returns (1-weight) of an effect and weight of another, each at its strength.
func (s *Shelf) Mixture(id, other string, weight float64) (Network, error) {
	a, weightsA, err := s.Weights(id)
	if err != nil {
		return Network{}, err
	}
	b, weightsB, err := s.Weights(other)
	if err != nil {
		return Network{}, err
	}
	mixed, err := Mix(s.base, weightsA, weightsB, a.Strength, b.Strength, weight)
	if err != nil {
		return Network{}, err
	}
	values, err := mixed.network(s.base, 1)
	key := fmt.Sprint(cacheKey{id, a.Version, a.Strength}, cacheKey{other, b.Version, b.Strength}, weight)
	return Network{Key: key, Values: values}, err
}

// Adapter returns an effect as an adapter, at its strength.
func (s *Shelf) Adapter(id string) (*lora.Adapter, api.Effect, error) {
	e, w, err := s.Weights(id)
	if err == nil && w.Adapter == nil {
		err = ErrNoAdapter
	}
	if err != nil {
		return nil, e, err
	}
	w, err = w.At(s.base, e.Strength)
	return &lora.Adapter{Values: w.Adapter, Info: info(e)}, e, err
}

// Generator returns an effect as a generator, at its strength.
func (s *Shelf) Generator(id string) (*gan.Weights, api.Effect, error) {
	e, err := s.Get(id)
	if err != nil {
		return nil, e, err
	}
	n, err := s.Network(id, &e.Strength)
	if err != nil {
		return nil, e, err
	}
	return generator(n.Values, s.base, e), e, nil
}

// encoder returns what writes the file of an effect's weights.
func encoder(w Weights, b *lora.Base, e api.Effect) func(io.Writer) error {
	return func(out io.Writer) error { return w.encode(out, b, e) }
}

// cached is the number of sets of weights that are kept in memory, of 2 MB each.
const cached = 48

// stored is the strength that stands for weights as they are stored.
const stored = -1

type cacheKey struct {
	id       string
	version  int
	strength float64
}

// cache keeps what was used last. Its zero value is ready for use.
type cache struct {
	mu    sync.Mutex
	order list.List // of entries, the last used in front
	at    map[cacheKey]*list.Element
}

type entry struct {
	key   cacheKey
	value any
}

func (c *cache) get(key cacheKey) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.at[key]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(entry).value, true
}

func (c *cache) put(key cacheKey, value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == nil {
		c.at = map[cacheKey]*list.Element{}
	}
	if e, ok := c.at[key]; ok {
		e.Value = entry{key, value}
		c.order.MoveToFront(e)
		return
	}
	c.at[key] = c.order.PushFront(entry{key, value})
	if c.order.Len() > cached {
		delete(c.at, c.order.Remove(c.order.Back()).(entry).key)
	}
}
