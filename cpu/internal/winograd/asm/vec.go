package main

import (
	"math"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is one instruction set.
type isa struct {
	name  string
	lanes int // float32s in a vector
	groups
}

// groups cut the outputs of the first one-dimensional pass so that what is live between the two
// passes fits into the registers.
type groups struct{ input, filter, output, weight [][]int }

var avx2 = isa{"AVX2", 8, groups{
	input:  [][]int{{0, 5}, {1, 2}, {3, 4}},
	filter: [][]int{{0, 5}, {1, 2}, {3, 4}},
	output: [][]int{{0, 2}, {1, 3}},
	weight: [][]int{{0, 2}, {1}},
}}

var avx512 = isa{"AVX512", 16, groups{
	input:  [][]int{{0, 5}, {1, 2, 3, 4}},
	filter: [][]int{{0, 1, 2, 3, 4, 5}},
	output: [][]int{{0, 1, 2, 3}},
	weight: [][]int{{0, 1, 2}},
}}

func (v isa) wide() bool { return v.lanes == 16 }

func (v isa) bytes() int { return 4 * v.lanes }

func (v isa) reg() reg.VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

func (v isa) copy(x reg.VecVirtual) reg.VecVirtual {
	r := v.reg()
	VMOVAPS(x, r)
	return r
}

// broadcast reports that coefficient c must be spread over a vector as it is read.
func (v isa) broadcast(c Op) bool { return v.wide() && IsMem(c) }

// fma adds c*x to acc.
func (v isa) fma(acc reg.Register, c Op, x reg.Register) {
	if v.broadcast(c) {
		VFMADD231PS_BCST(c, x, acc)
	} else {
		VFMADD231PS(c, x, acc)
	}
}

// fnma subtracts c*x from acc.
func (v isa) fnma(acc reg.Register, c Op, x reg.Register) {
	if v.broadcast(c) {
		VFNMADD231PS_BCST(c, x, acc)
	} else {
		VFNMADD231PS(c, x, acc)
	}
}

// mulAdd sets x to c*x + y.
func (v isa) mulAdd(x reg.Register, c Op, y reg.Register) {
	if v.broadcast(c) {
		VFMADD132PS_BCST(c, y, x)
	} else {
		VFMADD132PS(c, y, x)
	}
}

// laneMask is what a row of a tile carries to say which lanes are real: a bit mask in a K register
// (AVX-512), or the offset of a vector mask in the table laneTable (AVX2).
type laneMask struct {
	k   reg.Register // AVX-512
	mem Mem          // AVX2: where the offset lies
}

func (v isa) loadMask(m Mem) laneMask {
	if !v.wide() {
		return laneMask{mem: m}
	}
	bits, k := GP64(), K()
	MOVQ(m, bits)
	KMOVW(bits.As32(), k)
	return laneMask{k: k}
}

// vector puts an AVX2 mask into a vector register.
func (m laneMask) vector(table reg.Register) reg.VecVirtual {
	off, r := GP64(), YMM()
	MOVQ(m.mem, off)
	VMOVUPS(Mem{Base: table, Index: off, Scale: 1}, r)
	return r
}

func (v isa) load(src Mem) reg.VecVirtual {
	r := v.reg()
	VMOVUPS(src, r)
	return r
}

// loadMasked reads the lanes of m and sets the others to zero.
func (v isa) loadMasked(src Mem, m laneMask, table reg.Register) reg.VecVirtual {
	r := v.reg()
	if v.wide() {
		VMOVUPS_Z(src, m.k, r)
	} else {
		VMASKMOVPS(src, m.vector(table), r)
	}
	return r
}

// storeMasked writes the lanes of m. Masked stores are slow on older AVX2 machines, so full vectors
// take a branch around them there.
func (v isa) storeMasked(r reg.VecVirtual, dst Mem, m laneMask, table reg.Register) {
	if v.wide() {
		VMOVUPS(r, m.k, dst)
		return
	}
	masked, done := label("masked"), label("stored")
	CMPQ(m.mem, Imm(0))
	JNE(LabelRef(masked))
	VMOVUPS(r, dst)
	JMP(LabelRef(done))
	Label(masked)
	VMASKMOVPS(r, m.vector(table), dst)
	Label(done)
}

// consts are the coefficients of the transforms: registers with AVX-512, memory with AVX2, whose
// 16 registers are needed for data. "sum" and "prod" are the least used and stay in memory.
type consts map[string]Op

// coefficient names and values: see the package comment of winograd for a, b.
const (
	pa = 5.0 / 8
	pb = 3.0 / 2
)

var coefficients = map[string]float64{
	"a": pa, "b": pb, "a2": pa * pa, "b2": pb * pb, "a3": pa * pa * pa, "b3": pb * pb * pb,
	"sum": pa*pa + pb*pb, "prod": pa * pa * pb * pb,
	"k0": k0, "ka": ka, "ka1": ka * pa, "ka2": ka * pa * pa, "kb": kb, "kb1": kb * pb, "kb2": kb * pb * pb,
}

const (
	k0 = 1 / (pa * pa * pb * pb)
	ka = 1 / (2 * pa * pa * (pa*pa - pb*pb))
	kb = 1 / (2 * pb * pb * (pb*pb - pa*pa))
)

// order fixes where each coefficient lies in the table.
var order = []string{"a", "b", "a2", "b2", "a3", "b3", "sum", "prod", "k0", "ka", "ka1", "ka2", "kb", "kb1", "kb2"}

var coefTable, laneTable Mem

// tables writes the read-only data: every coefficient eight times, and eight all-ones lanes
// followed by eight zero lanes.
func tables() {
	coefTable = GLOBL("coefficients", RODATA|NOPTR)
	for i, name := range order {
		for j := range 8 {
			DATA(32*i+4*j, U32(math.Float32bits(float32(coefficients[name]))))
		}
	}
	laneTable = GLOBL("lanes", RODATA|NOPTR)
	for i := range 16 {
		var ones uint32
		if i < 8 {
			ones = math.MaxUint32
		}
		DATA(4*i, U32(ones))
	}
}

func (v isa) consts(names ...string) consts {
	c := consts{}
	for _, name := range names {
		for i, o := range order {
			if o != name {
				continue
			}
			m := coefTable.Offset(32 * i)
			if !v.wide() || name == "sum" || name == "prod" {
				c[name] = m
				continue
			}
			r := v.reg()
			VBROADCASTSS(m, r)
			c[name] = r
		}
	}
	return c
}

// table returns the address of the lane masks, which only AVX2 needs.
func (v isa) table() reg.Register {
	if v.wide() {
		return nil
	}
	r := GP64()
	LEAQ(laneTable, r)
	return r
}

var labels int

func label(name string) string {
	labels++
	return name + strconv.Itoa(labels)
}

// bytesOf loads a parameter that counts float32s and turns it into bytes.
func bytesOf(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	SHLQ(Imm(2), r)
	return r
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
