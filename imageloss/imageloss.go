// Package imageloss computes how well a base with an adapter does on pictures, and the gradient of that: what training a base, and a
// weight generator through it, consists of.
//
// Each adapter with its batch is a task for one thread. Small networks leave a thread too little to share with others, and a step has
// several adapters anyway: tasks side by side are a third faster than one after the other on two threads. The bits do not depend on how
// many threads there are, since every task is computed alone and sums are taken in the tasks' order.
package imageloss

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// Task is an adapter and a batch of pictures.
type Task struct {
	Adapter []float32 // all of its values
	X, Y    []float32 // sources and targets [batch, size, size, rgb] in [-1,1]

	// What Run fills in.
	Loss     float32   // the mean absolute error, in [0,2]
	Gradient []float32 // of the loss by the adapter's values
}

// Engine computes tasks. It is not safe for concurrent use.
type Engine struct {
	layout  *lora.Layout
	shared  [][]float32 // gradients by the base's weights; nil unless they are wanted
	workers []*worker
}

// worker computes one task at a time on one thread.
type worker struct {
	backend       compute.Backend
	program       *nn.Program
	base          []*nn.Feed // the base's weights
	adapter, x, y *nn.Feed
}

// New compiles an engine for batches of c.Batch pictures of c.Size pixels, with the given number of threads. If shared is set, the gradients
// by the base's weights are computed too.
func New(c gan.Config, layout *lora.Layout, shared bool, threads int) (e *Engine, err error) {
	network, err := c.Network()
	if err != nil {
		return nil, err
	}
	e = &Engine{layout: layout}
	if shared {
		for _, p := range network.Params.List() {
			e.shared = append(e.shared, make([]float32, p.Size()))
		}
	}
	for range max(threads, 1) {
		w, err := newWorker(c, network, layout, shared)
		if err != nil {
			e.Close()
			return nil, err
		}
		e.workers = append(e.workers, w)
	}
	return e, nil
}

func newWorker(c gan.Config, network *gan.Network, layout *lora.Layout, shared bool) (w *worker, err error) {
	w = &worker{}
	if w.backend, err = cpu.New("threads=1"); err != nil {
		return nil, err
	}
	w.program, err = nn.Compile(w.backend, "image loss", func(g *Graph) []*Node {
		base := network.Params.Inputs(g, "base/")
		feed := func(name string, dims ...int) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32, dims...)) }
		adapter := feed("adapter", layout.Params.Size())
		x, y := feed("x", c.Batch, c.Size, c.Size, 3), feed("y", c.Batch, c.Size, c.Size, 3)
		weights := layout.Weights(base, layout.Split(adapter))
		loss := gan.L1(network.Forward(network.Params.NewEnv(weights, nil), x), y)
		wanted := []*Node{adapter}
		if shared {
			wanted = append(wanted, base...)
		}
		return append([]*Node{loss}, Gradient(loss, wanted...)...)
	})
	if err != nil {
		w.backend.Finalize()
		return nil, err
	}
	_, inputs := w.program.Inputs()
	var feeds []*nn.Feed
	for _, s := range inputs {
		f, err := nn.NewFeed(w.backend, s.Dimensions...)
		if err != nil {
			w.close()
			return nil, err
		}
		feeds = append(feeds, f)
	}
	n := len(feeds) - 3
	w.base, w.adapter, w.x, w.y = feeds[:n], feeds[n], feeds[n+1], feeds[n+2]
	return w, nil
}

// SetBase takes over the base's weights, in the order of its parameters.
func (e *Engine) SetBase(values [][]float32) error {
	for _, w := range e.workers {
		if len(values) != len(w.base) {
			return fmt.Errorf("image loss: %d tensors for the %d of the base", len(values), len(w.base))
		}
		for i, v := range values {
			if copy(w.base[i].Data, v) != len(w.base[i].Data) {
				return fmt.Errorf("image loss: tensor %d of the base has %d values, wanted %d", i, len(v), len(w.base[i].Data))
			}
		}
	}
	return nil
}

// Run computes the tasks.
func (e *Engine) Run(tasks []Task) error {
	queue := make(chan int)
	errs := make([]error, len(tasks))
	gradients := make([][][]float32, len(tasks)) // by the base's weights
	var group sync.WaitGroup
	for _, w := range e.workers {
		group.Go(func() {
			for i := range queue {
				gradients[i], errs[i] = w.run(&tasks[i], e.shared != nil)
			}
		})
	}
	for i := range tasks {
		queue <- i
	}
	close(queue)
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("image loss: %w", err)
	}
	for i, sum := range e.shared {
		clear(sum)
		for _, g := range gradients {
			for j, v := range g[i] {
				sum[j] += v
			}
		}
	}
	return nil
}

// run computes one task and returns its gradients by the base's weights, if they are wanted.
func (w *worker) run(t *Task, shared bool) (gradients [][]float32, err error) {
	copy(w.adapter.Data, t.Adapter)
	copy(w.x.Data, t.X)
	copy(w.y.Data, t.Y)
	var inputs []compute.Buffer
	for _, f := range append(append([]*nn.Feed{}, w.base...), w.adapter, w.x, w.y) {
		b, err := f.Buffer()
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, b)
	}
	out, err := w.program.Run(inputs, make([]bool, len(inputs)))
	if err != nil {
		return nil, err
	}
	var loss [1]float32
	t.Gradient = make([]float32, len(t.Adapter))
	into := [][]float32{loss[:], t.Gradient}
	if shared {
		for _, f := range w.base {
			gradients = append(gradients, make([]float32, len(f.Data)))
		}
		into = append(into, gradients...)
	}
	for i, b := range out {
		if err := b.ToFlatData(into[i]); err != nil {
			return nil, err
		}
		if err := b.Finalize(); err != nil {
			return nil, err
		}
	}
	t.Loss = loss[0]
	return gradients, nil
}

// BaseGradients returns the sums of all tasks' gradients by the base's weights, as of the last Run; nil if they are not computed. The next Run
// overwrites them.
func (e *Engine) BaseGradients() [][]float32 { return e.shared }

func (w *worker) close() {
	if w.program != nil {
		w.program.Close()
	}
	w.backend.Finalize()
}

// Close frees the engine.
func (e *Engine) Close() {
	for _, w := range e.workers {
		w.close()
	}
	e.workers = nil
}
