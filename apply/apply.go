// Package apply changes pictures with trained generators.
//
// An [Engine] owns what is costly and common to all effects: the backend's threads and the compiled networks. An [Applier] is one
// effect, or several in a row; to make one costs no more than to copy its weights, so whoever changes an effect, say its
// strength, makes another:
//
//	engine := apply.NewEngine(backend)
//	defer engine.Close()
//	weights, err := base.Blend(lora.Part{Values: adapter.Values, Weight: 0.7}) // or gan.ReadWeights
//	fog, err := engine.Applier(weights)
//	defer fog.Close()
//	out, err := fog.Apply(ctx, photo)
//
// All of it is safe for concurrent use. The same picture gives the same bits whatever else the engine does and with any number of threads.
package apply

import (
	"context"
	"errors"
	"sync"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
)

// Engine runs generators on a backend.
type Engine struct {
	backend compute.Backend
}

// NewEngine makes an engine. The backend stays the caller's.
func NewEngine(backend compute.Backend) *Engine { return &Engine{backend: backend} }

// Close frees the compiled networks. No applier may be in use any more.
func (e *Engine) Close() {}

// Applier is one effect, or several, each on the result of the one before.
type Applier struct {
	mu     sync.Mutex
	models []*gan.Model
}

// Applier makes an applier of one generator or of a chain of them, the first of which sees the picture.
func (e *Engine) Applier(chain ...*gan.Weights) (*Applier, error) {
	if len(chain) == 0 {
		return nil, errors.New("no effect to apply")
	}
	a := &Applier{}
	for _, w := range chain {
		m, err := gan.NewModel(e.backend, w)
		if err != nil {
			a.Close()
			return nil, err
		}
		a.models = append(a.models, m)
	}
	return a, nil
}

// Apply returns what the effects make of a picture of any size: another of that size. After the context ends it returns its error,
// soon but not at once.
func (a *Applier) Apply(ctx context.Context, in *imageio.Image) (*imageio.Image, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.models {
		out, err := m.Apply(ctx, []*imageio.Image{in})
		if err != nil {
			return nil, err
		}
		in = out[0]
	}
	return in, nil
}

// Close frees the weights once every Apply under way has returned.
func (a *Applier) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.models {
		m.Close()
	}
	a.models = nil
}
