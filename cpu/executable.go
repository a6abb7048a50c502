package cpu

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
	"github.com/warmstart-ml/warmstart/cpu/internal/plan"
)

// executable implements compute.Executable.
type executable struct {
	backend      *backend
	inputNames   []string
	inputShapes  []shapes.Shape
	outputShapes []shapes.Shape

	mu      sync.Mutex    // one execution at a time: a program has one set of intermediate values
	program *plan.Program // nil once finalized
	flats   []any         // of the inputs, during an execution
	donated []bool
	uses    map[uintptr]int // number of inputs at an address
}

var _ compute.Executable = (*executable)(nil)

func newExecutable(b *backend, g *ir.Graph) (*executable, error) {
	p, err := plan.Compile(g, plan.Options{
		Pool: b.pool, Threads: b.threads,
		Fallback: func(n *ir.Node) (plan.Fallback, error) { return newFallback(b.gobackend, n) },
	})
	if err != nil {
		return nil, fmt.Errorf("cpu backend: compile %q: %w", g.Name, err)
	}
	e := &executable{
		backend: b, program: p,
		flats: make([]any, len(g.Params)), donated: make([]bool, len(g.Params)), uses: make(map[uintptr]int),
	}
	for _, n := range g.Params {
		e.inputNames = append(e.inputNames, n.Attrs.(ir.ParameterAttrs).Name)
		e.inputShapes = append(e.inputShapes, n.Shape)
	}
	for _, n := range g.Outputs {
		e.outputShapes = append(e.outputShapes, n.Shape)
	}
	return e, nil
}

// Finalize implements compute.Executable. It waits for an execution under way.
func (e *executable) Finalize() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.program = nil
}

// Inputs implements compute.Executable.
func (e *executable) Inputs() (names []string, inputShapes []shapes.Shape) {
	return e.inputNames, e.inputShapes
}

// Outputs implements compute.Executable.
func (e *executable) Outputs() []shapes.Shape { return e.outputShapes }

// Execute implements compute.Executable. Executions of one executable from several goroutines take turns.
func (e *executable) Execute(inputs []compute.Buffer, donate []bool, _ compute.DeviceNum) ([]compute.Buffer, error) {
	if len(inputs) != len(e.inputShapes) || (len(donate) != 0 && len(donate) != len(inputs)) {
		return nil, fmt.Errorf("cpu backend: program takes %d inputs, got %d (and %d donate flags)",
			len(e.inputShapes), len(inputs), len(donate))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.program == nil {
		return nil, errors.New("cpu backend: executable is finalized")
	}
	if e.backend.IsFinalized() {
		return nil, errClosed
	}
	defer clear(e.flats) // hold no one's memory between executions
	if err := e.setInputs(inputs, donate); err != nil {
		return nil, err
	}
	outs, err := e.program.Run(e.flats, e.donated, e.backend.memory.get)
	if err != nil {
		return nil, err
	}
	e.release(outs)
	results := make([]compute.Buffer, len(outs))
	for i, flat := range outs {
		results[i] = &buffer{backend: e.backend, shape: &e.outputShapes[i], flat: flat}
	}
	return results, nil
}

// setInputs checks the inputs, fills e.flats and e.donated and, when all are good, ends the donated buffers.
func (e *executable) setInputs(inputs []compute.Buffer, donate []bool) error {
	clear(e.uses)
	for i, input := range inputs {
		buf, ok := input.(*buffer)
		if !ok || buf == nil || buf.backend != e.backend {
			return errForeign(i, input)
		}
		if !buf.shape.Equal(e.inputShapes[i]) {
			return fmt.Errorf("cpu backend: input %d (%q) has shape %s, want %s", i, e.inputNames[i], *buf.shape, e.inputShapes[i])
		}
		var err error
		if e.flats[i], err = buf.data(); err != nil {
			return fmt.Errorf("input %d (%q): %w", i, e.inputNames[i], err)
		}
		e.uses[address(e.flats[i])]++
	}
	for i, input := range inputs {
		given := len(donate) > 0 && donate[i]
		once := e.uses[address(e.flats[i])] == 1
		if given {
			if _, err := input.(*buffer).donate(); err != nil && once {
				return fmt.Errorf("input %d (%q): %w", i, e.inputNames[i], err)
			}
		}
		// A buffer that is several inputs must not be overwritten through one of them.
		e.donated[i] = given && once
	}
	return nil
}

// release gives the memory of donated inputs that no output took over to the free list.
func (e *executable) release(outs []any) {
	for _, flat := range outs {
		delete(e.uses, address(flat))
	}
	for i, flat := range e.flats {
		if e.donated[i] && e.uses[address(flat)] > 0 {
			e.backend.memory.put(e.inputShapes[i], flat)
		}
	}
}

// address tells flat slices apart; all empty ones may have the same.
func address(flat any) uintptr { return reflect.ValueOf(flat).Pointer() }

func errForeign(i int, b compute.Buffer) error {
	return fmt.Errorf("cpu backend: input %d is a %T, not a buffer of this backend", i, b)
}
