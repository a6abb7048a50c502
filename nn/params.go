package nn

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Init is the normal distribution that a parameter starts from; with Std 0 it is the constant Mean.
type Init struct{ Mean, Std float64 }

// Param describes one parameter of a network.
type Param struct {
	Name string
	// Dims are its axes' sizes, in the orders given in the package comment.
	Dims []int
	Init Init
	// Transposed marks the kernel of a transposed convolution, which ends with [out, in] instead of [in, out].
	Transposed bool
}

// Size returns the number of values.
func (p Param) Size() int {
	n := 1
	for _, d := range p.Dims {
		n *= d
	}
	return n
}

// Shape returns its GoMLX shape (float32).
func (p Param) Shape() shapes.Shape { return shapes.Make(dtypes.Float32, p.Dims...) }

// Ref refers to a parameter within the Params that declared it.
type Ref int

// None is the Ref of a parameter that a layer does without, such as the bias of an unbiased convolution.
const None Ref = -1

// Params is the ordered list of a network's parameters. The zero value is empty and ready to use.
type Params struct {
	list  []Param
	index map[string]Ref
}

// Add declares a parameter. It panics if the name is taken: that is a bug in the network.
func (p *Params) Add(name string, init Init, dims ...int) Ref {
	if _, taken := p.index[name]; taken {
		panic(fmt.Sprintf("nn: parameter %q is declared twice", name))
	}
	if p.index == nil {
		p.index = map[string]Ref{}
	}
	ref := Ref(len(p.list))
	p.list = append(p.list, Param{Name: name, Dims: dims, Init: init})
	p.index[name] = ref
	return ref
}

// List returns the parameters in the order of their declaration. The caller must not change it.
func (p *Params) List() []Param { return p.list }

// Lookup finds a parameter by name.
func (p *Params) Lookup(name string) (Ref, bool) {
	ref, ok := p.index[name]
	return ref, ok
}

// Size returns the number of values in all parameters together.
func (p *Params) Size() int {
	n := 0
	for _, q := range p.list {
		n += q.Size()
	}
	return n
}

// Draw fills dst with the first values of a parameter. Each parameter has a random stream of its own, made from the
// seed and its name, so that adding a layer to a network leaves the others' values as they were.
func (p *Params) Draw(r Ref, seed uint64, dst []float32) {
	q := p.list[r]
	h := fnv.New64a()
	h.Write([]byte(q.Name))
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	for i := range dst {
		dst[i] = float32(q.Init.Mean)
		if q.Init.Std != 0 {
			dst[i] += float32(q.Init.Std * rng.NormFloat64())
		}
	}
}

// Inputs declares one graph parameter for each parameter, named prefix + its name.
func (p *Params) Inputs(g *Graph, prefix string) []*Node {
	nodes := make([]*Node, len(p.list))
	for i, q := range p.list {
		nodes[i] = Parameter(g, prefix+q.Name, q.Shape())
	}
	return nodes
}

// Env is what a forward pass reads besides its input: the nodes that hold the parameters and, in
// training, the dropout masks.
type Env struct {
	nodes []*Node
	masks *Masks
}

// NewEnv binds the parameters, in their order, to nodes of one graph. Masks is nil outside of training.
func (p *Params) NewEnv(nodes []*Node, masks *Masks) *Env {
	if len(nodes) != len(p.list) {
		panic(fmt.Sprintf("nn: %d nodes for %d parameters", len(nodes), len(p.list)))
	}
	for i, n := range nodes {
		if !n.Shape().Equal(p.list[i].Shape()) {
			panic(fmt.Sprintf("nn: parameter %q has shape %s, wanted %s", p.list[i].Name, n.Shape(), p.list[i].Shape()))
		}
	}
	return &Env{nodes: nodes, masks: masks}
}

// At returns the node of a parameter, or nil for None.
func (e *Env) At(r Ref) *Node {
	if r == None {
		return nil
	}
	return e.nodes[r]
}

// Masks declares the dropout masks of a training step. They are inputs of the graph, drawn on the host, so
// that they depend on the seed and the step alone and not on the backend.
type Masks struct {
	list []mask
}

type mask struct {
	size int
	keep float64 // the probability of a value to survive
}

// Dropout zeroes values with probability rate and divides the others by 1 - rate. Without masks (outside
// of training) it returns x.
func (e *Env) Dropout(x *Node, rate float64) *Node {
	if e.masks == nil || rate == 0 {
		return x
	}
	i := len(e.masks.list)
	e.masks.list = append(e.masks.list, mask{size: x.Shape().Size(), keep: 1 - rate})
	return Mul(x, Parameter(x.Graph(), fmt.Sprintf("dropout.%d", i), x.Shape()))
}

// Len returns the number of masks, which are the graph's last parameters.
func (m *Masks) Len() int { return len(m.list) }

// Draw fills mask i for one step: 0 or 1/keep each. Its size must be that of the mask's graph parameter.
func (m *Masks) Draw(i int, seed, step uint64, dst []float32) {
	rng := rand.New(rand.NewPCG(seed^uint64(i+1)*0x9e3779b97f4a7c15, step))
	keep := m.list[i].keep
	for j := range dst {
		dst[j] = 0
		if rng.Float64() < keep {
			dst[j] = float32(1 / keep)
		}
	}
}
