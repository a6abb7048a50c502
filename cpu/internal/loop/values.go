package loop

import (
	"math"
	"slices"
)

// form says how a value varies within a tile, and so how many elements of it are computed: a set of two properties, so that
// the form of a result is the union of those of the arguments.
type form uint8

const (
	uniform form = 0               // the same everywhere: kept as uniformSize copies, so that it can be loaded as a vector
	perRow  form = 1               // constant along the last axis: one element for each row
	perCol  form = 2               // the same in each row
	full    form = perRow | perCol // one element for each element of the tile
)

// uniformSize is the number of float32 in the widest vector.
const uniformSize = 16

// value is a node of the program.
type value struct {
	op    Op
	args  []int // indices of values
	imm   float32
	input int // index of the input that the value is, or -1

	uses int
	form form
	// level is the number of loops, counted from the outermost, that it takes for the value to change: it is computed
	// anew only when one of those has moved.
	level int
	// chunked tells whether the value varies with the chunk loop, whose last step may be short. Others are
	// computed at full length.
	chunked bool

	slot     int // where the value is, in its form; -1 before it is emitted
	fullSlot int // where its expansion to form full is, or -1
}

// graph is the list of values, in an order in which they can be computed.
type graph struct {
	sp     *space
	values []value
	ids    []int // value of each value id of the Spec
}

func newGraph(sp *space, instrs []Instr) *graph {
	g := &graph{sp: sp}
	for i := range sp.inputs {
		g.add(value{input: i})
	}
	for i := range g.values {
		g.ids = append(g.ids, i)
	}
	for _, ins := range instrs {
		var a [3]int
		for i, id := range ins.Args[:ins.Op.args()] {
			a[i] = g.ids[id]
		}
		g.ids = append(g.ids, g.lower(ins, a))
	}
	for _, out := range sp.outputs {
		g.use(g.ids[out.Value])
	}
	g.fuse()
	return g
}

func (g *graph) add(v value) int {
	v.slot, v.fullSlot = -1, -1
	switch {
	case v.input >= 0:
		g.classifyInput(&v)
	case v.op == Const:
		v.form = uniform
	default:
		g.classify(&v)
	}
	g.values = append(g.values, v)
	return len(g.values) - 1
}

func (g *graph) op(op Op, args ...int) int { return g.add(value{op: op, args: args, input: -1}) }

func (g *graph) constant(c float32) int { return g.add(value{op: Const, imm: c, input: -1}) }

// lower adds the values for an instruction: some operations are others in disguise.
func (g *graph) lower(ins Instr, a [3]int) int {
	switch ins.Op {
	case Const:
		return g.constant(ins.Imm)
	case Neg:
		return g.op(Sub, g.constant(float32(math.Copysign(0, -1))), a[0]) // right for both zeros
	case Not:
		return g.op(Sub, g.constant(1), a[0])
	case And:
		return g.op(Mul, a[0], a[1])
	case Or:
		return g.op(Maximum, a[0], a[1])
	case Xor:
		return g.op(Ne, a[0], a[1])
	case Clamp:
		return g.op(Minimum, g.op(Maximum, a[1], a[0]), a[2])
	case Pow:
		if e := g.values[a[1]]; e.op == Const && e.input < 0 && e.imm == 2 {
			return g.op(Mul, a[0], a[0])
		}
	}
	return g.op(ins.Op, a[:ins.Op.args()]...)
}

func (g *graph) classifyInput(v *value) {
	sp, str := g.sp, g.sp.inputs[v.input].Strides
	for i, l := range sp.loops {
		if str[l.axis] != 0 {
			v.level = i + 1
		}
	}
	v.chunked = str[sp.axis] != 0
	dims, str := sp.tileView(str)
	last := len(dims) - 1
	for ax, d := range dims {
		switch {
		case d == 1 || str[ax] == 0:
		case ax == last && sp.tileRows() == 1:
			v.form = full
		case ax == last:
			v.form |= perCol
		default:
			v.form |= perRow
		}
	}
}

func (g *graph) classify(v *value) {
	for _, a := range v.args {
		arg := &g.values[a]
		v.form |= arg.form
		v.level = max(v.level, arg.level)
		v.chunked = v.chunked || arg.chunked
	}
	if v.op.isRow() {
		v.form = perRow
		if g.sp.tileRows() == 1 {
			v.form = uniform
		}
	}
}

// use counts the uses of a value that is used once more, and of what it is computed from.
func (g *graph) use(i int) {
	v := &g.values[i]
	v.uses++
	if v.uses == 1 {
		for _, a := range v.args {
			g.use(a)
		}
	}
}

// fuse turns a product that only a sum needs, together with that sum, into one instruction.
func (g *graph) fuse() {
	for i := range g.values {
		v := &g.values[i]
		if v.uses == 0 || v.op != Add && v.op != Sub || v.input >= 0 {
			continue
		}
		for at, a := range v.args {
			m := &g.values[a]
			// A product of another form or level is cheaper to compute on its own.
			if m.input >= 0 || m.op != Mul || m.uses != 1 || m.form != v.form || m.level != v.level {
				continue
			}
			other := v.args[1-at]
			switch {
			case v.op == Add:
				v.op = FMA
			case at == 0:
				v.op = opFMS
			default:
				v.op = opFNMA
			}
			v.args = append(slices.Clone(m.args), other)
			m.uses = 0
			break
		}
	}
}

// tileRows is the number of rows, that is steps along all axes but the last, of a tile.
func (sp *space) tileRows() int {
	if sp.axis == len(sp.dims)-1 {
		return 1
	}
	return sp.rows * sp.inner / max(1, sp.dims[len(sp.dims)-1])
}

// rowLength is the number of elements of a row of a tile.
func (sp *space) rowLength() int {
	if sp.axis == len(sp.dims)-1 {
		return sp.rows
	}
	return sp.dims[len(sp.dims)-1]
}
