package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// taps says how both weight functions read and write the taps of a kernel: only the lanes of mask.
type taps struct {
	table reg.Register
	mask  laneMask
}

func (v isa) taps() taps {
	m, err := Param("mask").Resolve()
	check(err)
	return taps{v.table(), v.loadMask(m.Addr)}
}

// tap addresses tap (i, j) of a 3x3 kernel whose row i starts at p[i].
func tap(p [3]reg.Register, s1 reg.Register, i, j int) Mem {
	if j == 0 {
		return Mem{Base: p[i]}
	}
	return Mem{Base: p[i], Index: s1, Scale: uint8(j)}
}

// tapRows returns pointers to the three rows of a 3x3 kernel.
func tapRows(p, s1 reg.Register) (row [3]reg.Register) {
	row[0] = p
	for i := 1; i < 3; i++ {
		r := GP64()
		LEAQ(Mem{Base: row[i-1], Index: s1, Scale: 2}, r)
		ADDQ(s1, r)
		row[i] = r
	}
	return row
}

// filter generates U = G g G^T for a run of input channels and one vector of output channels.
func (v isa) filter() {
	TEXT("filter"+v.name, NOSPLIT, "func(dst *float32, stride, ldd int, src *float32, tap, lds, rows int, mask int)")
	Pragma("noescape")
	Doc("filter" + v.name + " transforms rows kernels, one vector each, to 36 frequencies stride floats apart.")

	c, tp := v.consts("k0", "ka", "ka1", "ka2", "kb", "kb1", "kb2"), v.taps()
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	stride, s1 := bytesOf("stride"), bytesOf("tap")

	Label("row")
	for _, group := range v.groups.filter {
		mid := grid{}
		row := tapRows(src, s1)
		for j := range 3 {
			load := lazy(func(i int) reg.VecVirtual { return v.loadMasked(tap(row, s1, i, j), tp.mask, tp.table) })
			filterG(v, c, load, group, func(i int, r reg.VecVirtual) { mid[[2]int{i, j}] = r })
		}
		for _, i := range group {
			p := GP64()
			IMUL3Q(Imm(uint64(6*i)), stride, p)
			ADDQ(dst, p)
			v.inOrder(filterG, c, mid.source(func(j int) [2]int { return [2]int{i, j} }), p, stride)
		}
	}
	ADDQ(bytesOf("ldd"), dst)
	ADDQ(bytesOf("lds"), src)
	v.endLoop("rows", "row")
}

// weight generates dw = G^T m G for a run of input channels and one vector of output channels.
func (v isa) weight() {
	TEXT("weight"+v.name, NOSPLIT, "func(dst *float32, tap, ldd int, src *float32, stride, lds, rows int, mask, acc int)")
	Pragma("noescape")
	Doc("weight" + v.name + " transforms 36 frequencies, stride floats apart, to rows 3x3 kernels, one vector each.")

	c, tp := v.consts("k0", "ka", "ka1", "ka2", "kb", "kb1", "kb2"), v.taps()
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	stride, s1 := bytesOf("stride"), bytesOf("tap")
	add, err := Param("acc").Resolve()
	check(err)

	Label("row")
	row := tapRows(dst, s1)
	for _, group := range v.groups.weight {
		mid := v.firstPass(weightGT, c, group, src, stride)
		for _, j := range group {
			weightGT(v, c, mid.source(func(i int) [2]int { return [2]int{i, j} }), []int{0, 1, 2},
				func(i int, r reg.VecVirtual) {
					m := tap(row, s1, i, j)
					over := label("overwrite")
					CMPQ(add.Addr, Imm(0))
					JEQ(LabelRef(over))
					old := v.loadMasked(m, tp.mask, tp.table)
					VADDPS(old, r, r)
					Label(over)
					v.storeMasked(r, m, tp.mask, tp.table)
				})
		}
	}
	ADDQ(bytesOf("ldd"), dst)
	ADDQ(bytesOf("lds"), src)
	v.endLoop("rows", "row")
}

// transpose generates dst[j][i] = src[i][j] for 8x8 blocks: 8 rows of src, blocks of 8 columns.
func transpose() {
	TEXT("transposeAVX", NOSPLIT, "func(dst *float32, ldd int, src *float32, lds, blocks int)")
	Pragma("noescape")
	Doc("transposeAVX writes 8 rows of src, 8*blocks columns, as columns of dst.")

	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	ldd, lds := bytesOf("ldd"), bytesOf("lds")
	Label("block")
	var x [8]reg.VecVirtual
	p := GP64()
	MOVQ(src, p)
	for i := range x {
		x[i] = YMM()
		VMOVUPS(Mem{Base: p}, x[i])
		if i < 7 {
			ADDQ(lds, p)
		}
	}
	transpose8(&x)
	for i := range x {
		VMOVUPS(x[i], Mem{Base: dst})
		ADDQ(ldd, dst)
	}
	ADDQ(Imm(32), src)
	n, err := Param("blocks").Resolve()
	check(err)
	DECQ(n.Addr)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// transpose8 transposes an 8x8 block in registers: pairs, then quads, then halves.
func transpose8(x *[8]reg.VecVirtual) {
	var t [8]reg.VecVirtual
	for i := 0; i < 8; i += 2 {
		t[i], t[i+1] = YMM(), YMM()
		VUNPCKLPS(x[i+1], x[i], t[i])
		VUNPCKHPS(x[i+1], x[i], t[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 2 {
			lo, hi := YMM(), YMM()
			VSHUFPS(Imm(0x44), t[i+2+j], t[i+j], lo)
			VSHUFPS(Imm(0xee), t[i+2+j], t[i+j], hi)
			x[i+2*j], x[i+2*j+1] = lo, hi
		}
	}
	for i := range 4 {
		lo, hi := YMM(), YMM()
		VPERM2F128(Imm(0x20), x[i+4], x[i], lo)
		VPERM2F128(Imm(0x31), x[i+4], x[i], hi)
		x[i], x[i+4] = lo, hi
	}
}
