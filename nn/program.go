package nn

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Program is a compiled graph that runs on a backend's buffers. Compared with GoMLX's Exec it makes no
// tensors: a training step with hundreds of parameters allocates next to nothing.
type Program struct {
	graph      *Graph
	executable compute.Executable
}

// Compile builds a graph and compiles it. Build declares the inputs with Parameter, in order, and returns
// the outputs; what it panics with becomes the error.
func Compile(backend compute.Backend, name string, build func(g *Graph) []*Node) (*Program, error) {
	g := NewGraph(backend, name)
	err := exceptions.TryCatch[error](func() {
		if err := g.Compile(build(g)...); err != nil {
			panic(err)
		}
	})
	if err != nil {
		g.Finalize()
		return nil, fmt.Errorf("compile %s for backend %s: %w", name, backend.Name(), err)
	}
	return &Program{graph: g, executable: g.Executable()}, nil
}

// Run executes the program. The buffers of inputs that are marked in donate belong to the program from
// then on, which may return them as outputs.
func (p *Program) Run(inputs []compute.Buffer, donate []bool) ([]compute.Buffer, error) {
	out, err := p.executable.Execute(inputs, donate, 0)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", p.graph.Name(), err)
	}
	return out, nil
}

// Inputs returns the names and shapes of the inputs in order.
func (p *Program) Inputs() (names []string, shapes []shapes.Shape) { return p.executable.Inputs() }

// Close frees the compiled program.
func (p *Program) Close() { p.graph.Finalize() }

// Feed is an input that the host writes anew before each run. Where the backend shares memory with the host,
// nothing is copied.
type Feed struct {
	// Data holds the values; write to it before Buffer.
	Data []float32

	backend compute.Backend
	shape   shapes.Shape
	shared  compute.Buffer
}

// NewFeed makes a feed for a float32 input.
func NewFeed(backend compute.Backend, dims ...int) (*Feed, error) {
	f := &Feed{backend: backend, shape: shapes.Make(dtypes.Float32, dims...)}
	if !backend.HasSharedBuffers() {
		f.Data = make([]float32, f.shape.Size())
		return f, nil
	}
	buffer, flat, err := backend.NewSharedBuffer(0, f.shape)
	if err != nil {
		return nil, fmt.Errorf("reserve an input of shape %v: %w", dims, err)
	}
	f.shared, f.Data = buffer, flat.([]float32)
	return f, nil
}

// Dims returns the sizes of the input's axes.
func (f *Feed) Dims() []int { return f.shape.Dimensions }

// Buffer returns the buffer to run with. If it is donated, the feed must not be used again.
func (f *Feed) Buffer() (compute.Buffer, error) {
	if f.shared != nil {
		return f.shared, nil
	}
	return f.backend.BufferFromFlatData(0, f.Data, f.shape)
}

// Values returns a float32 buffer's values: its own memory where the backend shares that, else a copy.
func Values(b compute.Buffer) ([]float32, error) {
	if b.Backend().HasSharedBuffers() {
		flat, err := b.Data()
		if err != nil {
			return nil, err
		}
		return flat.([]float32), nil
	}
	shape, err := b.Shape()
	if err != nil {
		return nil, err
	}
	values := make([]float32, shape.Size())
	return values, b.ToFlatData(values)
}

// Finite tells whether no value is NaN or infinite: weights that are not would make everything else so.
func Finite(values ...[]float32) bool {
	for _, tensor := range values {
		for _, v := range tensor {
			if v-v != 0 { // it is 0 for finite values alone
				return false
			}
		}
	}
	return true
}
