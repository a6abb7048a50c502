package cpu

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"
)

// builder implements compute.Builder. It records functions; see function.
type builder struct {
	notimplemented.Builder // distribution over devices

	backend  *backend
	name     string
	shadow   compute.Builder
	main     *function
	dynamic  bool // some shape is only known at execution
	compiled bool
}

var _ compute.Builder = (*builder)(nil)

// Name implements compute.Builder.
func (b *builder) Name() string { return b.name }

// Main implements compute.Builder.
func (b *builder) Main() compute.Function { return b.main }

// NewFunction implements compute.Builder.
func (b *builder) NewFunction(name string) (compute.Function, error) {
	if b.compiled {
		return nil, b.errCompiled()
	}
	shadow, err := b.shadow.NewFunction(name)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: function %q: %w", name, err)
	}
	return b.newFunction(name, nil, shadow), nil
}

// OpShape implements compute.Builder.
func (b *builder) OpShape(op compute.Value) (shapes.Shape, error) {
	r, ok := op.(*result)
	if !ok || r == nil || r.function.builder != b {
		return shapes.Invalid(), fmt.Errorf("cpu backend: %T is not a value of builder %q", op, b.name)
	}
	return r.node.Shape, nil
}

// DeviceAssignment implements compute.Builder. There is only device 0.
func (b *builder) DeviceAssignment(devices ...compute.DeviceNum) error {
	if len(devices) != 1 || devices[0] != 0 {
		return fmt.Errorf("cpu backend: devices %v: there is only device 0", devices)
	}
	return nil
}

// Compile implements compute.Builder.
func (b *builder) Compile() (compute.Executable, error) {
	if b.compiled {
		return nil, b.errCompiled()
	}
	if !b.main.returned {
		return nil, errors.New("cpu backend: main function has no Return, call it before Compile")
	}
	b.compiled = true
	if b.dynamic {
		return newDelegate(b.backend, b.main.graph)
	}
	return newExecutable(b.backend, b.main.graph)
}

func (b *builder) errCompiled() error {
	return fmt.Errorf("cpu backend: builder %q is already compiled", b.name)
}
