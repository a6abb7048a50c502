package loop

import (
	"math"
	"unsafe"
)

// reduction combines values into an output, in three stages: the tiles of a part are accumulated element by
// element in a register (skipped where a sweep has one tile only), then the register is folded along the reduced axes of
// the tile, and at last the parts are folded. Every fold is a tree.
type reduction struct {
	out      int
	kind     Kind
	op       Op // Add, Mul, Maximum or Minimum
	identity float32
	size     int // elements of the output
	src      int // slot: the accumulator, or the value itself
	accum    int // length of the accumulator, or 0 if there is none
	total    size
	folds    []fold
	target   *view // where the folded tile goes in the output or in a part of the partial results
}

// fold combines n vectors of post elements.
type fold struct{ n, post int }

func (r Reduce) op() Op { return [...]Op{Sum: Add, Max: Maximum, Min: Minimum, Prod: Mul}[r] }

func (r Reduce) identity() float32 {
	return [...]float32{Sum: 0, Max: float32(math.Inf(-1)), Min: float32(math.Inf(1)), Prod: 1}[r]
}

// accumulates handles a product that is only summed: it takes one step instead of two. It reports whether value i is one.
func (c *compiler) accumulates(i int) bool {
	v := &c.values[i]
	if v.op != Mul || v.uses != 1 || v.form != full || v.level != c.inner || c.sp.tiles == 1 {
		return false
	}
	for o, out := range c.sp.outputs {
		if c.ids[out.Value] == i && out.Reduce == Sum {
			a, aAdvances := c.operand(v.args[0], full)
			b, bAdvances := c.operand(v.args[1], full)
			acc := c.accumulator(o)
			st := c.vector(FMA, full, c.everyTile(), a, b, acc)
			st.dst = acc
			st.setUniform(0, !aAdvances)
			st.setUniform(1, !bAdvances)
			c.code = append(c.code, st)
			return true
		}
	}
	return false
}

// reduce adds the steps that accumulate value i in the reductions that need it.
func (c *compiler) reduce(i int) {
	for o, out := range c.sp.outputs {
		if c.ids[out.Value] != i || out.Reduce == Store {
			continue
		}
		if c.sp.tiles == 1 {
			c.addReduction(o, c.fullSlotOf(i), 0)
			continue
		}
		s, advances := c.operand(i, full)
		acc := c.accumulator(o)
		st := c.vector(out.Reduce.op(), full, c.everyTile(), acc, s)
		st.dst = acc
		st.setUniform(1, !advances)
		c.code = append(c.code, st)
	}
}

// everyTile stands for what has to be done anew for each tile.
func (c *compiler) everyTile() *value { return &value{level: c.inner, chunked: true} }

func (s *step) setUniform(arg int, u bool) {
	if u {
		s.broadcast &^= 1 << arg
	}
}

func (c *compiler) accumulator(o int) int {
	acc := c.newSlot(full)
	c.addReduction(o, acc, c.sp.rows*c.sp.inner)
	return acc
}

// addReduction plans how slot src is folded into output o.
func (c *compiler) addReduction(o, src, accum int) {
	sp, out := c.sp, c.sp.outputs[o]
	if c.foldSlot == 0 {
		c.foldSlot = c.newSlot(full)
		c.pinned[c.foldSlot] = true
	}
	r := reduction{out: o, kind: out.Kind, op: out.Reduce.op(), identity: out.Reduce.identity(), size: 1, src: src, accum: accum}
	reduced := sp.reduced()
	for ax, d := range sp.dims {
		if !reduced[ax] {
			r.size *= d
		}
	}
	if reduced[sp.axis] {
		r.total = tileFull // what a short tile leaves of the accumulator holds the identity
	}
	dims, str := sp.tileView(out.Strides)
	var kept, keptStrides []int
	post := 1
	for ax := len(dims) - 1; ax >= 0; ax-- {
		switch {
		case !reduced[sp.axis+ax]:
			kept, keptStrides = append([]int{dims[ax]}, kept...), append([]int{str[ax]}, keptStrides...)
			post *= dims[ax]
		case dims[ax] > 1:
			r.folds = append(r.folds, fold{dims[ax], post})
		}
	}
	if sp.parts > 1 {
		r.target = newView(F32, kept, keptStrides)
	} else {
		r.target = newView(out.Kind, kept, keptStrides)
	}
	c.reductions = append(c.reductions, r)
}

// fold combines the values of a finished part of a sweep and writes the result.
func (w *worker) fold(k *kernels, p *program, r *reduction) {
	src, dst := w.ptr[r.src], w.ptr[p.foldSlot]
	if r.accum > 0 {
		dst = src
	}
	total := w.sizes[r.total]
	for _, f := range r.folds {
		if f.post == 1 {
			k.row(r.op)(dst, src, total/f.n, f.n)
		} else {
			k.foldBlocks(r.op, dst, src, total/(f.n*f.post), f)
		}
		src = dst
		total /= f.n
	}
	r.target.store(k, w.ptr[w.inputs+r.out], src, total)
}

// foldBlocks combines the f.n vectors of each of count blocks; the results lie one behind the other in dst. dst is as
// long as src, or src itself.
func (k *kernels) foldBlocks(op Op, dst, src unsafe.Pointer, count int, f fold) {
	block := f.n * f.post
	for i := range count {
		work := offset(dst, i*block)
		k.foldVectors(op, work, offset(src, i*block), f)
		if i > 0 {
			copy(floats(offset(dst, i*f.post), f.post), floats(work, f.post))
		}
	}
}

// foldVectors adds up (or the like) the f.n > 1 vectors at src: the upper half onto the lower one, and so on.
func (k *kernels) foldVectors(op Op, dst, src unsafe.Pointer, f fold) {
	for n := f.n; n > 1; {
		half := (n + 1) / 2
		m := (n - half) * f.post
		k.vec[op](dst, src, offset(src, half*f.post), nil, 3, m)
		if odd := half*f.post - m; odd > 0 && dst != src {
			copy(floats(offset(dst, m), odd), floats(offset(src, m), odd))
		}
		src, n = dst, half
	}
}

// finish combines the parts of the reductions.
func (l *Loop) finish() {
	k, sp := l.kernels, &l.space
	partial := l.run.scratch
	for i := range l.run.prog.reductions {
		r := &l.run.prog.reductions[i]
		out := l.run.out[r.out].ptr
		switch {
		case r.size == 0:
		case sp.items() == 0: // nothing to combine
			one := [uniformSize]float32{r.identity}
			for j := range r.size {
				k.convert(r.kind)(offsetBytes(out, j*r.kind.size()), unsafe.Pointer(&one), nil, nil, 1, 1)
			}
		case sp.parts > 1:
			p := unsafe.Pointer(&partial[0])
			k.foldVectors(r.op, p, p, fold{sp.parts, r.size})
			k.convert(r.kind)(out, p, nil, nil, 1, r.size)
			partial = partial[sp.parts*r.size:]
		}
	}
}
