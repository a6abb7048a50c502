package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tile is mr rows times vecs vectors of C, held in registers 0 to mr*vecs-1. Two registers after the
// accumulators hold a row of B, the last one or two the broadcast value of A.
type tile struct {
	isa
	mr, vecs int
	masked   bool // of the last vector only some columns are read and written
}

// masks is the name of the table that AVX2 lane masks are read from.
const masks = "laneMasks"

// laneMasks emits 8 ones and 8 zeros: a window of 8 that begins at 8-n has n lanes set.
func laneMasks() {
	GLOBL(masks, RODATA|NOPTR)
	for i := range 16 {
		v := I32(0)
		if i < 8 {
			v = -1
		}
		DATA(4*i, v)
	}
}

func (t tile) acc(i, j int) reg.VecPhysical { return t.vec(i*t.vecs + j) }

func (t tile) b(j int) reg.VecPhysical {
	if t.lanes == 16 {
		return t.vec(28 + j)
	}
	return t.vec(12 + j)
}

// a gives the register for row i's value of A: two take turns where there are enough.
func (t tile) a(i int) reg.VecPhysical {
	switch {
	case t.lanes == 16:
		return t.vec(30 + i%2)
	case t.masked:
		return t.vec(14)
	}
	return t.vec(14 + i%2)
}

// zero clears the accumulators.
func (t tile) zero() {
	for i := range t.mr * t.vecs {
		clearVector(t.vec(i))
	}
}

func clearVector(r reg.VecPhysical) {
	if r.Size() == 64 {
		VPXORD(r, r, r)
		return
	}
	VXORPS(r, r, r)
}

// setMask makes the mask of the last vector from the argument cols; x and y are free.
func (t tile) setMask(x, y reg.Register) {
	if !t.masked {
		return
	}
	Load(Param("cols"), x)
	if t.vecs > 1 {
		SUBQ(Imm(uint64(t.lanes*(t.vecs-1))), x)
	}
	if t.lanes == 16 {
		MOVQ(I32(-1), y)
		BZHIQ(x, y, y)
		KMOVW(y.(reg.GP).As32(), reg.K1)
		return
	}
	NEGQ(x)
	LEAQ(Mem{Symbol: Symbol{Name: masks, Static: true}, Base: reg.StaticBase, Disp: 32}, y)
	VMOVUPS(Mem{Base: y, Index: x, Scale: 4}, reg.Y15)
}

// last reports that vector j is masked.
func (t tile) last(j int) bool { return t.masked && j == t.vecs-1 }

// load reads vector j of a row.
func (t tile) load(m Mem, j int, r reg.VecPhysical) {
	switch {
	case !t.last(j):
		VMOVUPS(m, r)
	case t.lanes == 16:
		VMOVUPS_Z(m, reg.K1, r)
	default:
		VMASKMOVPS(m, reg.Y15, r)
	}
}

// store writes vector j of a row.
func (t tile) store(r reg.VecPhysical, m Mem, j int) {
	switch {
	case !t.last(j):
		VMOVUPS(r, m)
	case t.lanes == 16:
		VMOVUPS(r, reg.K1, m)
	default:
		VMASKMOVPS(r, reg.Y15, m)
	}
}

// step multiplies one k: a row of B at b with the values of A at at(i).
func (t tile) step(b reg.Register, at func(i int) Mem) {
	for j := range t.vecs {
		t.load(f32(b, t.lanes*j), j, t.b(j))
	}
	for i := range t.mr {
		VBROADCASTSS(at(i), t.a(i))
		for j := range t.vecs {
			VFMADD231PS(t.b(j), t.a(i), t.acc(i, j))
		}
	}
}

// finish adds the tile to C if the argument acc is set, stores it and returns; row(i) is the address of row i.
func (t tile) finish(row func(i int) Mem) {
	flag := reg.RAX
	Load(Param("acc"), flag)
	TESTQ(flag, flag)
	JZ(LabelRef("store"))
	t.each(row, func(m Mem, i, j int) {
		t.load(m, j, t.b(j))
		VADDPS(t.b(j), t.acc(i, j), t.acc(i, j))
	})
	Label("store")
	t.each(row, func(m Mem, i, j int) { t.store(t.acc(i, j), m, j) })
	VZEROUPPER()
	RET()
}

func (t tile) each(row func(i int) Mem, do func(m Mem, i, j int)) {
	for i := range t.mr {
		m := row(i)
		for j := range t.vecs {
			do(m.Offset(4*t.lanes*j), i, j)
		}
	}
}

// rows emits the kernel whose rows of A and C lie anywhere.
func (t tile) rows() {
	text(t.name("rows"), "func(a, zero *float32, taps *int32, ntaps int, b *float32, ldb int, c *float32, coff *int32, cols, acc int)",
		fmt.Sprintf("%s is a rowsFunc for %d rows and at most %d columns.", t.name("rows"), t.mr, t.vecs*t.lanes))
	row := []reg.Register{reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.RBP}[:t.mr]
	b, ldb, k := reg.R13, reg.R14, reg.R15
	taps, ntaps, zeroEnd := AllocLocal(8), AllocLocal(8), AllocLocal(8)
	t.zero()
	t.setMask(b, ldb)
	Load(Param("taps"), b)
	MOVQ(b, taps)
	Load(Param("ntaps"), b)
	MOVQ(b, ntaps)

	Label("tap")
	SUBQ(Imm(1), ntaps)
	JLT(LabelRef("done"))
	MOVQ(taps, k) // k serves as the record's address, b as its length, ldb as an address until the loop begins
	MOVLQSX(Mem{Base: k, Disp: 4 * (t.record - 1)}, b)
	Load(Param("zero"), ldb)
	LEAQ(Mem{Base: ldb, Index: b, Scale: 4}, ldb)
	MOVQ(ldb, zeroEnd)
	Load(Param("a"), ldb)
	LEAQ(Mem{Base: ldb, Index: b, Scale: 4}, ldb)
	for i, r := range row { // the address just past the row's run, or past that of the zeros
		MOVLQSX(Mem{Base: k, Disp: 4 + 4*i}, r)
		TESTQ(r, r)
		LEAQ(Mem{Base: ldb, Index: r, Scale: 4}, r)
		CMOVQLT(zeroEnd, r)
	}
	Load(Param("ldb"), ldb)
	SHLQ(Imm(2), ldb)
	MOVLQSX(Mem{Base: k}, b)
	IMULQ(ldb, b)
	ADDQ(NewParamAddr("b", 32), b)
	MOVLQSX(Mem{Base: k, Disp: 4 * (t.record - 1)}, k)
	NEGQ(k)
	ADDQ(Imm(uint64(4*t.record)), taps)
	Label("loop")
	t.step(b, func(i int) Mem { return Mem{Base: row[i], Index: k, Scale: 4} })
	ADDQ(ldb, b)
	INCQ(k)
	JNZ(LabelRef("loop"))
	JMP(LabelRef("tap"))

	Label("done")
	c, coff, at := reg.RCX, reg.RDX, reg.RBX
	Load(Param("c"), c)
	Load(Param("coff"), coff)
	t.finish(func(i int) Mem {
		MOVLQSX(Mem{Base: coff, Disp: 4 * i}, at)
		return Mem{Base: c, Index: at, Scale: 4}
	})
}

// cols emits the kernel that walks segments in which A and B move by a fixed step per k.
func (t tile) cols() {
	text(t.name("cols"), "func(a *float32, lda int, b *float32, ldb int, segs *int32, nsegs int, c *float32, ldc, cols, acc int)",
		fmt.Sprintf("%s is a colsFunc for %d rows and at most %d columns.", t.name("cols"), t.mr, t.vecs*t.lanes))
	a, b, lda, ldb, k := reg.RSI, reg.RDI, reg.R8, reg.R9, reg.R10
	a0, b0, segs, nsegs := reg.R11, reg.R12, reg.R13, reg.RDX
	t.zero()
	t.setMask(a, b)
	Load(Param("a"), a0)
	Load(Param("b"), b0)
	Load(Param("segs"), segs)
	Load(Param("nsegs"), nsegs)
	Load(Param("lda"), lda)
	SHLQ(Imm(2), lda)
	Load(Param("ldb"), ldb)
	SHLQ(Imm(2), ldb)

	Label("seg")
	SUBQ(Imm(1), nsegs)
	JLT(LabelRef("done"))
	MOVLQSX(Mem{Base: segs}, a)
	LEAQ(Mem{Base: a0, Index: a, Scale: 4}, a)
	MOVLQSX(Mem{Base: segs, Disp: 4}, b)
	LEAQ(Mem{Base: b0, Index: b, Scale: 4}, b)
	MOVLQSX(Mem{Base: segs, Disp: 8}, k)
	ADDQ(Imm(12), segs)
	Label("loop")
	t.step(b, func(i int) Mem { return f32(a, i) })
	ADDQ(lda, a)
	ADDQ(ldb, b)
	DECQ(k)
	JNZ(LabelRef("loop"))
	JMP(LabelRef("seg"))

	Label("done")
	c, ldc := reg.RCX, reg.RDX
	Load(Param("ldc"), ldc)
	SHLQ(Imm(2), ldc)
	t.finish(func(i int) Mem {
		if i == 0 {
			Load(Param("c"), c)
		} else {
			ADDQ(ldc, c)
		}
		return Mem{Base: c}
	})
}
