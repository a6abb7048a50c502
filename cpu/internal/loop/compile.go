package loop

import (
	"slices"
)

// program is the code of a tile, in steps that read and write slots: pointers, one for each input, output, constant and register.
type program struct {
	code []step
	// start[i] is the first step to run when loop i is the outermost one that moved; start[0] is 0.
	start      []int
	slots      int
	registers  []register
	constants  []constant
	scratch    int // float32 of registers for one worker, and room to align them
	reductions []reduction
	foldSlot   int
	hazards    [][2]int // output, input: the input is still read when the output has been written
}

type stepKind uint8

const (
	vector stepKind = iota // dst = op(a, b, c), for size elements
	load                   // dst = elements of a strided input
	store                  // the other way
	splat                  // dst = one element of an input, uniformSize times
	expand                 // dst = the elements of a, each repeated for a whole row
	repeat                 // dst = the row a, repeated for each row
	row                    // dst = one element for each row of a
)

// size is the number of elements that a step treats, an index of worker.sizes.
type size uint8

const (
	tileNow  size = iota // of this tile
	tileFull             // of a full tile
	rowsNow
	rowsFull
	rowLength
	oneVector // uniformSize
	numSizes
)

type step struct {
	kind      stepKind
	size      size
	level     int
	op        Op
	fn        vecFunc
	rowFn     rowFunc
	dst       int
	a, b, c   int // slots
	broadcast int // bit i is set where argument i advances with the elements, clear where it is uniform
	view      *view
}

type register struct {
	slot, offset, len int
}

type constant struct {
	slot int
	data *[uniformSize]float32
}

// compiler builds a program.
type compiler struct {
	*graph
	*program
	k      *kernels
	late   bool
	inner  int // the level of what changes with every tile
	pinned map[int]bool
}

// compile makes the program for a space. late defers all stores to the end of a tile.
func compile(sp *space, instrs []Instr, k *kernels, late bool) *program {
	c := &compiler{graph: newGraph(sp, instrs), program: &program{}, k: k, late: late, inner: len(sp.loops), pinned: map[int]bool{}}
	c.slots = len(sp.inputs) + len(sp.outputs)
	direct := c.directStores()
	for i := range c.values {
		if v := &c.values[i]; v.uses > 0 && v.input < 0 && v.op != Const {
			if c.accumulates(i) {
				continue
			}
			dst, ok := direct[i]
			if !ok {
				dst = c.newSlot(v.form)
			}
			c.emit(i, dst)
			c.reduce(i)
		}
	}
	for i := range c.values {
		if v := &c.values[i]; v.uses > 0 && (v.input >= 0 || v.op == Const) {
			c.reduce(i)
		}
	}
	if late {
		for _, i := range c.ids[:len(sp.inputs)] {
			if c.isOutput(i) {
				c.slotOf(i)
			}
		}
	}
	for i, out := range sp.outputs {
		dst, ok := direct[c.ids[out.Value]]
		if out.Reduce == Store && !(ok && dst == c.outSlot(i)) {
			c.storeValue(c.ids[out.Value], i)
		}
	}
	slices.SortStableFunc(c.code, func(a, b step) int { return a.level - b.level })
	for p := range sp.loops {
		first := slices.IndexFunc(c.code, func(s step) bool { return p == 0 || s.level > p })
		if first < 0 {
			first = len(c.code)
		}
		c.start = append(c.start, first)
	}
	c.allocate()
	c.findHazards()
	return c.program
}

func (c *compiler) outSlot(i int) int { return len(c.sp.inputs) + i }

// directStores finds the outputs that the instruction that computes their value can write. The result maps values to slots.
func (c *compiler) directStores() map[int]int {
	direct := map[int]int{}
	for i, out := range c.sp.outputs {
		id := c.ids[out.Value]
		v := &c.values[id]
		_, taken := direct[id]
		if !c.late && !taken && out.Reduce == Store && out.Kind == F32 && c.contiguous(out.Strides, full) &&
			v.input < 0 && v.op != Const && !v.op.isRow() && v.form == full && v.level == c.inner && v.chunked {
			direct[id] = c.outSlot(i)
		}
	}
	return direct
}

// contiguous reports whether an operand of the given form lies in memory just as in a register.
func (c *compiler) contiguous(strides []int, f form) bool {
	dims, str := c.sp.formView(strides, f)
	want := 1
	for ax := len(dims) - 1; ax >= 0; ax-- {
		if dims[ax] != 1 && str[ax] != want {
			return false
		}
		want *= dims[ax]
	}
	return true
}

// newSlot makes a slot for a register of the given form.
func (c *compiler) newSlot(f form) int {
	n := [...]int{uniform: uniformSize, perRow: c.sp.tileRows(), perCol: c.sp.rowLength(), full: c.sp.rows * c.sp.inner}[f]
	slot := c.slots
	c.slots++
	c.registers = append(c.registers, register{slot: slot, len: n})
	return slot
}

// sizeOf is the number of elements of a value in form f.
func (v *value) sizeOf(f form) size {
	switch {
	case f == uniform:
		return oneVector
	case f == perCol:
		return rowLength
	case f == perRow && v.chunked:
		return rowsNow
	case f == perRow:
		return rowsFull
	case v.chunked:
		return tileNow
	}
	return tileFull
}

// slotOf gives the slot of a value in its own form. Inputs and constants come into being when they are first needed.
func (c *compiler) slotOf(i int) int {
	v := &c.values[i]
	if v.slot >= 0 {
		return v.slot
	}
	if v.op == Const && v.input < 0 {
		data := new([uniformSize]float32)
		for j := range data {
			data[j] = v.imm
		}
		v.slot = c.slots
		c.slots++
		c.constants = append(c.constants, constant{v.slot, data})
		return v.slot
	}
	in := c.sp.inputs[v.input]
	switch {
	case v.form == uniform:
		v.slot = c.newSlot(uniform)
		c.code = append(c.code, step{kind: splat, level: v.level, dst: v.slot, a: v.input, view: &view{kind: in.Kind}})
	case in.Kind == F32 && c.contiguous(in.Strides, v.form):
		v.slot = v.input
		if c.late && c.isOutput(i) { // must be read before the first store, which may lie in the same memory
			st := c.vector(opCopy, v.form, v, v.input)
			st.dst = c.newSlot(v.form)
			v.slot = st.dst
			c.code = append(c.code, st)
		}
	default:
		v.slot = c.newSlot(v.form)
		c.code = append(c.code, step{kind: load, level: v.level, dst: v.slot, a: v.input, size: v.sizeOf(v.form), view: c.newView(in.Kind, in.Strides, v.form)})
	}
	return v.slot
}

func (c *compiler) isOutput(i int) bool {
	return slices.ContainsFunc(c.sp.outputs, func(o Output) bool { return c.ids[o.Value] == i })
}

// newView describes an operand in memory as seen from a register of the given form.
func (c *compiler) newView(k Kind, strides []int, f form) *view {
	dims, str := c.sp.formView(strides, f)
	return newView(k, dims, str)
}

// fullSlot gives a slot with a value in form full.
func (c *compiler) fullSlotOf(i int) int {
	s := c.slotOf(i)
	v := &c.values[i]
	if v.form == full {
		return s
	}
	if v.fullSlot < 0 {
		v.fullSlot = c.newSlot(full)
		st := step{kind: expand, level: v.level, dst: v.fullSlot, a: s, size: v.sizeOf(perRow)}
		switch v.form {
		case uniform:
			st = c.vector(opCopy, full, v, s)
			st.broadcast = 0
			st.dst = v.fullSlot
		case perCol:
			st.kind = repeat
		}
		c.code = append(c.code, st)
	}
	return v.fullSlot
}

// operand gives the slot from which an instruction of form f reads a value, and whether it advances with the elements.
func (c *compiler) operand(i int, f form) (slot int, advances bool) {
	slot = c.slotOf(i)
	switch v := &c.values[i]; {
	case v.form == uniform:
		return slot, f == uniform
	case v.form == f:
		return slot, true
	}
	return c.fullSlotOf(i), true
}

// vector makes a step of op with arguments in slots that advance, for as many elements as v has in form f.
func (c *compiler) vector(op Op, f form, v *value, slots ...int) step {
	st := step{kind: vector, level: v.level, op: op, fn: c.k.vec[op], size: v.sizeOf(f), broadcast: 1<<len(slots) - 1}
	for i, s := range slots {
		*st.arg(i) = s
	}
	return st
}

func (s *step) arg(i int) *int { return [...]*int{&s.a, &s.b, &s.c}[i] }

// emit adds the step that computes a value into a slot.
func (c *compiler) emit(i, dst int) {
	v := &c.values[i]
	v.slot = dst
	if v.op.isRow() {
		c.emitRow(v)
		return
	}
	slots := make([]int, len(v.args))
	broadcast := 0
	for j, a := range v.args {
		s, advances := c.operand(a, v.form)
		slots[j] = s
		if advances {
			broadcast |= 1 << j
		}
	}
	st := c.vector(v.op, v.form, v, slots...)
	st.dst, st.broadcast = dst, broadcast
	c.code = append(c.code, st)
}

func (c *compiler) emitRow(v *value) {
	src := c.fullSlotOf(v.args[0])
	op := map[Op]Op{RowSum: Add, RowMax: Maximum, RowMin: Minimum}[v.op]
	c.code = append(c.code, step{kind: row, level: v.level, dst: v.slot, a: src, size: v.sizeOf(perRow), rowFn: c.k.row(op)})
	if v.form == uniform {
		c.code = append(c.code, step{kind: splat, level: v.level, dst: v.slot, a: v.slot, view: &view{kind: F32}})
	}
}

// storeValue adds the steps that write a value to output o at the end of a tile.
func (c *compiler) storeValue(i, o int) {
	out := c.sp.outputs[o]
	f := full
	if last := len(c.sp.dims) - 1; out.Strides[last] == 0 && c.sp.dims[last] > 1 {
		f = perRow
	}
	slot, advances := c.operand(i, f)
	all := &value{level: c.inner, chunked: true}
	if f == perRow && c.values[i].form&perCol != 0 { // the same along the row, so that its maximum is any of it
		src := slot
		slot = c.newSlot(perRow)
		c.code = append(c.code, step{kind: row, level: c.inner, dst: slot, a: src, size: rowsNow, rowFn: c.k.row(Maximum)})
	}
	if c.contiguous(out.Strides, f) {
		op := [...]Op{F32: opCopy, Bool: opToBool}[out.Kind]
		st := c.vector(op, f, all, slot)
		if !advances {
			st.broadcast = 0
		}
		st.dst = c.outSlot(o)
		c.code = append(c.code, st)
		return
	}
	if !advances {
		slot = c.fullSlotOf(i) // long enough for either form
	}
	c.code = append(c.code, step{kind: store, level: c.inner, dst: c.outSlot(o), a: slot, size: all.sizeOf(f), view: c.newView(out.Kind, out.Strides, f)})
}
