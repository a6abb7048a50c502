package cpu

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/backendtest"
	"github.com/gomlx/compute/support/testutil"
)

func newBackend(t testing.TB, config string) *backend {
	t.Helper()
	b, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b.(*backend)
}

// TestConformance runs the suite that GoMLX has for all backends.
func TestConformance(t *testing.T) {
	for _, config := range []string{"threads=1", "threads=2"} {
		t.Run(config, func(t *testing.T) { backendtest.RunAll(t, newBackend(t, config), nil) })
	}
}

func TestRegistered(t *testing.T) {
	t.Setenv(compute.ConfigEnvVar, "cpu:threads=1")
	b, err := compute.New()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if b.Name() != "cpu" || b.(*backend).threads != 1 {
		t.Errorf("got backend %q with %d threads, want cpu with 1", b.Name(), b.(*backend).threads)
	}
}

func TestConfigErrors(t *testing.T) {
	for config, want := range map[string]string{
		"speed=11":            `unknown setting "speed"`,
		"threads":             `threads=""`,
		"threads=":            `threads=""`,
		"threads=0":           "from 1 to 1024",
		"threads=1025":        "from 1 to 1024",
		"threads=2,threads=x": `threads="x"`,
		"Threads=1":           `unknown setting "Threads"`,
	} {
		_, err := New(config)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%q): error %v, want it to have %q", config, err, want)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, config := range []string{"", "threads=2", "threads=2,", ",threads=1,threads=3", "threads=-1", "a=b=c"} {
		f.Add(config)
	}
	f.Fuzz(func(t *testing.T, config string) {
		if n, err := parseConfig(config); err == nil && (n < 1 || n > maxThreads) {
			t.Errorf("parseConfig(%q) gives %d threads", config, n)
		}
	})
}

func TestNotImplemented(t *testing.T) {
	f := newBackend(t, "").Builder("test").Main()
	x, err := f.Parameter("x", shapes.Make(dtypes.Float32, 4), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() (compute.Value, error){
		"Atan2":        func() (compute.Value, error) { return f.Atan2(x, x) },
		"FFT":          func() (compute.Value, error) { return f.FFT(x, compute.FFTForward, []int{4}) },
		"DynamicSlice": func() (compute.Value, error) { return f.DynamicSlice(x, nil, []int{1}) },
		"FusedSoftmax": func() (compute.Value, error) { return f.FusedSoftmax(x, 0) },
		"Conj":         func() (compute.Value, error) { return f.Conj(x) },
	} {
		_, err := call()
		if !errors.Is(err, compute.ErrNotImplemented) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want one with that name that wraps ErrNotImplemented", name, err)
		}
	}
}

// TestBuildErrors has the mistakes that a shadow function does not see, and that one is asked at all.
func TestBuildErrors(t *testing.T) {
	b := newBackend(t, "")
	builder := b.Builder("test")
	f := builder.Main()
	x := testutil.Must1(f.Parameter("x", shapes.Make(dtypes.Float32, 2, 3), nil))
	other := testutil.Must1(b.Builder("other").Main().Parameter("y", shapes.Make(dtypes.Float32), nil))
	child := testutil.Must1(f.Closure())
	inner := testutil.Must1(child.Constant([]float32{1}))

	for _, c := range []struct {
		name string
		err  func() error
		want string
	}{
		{"shapes do not fit", err(f.DotGeneral(x, []int{1}, nil, x, []int{0}, nil, compute.DotGeneralConfig{})), "DotGeneral"},
		{"negative size", err(f.Reshape(x, -2, 3)), "Reshape"},
		{"no data type", err(f.ConvertDType(x, dtypes.InvalidDType)), "ConvertDType"},
		{"unknown data type", err(f.Bitcast(x, dtypes.InvalidDType)), "Bitcast"},
		{"fill is no scalar", err(f.Pad(x, x)), "fill value"},
		{"constant of negative size", err(f.Constant([]float32{1}, -1)), "negative size"},
		{"foreign value", err(f.Neg(5)), "int is not a value"},
		{"nil value", err(f.Add(x, nil)), "operand 1"},
		{"value of another builder", err(f.Add(x, other)), "another function or builder"},
		{"value of a closure", err(f.Neg(inner)), "another function or builder"},
		{"constant is no slice", err(f.Constant(float32(1))), "must be a slice"},
		{"constant of strings", err(f.Constant([]string{"a"}, 1)), "string"},
		{"constant of wrong size", err(f.Constant([]float32{1, 2}, 3)), "3 values"},
		{"axis out of range", err(f.ReduceSum(x, 2)), "ReduceSum"},
		{"target of another backend", func() error { _, err := f.Call(nil); return err }, "Call"},
		{"closure without return", func() error { _, err := f.While(child, child, x); return err }, "While"},
		{"compile without return", func() error { _, err := builder.Compile(); return err }, "Return"},
	} {
		if err := c.err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want it to have %q", c.name, err, c.want)
		}
	}

	if err := f.Return([]compute.Value{x}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Neg(x); err == nil {
		t.Error("no error for an operation after Return")
	}
	if _, err := builder.Compile(); err != nil {
		t.Fatal(err)
	}
	if _, err := builder.Compile(); err == nil {
		t.Error("no error for a second Compile")
	}
	if _, err := builder.NewFunction("late"); err == nil {
		t.Error("no error for a function after Compile")
	}
}

// err defers the look at the error of a call that was made.
func err(_ compute.Value, e error) func() error { return func() error { return e } }

func TestFinalizedBackend(t *testing.T) {
	b := newBackend(t, "")
	exec := compile(t, b, []shapes.Shape{shapes.Make(dtypes.Float32, 2)}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(f.Neg(in[0]))
	})
	in := bufferOf(t, b, []float32{1, 2})
	b.Finalize()
	b.Finalize() // has no effect
	if !b.IsFinalized() {
		t.Error("not finalized")
	}
	if _, err := exec.Execute([]compute.Buffer{in}, nil, 0); !errors.Is(err, errClosed) {
		t.Errorf("Execute: %v", err)
	}
	if _, _, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32)); !errors.Is(err, errClosed) {
		t.Errorf("NewSharedBuffer: %v", err)
	}
}

// one gives the results of an operation with one of them.
func one(v compute.Value, err error) ([]compute.Value, error) { return []compute.Value{v}, err }

// compile builds a program with parameters of the given shapes.
func compile(t testing.TB, b compute.Backend, in []shapes.Shape,
	body func(f compute.Function, in []compute.Value) ([]compute.Value, error),
) compute.Executable {
	t.Helper()
	builder := b.Builder(t.Name())
	f := builder.Main()
	var params []compute.Value
	for _, s := range in {
		params = append(params, testutil.Must1(f.Parameter("", s, nil)))
	}
	outs, err := body(f, params)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Return(outs, nil); err != nil {
		t.Fatal(err)
	}
	exec, err := builder.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return exec
}

// bufferOf makes a buffer of one axis, or of none for a single value.
func bufferOf(t testing.TB, b compute.Backend, flat any, dims ...int) compute.Buffer {
	t.Helper()
	if len(dims) == 0 {
		_, s := testutil.ToFlatAndShape(flat)
		dims = s.Dimensions
	}
	_, s := testutil.ToFlatAndShape(flat)
	buf, err := b.BufferFromFlatData(0, flat, shapes.Make(s.DType, dims...))
	if err != nil {
		t.Fatal(err)
	}
	return buf
}

// flat gives the data of a buffer.
func flat[T any](t testing.TB, b compute.Buffer) []T {
	t.Helper()
	data, err := b.Data()
	if err != nil {
		t.Fatal(err)
	}
	return data.([]T)
}
