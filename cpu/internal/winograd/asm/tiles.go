package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of winograd.tile, in bytes.
const (
	tileRow   = 0  // [6]int
	tileMask  = 48 // [6]int
	tileCols  = 96
	tileLeft  = 104
	tilePixel = 112
)

// grid walks the values between the two passes: live[i][j].
type grid map[[2]int]reg.VecVirtual

func (g grid) source(f func(k int) [2]int) source {
	return func(k int) reg.VecVirtual { return g[f(k)] }
}

// scatter generates a transform from the pixels of a tile (n x n) to 36 frequencies: B^T d B of the
// input (n = 6) or A d A^T of the gradient (n = 4). One call does chunks vectors of channels.
func (v isa) scatter(name string, n int, t oneD, names ...string) {
	TEXT(name+v.name, NOSPLIT, "func(dst *float32, stride int, src *float32, t *int, chunks int)")
	Pragma("noescape")
	Doc(name + v.name + " transforms one tile, chunks vectors of channels, to 36 frequencies stride floats apart.")

	c, table := v.consts(names...), v.table()
	t0 := Load(Param("t"), GP64())
	src := Load(Param("src"), GP64())
	row, mask := v.tileRows(t0, src, n)
	cols, pixel := field(t0, tileCols), field(t0, tilePixel)
	dst, stride := Load(Param("dst"), GP64()), bytesOf("stride")

	Label("chunk")
	for _, group := range v.groups.input {
		mid := grid{}
		col := GP64()
		MOVQ(Mem{Base: t0, Disp: tileLeft}, col)
		for j := range n {
			v.column(mid, group, j, cols, func(in source) {
				t(v, c, in, group, func(i int, r reg.VecVirtual) { mid[[2]int{i, j}] = r })
			}, func(i int) reg.VecVirtual {
				return v.loadMasked(Mem{Base: row[i], Index: col, Scale: 4}, mask[i], table)
			})
			if j < n-1 {
				ADDQ(pixel, col)
			}
		}
		for _, i := range group {
			p := GP64()
			IMUL3Q(Imm(uint64(6*i)), stride, p)
			ADDQ(dst, p)
			v.inOrder(t, c, mid.source(func(j int) [2]int { return [2]int{i, j} }), p, stride)
		}
	}
	for _, r := range row {
		ADDQ(Imm(uint64(v.bytes())), r)
	}
	ADDQ(Imm(uint64(v.bytes())), dst)
	v.endLoop("chunks", "chunk")
}

// field reads a field of a tile.
func field(t reg.Register, offset int) reg.Register {
	r := GP64()
	MOVQ(Mem{Base: t, Disp: offset}, r)
	return r
}

// column runs the first pass over column j, or makes zeros where the column lies outside the image.
func (v isa) column(mid grid, group []int, j int, cols reg.Register, pass func(source), load source) {
	outside, done := label("outside"), label("inside")
	BTQ(Imm(uint64(j)), cols)
	JCC(LabelRef(outside))
	pass(lazy(load))
	JMP(LabelRef(done))
	Label(outside)
	for _, i := range group {
		VXORPS(mid[[2]int{i, j}], mid[[2]int{i, j}], mid[[2]int{i, j}])
	}
	Label(done)
}

// inOrder runs the second pass and stores the six results stride bytes apart.
func (v isa) inOrder(t oneD, c consts, in source, p, stride reg.Register) {
	s3, s5 := GP64(), GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, s3)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, s5)
	t(v, c, in, []int{0, 1, 2, 3, 4, 5}, func(i int, r reg.VecVirtual) {
		VMOVUPS(r, multiple(p, stride, s3, s5, i))
	})
}

// multiple addresses p + i strides, i in [0, 6).
func multiple(p, s1, s3, s5 reg.Register, i int) Mem {
	switch i {
	case 0:
		return Mem{Base: p}
	case 3:
		return Mem{Base: p, Index: s3, Scale: 1}
	case 5:
		return Mem{Base: p, Index: s5, Scale: 1}
	}
	return Mem{Base: p, Index: s1, Scale: uint8(i)}
}

// tileRows loads the row pointers and row masks of a tile whose image starts at base.
func (v isa) tileRows(t, base reg.Register, n int) (row []reg.Register, mask []laneMask) {
	for i := range n {
		r := GP64()
		MOVQ(Mem{Base: t, Disp: tileRow + 8*i}, r)
		LEAQ(Mem{Base: base, Index: r, Scale: 4}, r)
		row = append(row, r)
		mask = append(mask, v.loadMask(Mem{Base: t, Disp: tileMask + 8*i}))
	}
	return row, mask
}

// endLoop closes a loop that counts a parameter down, and the function.
func (v isa) endLoop(param, start string) {
	n, err := Param(param).Resolve()
	check(err)
	DECQ(n.Addr)
	JNE(LabelRef(start))
	VZEROUPPER()
	RET()
}

// gather generates A^T m A: 36 frequencies back to the 4 x 4 pixels of a tile.
func (v isa) gather() {
	TEXT("output"+v.name, NOSPLIT, "func(dst *float32, t *int, src *float32, stride, chunks int)")
	Pragma("noescape")
	Doc("output" + v.name + " transforms 36 frequencies, stride floats apart, to the pixels of one tile.")

	c, table := v.consts("a", "b", "a2", "b2", "a3", "b3"), v.table()
	t0 := Load(Param("t"), GP64())
	dst := Load(Param("dst"), GP64())
	row, mask := v.tileRows(t0, dst, 4)
	cols, pixel := field(t0, tileCols), field(t0, tilePixel)
	src, stride := Load(Param("src"), GP64()), bytesOf("stride")

	Label("chunk")
	for _, group := range v.groups.output {
		mid := v.firstPass(outputAT, c, group, src, stride)
		col := GP64()
		for _, j := range group {
			skip := label("outside")
			BTQ(Imm(uint64(j)), cols)
			JCC(LabelRef(skip))
			IMUL3Q(Imm(uint64(j)), pixel, col)
			ADDQ(Mem{Base: t0, Disp: tileLeft}, col)
			outputAT(v, c, mid.source(func(i int) [2]int { return [2]int{i, j} }), []int{0, 1, 2, 3},
				func(i int, r reg.VecVirtual) {
					v.storeMasked(r, Mem{Base: row[i], Index: col, Scale: 4}, mask[i], table)
				})
			Label(skip)
		}
	}
	for _, r := range row {
		ADDQ(Imm(uint64(v.bytes())), r)
	}
	ADDQ(Imm(uint64(v.bytes())), src)
	v.endLoop("chunks", "chunk")
}

// firstPass loads 36 frequencies row by row and transforms each row to the outputs in group.
func (v isa) firstPass(t oneD, c consts, group []int, src, stride reg.Register) grid {
	mid := grid{}
	p, s3, s5 := GP64(), GP64(), GP64()
	MOVQ(src, p)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, s3)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, s5)
	for i := range 6 {
		load := lazy(func(j int) reg.VecVirtual { return v.load(multiple(p, stride, s3, s5, j)) })
		t(v, c, load, group, func(j int, r reg.VecVirtual) { mid[[2]int{i, j}] = r })
		if i < 5 {
			LEAQ(Mem{Base: p, Index: s3, Scale: 2}, p)
		}
	}
	return mid
}
