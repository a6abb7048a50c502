package plan

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/warmstart-ml/warmstart/cpu/internal/ir"
	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/loop"
	"github.com/warmstart-ml/warmstart/cpu/internal/winograd"
)

// build makes the step that computes unit u.
func (c *compiler) build(u *unit) (step, error) {
	n := u.nodes[0]
	switch a := n.Attrs.(type) {
	case convAttrs:
		return c.buildConv(n, a), nil
	case gemmAttrs:
		return c.buildGemm(n), nil
	}
	switch {
	case u.isLoop():
		return c.buildLoop(u)
	case isView(n) && n.Shape.DType == dtypes.Float32:
		return c.buildView(n)
	case isCopy(n):
		return c.buildCopy(n)
	}
	return c.buildFallback(u)
}

// array refers to the contiguous memory of n.
func (c *compiler) array(n *ir.Node) ref {
	v := c.view(n)
	return ref{slot: c.mem[v.base], off: v.off, n: v.size()}
}

// window refers to memory from the first element of v to the end of its base.
func (c *compiler) window(v view) ref {
	return ref{slot: c.mem[v.base], off: v.off, n: v.base.Shape.Size() - v.off}
}

func (c *compiler) buildConv(n *ir.Node, a convAttrs) step {
	t := c.opts.Threads
	s := &convStep{a: c.array(n.Inputs[0]), b: c.array(n.Inputs[1]), out: c.array(n)}
	fast := winograd.Worth(a.spec)
	switch {
	case a.kind == convForward && fast:
		s.op = winograd.NewForward(a.spec, t)
	case a.kind == convForward:
		s.op = kernel.NewConvForward(a.spec, t)
	case a.kind == convInputGrad && fast:
		s.op = winograd.NewInputGrad(a.spec, t)
	case a.kind == convInputGrad:
		s.op = kernel.NewConvInputGrad(a.spec, t)
	case fast:
		s.op = winograd.NewWeightGrad(a.spec, t)
	default:
		s.op = kernel.NewConvWeightGrad(a.spec, t)
	}
	return s
}

// buildGemm reads operands where they lie. Batch axes that are not evenly spaced in memory are walked one by one.
func (c *compiler) buildGemm(n *ir.Node) step {
	a, b := c.view(n.Inputs[0]), c.view(n.Inputs[1])
	am, _ := matrixOf(a)
	bm, _ := matrixOf(b)
	r := len(a.dims)
	batch := a.dims[:r-2]
	out := rowMajor(n.Shape.Dimensions)
	spec := kernel.GemmSpec{
		M: a.dims[r-2], K: a.dims[r-1], N: b.dims[r-1], Batch: 1,
		TransA: am.trans, TransB: bm.trans, LDA: am.ld, LDB: bm.ld, LDC: b.dims[r-1],
	}
	if r > 2 { // the innermost batch axis runs inside the kernel
		spec.Batch = batch[r-3]
		spec.StrideA, spec.StrideB, spec.StrideC = a.strides[r-3], b.strides[r-3], out[r-3]
		batch = batch[:r-3]
	}
	s := &gemmStep{op: kernel.NewGemm(spec, c.opts.Threads), a: c.window(a), b: c.window(b), out: c.array(n)}
	for i := range product(batch) {
		s.at = append(s.at, [3]int{offsetOf(i, batch, a.strides), offsetOf(i, batch, b.strides), offsetOf(i, batch, out)})
	}
	return s
}

// offsetOf is the position of the i-th element of the axes dims.
func offsetOf(i int, dims, strides []int) int {
	off := 0
	for k := len(dims) - 1; k >= 0; k-- {
		off += i % dims[k] * strides[k]
		i /= dims[k]
	}
	return off
}

// buildView copies a window of other memory into an array.
func (c *compiler) buildView(n *ir.Node) (step, error) {
	v, ok := c.through(n)
	if !ok { // a reshape that is no view: the elements in the order of the operand
		v = c.view(n.Inputs[0])
	}
	return c.buildPiece(n, v, 0, rowMajor(v.dims))
}

// buildPiece copies v to n's memory, from element off on with the given strides.
func (c *compiler) buildPiece(n *ir.Node, v view, off int, strides []int) (step, error) {
	out := c.array(n)
	s, err := loop.NewCopy(loop.CopySpec{Dims: v.dims, Src: v.strides, SrcOffset: v.off, Dst: strides, DstOffset: off})
	return &copyStep{c: s, src: ref{slot: c.mem[v.base], n: v.base.Shape.Size()}, dst: out}, err
}

// buildCopy concatenates, pads or reverses.
func (c *compiler) buildCopy(n *ir.Node) (step, error) {
	strides := rowMajor(n.Shape.Dimensions)
	switch a := n.Attrs.(type) {
	case ir.ConcatenateAttrs:
		var all steps
		at := 0
		for _, in := range n.Inputs {
			s, err := c.buildPiece(n, c.view(in), at*strides[a.Axis], strides)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
			at += in.Shape.Dimensions[a.Axis]
		}
		return all, nil
	case ir.ReverseAttrs:
		v := c.view(n.Inputs[0])
		v.strides = slices.Clone(v.strides)
		for _, i := range a.Axes {
			v.off += (v.dims[i] - 1) * v.strides[i]
			v.strides[i] = -v.strides[i]
		}
		return c.buildPiece(n, v, 0, strides)
	}
	return c.buildPad(n, n.Attrs.(ir.PadAttrs))
}

// buildPad fills with the padding value, then copies what is padded into its place.
func (c *compiler) buildPad(n *ir.Node, a ir.PadAttrs) (step, error) {
	strides := rowMajor(n.Shape.Dimensions)
	fill, err := c.buildPiece(n, c.view(n.Inputs[1]).to(n.Shape.Dimensions), 0, strides)
	if err != nil {
		return nil, err
	}
	off, inner := 0, slices.Clone(strides)
	for i, p := range a.Axes {
		off += p.Start * strides[i]
		inner[i] *= p.Interior + 1
	}
	put, err := c.buildPiece(n, c.view(n.Inputs[0]), off, inner)
	return steps{fill, put}, err
}

func (c *compiler) buildFallback(u *unit) (step, error) {
	n := u.nodes[0]
	if n.Replay == nil {
		return nil, fmt.Errorf("plan: no way to compute %s of %s: %w", n.Op, n.Shape, compute.ErrNotImplemented)
	}
	f, err := c.opts.Fallback(n)
	if err != nil {
		return nil, err
	}
	s := &fallbackStep{f: f}
	for _, r := range c.results(u) {
		i := 0
		if a, ok := r.Attrs.(ir.SelectAttrs); ok {
			i = a.Index
		}
		for len(s.out) <= i {
			s.out = append(s.out, nowhere)
		}
		s.out[i] = c.array(r)
	}
	for _, in := range n.Inputs {
		s.in = append(s.in, c.array(in))
	}
	return s, nil
}

// loopBuilder writes the program of one fused loop.
type loopBuilder struct {
	c      *compiler
	u      *unit
	spec   loop.Spec
	in     []ref
	inputs map[string]int   // value id of each distinct operand
	consts map[uint32]int   // place of each constant among the instructions, by its bits: -0 is not 0, NaN is NaN
	values map[*ir.Node]int // instruction of each node
}

// Value ids count inputs first, which are not known until the end: until then, instruction i is ^i.

func (c *compiler) buildLoop(u *unit) (step, error) {
	b := &loopBuilder{c: c, u: u, inputs: map[string]int{}, consts: map[uint32]int{}, values: map[*ir.Node]int{}}
	b.spec.Dims = u.dims
	var out []ref
	for _, n := range c.results(u) {
		o := loop.Output{Kind: kindOf(n)}
		if r, ok := reductions[n.Op]; ok {
			o.Reduce, o.Value = r, b.operand(n.Inputs[0], n)
			o.Strides = reducedStrides(u.dims, n)
		} else {
			o.Value, o.Strides = b.value(n), rowMajor(u.dims)
		}
		b.spec.Outputs = append(b.spec.Outputs, o)
		out = append(out, c.array(n))
	}
	b.number()
	l, err := loop.New(b.spec, c.opts.Threads)
	if err != nil {
		return nil, fmt.Errorf("plan: loop of %s: %w", u.nodes[0].Op, err)
	}
	return newLoopStep(l, b.in, out), nil
}

func kindOf(n *ir.Node) loop.Kind {
	if n.Shape.DType == dtypes.Bool {
		return loop.Bool
	}
	return loop.F32
}

// value emits the instruction that computes n, once.
func (b *loopBuilder) value(n *ir.Node) int {
	if id, ok := b.values[n]; ok {
		return id
	}
	var in loop.Instr
	for i, x := range n.Inputs {
		in.Args[i] = b.operand(x, n)
	}
	id := in.Args[0]
	if n.Op == compute.OpTypeConvertDType { // registers hold float32 whatever the type
		if n.Shape.DType == dtypes.Bool {
			in.Op, in.Args[1] = loop.Ne, b.constant(0)
			id = b.emit(in)
		}
	} else if isReduction(n) {
		in.Op = rowReductions[n.Op]
		id = b.emit(in)
	} else {
		in.Op = elementwise[n.Op]
		id = b.emit(in)
	}
	b.values[n] = id
	return id
}

func (b *loopBuilder) emit(in loop.Instr) int {
	b.spec.Instrs = append(b.spec.Instrs, in)
	return ^(len(b.spec.Instrs) - 1)
}

func (b *loopBuilder) constant(v float32) int {
	bits := math.Float32bits(v)
	id, ok := b.consts[bits]
	if !ok {
		id = b.emit(loop.Instr{Op: loop.Const, Imm: v})
		b.consts[bits] = id
	}
	return id
}

// operand returns the value id of x as node n reads it: computed here, a constant, or loaded.
func (b *loopBuilder) operand(x, n *ir.Node) int {
	if v, ok := splat(x); ok {
		return b.constant(v)
	}
	v := b.c.view(x)
	if p := b.c.unitOf[v.base]; p != nil && (p.find() == b.u || b.c.again[v.base]) {
		return b.value(v.base)
	}
	strides := split(space(n), v.to(space(n)).strides, b.u.dims)
	key := fmt.Sprint(b.c.mem[v.base], v.off, strides)
	id, ok := b.inputs[key]
	if !ok {
		id = len(b.in)
		b.inputs[key] = id
		b.in = append(b.in, b.c.window(v))
		b.spec.Inputs = append(b.spec.Inputs, loop.Input{Kind: kindOf(x), Strides: strides})
	}
	return id
}

// number turns the provisional ids into the final ones.
func (b *loopBuilder) number() {
	final := func(id *int) {
		if *id < 0 {
			*id = len(b.in) + ^*id
		}
	}
	for i := range b.spec.Instrs {
		for k := range b.spec.Instrs[i].Args {
			final(&b.spec.Instrs[i].Args[k])
		}
	}
	for i := range b.spec.Outputs {
		final(&b.spec.Outputs[i].Value)
	}
}

// split gives strides over axes to, which are the axes from split further.
func split(from, strides, to []int) []int {
	out := make([]int, len(to))
	j := len(to) - 1
	for i := len(from) - 1; i >= 0; i-- {
		for n := 1; n < from[i]; j-- {
			out[j] = strides[i] * n
			n *= to[j]
		}
	}
	return out
}

// reducedStrides gives the strides of reduction n's result over dims: 0 along reduced axes, dense along the others.
func reducedStrides(dims []int, n *ir.Node) []int {
	from := space(n)
	keep := make([]int, len(from))
	for i := range keep {
		keep[i] = 1
	}
	for _, a := range n.Attrs.(ir.ReduceAttrs).Axes {
		keep[a] = 0
	}
	mask := make([]int, len(dims))
	j := len(dims) - 1
	for i := len(from) - 1; i >= 0; i-- {
		for k := 1; k < from[i]; j-- {
			mask[j] = keep[i]
			k *= dims[j]
		}
	}
	size := 1
	for i := len(dims) - 1; i >= 0; i-- {
		if mask[i] != 0 {
			mask[i] = size
			size *= dims[i]
		}
	}
	return mask
}
