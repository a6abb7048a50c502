package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dots emits the kernel for nc columns: each lane sums its own part of k, and the lanes are added at the end.
func (v isa) dots(nc int) {
	name := fmt.Sprintf("dots%s%dx%d", v.name, v.dotMR, nc)
	text(name, "func(a, zero *float32, taps *int32, ntaps int, b *float32, ldb int, c *float32, coff *int32)",
		fmt.Sprintf("%s is a dotsFunc for %d columns.", name, nc))
	mr := v.dotMR
	row := []reg.Register{reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI}[:mr]
	b, ldb, ldb3, k, taps, ntaps, t := reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R15
	acc := func(i, j int) reg.VecPhysical { return v.vec(i*nc + j) }
	last := v.vec(15)
	if v.lanes == 16 {
		last = v.vec(31)
	}
	bv := func(j int) reg.VecPhysical { return v.vec(mr*nc + j) }
	for i := range mr * nc {
		clearVector(v.vec(i))
	}
	Load(Param("taps"), taps)
	Load(Param("ntaps"), ntaps)
	Load(Param("ldb"), ldb)
	SHLQ(Imm(2), ldb)
	LEAQ(Mem{Base: ldb, Index: ldb, Scale: 2}, ldb3)
	column := func(j int) Mem {
		switch j {
		case 0:
			return Mem{Base: b}
		case 3:
			return Mem{Base: b, Index: ldb3, Scale: 1}
		}
		return Mem{Base: b, Index: ldb, Scale: uint8(j)}
	}
	multiply := func(load func(m Mem, r reg.VecPhysical)) {
		for j := range nc {
			load(column(j), bv(j))
		}
		for i := range row {
			load(Mem{Base: row[i]}, last)
			for j := range nc {
				VFMADD231PS(bv(j), last, acc(i, j))
			}
		}
	}

	Label("tap")
	SUBQ(Imm(1), ntaps)
	JLT(LabelRef("done"))
	Load(Param("a"), b)
	for i, r := range row {
		MOVLQSX(Mem{Base: taps, Disp: 4 + 4*i}, r)
		TESTQ(r, r)
		LEAQ(Mem{Base: b, Index: r, Scale: 4}, r)
		CMOVQLT(NewParamAddr("zero", 8), r)
	}
	MOVLQSX(Mem{Base: taps}, t)
	Load(Param("b"), b)
	LEAQ(Mem{Base: b, Index: t, Scale: 4}, b)
	MOVLQSX(Mem{Base: taps, Disp: 4 * (v.record - 1)}, k)
	ADDQ(Imm(uint64(4*v.record)), taps)
	SUBQ(Imm(uint64(v.lanes)), k)
	JLT(LabelRef("tail"))
	Label("loop")
	multiply(func(m Mem, r reg.VecPhysical) { VMOVUPS(m, r) })
	for _, r := range row {
		ADDQ(Imm(uint64(4*v.lanes)), r)
	}
	ADDQ(Imm(uint64(4*v.lanes)), b)
	SUBQ(Imm(uint64(v.lanes)), k)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(uint64(v.lanes)), k)
	JZ(LabelRef("tap"))
	if v.lanes == 16 {
		MOVQ(I32(-1), t)
		BZHIQ(k, t, t)
		KMOVW(t.As32(), reg.K1)
		multiply(func(m Mem, r reg.VecPhysical) { VMOVUPS_Z(m, reg.K1, r) })
	} else {
		NEGQ(k)
		LEAQ(Mem{Symbol: Symbol{Name: masks, Static: true}, Base: reg.StaticBase, Disp: 32}, t)
		multiply(func(m Mem, r reg.VecPhysical) {
			VMOVUPS(Mem{Base: t, Index: k, Scale: 4}, r)
			VMASKMOVPS(m, r, r)
		})
	}
	JMP(LabelRef("tap"))

	Label("done")
	Load(Param("c"), b)
	Load(Param("coff"), t)
	for i := range mr {
		MOVLQSX(Mem{Base: t, Disp: 4 * i}, k)
		for j := range nc {
			v.sumLanes(i*nc + j)
			VMOVSS(xmm(i*nc+j), Mem{Base: b, Index: k, Scale: 4, Disp: 4 * j})
		}
	}
	VZEROUPPER()
	RET()
}

// sumLanes adds all lanes of register i into its first one, halving in a fixed order.
func (v isa) sumLanes(i int) {
	// Only the first 16 registers exist without AVX-512; the scratch register is the one of the A values.
	if v.lanes == 16 {
		VEXTRACTF64X4(Imm(1), v.vec(i), reg.Y31)
		VADDPS(reg.Y31, ymmHigh(i), ymmHigh(i))
		VEXTRACTF32X4(Imm(1), ymmHigh(i), reg.X31)
		VADDPS(reg.X31, xmm(i), xmm(i))
		VPERMILPS(Imm(0x4e), xmm(i), reg.X31)
		VADDPS(reg.X31, xmm(i), xmm(i))
		VPERMILPS(Imm(0xb1), xmm(i), reg.X31)
		VADDPS(reg.X31, xmm(i), xmm(i))
		return
	}
	VEXTRACTF128(Imm(1), v.vec(i), reg.X15)
	VADDPS(reg.X15, xmm(i), xmm(i))
	VPERMILPS(Imm(0x4e), xmm(i), reg.X15)
	VADDPS(reg.X15, xmm(i), xmm(i))
	VPERMILPS(Imm(0xb1), xmm(i), reg.X15)
	VADDPS(reg.X15, xmm(i), xmm(i))
}

// ymmHigh is the 256-bit register i of the 32 that AVX-512VL has.
func ymmHigh(i int) reg.VecPhysical { return zmm(i).AsY().(reg.VecPhysical) }

// transpose emits an 8 x 8 block transposition, repeated along the source's rows.
func transpose() {
	text("transposeAVX2", "func(dst *float32, ldd int, src *float32, lds, blocks int)",
		"transposeAVX2 writes 8 rows of 8*blocks float32s, rows lds apart, as 8*blocks rows of 8, ldd apart.")
	dst, ldd, src, lds, n := reg.RDI, reg.R8, reg.RSI, reg.R9, reg.RCX
	ldd3, lds3, src4 := reg.R10, reg.R11, reg.RDX
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("blocks"), n)
	Load(Param("ldd"), ldd)
	SHLQ(Imm(2), ldd)
	LEAQ(Mem{Base: ldd, Index: ldd, Scale: 2}, ldd3)
	Load(Param("lds"), lds)
	SHLQ(Imm(2), lds)
	LEAQ(Mem{Base: lds, Index: lds, Scale: 2}, lds3)
	y := ymm
	four := func(base, ld, ld3 reg.Register, i int) Mem {
		switch i {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: ld3, Scale: 1}
		}
		return Mem{Base: base, Index: ld, Scale: uint8(i)}
	}
	Label("loop")
	LEAQ(Mem{Base: src, Index: lds, Scale: 4}, src4)
	for i := range 4 { // register i: the first halves of rows i and i+4; register 4+i: the second halves
		VMOVUPS(four(src, lds, lds3, i).Offset(0), xmm(i))
		VINSERTF128(Imm(1), four(src4, lds, lds3, i), y(i), y(i))
		VMOVUPS(four(src, lds, lds3, i).Offset(16), xmm(4+i))
		VINSERTF128(Imm(1), four(src4, lds, lds3, i).Offset(16), y(4+i), y(4+i))
	}
	for h := range 2 { // columns 4h to 4h+3
		r := func(i int) reg.VecPhysical { return y(4*h + i) }
		VUNPCKLPS(r(1), r(0), y(8))
		VUNPCKHPS(r(1), r(0), y(9))
		VUNPCKLPS(r(3), r(2), y(10))
		VUNPCKHPS(r(3), r(2), y(11))
		VUNPCKLPD(y(10), y(8), r(0))
		VUNPCKHPD(y(10), y(8), r(1))
		VUNPCKLPD(y(11), y(9), r(2))
		VUNPCKHPD(y(11), y(9), r(3))
		for i := range 4 {
			VMOVUPS(r(i), four(dst, ldd, ldd3, i))
		}
		LEAQ(Mem{Base: dst, Index: ldd, Scale: 4}, dst)
	}
	ADDQ(Imm(32), src)
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
