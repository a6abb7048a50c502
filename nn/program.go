package nn

import (
	"fmt"

	"github.com/gomlx/compute"
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

// Inputs returns the names and sizes (numbers of values) of the inputs in order.
func (p *Program) Inputs() (names []string, sizes []int) {
	names, shapes := p.executable.Inputs()
	for _, s := range shapes {
		sizes = append(sizes, s.Size())
	}
	return names, sizes
}

// Close frees the compiled program.
func (p *Program) Close() { p.graph.Finalize() }
