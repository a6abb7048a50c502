package loop

import "slices"

// align is the alignment of registers in float32: a cache line.
const align = 16

// skew keeps registers from lying a multiple of 4 KiB apart, where a load can be mistaken for one that depends on an earlier store.
const skew = 2 * align

// allocate places the registers in the scratch memory of a worker. Registers of whole tiles whose values live
// only within one tile share memory: a linear scan over the code.
func (c *compiler) allocate() {
	first, last := c.lifetimes()
	var free []int // offsets of tile-sized pieces
	var live []register
	place := func(r *register) {
		r.offset = c.scratch
		c.scratch += ceilDiv(r.len, align)*align + skew
	}
	tile := c.sp.rows * c.sp.inner
	shared := func(r *register) bool { return r.len == tile && first[r.slot] >= 0 && !c.pinned[r.slot] }
	for i := range c.registers {
		if r := &c.registers[i]; !shared(r) {
			place(r)
		}
	}
	for i, st := range c.code {
		live = slices.DeleteFunc(live, func(r register) bool {
			// A vector step may overwrite its own arguments: it reads each element before it writes it.
			if last[r.slot] < i || last[r.slot] == i && st.kind == vector {
				free = append(free, r.offset)
				return true
			}
			return false
		})
		for j := range c.registers {
			r := &c.registers[j]
			if !shared(r) || first[r.slot] != i {
				continue
			}
			if n := len(free); n > 0 {
				r.offset, free = free[n-1], free[:n-1]
			} else {
				place(r)
			}
			live = append(live, *r)
		}
	}
	c.scratch += align // room to align the first register
}

// lifetimes finds the first and the last step that touches each slot. Slots of values that outlive a tile are pinned.
func (c *compiler) lifetimes() (first, last []int) {
	first, last = make([]int, c.slots), make([]int, c.slots)
	for s := range first {
		first[s], last[s] = -1, -1
	}
	for i, st := range c.code {
		for _, s := range append([]int{st.dst}, st.reads()...) {
			if first[s] < 0 {
				first[s] = i
			}
			last[s] = i
		}
		if st.level < c.inner {
			c.pinned[st.dst] = true
		}
	}
	for _, r := range c.reductions {
		c.pinned[r.src] = true
	}
	return first, last
}

// reads are the slots that a step reads.
func (s *step) reads() []int {
	n := 1
	if s.kind == vector {
		n = s.op.args()
	}
	return []int{s.a, s.b, s.c}[:n]
}

// findHazards lists the inputs that are read after an output is written. Folding comes after all steps.
func (c *compiler) findHazards() {
	for o := range c.sp.outputs {
		written := slices.IndexFunc(c.code, func(s step) bool { return s.dst == c.outSlot(o) })
		if written < 0 {
			continue
		}
		for in := range c.sp.inputs {
			late := slices.ContainsFunc(c.code[written+1:], func(s step) bool { return slices.Contains(s.reads(), in) })
			if late || slices.ContainsFunc(c.reductions, func(r reduction) bool { return r.src == in }) {
				c.hazards = append(c.hazards, [2]int{o, in})
			}
		}
	}
}

// clobbers reports whether running the program would overwrite an input that it still needs.
func (p *program) clobbers(in, out []Buf) bool {
	for _, h := range p.hazards {
		if out[h[0]].len > 0 && out[h[0]].ptr == in[h[1]].ptr {
			return true
		}
	}
	return false
}
