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

// Trainer trains a generator on adapters step by step. It is not safe for concurrent use.
type Trainer struct {
	*stepper
	data        *Dataset
	fingerprint string // of the data
}

// Inputs of the loss.
const (
	feedNoisy  = scalarCount + iota // [batch, n, size]
	feedTarget                      // the same
	feedTime                        // [batch, TimeFeatures]
	feedRows                        // [batch, tokens, features]
	feedMask                        // [batch, tokens]
	feedIndex                       // [n, blocks], one-hot
	feedShare                       // [n, size], what each value's squared error counts
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
	var weights [][]float32
	for i, p := range m.Params.List() {
		values := make([]float32, p.Size())
		m.Params.Draw(nn.Ref(i), c.Seed, values)
		weights = append(weights, values)
	}
	return newTrainer(backend, m, data, data.fingerprint(m.Encoder), fresh(weights))
}

// newTrainer makes a trainer with the given state. The fingerprint, which takes a while to make, is that of data.
func newTrainer(backend compute.Backend, m *Model, data *Dataset, fingerprint string, state [][]float32) (t *Trainer, err error) {
	t = &Trainer{data: data, fingerprint: fingerprint}
	t.stepper, err = newStepper(backend, "training step of the weight generator", m, m.config.Optimiser, state, m.loss)
	return t, err
}

// blocksPerStep returns the number of blocks that a step sees.
func (m *Model) blocksPerStep() int {
	if m.config.Blocks == 0 {
		return m.layout.Blocks
	}
	return min(m.config.Blocks, m.layout.Blocks)
}

// loss declares the inputs from feedNoisy on, and returns the mean squared error of the target.
func (m *Model) loss(g *Graph, weights []*Node) *Node {
	c, l, n := m.config, m.layout, m.blocksPerStep()
	tokens, features := m.Encoder.Shape()
	feed := make([]*Node, feedCount)
	for i, dims := range [feedCount][]int{
		feedNoisy: {c.Batch, n, l.Size}, feedTarget: {c.Batch, n, l.Size}, feedTime: {c.Batch, TimeFeatures},
		feedRows: {c.Batch, tokens, features}, feedMask: {c.Batch, tokens}, feedIndex: {n, l.Blocks}, feedShare: {n, l.Size},
	} {
		if i >= scalarCount {
			feed[i] = Parameter(g, fmt.Sprintf("feed.%d", i), shapes.Make(dtypes.Float32, dims...))
		}
	}
	input := Input{Noisy: feed[feedNoisy], Time: feed[feedTime], Rows: feed[feedRows], Mask: feed[feedMask]}
	if c.Blocks > 0 {
		input.Index = feed[feedIndex]
	}
	e := Sub(m.Forward(m.Params.NewEnv(weights, nil), input), feed[feedTarget])
	return ReduceAllSum(Mul(Square(e), ExpandLeftToRank(feed[feedShare], 3)))
}

// Step trains on one batch and returns its loss: the mean squared error of the target, before the weights
// changed. After an error the trainer must not be used any more.
func (t *Trainer) Step() (float32, error) {
	t.draw()
	return t.run()
}

func (t *Trainer) images() int { return 0 }
