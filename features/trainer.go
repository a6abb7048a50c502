package features

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/nn"
)

// trainer trains the network step by step.
type trainer struct {
	config  Config
	labels  []string
	backend compute.Backend
	network *network
	data    *data
	program *nn.Program

	step  int
	state []compute.Buffer // weights and both of Adam's moments
	feeds [feedCount]*nn.Feed
}

// groups names weights and moments in files.
var groups = [3]string{"weights", "m", "v"}

// The inputs of a step behind the state.
const (
	feedSize       = iota // Adam's step size
	feedCorrection        // its second moment's correction
	feedX                 // pictures [batch, size, size, rgb]
	feedY                 // labels [batch, labels]
	feedCount
)

// newTrainer makes a trainer whose state is yet to be filled in.
func newTrainer(backend compute.Backend, c Config, pictures *corpus.Corpus) (t *trainer, err error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	t = &trainer{config: c, labels: Labels(), backend: backend}
	t.network = newNetwork(c, len(t.labels))
	if t.data, err = newData(c, pictures, t.labels); err != nil {
		return nil, err
	}
	if t.program, err = nn.Compile(backend, "training step of the feature network", t.build); err != nil {
		return nil, err
	}
	for i, dims := range t.feedDims() {
		if t.feeds[i], err = nn.NewFeed(backend, dims...); err != nil {
			t.Close()
			return nil, err
		}
	}
	return t, nil
}

func (t *trainer) feedDims() [feedCount][]int {
	c := t.config
	return [feedCount][]int{feedX: {c.Batch, c.Size, c.Size, 3}, feedY: {c.Batch, len(t.labels)}}
}

// build makes the graph of a step, which returns the new state and the loss.
func (t *trainer) build(g *Graph) []*Node {
	var state [][]*Node
	for _, group := range groups {
		state = append(state, t.network.params.Inputs(g, group+"/"))
	}
	var feeds [feedCount]*Node
	for i, dims := range t.feedDims() {
		feeds[i] = Parameter(g, fmt.Sprintf("feed.%d", i), shapes.Make(dtypes.Float32, dims...))
	}
	l := loss(t.network.logits(t.network.params.NewEnv(state[0], nil), feeds[feedX]), feeds[feedY])
	var out []*Node
	for _, group := range adam().Update(state, Gradient(l, state[0]...), feeds[feedSize], feeds[feedCorrection]) {
		out = append(out, group...)
	}
	return append(out, l)
}

// StepsDone returns the number of steps done.
func (t *trainer) StepsDone() int { return t.step }

// Step does the next step and returns its loss. After an error the trainer must not be used any more.
func (t *trainer) Step() (float32, error) {
	examples := t.data.examples(t.step*t.config.Batch, t.config.Batch)
	if err := t.data.fill(context.Background(), examples, t.feeds[feedX].Data, t.feeds[feedY].Data); err != nil {
		return 0, fmt.Errorf("pictures of step %d: %w", t.step+1, err)
	}
	t.feeds[feedSize].Data[0], t.feeds[feedCorrection].Data[0] = adam().Scalars(t.step+1, t.config.rate(t.step))
	inputs, donate := append([]compute.Buffer(nil), t.state...), make([]bool, len(t.state)+feedCount)
	for i := range t.state {
		donate[i] = true
	}
	for _, f := range t.feeds {
		b, err := f.Buffer()
		if err != nil {
			return 0, err
		}
		inputs = append(inputs, b)
	}
	out, err := t.program.Run(inputs, donate)
	if err != nil {
		return 0, fmt.Errorf("step %d: %w", t.step+1, err)
	}
	copy(t.state, out)
	t.step++
	var l [1]float32
	last := out[len(out)-1]
	if err := last.ToFlatData(l[:]); err != nil {
		return 0, err
	}
	return l[0], last.Finalize()
}

// weights returns a copy of the weights.
func (t *trainer) weights() (*Weights, error) {
	w := &Weights{Config: t.config, Labels: t.labels, Step: t.step}
	for i, p := range t.network.params.List() {
		values := make([]float32, p.Size())
		if err := t.state[i].ToFlatData(values); err != nil {
			return nil, fmt.Errorf("read %s: %w", p.Name, err)
		}
		w.Values = append(w.Values, values)
	}
	return w, nil
}

// Close frees the compiled step and the state.
func (t *trainer) Close() {
	t.program.Close()
	for _, b := range t.state {
		b.Finalize()
	}
	t.state = nil
}
