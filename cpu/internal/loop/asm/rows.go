package main

import (
	"fmt"
	"io"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rows writes the routines of type rowFunc.
func (s isa) rows(out io.Writer) {
	add := func(a, b Op) vec { return s.add(a, b) }
	mul := func(a, b Op) vec { return s.mul(a, b) }
	maximum := func(a, b Op) vec { return s.extreme(VMAXPS, a, b) }
	minimum := func(a, b Op) vec { return s.extreme(VMINPS, a, b) }
	s.row(out, "rowSum", 0, add)
	s.row(out, "rowMul", 1, mul)
	s.row(out, "rowMax", math.Inf(-1), maximum)
	s.row(out, "rowMin", math.Inf(1), minimum)
}

// row combines each row in four vectors at a time, then these with each other.
func (s isa) row(out io.Writer, name string, identity float64, f func(a, b Op) vec) {
	fmt.Fprintf(out, "\n//go:noescape\nfunc %s%s(dst, src unsafe.Pointer, rows, n int)\n", name, s.name)
	s.text(name, "dst, src *byte, rows, n int")
	dst, src, rows := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("rows"), GP64())
	rest := GP64()
	Label("row")
	acc := make([]vec, 4)
	for i := range acc {
		acc[i] = s.float(identity)
	}
	Load(Param("n"), rest)
	for _, count := range []int{4, 1} {
		loop, done := fmt.Sprintf("loop%d", count), fmt.Sprintf("done%d", count)
		SUBQ(U32(uint32(count*s.lanes)), rest)
		JL(LabelRef(done))
		Label(loop)
		for u := range count {
			VMOVAPS(f(acc[u], s.load(Mem{Base: src, Disp: u * s.bytes()}, nil)), acc[u])
		}
		ADDQ(U32(uint32(count*s.bytes())), src)
		SUBQ(U32(uint32(count*s.lanes)), rest)
		JGE(LabelRef(loop))
		Label(done)
		ADDQ(U32(uint32(count*s.lanes)), rest)
	}
	JZ(LabelRef("combine"))
	m := s.tail(rest)
	v := s.blend(m, s.load(Mem{Base: src}, m), s.float(identity))
	VMOVAPS(f(acc[1], v), acc[1])
	LEAQ(Mem{Base: src, Index: rest, Scale: 4}, src)
	Label("combine")
	total := f(f(acc[0], acc[1]), f(acc[2], acc[3]))
	VMOVSS(s.across(total, f), Mem{Base: dst})
	ADDQ(Imm(4), dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// across combines the lanes of v; the result is in lane 0.
func (s isa) across(v vec, f func(a, b Op) vec) reg.Register {
	swapped := func() vec { return s.vec() }
	if s.wide() {
		d := swapped()
		VSHUFF32X4(Imm(0x4e), v, v, d) // halves of 256 bits
		v = f(v, d)
		d = swapped()
		VSHUFF32X4(Imm(0xb1), v, v, d) // quarters
		v = f(v, d)
	} else {
		d := swapped()
		VPERM2F128(Imm(1), v, v, d)
		v = f(v, d)
	}
	for _, order := range []uint64{0x4e, 0xb1} { // within 128 bits
		d := swapped()
		VPERMILPS(Imm(order), v, d)
		v = f(v, d)
	}
	return v.AsX()
}

// splat repeats one element for each row.
func (s isa) splat(out io.Writer) {
	fmt.Fprintf(out, "\n//go:noescape\nfunc splat%s(dst, src unsafe.Pointer, rows, n, stride int)\n", s.name)
	s.text("splat", "dst, src *byte, rows, n, stride int")
	dst, src, rows := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("rows"), GP64())
	stride, n := Load(Param("stride"), GP64()), Load(Param("n"), GP64())
	SHLQ(Imm(2), stride)
	part, rest := GP64(), GP64()
	MOVQ(n, part)
	ANDQ(I32(int32(s.lanes-1)), part)
	m := s.tail(part)
	Label("row")
	v := s.vec()
	VBROADCASTSS(Mem{Base: src}, v)
	ADDQ(stride, src)
	MOVQ(n, rest)
	SUBQ(I32(int32(s.lanes)), rest)
	JL(LabelRef("tail"))
	Label("loop")
	VMOVUPS(v, Mem{Base: dst})
	ADDQ(I32(int32(s.bytes())), dst)
	SUBQ(I32(int32(s.lanes)), rest)
	JGE(LabelRef("loop"))
	Label("tail")
	TESTQ(part, part)
	JZ(LabelRef("next"))
	s.store(v, Mem{Base: dst}, m)
	LEAQ(Mem{Base: dst, Index: part, Scale: 4}, dst)
	Label("next")
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// repeat writes the same row again and again: for each vector of it, down all rows.
func (s isa) repeat(out io.Writer) {
	fmt.Fprintf(out, "\n//go:noescape\nfunc repeat%s(dst, src unsafe.Pointer, rows, n int)\n", s.name)
	s.text("repeat", "dst, src *byte, rows, n int")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	stride, at, rows := GP64(), GP64(), GP64()
	MOVQ(n, stride)
	SHLQ(Imm(2), stride)
	column := func(name string, m mask) {
		v := s.load(Mem{Base: src}, m)
		MOVQ(dst, at)
		Load(Param("rows"), rows)
		Label(name)
		s.store(v, Mem{Base: at}, m)
		ADDQ(stride, at)
		DECQ(rows)
		JNZ(LabelRef(name))
	}
	SUBQ(I32(int32(s.lanes)), n)
	JL(LabelRef("tail"))
	Label("loop")
	column("whole", nil)
	ADDQ(I32(int32(s.bytes())), src)
	ADDQ(I32(int32(s.bytes())), dst)
	SUBQ(I32(int32(s.lanes)), n)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(I32(int32(s.lanes)), n)
	JZ(LabelRef("end"))
	column("part", s.tail(n))
	Label("end")
	VZEROUPPER()
	RET()
}

// bools writes the conversions from and to bytes, for multiples of 16 elements.
func (s isa) bools(out io.Writer) {
	for _, name := range []string{"fromBool", "toBool"} {
		fmt.Fprintf(out, "\n//go:noescape\nfunc %s%s(dst, src unsafe.Pointer, n int)\n", name, s.name)
		s.text(name, "dst, src *byte, n int")
		dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
		Label("loop")
		if name == "fromBool" {
			s.fromBytes(dst, src)
		} else {
			s.toBytes(dst, src)
		}
		SUBQ(I32(int32(s.lanes)), n)
		JG(LabelRef("loop"))
		VZEROUPPER()
		RET()
	}
}

func (s isa) fromBytes(dst, src reg.Register) {
	v := s.vec()
	VPMOVZXBD(Mem{Base: src}, v)
	VCVTDQ2PS(v, v)
	VMOVUPS(v, Mem{Base: dst})
	ADDQ(I32(int32(s.lanes)), src)
	ADDQ(I32(int32(s.bytes())), dst)
}

func (s isa) toBytes(dst, src reg.Register) {
	truth := s.keep(s.cmp(neOrNaN, s.load(Mem{Base: src}, nil), s.zero()), s.bits(1))
	if s.wide() {
		VPMOVDB(truth, Mem{Base: dst})
	} else {
		low, high := truth.AsX(), XMM()
		VEXTRACTF128(Imm(1), truth, high)
		VPACKSSDW(high, low, low)
		VPACKSSWB(low, low, low)
		VMOVQ(low, Mem{Base: dst})
	}
	ADDQ(I32(int32(s.bytes())), src)
	ADDQ(I32(int32(s.lanes)), dst)
}

// transpose writes the routine that turns 8 rows into 8 columns, for both instruction sets.
func transpose(out io.Writer) {
	fmt.Fprint(out, "\n// transpose8 sets dst[i*dstStride+j] = src[j*srcStride+i] for j < 8, i < 8*blocks.\n//\n//go:noescape\nfunc transpose8(dst, src unsafe.Pointer, blocks, dstStride, srcStride int)\n")
	TEXT("transpose8", NOSPLIT, "func(dst, src *byte, blocks, dstStride, srcStride int)")
	dst, src, blocks := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("blocks"), GP64())
	to, from := newStride("dstStride"), newStride("srcStride")
	Label("block")
	// Register i of low has the first four elements of rows i and i+4, of high the next four.
	var low, high [4]vec
	half := GP64()
	LEAQ(Mem{Base: src, Index: from.one, Scale: 4}, half)
	for i := range 4 {
		low[i], high[i] = YMM(), YMM()
		VMOVUPS(from.row(src, i), low[i].AsX())
		VINSERTF128(Imm(1), from.row(half, i), low[i], low[i])
		VMOVUPS(from.row(src, i).Offset(16), high[i].AsX())
		VINSERTF128(Imm(1), from.row(half, i).Offset(16), high[i], high[i])
	}
	for _, r := range [][4]vec{low, high} {
		for i, column := range columns(r) {
			VMOVUPS(column, to.row(dst, i))
		}
		LEAQ(Mem{Base: dst, Index: to.one, Scale: 4}, dst)
	}
	ADDQ(Imm(32), src)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// columns transposes 4x4 elements in both halves.
func columns(r [4]vec) [4]vec {
	op := func(ins func(...Op), a, b vec) vec {
		d := YMM()
		ins(b, a, d)
		return d
	}
	even, odd := op(VUNPCKLPS, r[0], r[1]), op(VUNPCKHPS, r[0], r[1])
	even2, odd2 := op(VUNPCKLPS, r[2], r[3]), op(VUNPCKHPS, r[2], r[3])
	return [4]vec{op(VUNPCKLPD, even, even2), op(VUNPCKHPD, even, even2), op(VUNPCKLPD, odd, odd2), op(VUNPCKHPD, odd, odd2)}
}

// stride is the distance between rows in bytes, once and three times.
type stride struct{ one, three reg.Register }

func newStride(param string) stride {
	st := stride{Load(Param(param), GP64()), GP64()}
	SHLQ(Imm(2), st.one)
	LEAQ(Mem{Base: st.one, Index: st.one, Scale: 2}, st.three)
	return st
}

func (st stride) row(base reg.Register, i int) Mem {
	switch i {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: st.three, Scale: 1}
	}
	return Mem{Base: base, Index: st.one, Scale: uint8(i)}
}
