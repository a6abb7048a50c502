package loop

import "unsafe"

// worker is the state of one goroutine of a run.
type worker struct {
	ptr    []unsafe.Pointer // by slot
	base   []unsafe.Pointer // of inputs and outputs: where their first element is
	index  []int            // step of each loop
	sizes  [numSizes]int
	inputs int
}

func (w *worker) init(l *Loop) {
	w.inputs = len(l.space.inputs)
	w.ptr = make([]unsafe.Pointer, max(l.direct.slots, l.late.slots))
	w.base = make([]unsafe.Pointer, w.inputs+len(l.space.outputs))
	w.index = make([]int, len(l.space.loops))
	tile := l.space.rows * l.space.inner
	w.sizes = [numSizes]int{tileFull: tile, rowsFull: l.space.tileRows(), rowLength: l.space.rowLength(), oneVector: uniformSize}
}

// Do runs item i of a run. It is part of the interface of the pool, not for others.
func (l *Loop) Do(id, item int) {
	sp, w, p := &l.space, &l.workers[id], l.run.prog
	part, group := item%sp.parts, item/sp.parts
	w.bind(l, id, part)
	first, end := part*sp.perPart, min((part+1)*sp.perPart, sp.tiles)
	moved := 0 // the outermost loop that has moved
	for sweep := group * sp.group; sweep < min((group+1)*sp.group, sp.sweeps); sweep++ {
		moved = w.seek(l, sweep, first, sweep == group*sp.group)
		for i := range p.reductions {
			if r := &p.reductions[i]; r.accum > 0 {
				fill(floats(w.ptr[r.src], r.accum), r.identity)
			}
		}
		for t := first; ; {
			w.measure(sp)
			w.tile(l.kernels, p.code[p.start[moved]:])
			if t++; t == end {
				break
			}
			moved = w.advance(l)
		}
		for i := range p.reductions {
			w.fold(l.kernels, p, &p.reductions[i])
		}
	}
}

// bind sets the pointers that stay the same for an item of work.
func (w *worker) bind(l *Loop, id, part int) {
	for i, b := range l.run.in {
		w.base[i] = b.ptr
	}
	for i, b := range l.run.out {
		w.base[w.inputs+i] = b.ptr
	}
	scratch := l.run.scratch
	if sp := &l.space; sp.parts > 1 {
		for _, r := range l.run.prog.reductions {
			w.base[w.inputs+r.out] = unsafe.Pointer(&scratch[part*r.size])
			scratch = scratch[sp.parts*r.size:]
		}
	}
	if len(l.run.prog.registers) > 0 {
		regs := aligned(scratch[id*l.registers():])
		for _, r := range l.run.prog.registers {
			w.ptr[r.slot] = offset(regs, r.offset)
		}
	}
	for i := range l.run.prog.constants {
		c := &l.run.prog.constants[i]
		w.ptr[c.slot] = unsafe.Pointer(c.data)
	}
}

// seek goes to a tile of a sweep, and gives the outermost loop that had to move for it; all count as moved at first.
func (w *worker) seek(l *Loop, sweep, tile int, start bool) (moved int) {
	loops, kept := l.space.loops, l.space.kept
	flat := [2]int{sweep, tile}
	for q := len(loops) - 1; q >= 0; q-- {
		f := &flat[0]
		if q >= kept {
			f = &flat[1]
		}
		i := *f % loops[q].count
		*f /= loops[q].count
		if i != w.index[q] || start {
			w.index[q], moved = i, q
		}
	}
	for o, base := range w.base {
		at := 0
		for q, i := range w.index {
			at += i * l.moves[q][o]
		}
		w.ptr[o] = offsetBytes(base, at)
	}
	return moved
}

// advance goes to the next tile of a sweep, and gives the outermost loop that moved.
func (w *worker) advance(l *Loop) (moved int) {
	loops := l.space.loops
	q := len(loops) - 1
	for w.index[q]++; w.index[q] == loops[q].count; w.index[q]++ {
		w.index[q] = 0
		q--
	}
	for o, d := range l.carries[q] {
		w.ptr[o] = offsetBytes(w.ptr[o], d)
	}
	return q
}

// measure sets the sizes that depend on whether the tile is a short one.
func (w *worker) measure(sp *space) {
	w.sizes[tileNow], w.sizes[rowsNow] = w.sizes[tileFull], w.sizes[rowsFull]
	if c := &sp.loops[sp.chunk]; w.index[sp.chunk] == c.count-1 {
		rows := sp.dims[sp.axis] - (c.count-1)*c.step
		w.sizes[tileNow] = rows * sp.inner
		w.sizes[rowsNow] = w.sizes[tileNow] / w.sizes[rowLength]
	}
}

// tile runs code on the current tile.
func (w *worker) tile(k *kernels, code []step) {
	for i := range code {
		s := &code[i]
		switch s.kind {
		case vector:
			s.fn(w.ptr[s.dst], w.ptr[s.a], w.ptr[s.b], w.ptr[s.c], s.broadcast, w.sizes[s.size])
		case load:
			s.view.load(k, w.ptr[s.dst], w.ptr[s.a], w.sizes[s.size])
		case store:
			s.view.store(k, w.ptr[s.dst], w.ptr[s.a], w.sizes[s.size])
		case splat:
			fill(floats(w.ptr[s.dst], uniformSize), element(s.view.kind, w.ptr[s.a]))
		case expand:
			k.splat(w.ptr[s.dst], w.ptr[s.a], w.sizes[s.size], w.sizes[rowLength], 1)
		case repeat:
			k.repeat(w.ptr[s.dst], w.ptr[s.a], w.sizes[s.size], w.sizes[rowLength])
		case row:
			s.rowFn(w.ptr[s.dst], w.ptr[s.a], w.sizes[s.size], w.sizes[rowLength])
		}
	}
}

// plan prepares how far the pointers of inputs and outputs move, in bytes.
func (l *Loop) plan() {
	sp := &l.space
	n := len(sp.loops)
	l.moves, l.carries = make([][]int, n), make([][]int, n)
	for q, lp := range sp.loops {
		for _, in := range sp.inputs {
			l.moves[q] = append(l.moves[q], in.Strides[lp.axis]*lp.step*in.Kind.size())
		}
		for _, out := range sp.outputs {
			size := out.Kind.size()
			if out.Reduce != Store && sp.parts > 1 {
				size = 4 // partial results are float32
			}
			l.moves[q] = append(l.moves[q], out.Strides[lp.axis]*lp.step*size)
		}
	}
	for q := range sp.loops { // loop q takes a step, those inside it go back to their start
		l.carries[q] = append([]int(nil), l.moves[q]...)
		for o := range l.carries[q] {
			for in := q + 1; in < n; in++ {
				l.carries[q][o] -= l.moves[in][o] * (sp.loops[in].count - 1)
			}
		}
	}
}
