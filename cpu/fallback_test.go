package cpu

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// TestFallbackResults: results that nobody wants may be left out.
func TestFallbackResults(t *testing.T) {
	b := newBackend(t, "")
	f := b.Builder("test").Main()
	state, err := f.Parameter("state", shapes.Make(dtypes.Uint64, 3), nil)
	if err != nil {
		t.Fatal(err)
	}
	next, _, err := f.RNGBitGenerator(state, shapes.Make(dtypes.Uint32, 5))
	if err != nil {
		t.Fatal(err)
	}
	p, err := newFallback(b.gobackend, next.(*result).node.Inputs[0])
	if err != nil {
		t.Fatal(err)
	}
	in := []any{[]uint64{1, 2, 3}}
	var states [2][]uint64
	var bits [2][]uint32
	for i := range 2 {
		states[i], bits[i] = make([]uint64, 3), make([]uint32, 5)
	}
	for _, out := range [][]any{{states[0], bits[0]}, {nil, bits[1]}, {states[1]}, {}} {
		if err := p.Run(in, out); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(states[0], states[1]) || !slices.Equal(bits[0], bits[1]) || bits[0][0] == 0 {
		t.Errorf("results differ: %v and %v, %v and %v", states[0], states[1], bits[0], bits[1])
	}
}

// TestFallbackError: what the Go backend cannot compile says so with the name of the operation.
func TestFallbackError(t *testing.T) {
	n := &ir.Node{Op: compute.OpTypeNeg, Shape: shapes.Make(dtypes.Float32), Replay: func(compute.Function, []compute.Value) ([]compute.Value, error) {
		return nil, compute.ErrNotImplemented
	}}
	_, err := newFallback(newBackend(t, "").gobackend, n)
	if !compute.IsNotImplemented(err) || !strings.Contains(err.Error(), "Neg") {
		t.Errorf("error %v", err)
	}
}
