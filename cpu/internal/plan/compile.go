package plan

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
)

// compiler carries the state from pass to pass; see Compile for their order.
type compiler struct {
	opts Options
	g    *ir.Graph

	needed      map[*ir.Node]bool // its value is used, from memory or through a view
	stored      map[*ir.Node]bool // view nodes that get memory of their own
	again       map[*ir.Node]bool // loop nodes that every reader computes again instead of loading
	readOutside map[*ir.Node]bool // nodes that another unit or the caller reads

	units  []*unit
	unitOf map[*ir.Node]*unit
	search int // number of the last search over units

	mem   map[*ir.Node]int // index of the slot that holds a node's value
	slots []slot
}

// Compile turns a graph into a program. The passes: simplify (one node for each distinct value, products in
// normal form), demand (what has to be in memory), fuse (loops), recompute (cheap values that are not worth storing), schedule,
// and memory planning.
func Compile(g *ir.Graph, opts Options) (*Program, error) {
	g, err := simplify(g, opts.Fallback)
	if err != nil {
		return nil, err
	}
	c := &compiler{
		opts: opts, g: g,
		needed: map[*ir.Node]bool{}, stored: map[*ir.Node]bool{}, again: map[*ir.Node]bool{}, readOutside: map[*ir.Node]bool{},
		unitOf: map[*ir.Node]*unit{}, mem: map[*ir.Node]int{},
	}
	c.demand()
	c.fuse()
	c.recompute()
	c.markReadOutside()
	if err := c.schedule(); err != nil {
		return nil, err
	}
	return c.program()
}

// isSource tells whether n's value is there before the program runs.
func (c *compiler) isSource(n *ir.Node) bool {
	return n.Op == compute.OpTypeParameter || n.Op == compute.OpTypeConstant
}

// demand finds which nodes are needed and which views have to become arrays. A view that becomes one changes what its
// other readers look through, so this is repeated until nothing changes: both sets only grow.
func (c *compiler) demand() {
	for before := -1; before < len(c.stored); {
		before = len(c.stored)
		c.demandOnce()
	}
}

// demandOnce goes from the outputs back to the parameters.
func (c *compiler) demandOnce() {
	for _, o := range c.g.Outputs {
		c.demandArray(o)
	}
	for _, n := range slices.Backward(c.g.Nodes) {
		if !c.needed[n] {
			continue
		}
		switch {
		case n.Op == ir.OpSelect:
			c.needed[n.Inputs[0]] = true
		case isView(n):
			c.demandView(n)
		case loopNode(n):
			for _, in := range n.Inputs {
				c.demandForLoop(in, space(n))
			}
		case isGemm(n):
			for _, in := range n.Inputs {
				c.needed[in] = true
				if _, ok := matrixOf(c.view(in)); !ok {
					c.stored[in] = true
				}
			}
		case isCopy(n):
			for _, in := range n.Inputs {
				c.needed[in] = true
			}
		default:
			for _, in := range n.Inputs {
				c.demandArray(in)
			}
		}
	}
}

// demandView passes the need on to what the view looks at; a reshape that is no view of its operand
// becomes a copy.
func (c *compiler) demandView(n *ir.Node) {
	if _, ok := c.through(n); !ok {
		c.stored[n] = true
	}
	if c.stored[n] && n.Shape.DType != dtypes.Float32 { // the fallback copies it
		c.demandArray(n.Inputs[0])
	}
	c.needed[n.Inputs[0]] = true
}

// demandArray needs n as a contiguous array.
func (c *compiler) demandArray(n *ir.Node) {
	c.needed[n] = true
	if isView(n) && !c.view(n).contiguous() {
		c.stored[n] = true
	}
}

// demandForLoop needs n as an operand over dims: loops read along the innermost axis with stride 0 or 1.
func (c *compiler) demandForLoop(n *ir.Node, dims []int) {
	c.needed[n] = true
	if !isView(n) {
		return
	}
	if s := c.view(n).to(dims).innermost(); s != 0 && s != 1 {
		c.stored[n] = true
	}
}

// isGemm tells whether n is a matrix product in normal form.
func isGemm(n *ir.Node) bool {
	_, ok := n.Attrs.(gemmAttrs)
	return ok
}

// isCopy tells whether n only arranges elements of its operands anew.
func isCopy(n *ir.Node) bool {
	switch n.Op {
	case compute.OpTypeConcatenate, compute.OpTypeReverse:
		return n.Shape.DType == dtypes.Float32
	case compute.OpTypePad:
		return n.Shape.DType == dtypes.Float32 && !slices.ContainsFunc(n.Attrs.(ir.PadAttrs).Axes, func(p compute.PadAxis) bool {
			return p.Start < 0 || p.End < 0
		})
	}
	return false
}

// matrix is how a product reads an operand: leading dimension and whether it lies transposed.
type matrix struct {
	ld    int
	trans bool
}

// matrixOf tells how the last two axes of v can be read by a matrix product in place. A small window may reach further than
// the kernels do.
func matrixOf(v view) (matrix, bool) {
	r := len(v.dims)
	rows, cols, rs, cs := v.dims[r-2], v.dims[r-1], v.strides[r-2], v.strides[r-1]
	switch {
	case (rows-1)*rs+(cols-1)*cs >= kernel.MaxElements:
	case (cs == 1 || cols == 1) && (rs >= cols || rows == 1):
		return matrix{ld: max(rs, cols)}, true
	case (rs == 1 || rows == 1) && (cs >= rows || cols == 1):
		return matrix{ld: max(cs, rows), trans: true}, true
	}
	return matrix{}, false
}

// recompute finds values of loops that are cheaper to compute again in every loop that reads them than to
// store and load: a few operations on arrays that those loops read anyway. The centred x of a norm is one.
func (c *compiler) recompute() {
	const large = 4096 // smaller arrays stay in the first-level cache
	readers := map[*ir.Node][]*unit{}
	for _, u := range c.units {
		for _, b := range c.unitReads(u) {
			readers[b] = append(readers[b], u)
		}
	}
	outputs := map[*ir.Node]bool{}
	for _, o := range c.g.Outputs {
		outputs[c.view(o).base] = true
	}
	for _, n := range c.g.Nodes {
		us := readers[n]
		if len(us) == 0 || n.Shape.Size() < large || outputs[n] || isReduction(n) || c.unitOf[n] == nil || !c.unitOf[n].find().isLoop() {
			continue
		}
		if slices.ContainsFunc(us, func(u *unit) bool { return !c.cheapIn(n, u) }) {
			continue
		}
		c.again[n] = true
		for _, u := range us { // it reads the operands itself now
			for _, m := range c.appendReads(nil, n, u) {
				c.addDep(u, m)
				if !slices.Contains(readers[m], u) {
					readers[m] = append(readers[m], u)
				}
			}
		}
	}
}

// cheapIn tells whether loop u had better compute n itself than load it.
func (c *compiler) cheapIn(n *ir.Node, u *unit) bool {
	if !u.isLoop() || product(u.dims) != n.Shape.Size() || len(u.nodes) >= maxLoopNodes || c.cost(n) > maxAgain {
		return false
	}
	if !c.fits(n, u) {
		return false
	}
	for _, m := range u.nodes { // n itself must be what is read, not a window of it
		for _, in := range m.Inputs {
			if c.view(in).base == n && c.producer(in) != n {
				return false
			}
		}
	}
	have := c.unitReads(u)
	extra := -1 // n itself is no longer read
	for _, m := range c.appendReads(nil, n, u) {
		if m.Shape.Size() >= n.Shape.Size() && !slices.Contains(have, m) {
			extra++
		}
	}
	return extra <= 0
}

// fits tells whether u's axes are fine enough to compute n, and what n computes again, along them.
func (c *compiler) fits(n *ir.Node, u *unit) bool {
	if d, ok := refine(u.dims, n.Shape.Dimensions); !ok || !slices.Equal(d, u.dims) {
		return false
	}
	return !slices.ContainsFunc(n.Inputs, func(in *ir.Node) bool {
		m := c.view(in).base
		return c.again[m] && !c.fits(m, u)
	})
}

// maxAgain is the largest number of operations that a loop repeats to save a load.
const maxAgain = 6

// cost counts the operations that computing n again takes.
func (c *compiler) cost(n *ir.Node) int {
	if !cheap[n.Op] {
		return maxAgain + 1
	}
	k := 1
	for _, in := range n.Inputs {
		if m := c.view(in).base; c.again[m] {
			k += c.cost(m)
		}
	}
	return k
}

// cheap operations cost less than a load from the second-level cache.
var cheap = map[compute.OpType]bool{
	compute.OpTypeAdd: true, compute.OpTypeSub: true, compute.OpTypeMul: true, compute.OpTypeNeg: true, compute.OpTypeMax: true, compute.OpTypeMin: true,
	compute.OpTypeAbs: true, compute.OpTypeGreaterThan: true, compute.OpTypeGreaterOrEqual: true, compute.OpTypeLessThan: true,
	compute.OpTypeLessOrEqual: true, compute.OpTypeWhere: true, compute.OpTypeConvertDType: true, compute.OpTypeSign: true,
}

// schedule orders the units so that each follows what it reads, otherwise in the order of the graph.
func (c *compiler) schedule() error {
	var order []*unit
	state := map[*unit]int{} // 1: being visited, 2: done
	var visit func(u *unit) error
	visit = func(u *unit) error {
		switch state[u] {
		case 1:
			return fmt.Errorf("plan: step %s waits for itself", u.nodes[0].Op)
		case 2:
			return nil
		}
		state[u] = 1
		deps := make([]*unit, 0, len(u.deps))
		for _, d := range u.deps {
			if d = d.find(); d != u {
				deps = append(deps, d)
			}
		}
		slices.SortFunc(deps, byLastNode)
		for _, d := range deps {
			if err := visit(d); err != nil {
				return err
			}
		}
		state[u] = 2
		u.step = len(order)
		order = append(order, u)
		return nil
	}
	roots := slices.Clone(c.units)
	slices.SortFunc(roots, byLastNode)
	for _, u := range roots {
		if err := visit(u); err != nil {
			return err
		}
	}
	c.units = order
	return nil
}

func byLastNode(a, b *unit) int {
	return a.nodes[len(a.nodes)-1].ID - b.nodes[len(b.nodes)-1].ID
}
