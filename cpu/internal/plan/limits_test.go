package plan

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// TestTooLargeForKernels: products with more elements than int32 offsets reach are left to the fallback.
func TestTooLargeForKernels(t *testing.T) {
	dot := ir.DotAttrs{LhsContracting: []int{1}, RhsContracting: []int{0}}
	conv := ir.ConvAttrs{
		Axes: compute.ConvolveAxesConfig{
			InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3, KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
			OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
		},
		Strides: []int{1, 1}, Paddings: [][2]int{{0, 0}, {0, 0}}, InputDilations: []int{1, 1}, KernelDilations: []int{1, 1},
		ChannelGroups: 1, BatchGroups: 1,
	}
	for _, c := range []struct {
		name      string
		op        compute.OpType
		attrs     any
		x, y, out []int
		fits      bool
	}{
		{"dot", compute.OpTypeDotGeneral, dot, []int{1 << 15, 1 << 15}, []int{1 << 15, 1}, []int{1 << 15, 1}, true},
		{"dot of a large left side", compute.OpTypeDotGeneral, dot, []int{1 << 16, 1 << 15}, []int{1 << 15, 1}, []int{1 << 16, 1}, false},
		{"dot of a large right side", compute.OpTypeDotGeneral, dot, []int{1, 1 << 15}, []int{1 << 15, 1 << 16}, []int{1, 1 << 16}, false},
		{"large dot", compute.OpTypeDotGeneral, dot, []int{1 << 16, 1}, []int{1, 1 << 15}, []int{1 << 16, 1 << 15}, false},
		{"conv", compute.OpTypeConvGeneral, conv, []int{1, 1 << 15, 1 << 15, 1}, []int{1, 1, 1, 1}, []int{1, 1 << 15, 1 << 15, 1}, true},
		{"conv of a large input", compute.OpTypeConvGeneral, conv, []int{1, 1 << 15, 1 << 15, 2}, []int{1, 1, 2, 1}, []int{1, 1 << 15, 1 << 15, 1}, false},
		{"large conv", compute.OpTypeConvGeneral, conv, []int{1, 1 << 15, 1 << 15, 1}, []int{1, 1, 1, 2}, []int{1, 1 << 15, 1 << 15, 2}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f32 := func(dims []int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }
			var g ir.Graph
			x := g.Add(compute.OpTypeParameter, f32(c.x), ir.ParameterAttrs{Name: "x"})
			y := g.Add(compute.OpTypeParameter, f32(c.y), ir.ParameterAttrs{Name: "y", Index: 1})
			n := g.Add(c.op, f32(c.out), c.attrs, x, y)
			s := &simplifier{seen: map[string]*ir.Node{}}
			if got := s.canonical(n) != nil; got != c.fits {
				t.Errorf("in normal form: %v, want %v", got, c.fits)
			}
		})
	}
}

// TestFarWindow: a small window on a large array is copied if its rows lie too far apart for the kernels.
func TestFarWindow(t *testing.T) {
	for _, c := range []struct {
		distance int
		fits     bool
	}{{1 << 30, true}, {1 << 31, false}} {
		if _, ok := matrixOf(view{dims: []int{2, 8}, strides: []int{c.distance, 1}}); ok != c.fits {
			t.Errorf("rows %d apart: in place %v, want %v", c.distance, ok, c.fits)
		}
		if _, ok := matrixOf(view{dims: []int{8, 2}, strides: []int{1, c.distance}}); ok != c.fits {
			t.Errorf("columns %d apart: in place %v, want %v", c.distance, ok, c.fits)
		}
	}
}
