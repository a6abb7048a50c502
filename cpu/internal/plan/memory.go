package plan

import (
	"slices"

	"github.com/gomlx/compute/dtypes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
)

// storage tells where a slot's memory comes from.
type storage int

const (
	inParam  storage = iota // a parameter of the program
	inConst                 // a constant
	inArena                 // the program's arena, planned ahead (float32 only)
	inAux                   // memory of its own, kept with the program (other types)
	inOutput                // handed to the caller: a donated parameter, or new memory
)

// slot is the memory of one value.
type slot struct {
	where storage
	node  *ir.Node
	size  int // elements
	off   int // arena: first element
	index int // number of the parameter or output
	// donor is the parameter whose memory an output takes if the caller gives it away, or -1.
	donor       int
	first, last int // steps that write it first and read it last
}

// alignment of arena slots in elements: one cache line.
const alignment = 16

// planMemory assigns memory to every value that some step writes or reads, after the schedule is fixed.
func (c *compiler) planMemory() (arena int) {
	for i, p := range c.g.Params {
		c.newSlot(slot{where: inParam, node: p, index: i, last: -1})
	}
	outputOf := c.assignOutputs()
	for _, u := range c.units {
		for _, n := range c.results(u) {
			s := slot{where: inAux, node: n, first: u.step, last: u.step}
			if k, ok := outputOf[n]; ok {
				s.where, s.index = inOutput, k
			} else if n.Shape.DType == dtypes.Float32 {
				s.where = inArena
			}
			c.newSlot(s)
		}
		for _, b := range c.unitReads(u) {
			if _, ok := c.mem[b]; !ok {
				c.newSlot(slot{where: inConst, node: b})
			}
			c.slots[c.mem[b]].last = u.step
		}
	}
	for k, o := range c.g.Outputs { // outputs that are copies are read after the last step
		b := c.view(o).base
		if _, ok := c.mem[b]; !ok {
			c.newSlot(slot{where: inConst, node: b})
		}
		if own, ok := outputOf[b]; !ok || own != k {
			c.slots[c.mem[b]].last = len(c.units)
		}
	}
	c.chooseDonors()
	return c.layOut()
}

func (c *compiler) newSlot(s slot) int {
	s.size, s.donor = s.node.Shape.Size(), -1
	c.slots = append(c.slots, s)
	c.mem[s.node] = len(c.slots) - 1
	return len(c.slots) - 1
}

// assignOutputs finds the nodes whose memory is an output as it is; other outputs are copied at the end.
func (c *compiler) assignOutputs() map[*ir.Node]int {
	of := map[*ir.Node]int{}
	for k, o := range c.g.Outputs {
		b := c.view(o).base
		if _, taken := of[b]; !taken && c.unitOf[b] != nil && b.Shape.Size() == o.Shape.Size() {
			of[b] = k
		}
	}
	return of
}

// results lists the nodes of u that have to be in memory, in order.
func (c *compiler) results(u *unit) []*ir.Node {
	switch {
	case len(u.selects) > 0:
		return u.selects
	case !u.isLoop():
		return u.nodes
	}
	return slices.DeleteFunc(slices.Clone(u.nodes), func(n *ir.Node) bool { return !c.readOutside[n] })
}

// markReadOutside finds the loop nodes that other units or the caller read.
func (c *compiler) markReadOutside() {
	for _, u := range c.units {
		for _, b := range c.unitReads(u) {
			c.readOutside[b] = true
		}
	}
	for _, o := range c.g.Outputs {
		c.readOutside[c.view(o).base] = true
	}
}

// chooseDonors pairs outputs with parameters of the same shape that nothing reads after the output is written: new
// weights take the place of old ones.
func (c *compiler) chooseDonors() {
	taken := map[int]bool{}
	for i := range c.slots {
		o := &c.slots[i]
		if o.where != inOutput {
			continue
		}
		u := c.unitOf[o.node].find()
		for j := range c.slots {
			p := &c.slots[j]
			if p.where == inParam && !taken[j] && p.node.Shape.Equal(o.node.Shape) && c.mayTake(u, o, p) {
				o.donor, taken[j] = p.index, true
				break
			}
		}
	}
}

// mayTake tells whether result o of u may be written over value v: nothing reads v later, and u itself
// reads it only element by element.
func (c *compiler) mayTake(u *unit, o, v *slot) bool {
	return v.last < o.first || (v.last == o.first && c.inPlace(u, v.node))
}

// inPlace tells whether loop u reads base only at the place of the iteration space where it writes.
func (c *compiler) inPlace(u *unit, base *ir.Node) bool {
	return u.isLoop() && base.Shape.Size() == product(u.dims) && !slices.ContainsFunc(u.nodes, func(n *ir.Node) bool {
		return c.readsElsewhere(n, base)
	})
}

// readsElsewhere tells whether computing n reads base through anything but the whole array in order.
func (c *compiler) readsElsewhere(n, base *ir.Node) bool {
	for _, in := range n.Inputs {
		v := c.view(in)
		if v.base == base && !(v.off == 0 && v.contiguous() && v.size() == base.Shape.Size() && product(space(n)) == v.size()) {
			return true
		}
		if c.again[v.base] && c.readsElsewhere(v.base, base) {
			return true
		}
	}
	return false
}

// layOut places the arena's slots: each takes the smallest free gap at the time it is written, or the place of an operand
// that is read for the last time. It returns the size of the arena in elements.
func (c *compiler) layOut() int {
	ends := make([][]int, len(c.units)+1) // slots by the step that reads them last
	starts := make([][]int, len(c.units))
	for i, s := range c.slots {
		if s.where == inArena {
			starts[s.first] = append(starts[s.first], i)
			ends[s.last] = append(ends[s.last], i)
		}
	}
	var a arena
	for t, u := range c.units {
		passedOn := map[int]bool{}
		for _, i := range starts[t] {
			o := &c.slots[i]
			if j := c.dying(u, o, ends[t], passedOn); j >= 0 {
				o.off, passedOn[j] = c.slots[j].off, true
			} else {
				o.off = a.take(o.size)
			}
		}
		for _, i := range ends[t] {
			if !passedOn[i] {
				a.release(c.slots[i].off, c.slots[i].size)
			}
		}
	}
	return a.size
}

// dying returns an operand of u whose place result o may take, or -1.
func (c *compiler) dying(u *unit, o *slot, ends []int, passedOn map[int]bool) int {
	for _, j := range ends {
		v := &c.slots[j]
		if v != o && v.first < o.first && v.size == o.size && !passedOn[j] && c.mayTake(u, o, v) {
			return j
		}
	}
	return -1
}

// arena hands out ranges of one memory, first-fit among the gaps of the best size.
type arena struct {
	size int
	free []gap // by offset, never touching each other
}

type gap struct{ off, size int }

func (a *arena) take(size int) int {
	size = (size + alignment - 1) / alignment * alignment
	best := -1
	for i, g := range a.free {
		if g.size >= size && (best < 0 || g.size < a.free[best].size) {
			best = i
		}
	}
	if best < 0 {
		off := a.size
		if n := len(a.free); n > 0 && a.free[n-1].off+a.free[n-1].size == a.size { // grow the last gap
			off = a.free[n-1].off
			a.free = a.free[:n-1]
		}
		a.size = off + size
		return off
	}
	g := &a.free[best]
	off := g.off
	if g.off, g.size = g.off+size, g.size-size; g.size == 0 {
		a.free = slices.Delete(a.free, best, best+1)
	}
	return off
}

func (a *arena) release(off, size int) {
	size = (size + alignment - 1) / alignment * alignment
	if size == 0 {
		return
	}
	i := 0
	for i < len(a.free) && a.free[i].off < off {
		i++
	}
	a.free = slices.Insert(a.free, i, gap{off, size})
	if i+1 < len(a.free) && off+size == a.free[i+1].off {
		a.free[i].size += a.free[i+1].size
		a.free = slices.Delete(a.free, i+1, i+2)
	}
	if i > 0 && a.free[i-1].off+a.free[i-1].size == off {
		a.free[i-1].size += a.free[i].size
		a.free = slices.Delete(a.free, i, i+1)
	}
}
