package lora

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/warmstart-ml/warmstart/nn"
)

// Rank sets the rank of the kernels and matrices whose names match a pattern, as path.Match has it. 0 leaves them as they are.
type Rank struct {
	Pattern string `json:"pattern"`
	Rank    int    `json:"rank"`
}

// Config says which adapters a network has.
type Config struct {
	// Ranks holds for each name the rank of the first pattern that matches; 0 if none does.
	Ranks []Rank `json:"ranks"`
	// Seed is that of A.
	Seed uint64 `json:"seed"`
	// TrainA makes A a part of the adapter that is trained, as in ordinary LoRA.
	TrainA bool `json:"train_a,omitempty"`
}

// DefaultConfig returns the configuration to start from. For gan's mini it makes adapters of 13,667 values: the first and the last layer
// at full rank, where colours are made; layers with few channels at rank 16 to 64, which is cheap there; and the Transformer block at
// rank 4, whose matrices have the most inputs and outputs.
func DefaultConfig() Config {
	return Config{Seed: 1, Ranks: []Rank{
		{"transformer.*", 4},
		{"stem.*", 27}, {"last.*", 144}, {"head.*", 64}, {"up3.*", 32}, {"up2.*", 32}, {"down1.*", 16},
		{"*", 8},
	}}
}

// maxRank bounds ranks, so that a foreign file cannot ask for all memory.
const maxRank = 1 << 10

// check returns an error that names the first rank that makes no sense.
func (c Config) check() error {
	for _, r := range c.Ranks {
		if _, err := path.Match(r.Pattern, ""); err != nil {
			return fmt.Errorf("ranks: pattern %q: %w", r.Pattern, err)
		}
		if r.Rank < 0 || r.Rank > maxRank {
			return fmt.Errorf("ranks: %q has rank %d, wanted 0 to %d", r.Pattern, r.Rank, maxRank)
		}
	}
	return nil
}

// rank returns the rank for a kernel or matrix.
func (c Config) rank(name string) int {
	for _, r := range c.Ranks {
		if ok, _ := path.Match(r.Pattern, name); ok { // check has seen the pattern
			return r.Rank
		}
	}
	return 0
}

// rankOf returns the rank for a slot. Columns of A can't be orthonormal if they are more than the inputs. Ranks above the number
// of outputs are wasted if A is trained; a frozen A leads to fewer directions than there are, and more are better.
func (c Config) rankOf(s slot) int {
	r := min(c.rank(s.param.Name), s.inputs())
	if c.TrainA {
		r = min(r, s.outputs())
	}
	return r
}

// Layout says which tensors an adapter of a network consists of, and how the network's weights follow from them.
type Layout struct {
	// Params are the adapter's tensors in order, with the values that training starts from: NAME.lora_B [rank, outputs] for a kernel
	// or matrix NAME, after NAME.lora_A [inputs, rank] if that is trained, and NAME.offset for any other parameter.
	Params nn.Params

	config Config
	slots  []slot // one per parameter of the network
}

// slot is what an adapter does to one parameter of the network.
type slot struct {
	param        nn.Param
	offset, a, b nn.Ref // within Params; None if it isn't there
	rank         int
	projection   []float32 // A [inputs, rank], frozen or to start from
}

// NewLayout returns the layout of adapters for a network.
func NewLayout(network *nn.Params, c Config) (*Layout, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	l := &Layout{config: c}
	for _, p := range network.List() {
		s := slot{param: p, offset: nn.None, a: nn.None, b: nn.None}
		if len(p.Dims) == 1 {
			s.offset = l.Params.Add(p.Name+".offset", nn.Init{}, p.Dims...)
		} else if s.rank = c.rankOf(s); s.rank > 0 {
			h := fnv.New64a()
			h.Write([]byte(p.Name))
			s.projection = orthonormal(rand.New(rand.NewPCG(c.Seed, h.Sum64())), s.inputs(), s.rank)
			if c.TrainA {
				s.a = l.Params.Add(p.Name+".lora_A", nn.Init{}, s.inputs(), s.rank)
			}
			s.b = l.Params.Add(p.Name+".lora_B", nn.Init{}, s.rank, s.outputs())
		}
		l.slots = append(l.slots, s)
	}
	return l, nil
}

// outputs returns the number of output channels of a kernel or matrix.
func (s slot) outputs() int {
	d := s.param.Dims
	if s.param.Transposed {
		return d[len(d)-2]
	}
	return d[len(d)-1]
}

// inputs returns the number of values that each output sums over.
func (s slot) inputs() int { return s.param.Size() / s.outputs() }

// Config returns what the layout was made with.
func (l *Layout) Config() Config { return l.config }

// Initial returns the values that training starts from. They leave the base as it is.
func (l *Layout) Initial() [][]float32 {
	values := make([][]float32, len(l.Params.List()))
	for i, p := range l.Params.List() {
		values[i] = make([]float32, p.Size())
	}
	for _, s := range l.slots {
		if s.a != nn.None {
			copy(values[s.a], s.projection)
		}
	}
	return values
}

// Weights builds the network's weights, in the order of its parameters, from nodes of those of the base and of an adapter's tensors.
func (l *Layout) Weights(base, adapter []*Node) []*Node {
	weights := slices.Clone(base)
	for i, s := range l.slots {
		switch {
		case s.offset != nn.None:
			weights[i] = Add(base[i], adapter[s.offset])
		case s.b != nn.None:
			var a *Node // [inputs, rank]
			if s.a != nn.None {
				a = adapter[s.a]
			} else {
				a = ConstTensor(base[i].Graph(), tensors.FromFlatDataAndDimensions(s.projection, s.inputs(), s.rank)) // Const looks at each value
			}
			weights[i] = Add(base[i], s.kernel(Dot(a, adapter[s.b]).MatMul()))
		}
	}
	return weights
}

// Split cuts a vector node [Params.Size()] into an adapter's tensors.
func (l *Layout) Split(flat *Node) []*Node {
	nodes := make([]*Node, len(l.Params.List()))
	at := 0
	for i, p := range l.Params.List() {
		nodes[i] = Reshape(Slice(flat, AxisRange(at, at+p.Size())), p.Dims...)
		at += p.Size()
	}
	return nodes
}

// Cut is Split for values; the tensors share memory with the vector.
func (l *Layout) Cut(flat []float32) [][]float32 {
	values := make([][]float32, len(l.Params.List()))
	for i, p := range l.Params.List() {
		values[i], flat = flat[:p.Size():p.Size()], flat[p.Size():]
	}
	return values
}

// kernel gives a matrix [inputs, outputs] the shape of the parameter.
func (s slot) kernel(m *Node) *Node {
	d := s.param.Dims
	if !s.param.Transposed {
		return Reshape(m, d...)
	}
	h, w, out, in := d[0], d[1], d[2], d[3]
	return TransposeAllAxes(Reshape(m, h, w, in, out), 0, 1, 3, 2)
}

// at returns the index of value (input, output) in the parameter's values.
func (s slot) at(input, output int) int {
	if !s.param.Transposed {
		return input*s.outputs() + output
	}
	in := s.param.Dims[len(s.param.Dims)-1]
	return (input/in*s.outputs()+output)*in + input%in
}

// check returns an error if values are not those of an adapter.
func (l *Layout) check(values [][]float32) error {
	params := l.Params.List()
	if len(values) != len(params) {
		return fmt.Errorf("an adapter of %d tensors, wanted %d", len(values), len(params))
	}
	for i, p := range params {
		if len(values[i]) != p.Size() {
			return fmt.Errorf("adapter: %s has %d values, wanted %d", p.Name, len(values[i]), p.Size())
		}
	}
	return nil
}
