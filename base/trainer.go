package base

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// Trainer trains a base step by step. It is not safe for concurrent use.
type Trainer struct {
	config   Config
	backend  compute.Backend
	concepts []concept.Concept
	data     *data
	network  *gan.Network
	layout   *lora.Layout
	program  *nn.Program

	step   int
	shared []compute.Buffer // weights and both of Adam's moments of the network
	// adapters holds the values of all concepts' adapters and their moments, each [concepts, values]. They stay on
	// the host: a step sees a few.
	adapters [3][]float32
	scalars  []*nn.Feed // see scalarNames
	places   []place    // of the draws of a step
}

// place is the inputs for one draw of a step.
type place struct {
	adapter [3]*nn.Feed // values and moments [values]
	x, y    *nn.Feed    // [batch, size, size, 3]
}

// groups names weights and moments in files.
var groups = [3]string{"", ".m", ".v"}

// scalarNames are those of Adam's numbers for the shared weights and for the adapters.
var scalarNames = []string{"size", "correction", "adapter size", "adapter correction"}

// newTrainer makes a trainer whose state is yet to be filled in.
func newTrainer(backend compute.Backend, c Config) (*Trainer, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	t := &Trainer{config: c, backend: backend, concepts: c.concepts()}
	var err error
	if t.network, err = c.Generator.Network(); err != nil {
		return nil, err
	}
	if t.layout, err = lora.NewLayout(&t.network.Params, c.Adapters); err != nil {
		return nil, err
	}
	if t.data, err = newData(c, t.concepts); err != nil {
		return nil, err
	}
	if t.program, err = nn.Compile(backend, "training step of a base", t.build); err != nil {
		return nil, err
	}
	if err := t.reserve(); err != nil {
		t.Close()
		return nil, err
	}
	t.data.paint()
	return t, nil
}

// reserve makes the inputs of the program and the state of the adapters.
func (t *Trainer) reserve() (err error) {
	feed := func(dims ...int) *nn.Feed {
		f, e := nn.NewFeed(t.backend, dims...)
		if e != nil {
			err = e
		}
		return f
	}
	for range scalarNames {
		t.scalars = append(t.scalars, feed())
	}
	g, n := t.config.Generator, t.layout.Params.Size()
	for range t.config.Together {
		image := []int{g.Batch, g.Size, g.Size, 3}
		t.places = append(t.places, place{adapter: [3]*nn.Feed{feed(n), feed(n), feed(n)}, x: feed(image...), y: feed(image...)})
	}
	for i := range t.adapters {
		t.adapters[i] = make([]float32, len(t.concepts)*n)
	}
	return err
}

// build makes the graph of one step.
func (t *Trainer) build(g *Graph) []*Node {
	c := t.config.Generator
	var shared [][]*Node
	for _, name := range groups {
		shared = append(shared, t.network.Params.Inputs(g, "shared"+name+"/"))
	}
	var scalars []*Node
	for _, name := range scalarNames {
		scalars = append(scalars, Parameter(g, name, shapes.Make(dtypes.Float32)))
	}

	var losses []*Node // of each draw, scalars
	var vectors [][]*Node
	wanted := slices.Clone(shared[0]) // what the gradient is taken for
	for k := range t.config.Together {
		vector, adapter, loss := t.buildDraw(g, k, shared[0])
		vectors, wanted, losses = append(vectors, vector), append(wanted, adapter...), append(losses, loss)
	}
	perDraw := Stack(losses, 0) // [together]
	gradients := Gradient(MulScalar(ReduceAllMean(perDraw), c.LambdaL1), wanted...)

	var out []*Node
	for _, group := range c.Adam().Update(shared, gradients[:len(shared[0])], scalars[0], scalars[1]) {
		out = append(out, group...)
	}
	gradients = gradients[len(shared[0]):]
	for _, v := range vectors {
		n := len(t.layout.Params.List())
		w, m1, m2 := c.Adam().Apply(v[0], v[1], v[2], flat(gradients[:n]), scalars[2], scalars[3])
		out, gradients = append(out, w, m1, m2), gradients[n:]
	}
	return append(out, perDraw)
}

// buildDraw declares the inputs of one draw. It returns its adapter's vector and moments, the adapter's tensors, and the loss.
func (t *Trainer) buildDraw(g *Graph, k int, shared []*Node) (vector, adapter []*Node, loss *Node) {
	for _, name := range groups {
		vector = append(vector, Parameter(g, fmt.Sprintf("adapter%d%s", k, name), shapes.Make(dtypes.Float32, t.layout.Params.Size())))
	}
	c := t.config.Generator
	image := shapes.Make(dtypes.Float32, c.Batch, c.Size, c.Size, 3)
	x, y := Parameter(g, fmt.Sprintf("x%d", k), image), Parameter(g, fmt.Sprintf("y%d", k), image)
	adapter = t.layout.Split(vector[0])
	out := t.network.Forward(t.network.Params.NewEnv(t.layout.Weights(shared, adapter), nil), x)
	return vector, adapter, gan.L1(out, y)
}

// flat concatenates the values of nodes.
func flat(nodes []*Node) *Node {
	var parts []*Node
	for _, n := range nodes {
		parts = append(parts, Reshape(n, n.Shape().Size()))
	}
	return Concatenate(parts, 0)
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
	inputs, donate, err := t.inputs()
	if err != nil {
		return Losses{}, err
	}
	out, err := t.program.Run(inputs, donate)
	if err != nil {
		return Losses{}, fmt.Errorf("step %d: %w", t.step+1, err)
	}
	t.shared = append(t.shared[:0], out[:len(t.shared)]...)
	t.step++
	return t.collect(draws, out[len(t.shared):])
}

// feed writes the inputs of a step.
func (t *Trainer) feed(draws []draw) error {
	batches, err := t.data.batches(draws, t.step)
	if err != nil {
		return err
	}
	c, adam, rate := t.config, t.config.Generator.Adam(), t.config.Generator.Rate(t.step)
	size, correction := adam.Scalars(t.step+1, c.Generator.LR*rate)
	adapterSize, adapterCorrection := adam.Scalars(draws[0].visit+1, c.AdapterLR*rate)
	for i, v := range []float32{size, correction, adapterSize, adapterCorrection} {
		t.scalars[i].Data[0] = v
	}
	for k, w := range draws {
		p := t.places[k]
		t.data.fill(batches[k], p.x.Data, p.y.Data)
		for i := range groups {
			if w.concept == identity {
				clear(p.adapter[i].Data)
			} else {
				copy(p.adapter[i].Data, t.state(i, w.concept))
			}
		}
	}
	return nil
}

// state returns a concept's part of a group of the adapters' state.
func (t *Trainer) state(group, concept int) []float32 {
	n := t.layout.Params.Size()
	return t.adapters[group][concept*n:][:n]
}

// inputs returns the program's inputs, of which the shared state is donated.
func (t *Trainer) inputs() (inputs []compute.Buffer, donate []bool, err error) {
	inputs = append(inputs, t.shared...)
	feeds := append([]*nn.Feed{}, t.scalars...)
	for _, p := range t.places {
		feeds = append(append(feeds, p.adapter[:]...), p.x, p.y)
	}
	for _, f := range feeds {
		b, err := f.Buffer()
		if err != nil {
			return nil, nil, err
		}
		inputs = append(inputs, b)
	}
	donate = make([]bool, len(inputs))
	for i := range t.shared {
		donate[i] = true
	}
	return inputs, donate, nil
}

// collect takes over the adapters of a step, except the identity's, which stays zero, and its losses.
func (t *Trainer) collect(draws []draw, out []compute.Buffer) (l Losses, err error) {
	for i, b := range out[:len(out)-1] {
		if w := draws[i/len(groups)]; w.concept != identity {
			if err := b.ToFlatData(t.state(i%len(groups), w.concept)); err != nil {
				return l, err
			}
		}
	}
	perDraw := make([]float32, len(draws))
	if err := out[len(out)-1].ToFlatData(perDraw); err != nil {
		return l, err
	}
	var edits, identities float32
	for i, v := range perDraw {
		if draws[i].concept == identity {
			l.Identity, identities = l.Identity+v, identities+1
		} else {
			l.Edits, edits = l.Edits+v, edits+1
		}
	}
	l.Edits, l.Identity = l.Edits/max(edits, 1), l.Identity/max(identities, 1)
	for _, b := range out {
		if err := b.Finalize(); err != nil {
			return l, err
		}
	}
	return l, nil
}

// Base returns the base as it is now.
func (t *Trainer) Base() (*lora.Base, error) {
	w := &gan.Weights{Config: t.config.Generator, Step: t.step}
	for i, p := range t.network.Params.List() {
		values := make([]float32, p.Size())
		if err := t.shared[i].ToFlatData(values); err != nil {
			return nil, fmt.Errorf("read %s: %w", p.Name, err)
		}
		w.Values = append(w.Values, values)
	}
	return lora.NewBase(w, t.config.Adapters)
}

// Close frees the compiled step and the state.
func (t *Trainer) Close() {
	t.program.Close()
	for _, b := range t.shared {
		b.Finalize()
	}
	t.shared = nil
}
