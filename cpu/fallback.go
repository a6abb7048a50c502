package cpu

import (
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// fallback carries out one operation with GoMLX's Go backend: a compiled program of that operation alone,
// and the buffers that its inputs are copied to.
type fallback struct {
	op   compute.OpType
	exec compute.Executable

	mu     sync.Mutex
	inputs []compute.Buffer
	flats  []any // of inputs
}

// newFallback compiles n for g.
func newFallback(g compute.Backend, n *ir.Node) (*fallback, error) {
	p := &fallback{op: n.Op}
	if err := p.compile(g, n); err != nil {
		return nil, fmt.Errorf("cpu backend: %s: %w", n.Op, err)
	}
	return p, nil
}

func (p *fallback) compile(g compute.Backend, n *ir.Node) error {
	builder := g.Builder(n.Op.String())
	main := builder.Main()
	params := make([]compute.Value, len(n.Inputs))
	for i, input := range n.Inputs {
		var err error
		params[i], err = main.Parameter(fmt.Sprint("input", i), input.Shape, nil)
		if err != nil {
			return err
		}
		buf, flat, err := g.NewSharedBuffer(0, input.Shape)
		if err != nil {
			return err
		}
		p.inputs, p.flats = append(p.inputs, buf), append(p.flats, flat)
	}
	outs, err := n.Replay(main, params)
	if err != nil {
		return err
	}
	if err := returnFrom(main, outs); err != nil {
		return err
	}
	p.exec, err = builder.Compile()
	return err
}

// Run computes out from in, flat slices of the node's inputs and of its results. A result whose slice is nil
// or missing is not wanted. It may be called from several goroutines, one at a time gets on.
func (p *fallback) Run(in, out []any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, flat := range in {
		dtypes.CopyAnySlice(p.flats[i], flat)
	}
	results, err := p.execute()
	if err != nil {
		return fmt.Errorf("cpu backend: %s: %w", p.op, err)
	}
	for i, r := range results {
		if i < len(out) && out[i] != nil {
			if err := r.ToFlatData(out[i]); err != nil {
				return fmt.Errorf("cpu backend: %s: result %d: %w", p.op, i, err)
			}
		}
		if err := r.Finalize(); err != nil {
			return fmt.Errorf("cpu backend: %s: result %d: %w", p.op, i, err)
		}
	}
	return nil
}

// execute runs the operation. The Go backend panics about values such as an integer divisor of 0.
func (p *fallback) execute() (results []compute.Buffer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return p.exec.Execute(p.inputs, nil, 0)
}

// delegate is an executable that GoMLX's Go backend runs as a whole: the one for programs with shapes that
// only an execution determines.
type delegate struct {
	backend *backend
	exec    compute.Executable
}

// newDelegate compiles g, with all its operations, for the Go backend.
func newDelegate(b *backend, g *ir.Graph) (*delegate, error) {
	builder := b.gobackend.Builder(g.Name)
	params, err := addParameters(builder.Main(), g)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %q: %w", g.Name, err)
	}
	outs, err := build(builder.Main(), g, params, nil)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %q: %w", g.Name, err)
	}
	if err := returnFrom(builder.Main(), outs); err != nil {
		return nil, fmt.Errorf("cpu backend: %q: %w", g.Name, err)
	}
	exec, err := builder.Compile()
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %q: %w", g.Name, err)
	}
	return &delegate{b, exec}, nil
}

// Finalize implements compute.Executable.
func (d *delegate) Finalize() { d.exec.Finalize() }

// Inputs implements compute.Executable.
func (d *delegate) Inputs() (names []string, inputShapes []shapes.Shape) { return d.exec.Inputs() }

// Outputs implements compute.Executable.
func (d *delegate) Outputs() []shapes.Shape { return d.exec.Outputs() }

// Execute implements compute.Executable.
func (d *delegate) Execute(inputs []compute.Buffer, donate []bool, _ compute.DeviceNum) ([]compute.Buffer, error) {
	if len(donate) != 0 && len(donate) != len(inputs) {
		return nil, fmt.Errorf("cpu backend: %d inputs and %d donate flags", len(inputs), len(donate))
	}
	in := make([]compute.Buffer, len(inputs))
	all := make([]bool, len(inputs)) // the copies serve this execution alone
	for i, input := range inputs {
		buf, ok := input.(*buffer)
		if !ok || buf == nil || buf.backend != d.backend {
			return nil, errForeign(i, input)
		}
		flat, err := buf.data()
		if err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
		in[i], err = d.backend.gobackend.BufferFromFlatData(0, flat, *buf.shape)
		if err != nil {
			return nil, fmt.Errorf("cpu backend: input %d: %w", i, err)
		}
		all[i] = true
	}
	results, err := d.exec.Execute(in, all, 0)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %w", err)
	}
	for i := range donate {
		if donate[i] {
			// It may be an input twice: then it has ended already.
			_ = inputs[i].Finalize()
		}
	}
	outs := make([]compute.Buffer, len(results))
	for i, r := range results {
		outs[i], err = d.take(r)
		if err != nil {
			return nil, fmt.Errorf("cpu backend: output %d: %w", i, err)
		}
	}
	return outs, nil
}

// take copies a buffer of the Go backend, and ends it.
func (d *delegate) take(r compute.Buffer) (compute.Buffer, error) {
	shape, err := r.Shape()
	if err != nil {
		return nil, err
	}
	flat, err := r.Data()
	if err != nil {
		return nil, err
	}
	out, err := d.backend.BufferFromFlatData(0, flat, shape)
	if err != nil {
		return nil, err
	}
	return out, r.Finalize()
}
