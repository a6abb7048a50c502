package studio

import (
	"context"
	"slices"
	"sync"

	"github.com/warmstart-ml/warmstart/apply"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
)

// appliers are networks that are ready to be applied: those that were used last.
type appliers struct {
	engine *apply.Engine
	config gan.Config

	mu      sync.Mutex
	list    []keyed // the last used in front
	closing sync.WaitGroup
}

type keyed struct {
	key string
	*apply.Applier
}

// maxAppliers is the number of networks that are kept ready, of 2 MB each.
const maxAppliers = 32

// Apply returns what a network makes of a picture.
func (a *appliers) Apply(ctx context.Context, key string, values [][]float32, in *imageio.Image) (*imageio.Image, error) {
	n, err := a.get(key, values)
	if err != nil {
		return nil, err
	}
	return n.Apply(ctx, in)
}

// get returns the network with a key, and makes it if it isn't there. One that goes out of use is closed when nobody uses it.
func (a *appliers) get(key string, values [][]float32) (*apply.Applier, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.IndexFunc(a.list, func(k keyed) bool { return k.key == key }); i >= 0 {
		k := a.list[i]
		a.list = slices.Insert(slices.Delete(a.list, i, i+1), 0, k)
		return k.Applier, nil
	}
	n, err := a.engine.Applier(&gan.Weights{Config: a.config, Values: values})
	if err != nil {
		return nil, err
	}
	a.list = slices.Insert(a.list, 0, keyed{key, n})
	if last := len(a.list) - 1; last >= maxAppliers {
		a.closing.Go(a.list[last].Close)
		a.list = slices.Delete(a.list, last, last+1)
	}
	return n, nil
}

// Close closes all networks and the engine.
func (a *appliers) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.list {
		k.Close()
	}
	a.list = nil
	a.closing.Wait()
	a.engine.Close()
}
