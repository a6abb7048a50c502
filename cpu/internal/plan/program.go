// Package plan compiles the graph of a GoMLX program into steps for the CPU: fused loops, matrix products and
// convolutions over memory that is laid out ahead, so that running a program allocates next to nothing.
package plan

import (
	"fmt"
	"strings"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// Options of a compilation.
type Options struct {
	// Pool runs the steps. Results don't depend on how many threads it has.
	Pool *pool.Pool
	// Threads is the number of threads of Pool.
	Threads int
	// Fallback makes something that computes a node which has no fast path.
	Fallback func(*ir.Node) (Fallback, error)
}

// Fallback computes one node. in and out are flat slices of the Go types of the node's data types, one for each operand and
// result; out is nil, or too short, for results that nobody uses.
type Fallback interface {
	Run(in, out []any) error
}

// Program is a compiled graph. Runs of one program are serialised: it owns the memory it works in.
type Program struct {
	mu      sync.Mutex
	pool    *pool.Pool
	steps   []step
	names   []string // what each step computes, for errors and tests
	slots   []slot
	params  int
	outputs []outputRef
	floats  int // arena and scratch, in float32s

	arena, scratch []float32
	mem            []memory // by slot
}

// outputRef tells where an output lies: in a slot of its own, or in other memory from where it is copied.
type outputRef struct {
	shape shapes.Shape
	from  ref
	own   bool
}

// memory is the flat slice of a slot, and the same as float32s if it is of that type.
type memory struct {
	flat any
	f32  []float32
}

func memoryOf(flat any) memory {
	f, _ := flat.([]float32)
	return memory{flat: flat, f32: f}
}

// newFlat makes a flat slice for a value of this shape.
func newFlat(s shapes.Shape) any { return dtypes.MakeAnySlice(s.DType, s.Size()) }

// program makes the steps and fixes the memory.
func (c *compiler) program() (*Program, error) {
	arena := c.planMemory()
	p := &Program{pool: c.opts.Pool, params: len(c.g.Params)}
	owner := c.assignOutputs()
	for k, o := range c.g.Outputs {
		own, ok := owner[c.view(o).base]
		p.outputs = append(p.outputs, outputRef{shape: o.Shape, from: c.array(o), own: ok && own == k})
	}
	scratch := 0
	for _, u := range c.units {
		s, err := c.build(u)
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, s)
		p.names = append(p.names, c.describe(u))
		scratch = max(scratch, s.scratch())
	}
	p.slots = c.slots
	p.floats = arena + scratch
	p.arena = make([]float32, arena)
	p.scratch = make([]float32, scratch)
	p.mem = make([]memory, len(p.slots))
	for i, s := range p.slots {
		switch s.where {
		case inConst:
			p.mem[i] = memoryOf(s.node.Attrs.(ir.ConstantAttrs).Flat)
		case inArena:
			p.mem[i].f32 = p.arena[s.off : s.off+s.size : s.off+s.size]
			p.mem[i].flat = p.mem[i].f32
		case inAux:
			p.mem[i] = memoryOf(newFlat(s.node.Shape))
		}
	}
	return p, nil
}

// Run executes the program. in holds a flat slice for each parameter. Parameters that donate marks belong to the program from
// now on: their memory may come back as an output. All other outputs are made by alloc.
func (p *Program) Run(in []any, donate []bool, alloc func(shapes.Shape) any) ([]any, error) {
	if len(in) != p.params {
		return nil, fmt.Errorf("plan: %d inputs for %d parameters", len(in), p.params)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]any, len(p.outputs))
	p.bind(in, donate, out, alloc)
	for i, s := range p.steps {
		if err := s.run(p); err != nil {
			return nil, fmt.Errorf("step %d, %s: %w", i, p.names[i], err)
		}
	}
	for k, o := range p.outputs {
		if !o.own {
			out[k] = alloc(o.shape)
			dtypes.CopyAnySlice(out[k], p.flatOf(o.from))
		}
	}
	for i, s := range p.slots {
		if s.where == inParam || s.where == inOutput {
			p.mem[i] = memory{} // the caller's memory is not kept alive
		}
	}
	return out, nil
}

// bind sets the memory of parameters and outputs for one run.
func (p *Program) bind(in []any, donate []bool, out []any, alloc func(shapes.Shape) any) {
	for i, s := range p.slots {
		switch s.where {
		case inParam:
			p.mem[i] = memoryOf(in[s.index])
		case inOutput:
			if s.donor >= 0 && s.donor < len(donate) && donate[s.donor] {
				out[s.index] = in[s.donor]
			} else {
				out[s.index] = alloc(p.outputs[s.index].shape)
			}
			p.mem[i] = memoryOf(out[s.index])
		}
	}
}

// Steps describes the steps in order, one line each.
func (p *Program) Steps() []string { return p.names }

// describe says what u computes.
func (c *compiler) describe(u *unit) string {
	n := u.nodes[0]
	if a, ok := n.Attrs.(convAttrs); ok {
		kind := [...]string{"forward", "input gradient", "weight gradient"}[a.kind]
		return fmt.Sprintf("conv %s %v→%v, %d→%d channels, kernel %v, stride %v", kind, a.spec.In, a.spec.Out, a.spec.Cin, a.spec.Cout, a.spec.Kernel, a.spec.Stride)
	}
	switch {
	case isGemm(n), isCopy(n), isView(n) && n.Shape.DType == dtypes.Float32:
		return fmt.Sprintf("%s %s", n.Op, n.Shape)
	case !u.isLoop():
		return fmt.Sprintf("fallback %s %s", n.Op, n.Shape)
	}
	ops := make([]string, len(u.nodes))
	for i, m := range u.nodes {
		ops[i] = m.Op.String()
	}
	return fmt.Sprintf("loop %v: %s", u.dims, strings.Join(ops, " "))
}

// Bytes is the memory that the program keeps for itself.
func (p *Program) Bytes() int { return 4 * p.floats }

// ref is a piece of a slot's memory.
type ref struct{ slot, off, n int }

// nowhere is the place of a result that nobody uses.
var nowhere = ref{slot: -1}

func (p *Program) floatsOf(r ref) []float32 {
	return p.mem[r.slot].f32[r.off : r.off+r.n]
}

// flatOf returns the memory of r as a flat slice of its type. Types other than float32 have no views but of the
// whole; some are packed, with several elements in a byte.
func (p *Program) flatOf(r ref) any {
	if m := p.mem[r.slot]; m.f32 == nil {
		return m.flat
	}
	return p.floatsOf(r)
}
