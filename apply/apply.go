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
	"fmt"
	"math"
	"sync"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
)

// Applier is one effect, or several, each on the result of the one before.
type Applier struct {
	engine  *Engine
	effects []effect

	using  sync.RWMutex // held for reading by Apply
	closed bool
}

// effect is a generator's weights on the engine's backend.
type effect struct {
	config  gan.Config // what the network depends on, the rest zero: generators of other weights are the same program
	side    int        // the longest shorter side of pictures that it sees, in pixels
	trained int        // the side of those that it was trained on
	network *gan.Network
	weights []compute.Buffer
}

// Applier makes an applier of one generator or of a chain of them, the first of which sees the picture.
func (e *Engine) Applier(chain ...*gan.Weights) (*Applier, error) {
	if len(chain) == 0 {
		return nil, errors.New("no effect to apply")
	}
	a := &Applier{engine: e}
	for _, w := range chain {
		f, err := e.effect(w)
		if err != nil {
			a.Close()
			return nil, err
		}
		a.effects = append(a.effects, f)
	}
	return a, nil
}

func (e *Engine) effect(w *gan.Weights) (f effect, err error) {
	f.side, f.trained = e.Side, min(max(w.Config.Size, MinSide), MaxSide)
	if f.side == 0 {
		f.side = min(SideTimes*f.trained, MaxSide)
	}
	f.config = gan.Config{Preset: w.Config.Generator, Generator: w.Config.Generator, Width: w.Config.Width, Depth: w.Config.Depth}
	if f.network, err = w.Config.Network(); err != nil {
		return f, err
	}
	f.weights, err = w.Upload(e.backend)
	return f, err
}

// Close frees the weights once every Apply under way has returned.
func (a *Applier) Close() {
	a.using.Lock()
	defer a.using.Unlock()
	for _, f := range a.effects {
		free(f.weights)
	}
	a.effects, a.closed = nil, true
}

func free(buffers []compute.Buffer) {
	for _, b := range buffers {
		b.Finalize()
	}
}

// Apply returns what the effects make of a picture of any size: another of that size. It returns the context's error soon after that has
// ended, but not at once.
func (a *Applier) Apply(ctx context.Context, in *imageio.Image) (*imageio.Image, error) {
	a.using.RLock()
	defer a.using.RUnlock()
	if a.closed {
		return nil, errors.New("the effect is applied after it was closed")
	}
	if in.W <= 0 || in.H <= 0 {
		return nil, errors.New("the picture is empty")
	}
	out := in
	for i := range a.effects {
		f := &a.effects[i]
		var err error
		if out, err = a.engine.apply(ctx, f, out); err != nil && ctx.Err() == nil {
			err = fmt.Errorf("apply a %s to a picture of %dx%d: %w", f.config.Generator, in.W, in.H, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// apply applies one effect: see carry.go.
func (e *Engine) apply(ctx context.Context, f *effect, in *imageio.Image) (*imageio.Image, error) {
	seen := in.Resize(f.within(f.side, in))
	changed, err := e.run(ctx, f, seen)
	if err != nil {
		return nil, err
	}
	if w, h := f.within(f.trained, seen); w < seen.W || h < seen.H {
		look, err := e.run(ctx, f, seen.Resize(w, h))
		if err != nil {
			return nil, err
		}
		changed = carryOver(changed, changed.Resize(w, h), look)
	}
	if seen.W == in.W && seen.H == in.H {
		return changed, nil
	}
	return carryOver(in, seen, changed), nil
}

// within returns the size at which the generator sees a picture whose shorter side is to have side pixels at most. It is less where that would be
// too much to compute.
func (f *effect) within(side int, m *imageio.Image) (w, h int) {
	for scale := min(1, float64(side)/float64(min(m.W, m.H))); ; scale *= 0.9 {
		w, h = max(int(math.Round(scale*float64(m.W))), 1), max(int(math.Round(scale*float64(m.H))), 1)
		if height, width := f.network.Extended(h, w); height*width <= maxRunning || w*h == 1 {
			return w, h
		}
	}
}
