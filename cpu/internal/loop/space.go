package loop

import (
	"slices"
)

const (
	// tileSize is the number of elements that a tile has at most, rows of row programs apart: 4 KiB per register,
	// so that half a dozen registers and the memory they are filled from fit in an L1 cache of 32 KiB.
	tileSize = 1024
	// grain is the number of elements that make it worth while to use another core.
	grain = 16 << 10
	// maxSweep is the number of tiles that are accumulated into one partial result: few enough for
	// rounding errors to stay small.
	maxSweep = 64
)

// space is the iteration space in canonical form, and how it is cut.
//
// A tile spans all of the axes behind axis, and rows elements of axis. The loops step through the tiles.
type space struct {
	dims    []int
	inputs  []Input
	outputs []Output
	hasRows bool

	axis  int // first axis of a tile
	rows  int // elements of that axis in a tile; the last tile may have fewer
	inner int // elements of the axes behind it
	loops []loop
	chunk int // the loop that steps through axis

	// The first kept loops are over axes that no reduction drops: each of their steps is a "sweep" through the other
	// loops. Without reductions there is one sweep over everything. Sweeps are cut in parts, the units of parallel work.
	kept    int
	sweeps  int // steps of the kept loops together
	tiles   int // tiles of one sweep
	parts   int // parts of one sweep
	perPart int // tiles of a part, the last may have fewer
	group   int // sweeps that are one item of work
}

// loop steps through one axis.
type loop struct {
	axis, count int
	step        int // elements of the axis in one step
}

func newSpace(s *Spec) space {
	sp := space{dims: slices.Clone(s.Dims), hasRows: s.hasRows()}
	for _, in := range s.Inputs {
		sp.inputs = append(sp.inputs, Input{in.Kind, slices.Clone(in.Strides)})
	}
	for _, out := range s.Outputs {
		out.Strides = slices.Clone(out.Strides)
		sp.outputs = append(sp.outputs, out)
	}
	sp.dropOnes()
	if !sp.hasRows {
		sp.sortAxes()
	}
	sp.collapse()
	for len(sp.dims) == 0 || sp.hasRows && len(sp.dims) == 1 {
		sp.dims = append([]int{1}, sp.dims...)
		sp.eachStrides(func(s []int) []int { return append([]int{0}, s...) })
	}
	sp.cutTiles()
	sp.cutWork()
	return sp
}

// eachStrides replaces the strides of every operand by f of them.
func (sp *space) eachStrides(f func([]int) []int) {
	for i := range sp.inputs {
		sp.inputs[i].Strides = f(sp.inputs[i].Strides)
	}
	for i := range sp.outputs {
		sp.outputs[i].Strides = f(sp.outputs[i].Strides)
	}
}

// dropOnes removes axes of size 1, but not the rows of a row program.
func (sp *space) dropOnes() {
	for ax := len(sp.dims) - 1; ax >= 0; ax-- {
		if sp.dims[ax] == 1 && !(sp.hasRows && ax == len(sp.dims)-1) {
			sp.dims = slices.Delete(sp.dims, ax, ax+1)
			sp.eachStrides(func(s []int) []int { return slices.Delete(s, ax, ax+1) })
		}
	}
}

// sortAxes puts the axes in the order in which they lie in memory for the first operand that spans
// them all; stores are better judges than inputs because scattered writes cost more than scattered reads.
func (sp *space) sortAxes() {
	var key []int
	for _, out := range sp.outputs {
		if key == nil && out.Reduce == Store {
			key = out.Strides
		}
	}
	for _, in := range sp.inputs {
		if key == nil && !slices.Contains(in.Strides, 0) {
			key = in.Strides
		}
	}
	if key == nil {
		return
	}
	perm := make([]int, len(sp.dims))
	for i := range perm {
		perm[i] = i
	}
	slices.SortStableFunc(perm, func(a, b int) int { return key[b] - key[a] })
	permute := func(s []int) []int {
		t := make([]int, len(s))
		for i, p := range perm {
			t[i] = s[p]
		}
		return t
	}
	sp.dims = permute(sp.dims)
	sp.eachStrides(permute)
}

// collapse merges neighbouring axes that all operands step through as through one.
func (sp *space) collapse() {
	for ax := len(sp.dims) - 2; ax >= 0; ax-- {
		if sp.hasRows && ax == len(sp.dims)-2 {
			continue
		}
		one := true
		sp.eachStrides(func(s []int) []int {
			one = one && s[ax] == s[ax+1]*sp.dims[ax+1]
			return s
		})
		if one {
			sp.dims[ax] *= sp.dims[ax+1]
			sp.dims = slices.Delete(sp.dims, ax+1, ax+2)
			sp.eachStrides(func(s []int) []int { return slices.Delete(s, ax, ax+1) })
		}
	}
}

// cutTiles chooses the shape of the tiles and makes the loops over them.
func (sp *space) cutTiles() {
	sp.axis, sp.inner = len(sp.dims)-1, 1
	for sp.axis > 0 && (sp.inner*sp.dims[sp.axis] <= tileSize || sp.hasRows && sp.inner == 1) {
		sp.inner *= sp.dims[sp.axis]
		sp.axis--
	}
	d := sp.dims[sp.axis]
	sp.rows = min(d, max(1, tileSize/max(sp.inner, 1)))
	if n := ceilDiv(d, sp.rows); n > 1 { // equal tiles rather than full ones and a rest
		sp.rows = ceilDiv(d, n)
		if sp.inner == 1 {
			sp.rows = ceilDiv(sp.rows, 16) * 16
		}
	}
	for ax := range sp.axis {
		sp.loops = append(sp.loops, loop{axis: ax, count: sp.dims[ax], step: 1})
	}
	sp.loops = append(sp.loops, loop{axis: sp.axis, count: ceilDiv(d, sp.rows), step: sp.rows})
	sp.kept = 0
	if reduced := sp.reduced(); reduced != nil {
		var kept, dropped []loop
		for _, l := range sp.loops {
			if reduced[l.axis] {
				dropped = append(dropped, l)
			} else {
				kept = append(kept, l)
			}
		}
		sp.kept, sp.loops = len(kept), append(kept, dropped...)
	}
	sp.chunk = slices.IndexFunc(sp.loops, func(l loop) bool { return l.axis == sp.axis })
}

// reduced tells for each axis whether reductions drop it; it is nil without reductions.
func (sp *space) reduced() []bool {
	for _, out := range sp.outputs {
		if out.Reduce != Store {
			r := make([]bool, len(sp.dims))
			for ax, st := range out.Strides {
				r[ax] = st == 0
			}
			return r
		}
	}
	return nil
}

// cutWork divides the tiles into items of parallel work, by shape alone.
func (sp *space) cutWork() {
	sp.sweeps, sp.tiles = 1, 1
	for i, l := range sp.loops {
		if i < sp.kept {
			sp.sweeps *= l.count
		} else {
			sp.tiles *= l.count
		}
	}
	enough := max(1, grain/max(1, sp.rows*sp.inner))     // tiles that are worth an item
	sp.perPart = max(enough, min(4*enough, sp.tiles/64)) // an item begins with what is the same for all its tiles
	if sp.reduced() != nil {
		// About 16 items where there are so many tiles, but no sum of more than maxSweep tiles in a row.
		sp.perPart = min(maxSweep, max(enough, ceilDiv(sp.sweeps*sp.tiles, 16)))
	}
	sp.perPart = max(1, min(sp.perPart, sp.tiles))
	sp.parts = max(1, ceilDiv(sp.tiles, sp.perPart))
	sp.group = max(1, enough/sp.perPart)
}

// items is the number of units of parallel work.
func (sp *space) items() int {
	if slices.Contains(sp.dims, 0) {
		return 0
	}
	return ceilDiv(sp.sweeps, sp.group) * sp.parts
}

// tileView gives the sizes of the axes of a tile, and the strides of an operand along them.
func (sp *space) tileView(strides []int) (dims, str []int) {
	dims = append([]int{sp.rows}, sp.dims[sp.axis+1:]...)
	return dims, strides[sp.axis:]
}

// formView is tileView without the axes along which values of form f do not vary.
func (sp *space) formView(strides []int, f form) (dims, str []int) {
	dims, str = sp.tileView(strides)
	switch last := len(dims) - 1; f {
	case perRow:
		return dims[:last], str[:last]
	case perCol:
		return dims[last:], str[last:]
	}
	return dims, str
}

// ceilDiv is a/b rounded up, for b > 0; blocks of no elements count as one element long.
func ceilDiv(a, b int) int {
	b = max(b, 1)
	return (a + b - 1) / b
}
