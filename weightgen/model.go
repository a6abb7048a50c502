package weightgen

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/textenc"
)

// Model is a generator's parameters and forward pass.
type Model struct {
	Params  nn.Params
	Encoder textenc.Encoder

	config     Config
	layout     Layout
	vocabulary *textenc.Vocabulary
	schedule   *Schedule

	none         nn.Ref      // [1, textWidth]: stands before each prompt, and alone for none
	time1, time2 nn.Dense    // an MLP on the time's features
	project      [2]nn.Dense // the prompt's mean to the width of the time's embedding
	index        nn.Ref      // [blocks, embedding]
	network      network
}

// network predicts the target for noisy blocks.
type network interface {
	// forward maps blocks x [batch, n, size] to the same shape.
	forward(e *nn.Env, x *Node, c condition) *Node
}

// condition is what a prediction depends on besides the noisy blocks.
type condition struct {
	time, prompt  *Node // [batch, embedding]: time, and the prompt as a whole
	chosen        *Node // [n, blocks], one-hot: which blocks are there; nil for all of them in order
	index         *Node // [n, embedding]
	context, mask *Node // [batch, tokens+1, textWidth], [batch, tokens+1]: the prompt word by word
}

// ofBlocks returns the rows of a table [blocks, width] for the blocks that there are.
func (c condition) ofBlocks(table *Node) *Node {
	if c.chosen == nil {
		return table
	}
	return DotGeneral(c.chosen, []int{1}, nil, table, []int{0}, nil)
}

// Input is what Forward reads.
type Input struct {
	Noisy *Node // [batch, n, size]
	Time  *Node // [batch, TimeFeatures], see TimeEmbedding
	Rows  *Node // [batch, tokens, features], of the Encoder's Encode
	Mask  *Node // [batch, tokens], likewise; all 0 means without a prompt
	Index *Node // [n, blocks], the blocks' indices, one-hot; nil for all of them in order
}

// newModel declares the parameters.
func newModel(c Config, l Layout, v *textenc.Vocabulary) (*Model, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := l.check(c); err != nil {
		return nil, fmt.Errorf("weight generator: %w", err)
	}
	m := &Model{config: c, layout: l, vocabulary: v}
	m.schedule, _ = NewSchedule(c.Schedule) // has been checked
	p := &m.Params
	m.Encoder = textenc.NewWords(p, v, textenc.Size{Tokens: c.Tokens, Width: c.TextWidth, Layers: c.TextLayers, Heads: c.Heads})
	embedding := c.embedding()
	m.none = p.Add("none", nn.Init{Std: 1}, 1, c.TextWidth)
	m.time1 = p.Dense("time1", TimeFeatures, embedding, true, textenc.FanIn(TimeFeatures))
	m.time2 = p.Dense("time2", embedding, embedding, true, textenc.FanIn(embedding))
	m.index = p.Add("index", nn.Init{Std: 1}, l.Blocks, embedding)
	m.project = [2]nn.Dense{
		p.Dense("prompt1", c.TextWidth, embedding, true, textenc.FanIn(c.TextWidth)),
		p.Dense("prompt2", embedding, embedding, true, textenc.FanIn(embedding)),
	}
	if c.Network == NetworkUNet1D {
		m.network = newUNet1D(p, c, l)
	} else {
		m.network = newDiT(p, c, l)
	}
	return m, nil
}

// embedding is the width of the embeddings of time and index.
func (c Config) embedding() int {
	if c.Network == NetworkUNet1D {
		return 4 * c.Width
	}
	return c.Width
}

// Config returns what the model was made with.
func (m *Model) Config() Config { return m.config }

// Layout returns what the blocks are.
func (m *Model) Layout() Layout { return m.layout }

// Forward returns the prediction of Config.Target [batch, n, size] for noisy blocks.
func (m *Model) Forward(e *nn.Env, in Input) *Node {
	c := condition{chosen: in.Index}
	c.index = c.ofBlocks(e.At(m.index))
	words := m.Encoder.Forward(e, in.Rows, in.Mask)
	d := words.Shape().Dimensions
	none := BroadcastToDims(ExpandLeftToRank(e.At(m.none), 3), d[0], 1, d[2])
	always := OnesLike(SliceAxis(in.Mask, 1, AxisRange(0, 1)))
	c.context, c.mask = Concatenate([]*Node{none, words}, 1), Concatenate([]*Node{always, in.Mask}, 1)
	c.time = m.time2.Apply(e, silu(m.time1.Apply(e, in.Time)))
	c.prompt = m.project[1].Apply(e, silu(m.project[0].Apply(e, pool(c.context, c.mask))))
	return m.network.forward(e, in.Noisy, c)
}

// pool returns the mean of context [batch, tokens, width] over what the mask [batch, tokens] leaves.
func pool(context, mask *Node) *Node {
	d := mask.Shape().Dimensions
	sum := DotGeneral(context, []int{1}, []int{0}, mask, []int{1}, []int{0}) // [batch, width]
	return Div(sum, Reshape(ReduceSum(mask, 1), d[0], 1))
}

// OneStep returns the x0 [batch, blocks, size] that sampling in one step gives for prompts, for graphs in which
// the generated weights are used and the generator is trained through them. Rows and mask are those of Input. It
// panics unless Config.Terminal is above 0.
func (m *Model) OneStep(e *nn.Env, rows, mask *Node) *Node {
	if m.config.Terminal == 0 {
		panic("weightgen: this model has not learnt to start from nothing")
	}
	g, batch := rows.Graph(), rows.Shape().Dimensions[0]
	features := make([]float32, TimeFeatures)
	TimeEmbedding(Times-1, features)
	prediction := m.Forward(e, Input{
		Noisy: BroadcastToDims(Scalar(g, rows.DType(), 0), batch, m.layout.Blocks, m.layout.Size),
		Time:  BroadcastToDims(Reshape(Const(g, features), 1, TimeFeatures), batch, TimeFeatures),
		Rows:  rows, Mask: mask,
	})
	// Clean is linear in the prediction, and x is 0.
	return MulScalar(prediction, m.schedule.Level(Times-1).Clean(m.config.Target, 1, 0))
}

// TimeFeatures is the number of features of a time.
const TimeFeatures = 64

// TimeEmbedding writes the features of a time t of 0…T-1 (Vaswani et al., arXiv 1706.03762, section 3.5).
func TimeEmbedding(t int, features []float32) {
	const half = TimeFeatures / 2
	for i := range half {
		angle := float64(t) * math.Pow(10000, -float64(i)/half)
		features[i], features[half+i] = float32(math.Cos(angle)), float32(math.Sin(angle))
	}
}

// silu returns x sigmoid(x).
func silu(x *Node) *Node { return Mul(x, Sigmoid(x)) }
