package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// opCall runs a compiled operation on buffers that it keeps. Its first state inputs are donated and replaced by the
// first outputs, as a training step does.
type opCall struct {
	program *nn.Program
	inputs  []compute.Buffer
	donate  []bool
	state   int
}

func (c *opCall) run() error {
	out, err := c.program.Run(c.inputs, c.donate)
	if err != nil {
		return err
	}
	copy(c.inputs, out[:c.state])
	for _, b := range out[c.state:] {
		if err := b.Finalize(); err != nil {
			return err
		}
	}
	return nil
}

// newOp compiles an operation for the backend and fills its inputs with random numbers.
func newOp(backend compute.Backend, op Op) (func() error, error) {
	c := &opCall{}
	dims := map[string]func() [][]int{"gemm": op.gemmDims, "conv": op.convDims, "adam": op.adamDims, "instance_norm_relu": op.normDims, "softmax": op.softmaxDims}[op.Kind]
	if dims == nil {
		return nil, fmt.Errorf("unknown op %q", op.Kind)
	}
	build := map[string]func(in []*Node) []*Node{"gemm": op.gemm, "conv": op.conv, "adam": op.adam, "instance_norm_relu": op.norm, "softmax": op.softmax}[op.Kind]
	if op.Kind == "adam" {
		c.state = 3 * adamTensors
	}
	var err error
	c.program, err = nn.Compile(backend, op.Kind, func(g *Graph) []*Node {
		var in []*Node
		for i, d := range dims() {
			in = append(in, Parameter(g, fmt.Sprint("in", i), shapes.Make(dtypes.Float32, d...)))
		}
		return build(in)
	})
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i, d := range dims() {
		s := shapes.Make(dtypes.Float32, d...)
		values := make([]float32, s.Size())
		for j := range values {
			values[j] = rng.Float32() // not negative: Adam takes the root of one input
		}
		b, err := backend.BufferFromFlatData(0, values, s)
		if err != nil {
			return nil, err
		}
		c.inputs = append(c.inputs, b)
		c.donate = append(c.donate, i < c.state)
	}
	return c.run, nil
}

func (op Op) gemmDims() [][]int {
	a, b := []int{op.M, op.K}, []int{op.K, op.N}
	if op.TransA {
		a = []int{op.K, op.M}
	}
	if op.TransB {
		b = []int{op.N, op.K}
	}
	return [][]int{a, b}
}

func (op Op) gemm(in []*Node) []*Node {
	left, right := 1, 0
	if op.TransA {
		left = 0
	}
	if op.TransB {
		right = 1
	}
	return []*Node{DotGeneral(in[0], []int{left}, nil, in[1], []int{right}, nil)}
}

// convDims are those of x, the kernel and dy.
func (op Op) convDims() [][]int {
	width := (op.Width+2*op.Pad-op.Kernel)/op.Stride + 1
	if op.Height == 1 {
		return [][]int{{op.Batch, op.Width, op.In}, {op.Kernel, op.In, op.Out}, {op.Batch, width, op.Out}}
	}
	height := (op.Height+2*op.Pad-op.Kernel)/op.Stride + 1
	return [][]int{{op.Batch, op.Height, op.Width, op.In}, {op.Kernel, op.Kernel, op.In, op.Out}, {op.Batch, height, width, op.Out}}
}

// conv returns y, dx and dw. The sum that is differentiated is itself no output, so it is never computed.
func (op Op) conv(in []*Node) []*Node {
	x, w, dy := in[0], in[1], in[2]
	y := nn.Conv(x, w, nn.SameWindow(x.Rank()-2, op.Stride, op.Pad, op.Pad))
	return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, dy)), x, w)...)
}

// adamTensors is the number of tensors that the weights of an Adam step are spread over.
const adamTensors = 64

// adamDims are all weights, first moments, second moments and gradients.
func (op Op) adamDims() [][]int {
	dims := make([][]int, 4*adamTensors)
	for i := range dims {
		dims[i] = []int{op.Size / adamTensors}
	}
	return dims
}

func (op Op) adam(in []*Node) []*Node {
	const n = adamTensors
	adam := nn.Adam{Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8}
	size, correction := Const(in[0].Graph(), float32(2e-4)), Const(in[0].Graph(), float32(1.5))
	out := make([]*Node, 3*n)
	for i := range n {
		out[i], out[n+i], out[2*n+i] = adam.Apply(in[i], in[n+i], in[2*n+i], in[3*n+i], size, correction)
	}
	return out
}

// normDims are those of x, dy, scale and shift.
func (op Op) normDims() [][]int {
	x := []int{op.Batch, op.Height, op.Width, op.In}
	return [][]int{x, x, {op.In}, {op.In}}
}

func (op Op) norm(in []*Node) []*Node {
	var p nn.Params
	layer := p.InstanceNorm("norm", op.In)
	y := nn.ReLU(layer.Apply(p.NewEnv(in[2:], nil), in[0]))
	return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, in[1])), in[0], in[2], in[3])...)
}

func (op Op) softmaxDims() [][]int { return [][]int{{op.M, op.N}} }

func (op Op) softmax(in []*Node) []*Node { return []*Node{Softmax(in[0])} }
