package plan

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
	"github.com/warmstart-ml/warmstart/cpu/internal/loop"
)

// Limits of one fused loop: its tile registers have to stay in the first-level cache.
const (
	maxLoopNodes  = 64
	maxLoopMemory = 24 // distinct arrays that are read
	maxLoopRank   = 8
)

// unit is what one step of the program computes: a fused loop, or one node of another kind.
type unit struct {
	nodes   []*ir.Node // members in topological order
	selects []*ir.Node // the results of an operation with several that are used
	dims    []int      // loops: the iteration space, axes split as finely as any member needs
	deps    []*unit    // units whose results it reads (to be looked up with find)
	into    *unit      // the unit that this one was merged into
	mark    int        // number of the last search that visited it
	step    int        // position in the schedule
}

func (u *unit) find() *unit {
	for u.into != nil {
		u = u.into
	}
	return u
}

// isLoop tells whether the nodes of u are element-wise operations and reductions.
func (u *unit) isLoop() bool { return u.dims != nil }

// loopNode tells whether n can be part of a fused loop.
func loopNode(n *ir.Node) bool {
	if !loopType(n.Shape.DType) {
		return false
	}
	for _, in := range n.Inputs {
		if !loopType(in.Shape.DType) {
			return false
		}
	}
	if _, ok := reductions[n.Op]; ok {
		return n.Shape.DType == dtypes.Float32 && n.Inputs[0].Shape.Size() > 0
	}
	if _, ok := elementwise[n.Op]; !ok && n.Op != compute.OpTypeConvertDType {
		return false
	}
	return n.Shape.Size() > 0
}

func loopType(d dtypes.DType) bool { return d == dtypes.Float32 || d == dtypes.Bool }

// space returns the iteration space of a loop node: a reduction runs over its operand.
func space(n *ir.Node) []int {
	s := n.Shape.Dimensions
	if _, ok := reductions[n.Op]; ok {
		s = n.Inputs[0].Shape.Dimensions
	}
	if len(s) == 0 {
		return []int{1}
	}
	return s
}

// refine returns the coarsest axes that both a and b are merged from, if there are any; for [6, 4] and [2, 12]
// these are [2, 3, 4].
func refine(a, b []int) ([]int, bool) {
	a, b = dropOnes(a), dropOnes(b)
	var out []int
	i, j := 0, 0
	x, y := 1, 1 // what is left of a[i-1] and b[j-1]
	for i < len(a) || j < len(b) || x > 1 || y > 1 {
		if x == 1 && i < len(a) {
			x, i = a[i], i+1
		}
		if y == 1 && j < len(b) {
			y, j = b[j], j+1
		}
		d := min(x, y)
		if d == 1 || x%d != 0 || y%d != 0 {
			return nil, false
		}
		// axes are split from the outside in: the outer factor is d only if the rest divides
		out = append(out, d)
		x, y = x/d, y/d
	}
	if len(out) == 0 {
		out = []int{1}
	}
	return out, len(out) <= maxLoopRank
}

func dropOnes(dims []int) []int {
	return slices.DeleteFunc(slices.Clone(dims), func(d int) bool { return d == 1 })
}

// fuse puts every needed loop node into a unit, joining the units of its operands where the result
// is one pass over the same space and no step would have to wait for itself.
func (c *compiler) fuse() {
	for _, n := range c.g.Nodes {
		if !c.needed[n] || c.isSource(n) || (isView(n) && !c.stored[n]) {
			continue
		}
		if n.Op == ir.OpSelect {
			u := c.unitOf[n.Inputs[0]]
			u.selects = append(u.selects, n)
			c.unitOf[n] = u
			continue
		}
		u := &unit{nodes: []*ir.Node{n}}
		for _, m := range c.reads(n) {
			c.addDep(u, m)
		}
		c.units = append(c.units, u)
		c.unitOf[n] = u
		if loopNode(n) {
			u.dims = dropOnes(space(n))
			if len(u.dims) == 0 {
				u.dims = []int{1}
			}
			c.joinProducers(n, u)
		}
	}
	c.joinSiblings()
	c.units = slices.DeleteFunc(c.units, func(u *unit) bool { return u.into != nil })
}

// reads lists the nodes whose memory n reads.
func (c *compiler) reads(n *ir.Node) []*ir.Node {
	if isView(n) { // stored: a copy of its operand
		return []*ir.Node{c.view(n.Inputs[0]).base}
	}
	var bases []*ir.Node
	for _, in := range n.Inputs {
		if b := c.view(in).base; !slices.Contains(bases, b) {
			bases = append(bases, b)
		}
	}
	return bases
}

// producer returns the loop node that in is, seen through reshapes and barriers.
func (c *compiler) producer(in *ir.Node) *ir.Node {
	for sameElements(in) && !c.stored[in] {
		in = in.Inputs[0]
	}
	return in
}

func (c *compiler) joinProducers(n *ir.Node, u *unit) {
	for _, in := range n.Inputs {
		if p := c.unitOf[c.view(in).base]; p != nil && p.find().isLoop() && product(p.find().dims) == product(u.find().dims) {
			c.tryMerge(p.find(), u.find())
		}
	}
}

func isReduction(n *ir.Node) bool {
	_, ok := reductions[n.Op]
	return ok
}

// joinSiblings merges loops that read the same large array, such as the two sums of a norm's gradient.
func (c *compiler) joinSiblings() {
	const large = 1024
	readers := map[*ir.Node][]*unit{}
	for _, u := range c.units {
		if u.into != nil || !u.isLoop() || product(u.dims) < large {
			continue
		}
		for _, b := range c.unitReads(u) {
			if b.Shape.Size() == product(u.dims) {
				readers[b] = append(readers[b], u)
			}
		}
	}
	for _, n := range c.g.Nodes { // in the order of the nodes: map order must not decide anything
		us := readers[n]
		for i := range us {
			for _, v := range us[i+1:] {
				if a, b := us[i].find(), v.find(); a != b {
					c.tryMerge(a, b)
				}
			}
		}
	}
}

// unitReads lists the nodes outside u whose memory it reads.
func (c *compiler) unitReads(u *unit) []*ir.Node {
	var bases []*ir.Node
	for _, n := range u.nodes {
		bases = c.appendReads(bases, n, u)
	}
	return bases
}

// appendReads adds what u reads from outside to compute n. Values that are computed again count as what they read.
func (c *compiler) appendReads(bases []*ir.Node, n *ir.Node, u *unit) []*ir.Node {
	for _, b := range c.reads(n) {
		v := c.unitOf[b]
		switch {
		case v != nil && v.find() == u, slices.Contains(bases, b):
		case c.again[b]:
			bases = c.appendReads(bases, b, u)
		default:
			bases = append(bases, b)
		}
	}
	return bases
}

// tryMerge merges loop b into loop a if the result is still one loop that depends on nothing that depends on it.
func (c *compiler) tryMerge(a, b *unit) {
	if a == b || len(a.nodes)+len(b.nodes) > maxLoopNodes {
		return
	}
	dims, ok := refine(a.dims, b.dims)
	if !ok || !c.inSamePass(a, b, dims) || c.between(a, b) || c.between(b, a) {
		return
	}
	reads := c.unitReads(a)
	for _, m := range c.unitReads(b) {
		if !slices.Contains(reads, m) {
			reads = append(reads, m)
		}
	}
	if len(reads) > maxLoopMemory {
		return
	}
	b.into, a.dims = a, dims
	a.nodes = append(a.nodes, b.nodes...)
	slices.SortFunc(a.nodes, func(x, y *ir.Node) int { return x.ID - y.ID })
	for _, d := range b.deps {
		if !slices.Contains(a.deps, d) {
			a.deps = append(a.deps, d)
		}
	}
}

// addDep notes that u reads n.
func (c *compiler) addDep(u *unit, n *ir.Node) {
	if d := c.unitOf[n]; d != nil && !slices.Contains(u.deps, d.find()) {
		u.deps = append(u.deps, d.find())
	}
}

// inSamePass tells whether a single pass over dims can compute what both units do: all that one reads of the other is
// there at the same place or, for a reduction over the last axis, in the same row; and all reductions are over the same axes.
func (c *compiler) inSamePass(a, b *unit, dims []int) bool {
	var reduced []int
	for _, n := range slices.Concat(a.nodes, b.nodes) {
		if isReduction(n) {
			s := reducedStrides(dims, n)
			if reduced == nil {
				reduced = s
			} else if !slices.Equal(reduced, s) {
				return false
			}
		}
		for _, in := range n.Inputs {
			v := c.view(in)
			p := c.unitOf[v.base]
			if p == nil || (p.find() != a && p.find() != b) {
				continue
			}
			if isReduction(v.base) && !c.sameRow(v, n, dims) {
				return false
			}
			if !isReduction(v.base) && (c.producer(in) != v.base || v.base.Shape.Size() != product(space(n))) {
				return false
			}
		}
	}
	return true
}

// sameRow tells whether node n of a loop over dims reads reduction v.base, over the last axis, at
// its own row.
func (c *compiler) sameRow(v view, n *ir.Node, dims []int) bool {
	last := len(dims) - 1
	if _, ok := rowReductions[v.base.Op]; !ok || dims[last] > loop.MaxRow || product(space(n)) != product(dims) || v.off != 0 {
		return false
	}
	at := split(space(n), v.to(space(n)).strides, dims)
	want := reducedStrides(dims, v.base)
	for i, d := range dims {
		if (want[i] == 0) != (i == last) || (at[i] != want[i] && d > 1) {
			return false
		}
	}
	return true
}

// between tells whether some unit other than a and b reads from a and is read, however indirectly, by b.
func (c *compiler) between(a, b *unit) bool {
	c.search++
	a.mark, b.mark = c.search, c.search
	for _, d := range b.deps {
		if d = d.find(); d.mark != c.search && c.dependsOn(d, a) {
			return true
		}
	}
	return false
}

// dependsOn tells whether u reads results of target, directly or not; it skips units marked by this search.
func (c *compiler) dependsOn(u, target *unit) bool {
	u.mark = c.search
	for _, d := range u.deps {
		d = d.find()
		if d == target || (d.mark != c.search && c.dependsOn(d, target)) {
			return true
		}
	}
	return false
}
