package base

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// Trainer trains a base step by step. It is not safe for concurrent use.
type Trainer struct {
	config    Config
	backend   compute.Backend
	pictures  *corpus.Corpus
	concepts  []concept.Concept
	data      *data
	network   *gan.Network
	layout    *lora.Layout
	condition *condition
	program   *nn.Program

	step  int
	state []compute.Buffer // weights and both of Adam's moments, of the network and then of the condition
	feeds []*nn.Feed       // the inputs behind the state: see scalarNames, then rows and gates, then x and y of each draw
}

// groups names weights and moments in files.
var groups = [3]string{"", ".m", ".v"}

// scalarNames are those of Adam's numbers for the network and for the condition.
var scalarNames = []string{"size", "correction", "condition size", "condition correction"}

// newTrainer makes a trainer whose state is yet to be filled in.
func newTrainer(backend compute.Backend, c Config, pictures *corpus.Corpus) (*Trainer, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	t := &Trainer{config: c, backend: backend, pictures: pictures, concepts: c.concepts()}
	var err error
	if t.network, err = c.Generator.Network(); err != nil {
		return nil, err
	}
	if t.layout, err = lora.NewLayout(&t.network.Params, c.Adapters); err != nil {
		return nil, err
	}
	if t.data, err = newData(c, pictures, t.concepts); err != nil {
		return nil, err
	}
	t.condition = newCondition(t.concepts, c.ConditionWidth, t.layout.Params.Size())
	if t.program, err = nn.Compile(backend, "training step of a base", t.build); err != nil {
		return nil, err
	}
	_, inputs := t.program.Inputs()
	for _, s := range inputs[t.stateSize():] {
		f, err := nn.NewFeed(backend, s.Dimensions...)
		if err != nil {
			t.Close()
			return nil, err
		}
		t.feeds = append(t.feeds, f)
	}
	return t, nil
}

// parts are the two sets of parameters, with their names in files.
func (t *Trainer) parts() []struct {
	name   string
	params *nn.Params
} {
	return []struct {
		name   string
		params *nn.Params
	}{{"shared", &t.network.Params}, {"condition", &t.condition.params}}
}

// stateSize returns the number of tensors in the state.
func (t *Trainer) stateSize() int {
	return len(groups) * (len(t.network.Params.List()) + len(t.condition.params.List()))
}

// build makes the graph of one step.
func (t *Trainer) build(g *Graph) []*Node {
	c := t.config.Generator
	var state [2][][]*Node
	for i, part := range t.parts() {
		for _, group := range groups {
			state[i] = append(state[i], part.params.Inputs(g, part.name+group+"/"))
		}
	}
	feed := func(name string, dims ...int) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32, dims...)) }
	var scalars []*Node
	for _, name := range scalarNames {
		scalars = append(scalars, feed(name))
	}
	rows := feed("rows", t.config.Together, len(t.condition.features))
	gates := feed("gates", t.config.Together, 1) // 0 for the identity
	adapters := t.condition.forward(t.condition.params.NewEnv(state[1][0], nil), rows)
	adapters = Mul(adapters, gates)

	var losses []*Node // of each draw, scalars
	for k := range t.config.Together {
		x, y := feed(fmt.Sprintf("x%d", k), c.Batch, c.Size, c.Size, 3), feed(fmt.Sprintf("y%d", k), c.Batch, c.Size, c.Size, 3)
		adapter := t.layout.Split(Reshape(SliceAxis(adapters, 0, AxisElem(k)), t.layout.Params.Size()))
		weights := t.layout.Weights(state[0][0], adapter)
		losses = append(losses, gan.L1(t.network.Forward(t.network.Params.NewEnv(weights, nil), x), y))
	}
	perDraw := Stack(losses, 0) // [together]
	wanted := slices.Concat(state[0][0], state[1][0])
	gradients := Gradient(MulScalar(ReduceAllMean(perDraw), c.LambdaL1), wanted...)

	var out []*Node
	n := len(state[0][0])
	for i, gradients := range [][]*Node{gradients[:n], gradients[n:]} {
		for _, group := range c.Adam().Update(state[i], gradients, scalars[2*i], scalars[2*i+1]) {
			out = append(out, group...)
		}
	}
	return append(out, perDraw)
}

// Losses are the mean absolute errors of a step, in [0,2]; a part that was not drawn is 0.
type Losses struct {
	Edits    float32 `json:"edits"`    // over the concepts
	Identity float32 `json:"identity"` // without adapter
}

// Step does the next step. After an error the trainer must not be used any more.
func (t *Trainer) Step() (Losses, error) {
	draws := t.config.schedule(t.step, len(t.concepts))
	if err := t.feed(draws); err != nil {
		return Losses{}, fmt.Errorf("data of step %d: %w", t.step+1, err)
	}
	inputs := slices.Clone(t.state)
	for _, f := range t.feeds {
		b, err := f.Buffer()
		if err != nil {
			return Losses{}, err
		}
		inputs = append(inputs, b)
	}
	donate := make([]bool, len(inputs))
	for i := range t.state {
		donate[i] = true
	}
	out, err := t.program.Run(inputs, donate)
	if err != nil {
		return Losses{}, fmt.Errorf("step %d: %w", t.step+1, err)
	}
	copy(t.state, out)
	t.step++
	perDraw := make([]float32, len(draws))
	last := out[len(out)-1]
	if err := last.ToFlatData(perDraw); err != nil {
		return Losses{}, err
	}
	return losses(draws, perDraw), last.Finalize()
}

// feed writes the inputs of a step.
func (t *Trainer) feed(draws []draw) error {
	c, adam, rate := t.config, t.config.Generator.Adam(), t.config.Generator.Rate(t.step)
	size, correction := adam.Scalars(t.step+1, c.Generator.LR*rate)
	conditionSize, _ := adam.Scalars(t.step+1, c.ConditionLR*rate)
	for i, v := range []float32{size, correction, conditionSize, correction} {
		t.feeds[i].Data[0] = v
	}
	rows, gates, images := t.feeds[len(scalarNames)], t.feeds[len(scalarNames)+1], t.feeds[len(scalarNames)+2:]
	n := len(t.condition.features)
	clear(rows.Data)
	clear(gates.Data)
	var x, y [][]float32
	for k, w := range draws {
		if w.concept != identity {
			t.condition.encode(t.concepts[w.concept], rows.Data[k*n:][:n])
			gates.Data[k] = 1
		}
		x, y = append(x, images[2*k].Data), append(y, images[2*k+1].Data)
	}
	return t.data.fill(draws, x, y)
}

// losses averages the draws' losses.
func losses(draws []draw, perDraw []float32) (l Losses) {
	var edits, identities float32
	for i, v := range perDraw {
		if draws[i].concept == identity {
			l.Identity, identities = l.Identity+v, identities+1
		} else {
			l.Edits, edits = l.Edits+v, edits+1
		}
	}
	l.Edits, l.Identity = l.Edits/max(edits, 1), l.Identity/max(identities, 1)
	return l
}

// Base returns the base as it is now.
func (t *Trainer) Base() (*lora.Base, error) {
	w := &gan.Weights{Config: t.config.Generator, Step: t.step}
	for i, p := range t.network.Params.List() {
		values := make([]float32, p.Size())
		if err := t.state[i].ToFlatData(values); err != nil {
			return nil, fmt.Errorf("read %s: %w", p.Name, err)
		}
		w.Values = append(w.Values, values)
	}
	return lora.NewBase(w, t.config.Adapters)
}

// Adapters returns the adapters of all concepts as they are now, by the concepts' IDs: all of an adapter's values, one tensor after the
// other.
func (t *Trainer) Adapters() (map[string][]float32, error) {
	rows, n := len(t.condition.features), t.layout.Params.Size()
	shape := shapes.Make(dtypes.Float32, len(t.concepts), rows)
	program, err := nn.Compile(t.backend, "adapters of a base", func(g *Graph) []*Node {
		e := t.condition.params.NewEnv(t.condition.params.Inputs(g, ""), nil)
		return []*Node{t.condition.forward(e, Parameter(g, "rows", shape))}
	})
	if err != nil {
		return nil, err
	}
	defer program.Close()
	encoded := make([]float32, shape.Size())
	for i, k := range t.concepts {
		t.condition.encode(k, encoded[i*rows:][:rows])
	}
	b, err := t.backend.BufferFromFlatData(0, encoded, shape)
	if err != nil {
		return nil, fmt.Errorf("upload concepts: %w", err)
	}
	inputs := slices.Clone(t.state[len(groups)*len(t.network.Params.List()):][:len(t.condition.params.List())])
	inputs = append(inputs, b)
	out, err := program.Run(inputs, make([]bool, len(inputs)))
	if err != nil {
		return nil, err
	}
	defer out[0].Finalize()
	values, err := nn.Values(out[0])
	if err != nil {
		return nil, fmt.Errorf("read adapters: %w", err)
	}
	adapters := map[string][]float32{}
	for i, k := range t.concepts {
		adapters[k.ID] = slices.Clone(values[i*n:][:n])
	}
	return adapters, b.Finalize()
}

// Close frees the compiled step and the state.
func (t *Trainer) Close() {
	t.program.Close()
	for _, b := range t.state {
		b.Finalize()
	}
	t.state = nil
}
