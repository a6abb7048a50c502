package plan

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// view is a strided window into the memory of another node: how reshapes, broadcasts, transposes and
// slices are "computed" without being carried out. Strides and off count elements; stride 0 repeats.
type view struct {
	base    *ir.Node
	off     int
	dims    []int
	strides []int
}

// rowMajor returns the strides of a contiguous array.
func rowMajor(dims []int) []int {
	s := make([]int, len(dims))
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		s[i] = n
		n *= dims[i]
	}
	return s
}

// contiguous tells whether the elements lie one after the other (axes of one element don't matter).
func (v view) contiguous() bool {
	if v.size() == 0 {
		return true
	}
	n := 1
	for i := len(v.dims) - 1; i >= 0; i-- {
		if v.dims[i] != 1 && v.strides[i] != n {
			return false
		}
		n *= v.dims[i]
	}
	return true
}

// innermost returns the stride of the last axis that has more than one element.
func (v view) innermost() int {
	for i := len(v.dims) - 1; i >= 0; i-- {
		if v.dims[i] != 1 {
			return v.strides[i]
		}
	}
	return 1
}

// size is the number of elements of the window.
func (v view) size() int {
	n := 1
	for _, d := range v.dims {
		n *= d
	}
	return n
}

// view resolves n to the memory it lies in. A node in c.stored has memory of its own even if it could be a view.
func (c *compiler) view(n *ir.Node) view {
	if !c.stored[n] && isView(n) {
		if v, ok := c.through(n); ok {
			return v
		}
	}
	d := n.Shape.Dimensions
	return view{base: n, dims: d, strides: rowMajor(d)}
}

// through tries to see n as a view of its operand.
func (c *compiler) through(n *ir.Node) (view, bool) {
	switch n.Op {
	case compute.OpTypeOptimizationBarrier, compute.OpTypeSchedulingBarrier:
		return c.view(n.Inputs[0]), true
	case compute.OpTypeReshape:
		return c.view(n.Inputs[0]).reshape(n.Shape.Dimensions)
	case compute.OpTypeBroadcastInDim:
		return c.view(n.Inputs[0]).broadcast(n.Shape.Dimensions, n.Attrs.(ir.BroadcastAttrs).Axes), true
	case compute.OpTypeTranspose:
		return c.view(n.Inputs[0]).transpose(n.Attrs.(ir.TransposeAttrs).Perm), true
	case compute.OpTypeSlice:
		return c.view(n.Inputs[0]).slice(n.Shape.Dimensions, n.Attrs.(ir.SliceAttrs)), true
	}
	return view{}, false
}

// isView tells whether n only looks at its operand's memory in another way. Types that loops
// don't read are only reshaped in place.
func isView(n *ir.Node) bool {
	switch n.Op {
	case compute.OpTypeBroadcastInDim:
		return loopType(n.Shape.DType)
	case compute.OpTypeTranspose, compute.OpTypeSlice:
		return n.Shape.DType == dtypes.Float32
	}
	return sameElements(n)
}

// sameElements tells whether n has the elements of its operand in the same order. Barriers only keep apart what simplify
// would merge.
func sameElements(n *ir.Node) bool {
	return n.Op == compute.OpTypeReshape || n.Op == compute.OpTypeOptimizationBarrier || n.Op == compute.OpTypeSchedulingBarrier
}

func (v view) broadcast(dims, axes []int) view {
	w := view{base: v.base, off: v.off, dims: dims, strides: make([]int, len(dims))}
	for i, a := range axes {
		if v.dims[i] == dims[a] {
			w.strides[a] = v.strides[i]
		}
	}
	return w
}

func (v view) transpose(perm []int) view {
	w := view{base: v.base, off: v.off, dims: make([]int, len(perm)), strides: make([]int, len(perm))}
	for i, p := range perm {
		w.dims[i], w.strides[i] = v.dims[p], v.strides[p]
	}
	return w
}

func (v view) slice(dims []int, a ir.SliceAttrs) view {
	w := view{base: v.base, off: v.off, dims: dims, strides: slices.Clone(v.strides)}
	if w.size() == 0 {
		return w // the first element may lie behind the end of the base
	}
	for i := range dims {
		w.off += a.Starts[i] * v.strides[i]
		if len(a.Strides) > 0 {
			w.strides[i] *= a.Strides[i]
		}
	}
	return w
}

// reshape splits and merges axes; it fails where neighbouring axes that must merge don't follow
// each other in memory.
func (v view) reshape(dims []int) (view, bool) {
	w := view{base: v.base, off: v.off, dims: dims, strides: make([]int, len(dims))}
	if v.size() == 0 {
		w.strides = rowMajor(dims)
		return w, true
	}
	i, j := 0, 0
	for i < len(v.dims) || j < len(dims) {
		// the shortest runs of axes i..i1 and j..j1 with the same number of elements
		i1, j1, a, b := i, j, 1, 1
		for {
			if a <= b && i1 < len(v.dims) && (a < b || i1 == i) {
				a *= v.dims[i1]
				i1++
			} else if j1 < len(dims) && (b < a || j1 == j) {
				b *= dims[j1]
				j1++
			}
			if a == b && (i1 > i || i1 == len(v.dims)) && (j1 > j || j1 == len(dims)) {
				break
			}
		}
		if !runStrides(v.dims[i:i1], v.strides[i:i1], dims[j:j1], w.strides[j:j1]) {
			return view{}, false
		}
		i, j = i1, j1
	}
	return w, true
}

// runStrides sets the strides of axes dims that hold the same elements as the axes from with strides st.
func runStrides(from, st, dims, out []int) bool {
	step, first := 0, true // step: stride of the innermost axis of more than one element
	n := 1
	for i := len(from) - 1; i >= 0; i-- {
		if from[i] == 1 {
			continue
		}
		if first {
			step, first = st[i], false
		} else if st[i] != step*n {
			return false
		}
		n *= from[i]
	}
	n = 1
	for j := len(dims) - 1; j >= 0; j-- {
		out[j] = step * n
		n *= dims[j]
	}
	return true
}

// to widens v to dims by the usual rules: a scalar, or axes of one element that repeat.
func (v view) to(dims []int) view {
	if slices.Equal(v.dims, dims) {
		return v
	}
	w := view{base: v.base, off: v.off, dims: dims, strides: make([]int, len(dims))}
	if v.size() == 1 {
		return w
	}
	for i := range dims {
		if v.dims[i] == dims[i] {
			w.strides[i] = v.strides[i]
		}
	}
	return w
}
