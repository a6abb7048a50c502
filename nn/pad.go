package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// ReflectPad extends x [batch, height, width, channels] by low pixels at the top and left and high pixels at the
// bottom and right, mirrored at the border pixels, which are not repeated themselves.
func ReflectPad(x *Node, low, high int) *Node {
	return padAxis(padAxis(x, 1, low, high, Mirror), 2, low, high, Mirror)
}

// ReplicatePad surrounds x [batch, height, width, channels] with pad copies of its border pixels.
func ReplicatePad(x *Node, pad int) *Node {
	clamp := func(i, n int) int { return min(max(i, 0), n-1) }
	return padAxis(padAxis(x, 1, pad, pad, clamp), 2, pad, pad, clamp)
}

// padAxis pads an axis of n rows by lo and hi rows, of which row i (-lo … n+hi-1) shows row source(i, n). Its
// gradient adds what flowed into the copies to the rows they show; autodiff's would make an image-sized sum for
// each of these rows.
func padAxis(x *Node, axis, lo, hi int, source func(i, n int) int) *Node {
	if lo == 0 && hi == 0 {
		return x
	}
	n := x.Shape().Dimensions[axis]
	shown := make([][]int, n) // shown[r] lists the output rows that show row r of x
	forward := func(x *Node) *Node {
		var parts []*Node
		for i := -lo; i < n+hi; i++ {
			r := source(i, n)
			shown[r] = append(shown[r], i+lo)
			switch {
			case i == 0:
				parts = append(parts, x)
			case i < 0 || i >= n:
				parts = append(parts, rows(x, axis, r, r+1))
			}
		}
		return Concatenate(parts, axis)
	}
	return WithGradient(x, forward, func(_, v *Node) *Node { return foldRows(v, axis, lo, shown) })
}

// Mirror maps position i of an infinite reflection of 0…n-1 back to that range.
func Mirror(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i = ((i % period) + period) % period
	return min(i, period-i)
}

// foldRows returns, for every r, the sum of the rows shown[r] of v along axis. Neighbours that are shown
// once are taken in one piece.
func foldRows(v *Node, axis, lo int, shown [][]int) *Node {
	var parts []*Node
	for r := 0; r < len(shown); {
		end := r
		for end < len(shown) && len(shown[end]) == 1 {
			end++
		}
		if end > r {
			parts = append(parts, rows(v, axis, lo+r, lo+end))
			r = end
			continue
		}
		var sum *Node
		for _, i := range shown[r] {
			if sum == nil {
				sum = rows(v, axis, i, i+1)
			} else {
				sum = Add(sum, rows(v, axis, i, i+1))
			}
		}
		parts = append(parts, sum)
		r++
	}
	return Concatenate(parts, axis)
}

// rows cuts from … to-1 out of an axis.
func rows(x *Node, axis, from, to int) *Node { return SliceAxis(x, axis, AxisRange(from, to)) }
