package weightgen

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/textenc"
)

// Trainer trains a generator step by step. It is not safe for concurrent use.
type Trainer struct {
	model   *Model
	data    *Dataset
	program *nn.Program

	fingerprint string // of the data

	step  int              // the number of steps done
	state []compute.Buffer // one per parameter of every group
	feeds []*nn.Feed       // the inputs behind the state: see feedX and following

	inputs []compute.Buffer // state and feeds, as the program takes them
	donate []bool           // true for the state
}

// Parts of the state, each with one buffer per parameter: weights, both of Adam's moments, and the average of the
// weights.
var groups = [...]string{"weights", "m", "v", "ema"}

// Inputs behind the state.
const (
	feedNoisy      = iota // [batch, n, size]
	feedTarget            // the same
	feedTime              // [batch, TimeFeatures]
	feedRows              // [batch, tokens, features]
	feedMask              // [batch, tokens]
	feedIndex             // [n, blocks], one-hot
	feedShare             // [n, size], what each value's squared error counts
	feedSize              // Adam's step size, a scalar
	feedCorrection        // its second moment's correction
	feedDecay             // what weight decay leaves of a matrix
	feedAverage           // the decay of the average
	feedCount
)

// NewTrainer makes a trainer with fresh weights. It compiles the training step, which takes a moment.
func NewTrainer(backend compute.Backend, c Config, data *Dataset) (*Trainer, error) {
	if err := data.check(); err != nil {
		return nil, fmt.Errorf("training data: %w", err)
	}
	m, err := newModel(c, data.Layout, textenc.NewVocabulary(data.Prompts))
	if err != nil {
		return nil, err
	}
	if err := data.checkPrompts(m.Encoder); err != nil {
		return nil, fmt.Errorf("training data: %w", err)
	}
	state := make([][]float32, 0, len(groups)*len(m.Params.List()))
	for _, group := range groups {
		for i, p := range m.Params.List() {
			values := make([]float32, p.Size()) // moments start at 0
			if group == "weights" || group == "ema" {
				m.Params.Draw(nn.Ref(i), c.Seed, values)
			}
			state = append(state, values)
		}
	}
	return newTrainer(backend, m, data, state)
}

// newTrainer makes a trainer with the given state.
func newTrainer(backend compute.Backend, m *Model, data *Dataset, state [][]float32) (t *Trainer, err error) {
	t = &Trainer{model: m, data: data, fingerprint: data.fingerprint()}
	if t.program, err = nn.Compile(backend, "training step of the weight generator", t.build); err != nil {
		return nil, err
	}
	_, shapes := t.program.Inputs()
	for i, s := range shapes {
		if i < len(state) {
			b, err := backend.BufferFromFlatData(0, state[i], s)
			if err != nil {
				return nil, fmt.Errorf("upload the training state: %w", err)
			}
			t.state = append(t.state, b)
			continue
		}
		f, err := nn.NewFeed(backend, s.Dimensions...)
		if err != nil {
			return nil, err
		}
		t.feeds = append(t.feeds, f)
	}
	t.inputs, t.donate = make([]compute.Buffer, len(shapes)), make([]bool, len(shapes))
	for i := range t.state {
		t.donate[i] = true
	}
	return t, nil
}

// StepsDone returns the number of steps done.
func (t *Trainer) StepsDone() int { return t.step }

// averaged returns the buffers of the averaged weights, which are the ones to use.
func (t *Trainer) averaged() []compute.Buffer {
	return t.state[len(t.state)-len(t.model.Params.List()):]
}

// blocksPerStep returns the number of blocks that a step sees.
func (m *Model) blocksPerStep() int {
	if m.config.Blocks > 0 {
		return m.config.Blocks
	}
	return m.layout.Blocks
}

// build makes the graph of one step.
func (t *Trainer) build(g *Graph) []*Node {
	c, l, p := t.model.config, t.model.layout, &t.model.Params
	var in [len(groups)][]*Node
	for i, group := range groups {
		in[i] = p.Inputs(g, group+"/")
	}
	n := t.model.blocksPerStep()
	tokens, features := t.model.Encoder.Shape()
	feed := make([]*Node, feedCount)
	for i, dims := range [feedCount][]int{
		feedNoisy: {c.Batch, n, l.Size}, feedTarget: {c.Batch, n, l.Size}, feedTime: {c.Batch, TimeFeatures},
		feedRows: {c.Batch, tokens, features}, feedMask: {c.Batch, tokens}, feedIndex: {n, l.Blocks}, feedShare: {n, l.Size},
	} {
		feed[i] = Parameter(g, fmt.Sprintf("feed.%d", i), shapes.Make(dtypes.Float32, dims...))
	}
	input := Input{Noisy: feed[feedNoisy], Time: feed[feedTime], Rows: feed[feedRows], Mask: feed[feedMask]}
	if c.Blocks > 0 {
		input.Index = feed[feedIndex]
	}
	e := Sub(t.model.Forward(p.NewEnv(in[0], nil), input), feed[feedTarget])
	loss := ReduceAllSum(Mul(Square(e), ExpandLeftToRank(feed[feedShare], 3)))

	var all []*Node
	for _, group := range update(in, Gradient(loss, in[0]...), feed) {
		all = append(all, group...)
	}
	return append(all, loss)
}

// update returns the groups of the state after a step of AdamW (Loshchilov and Hutter, arXiv 1711.05101).
func update(in [len(groups)][]*Node, gradients, feed []*Node) (out [len(groups)][]*Node) {
	adam := nn.Adam{Beta1: adamBeta1, Beta2: adamBeta2, Epsilon: 1e-8}
	for i, gradient := range gradients {
		w := in[0][i]
		if w.Rank() > 1 { // biases, scales and shifts do not decay
			w = Mul(w, feed[feedDecay])
		}
		w, m, v := adam.Apply(w, in[1][i], in[2][i], gradient, feed[feedSize], feed[feedCorrection])
		average := Add(w, Mul(Sub(in[3][i], w), feed[feedAverage]))
		for j, node := range []*Node{w, m, v, average} {
			out[j] = append(out[j], node)
		}
	}
	return out
}

const adamBeta1, adamBeta2 = 0.9, 0.999

// Step trains on one batch and returns its loss: the mean squared error of the target, before the weights
// changed. After an error the trainer must not be used any more.
func (t *Trainer) Step() (float32, error) {
	t.draw()
	c, step := t.model.config, t.step
	lr := c.rate(step)
	size, correction := nn.Adam{Beta1: adamBeta1, Beta2: adamBeta2}.Scalars(step+1, lr)
	t.feeds[feedSize].Data[0], t.feeds[feedCorrection].Data[0] = size, correction
	t.feeds[feedDecay].Data[0], t.feeds[feedAverage].Data[0] = float32(1-lr*c.WeightDecay), float32(c.average(step))
	copy(t.inputs, t.state)
	for i, f := range t.feeds {
		b, err := f.Buffer()
		if err != nil {
			return 0, err
		}
		t.inputs[len(t.state)+i] = b
	}
	out, err := t.program.Run(t.inputs, t.donate)
	if err != nil {
		return 0, fmt.Errorf("step %d: %w", step+1, err)
	}
	copy(t.state, out)
	t.step++
	var loss [1]float32
	last := out[len(out)-1]
	if err := last.ToFlatData(loss[:]); err != nil {
		return 0, err
	}
	return loss[0], last.Finalize()
}

// Close frees the compiled step and the state.
func (t *Trainer) Close() {
	t.program.Close()
	for _, b := range t.state {
		b.Finalize()
	}
	t.state = nil
}
