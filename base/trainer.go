package base

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageloss"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// Trainer trains a base step by step. It is not safe for concurrent use.
type Trainer struct {
	config    Config
	backend   compute.Backend
	pictures  *corpus.Corpus
	concepts  []concept.Concept
	schedule  *schedule
	data      *data
	network   *gan.Network
	layout    *lora.Layout
	condition *condition
	engine    *imageloss.Engine

	// make turns the condition's weights and rows into adapters; update does the step of Adam, given gradients.
	make, update *nn.Program

	step  int
	state []compute.Buffer // weights and both of Adam's moments, of the network and then of the condition
	rows  *nn.Feed         // [together, features]
	feeds []*nn.Feed       // the inputs of update behind the state: see scalarNames, then gradients of the network and of adapters
	tasks []imageloss.Task // of the draws
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
	t := &Trainer{config: c, backend: backend, pictures: pictures, concepts: c.Seen()}
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
	t.schedule = newSchedule(c, t.concepts)
	t.condition = newCondition(t.concepts, c.ConditionWidth, t.layout.Params.Size())
	if err := t.compile(); err != nil {
		t.Close()
		return nil, err
	}
	n := c.Generator.Batch * c.Generator.Size * c.Generator.Size * 3
	for range c.Together {
		t.tasks = append(t.tasks, imageloss.Task{Adapter: make([]float32, t.layout.Params.Size()), X: make([]float32, n), Y: make([]float32, n)})
	}
	return t, nil
}

// compile makes the programs and their inputs.
func (t *Trainer) compile() (err error) {
	c := t.config
	if t.engine, err = imageloss.New(c.Generator, t.layout, true, min(c.Together, runtime.GOMAXPROCS(0))); err != nil {
		return err
	}
	rows := shapes.Make(dtypes.Float32, c.Together, len(t.condition.features))
	t.make, err = nn.Compile(t.backend, "adapters of a base", func(g *Graph) []*Node {
		e := t.condition.params.NewEnv(t.condition.params.Inputs(g, ""), nil)
		return []*Node{t.condition.forward(e, Parameter(g, "rows", rows))}
	})
	if err != nil {
		return err
	}
	if t.update, err = nn.Compile(t.backend, "training step of a base", t.build); err != nil {
		return err
	}
	if t.rows, err = nn.NewFeed(t.backend, rows.Dimensions...); err != nil {
		return err
	}
	_, inputs := t.update.Inputs()
	for _, s := range inputs[t.stateSize()+1:] {
		f, err := nn.NewFeed(t.backend, s.Dimensions...)
		if err != nil {
			return err
		}
		t.feeds = append(t.feeds, f)
	}
	return nil
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

// build makes the graph of the update. The condition's gradient is that of the sum of adapters times the loss's gradients by them.
func (t *Trainer) build(g *Graph) []*Node {
	var state [2][][]*Node
	for i, part := range t.parts() {
		for _, group := range groups {
			state[i] = append(state[i], part.params.Inputs(g, part.name+group+"/"))
		}
	}
	feed := func(name string, dims ...int) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32, dims...)) }
	rows := feed("rows", t.config.Together, len(t.condition.features))
	var scalars []*Node
	for _, name := range scalarNames {
		scalars = append(scalars, feed(name))
	}
	shared := t.network.Params.Inputs(g, "gradient/")
	adapters := t.condition.forward(t.condition.params.NewEnv(state[1][0], nil), rows)
	byAdapters := feed("gradient of adapters", adapters.Shape().Dimensions...)
	condition := Gradient(ReduceAllSum(Mul(adapters, byAdapters)), state[1][0]...)

	var out []*Node
	for i, gradients := range [][]*Node{shared, condition} {
		for _, group := range t.config.Generator.Adam().Update(state[i], gradients, scalars[2*i], scalars[2*i+1]) {
			out = append(out, group...)
		}
	}
	return out
}

// Losses are the mean absolute errors of a step, in [0,2]; a part that was not drawn is 0.
type Losses struct {
	Edits    float32 `json:"edits"`    // over the concepts
	Identity float32 `json:"identity"` // without adapter
}

// Step does the next step. After an error the trainer must not be used any more.
func (t *Trainer) Step() (Losses, error) {
	draws := t.schedule.at(t.step)
	if err := t.prepare(draws); err != nil {
		return Losses{}, fmt.Errorf("data of step %d: %w", t.step+1, err)
	}
	err := t.engine.Run(t.tasks)
	if err == nil {
		err = t.apply(draws)
	}
	if err != nil {
		return Losses{}, fmt.Errorf("step %d: %w", t.step+1, err)
	}
	t.step++
	return t.losses(draws), nil
}

// prepare writes the draws' pictures and adapters, and the weights to compute with.
func (t *Trainer) prepare(draws []draw) error {
	if err := t.data.fill(draws, t.tasks); err != nil {
		return err
	}
	n := len(t.condition.features)
	clear(t.rows.Data)
	for k, w := range draws {
		if w.concept != identity {
			t.condition.encode(t.concepts[w.concept], t.rows.Data[k*n:][:n])
		}
	}
	adapters, err := t.adapters(t.make, t.rows)
	if err != nil {
		return err
	}
	for k, w := range draws {
		clear(t.tasks[k].Adapter)
		if w.concept != identity {
			copy(t.tasks[k].Adapter, adapters[k])
		}
	}
	w, err := t.weights()
	if err != nil {
		return err
	}
	return t.engine.SetBase(w)
}

// adapters runs a program of the condition on rows. It returns a vector for each.
func (t *Trainer) adapters(program *nn.Program, rows *nn.Feed) ([][]float32, error) {
	b, err := rows.Buffer()
	if err != nil {
		return nil, err
	}
	inputs := slices.Clone(t.state[len(groups)*len(t.network.Params.List()):][:len(t.condition.params.List())])
	inputs = append(inputs, b)
	out, err := program.Run(inputs, make([]bool, len(inputs)))
	if err != nil {
		return nil, err
	}
	n := t.layout.Params.Size()
	all := make([]float32, rows.Dims()[0]*n)
	if err := out[0].ToFlatData(all); err != nil {
		return nil, fmt.Errorf("read adapters: %w", err)
	}
	return slices.Collect(slices.Chunk(all, n)), out[0].Finalize()
}

// weights returns a copy of the network's weights.
func (t *Trainer) weights() (values [][]float32, err error) {
	for i, p := range t.network.Params.List() {
		v := make([]float32, p.Size())
		if err := t.state[i].ToFlatData(v); err != nil {
			return nil, fmt.Errorf("read %s: %w", p.Name, err)
		}
		values = append(values, v)
	}
	return values, nil
}

// apply does the step of Adam that the tasks' gradients ask for.
func (t *Trainer) apply(draws []draw) error {
	c, adam, rate := t.config, t.config.Generator.Adam(), t.config.Generator.Rate(t.step)
	size, correction := adam.Scalars(t.step+1, c.Generator.LR*rate)
	conditionSize, _ := adam.Scalars(t.step+1, c.ConditionLR*rate)
	for i, v := range []float32{size, correction, conditionSize, correction} {
		t.feeds[i].Data[0] = v
	}
	scale := float32(c.Generator.LambdaL1 / float64(len(draws))) // the loss is the mean over the draws
	last := len(t.feeds) - 1
	for i, gradient := range t.engine.BaseGradients() {
		for j, v := range gradient {
			t.feeds[len(scalarNames)+i].Data[j] = scale * v
		}
	}
	n := t.layout.Params.Size()
	for k, w := range draws {
		row := t.feeds[last].Data[k*n:][:n]
		for j, v := range t.tasks[k].Gradient {
			row[j] = scale * v
		}
		if w.concept == identity {
			clear(row)
		}
	}
	inputs := slices.Clone(t.state)
	donate := slices.Repeat([]bool{true}, len(inputs))
	for _, f := range append([]*nn.Feed{t.rows}, t.feeds...) {
		b, err := f.Buffer()
		if err != nil {
			return err
		}
		inputs, donate = append(inputs, b), append(donate, false)
	}
	out, err := t.update.Run(inputs, donate)
	copy(t.state, out)
	return err
}

// losses averages the draws' losses.
func (t *Trainer) losses(draws []draw) (l Losses) {
	var edits, identities float32
	for i, w := range draws {
		v := t.tasks[i].Loss
		if w.concept == identity {
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
	values, err := t.weights()
	if err != nil {
		return nil, err
	}
	return lora.NewBase(&gan.Weights{Config: t.config.Generator, Step: t.step, Values: values}, t.config.Adapters)
}

// Adapters returns the adapters of all concepts as they are now, by the concepts' IDs: all of an adapter's values, one tensor after the
// other.
func (t *Trainer) Adapters() (map[string][]float32, error) {
	n := len(t.condition.features)
	rows, err := nn.NewFeed(t.backend, len(t.concepts), n)
	if err != nil {
		return nil, err
	}
	for i, k := range t.concepts {
		t.condition.encode(k, rows.Data[i*n:][:n])
	}
	program, err := nn.Compile(t.backend, "adapters of all concepts", func(g *Graph) []*Node {
		e := t.condition.params.NewEnv(t.condition.params.Inputs(g, ""), nil)
		return []*Node{t.condition.forward(e, Parameter(g, "rows", shapes.Make(dtypes.Float32, len(t.concepts), n)))}
	})
	if err != nil {
		return nil, err
	}
	defer program.Close()
	values, err := t.adapters(program, rows)
	if err != nil {
		return nil, err
	}
	adapters := map[string][]float32{}
	for i, k := range t.concepts {
		adapters[k.ID] = values[i]
	}
	return adapters, nil
}

// Close frees the compiled step and the state.
func (t *Trainer) Close() {
	if t.engine != nil {
		t.engine.Close()
	}
	for _, p := range []*nn.Program{t.make, t.update} {
		if p != nil {
			p.Close()
		}
	}
	for _, b := range t.state {
		b.Finalize()
	}
	t.state = nil
}
