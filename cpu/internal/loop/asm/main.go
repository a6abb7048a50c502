// Command asm generates the amd64 vector routines of package loop, and the tables of them. Run it by go generate there.
//
// Every routine exists for AVX-512 (suffix Z) and for AVX2 with FMA (suffix Y). What they compute is written once, in
// ops.go and math.go, on top of the type isa.
package main

import (
	"fmt"
	"math"
	"os"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set.
type isa struct {
	name  string // suffix of the routines
	lanes int    // float32 in a vector
}

var (
	avx512 = isa{"Z", 16}
	avx2   = isa{"Y", 8}
)

// mask is a mask register for AVX-512, a vector of all ones or zeros for AVX2.
type mask = reg.Register

func (s isa) wide() bool { return s.lanes == 16 }

func (s isa) bytes() int { return 4 * s.lanes }

// vec allocates a vector register.
func (s isa) vec() reg.VecVirtual {
	if s.wide() {
		return ZMM()
	}
	return YMM()
}

// constants are the names of the constants that are in memory already.
var constants = map[uint32]Mem{}

// memory is the place of a constant: eight copies, for operands that broadcast by themselves in AVX-512 only.
func memory(bits uint32) Mem {
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("c%08x", bits), RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(bits))
		}
		constants[bits] = m
	}
	return m
}

// bits loads a constant into a register.
func (s isa) bits(b uint32) reg.VecVirtual {
	v := s.vec()
	VBROADCASTSS(memory(b), v)
	return v
}

func (s isa) float(f float64) reg.VecVirtual { return s.bits(math.Float32bits(float32(f))) }

// op returns d = ins(a, b), for the instructions that compute b op a in the assembler's order.
func (s isa) op(ins func(...Op), a, b Op) reg.VecVirtual {
	d := s.vec()
	ins(a, b, d)
	return d
}

// opConst is op with a constant as a.
func (s isa) opConst(ins, broadcast func(...Op), f float64, b Op) reg.VecVirtual {
	if s.wide() {
		ins = broadcast
	}
	return s.op(ins, memory(math.Float32bits(float32(f))), b)
}

func (s isa) add(a, b Op) reg.VecVirtual { return s.op(VADDPS, b, a) }
func (s isa) sub(a, b Op) reg.VecVirtual { return s.op(VSUBPS, b, a) }
func (s isa) mul(a, b Op) reg.VecVirtual { return s.op(VMULPS, b, a) }
func (s isa) div(a, b Op) reg.VecVirtual { return s.op(VDIVPS, b, a) }
func (s isa) and(a, b Op) reg.VecVirtual { return s.op(VANDPS, b, a) }
func (s isa) or(a, b Op) reg.VecVirtual  { return s.op(VORPS, b, a) }

func (s isa) addConst(a Op, f float64) reg.VecVirtual { return s.opConst(VADDPS, VADDPS_BCST, f, a) }
func (s isa) mulConst(a Op, f float64) reg.VecVirtual { return s.opConst(VMULPS, VMULPS_BCST, f, a) }

// atMost and atLeast clamp a; NaN stays.
func (s isa) atMost(a Op, f float64) reg.VecVirtual  { return s.op(VMINPS, a, s.float(f)) }
func (s isa) atLeast(a Op, f float64) reg.VecVirtual { return s.op(VMAXPS, a, s.float(f)) }

// horner computes ((... c[n-1]*x + c[n-2])*x + ...)*x + c[0].
func (s isa) horner(x Op, c ...float64) reg.VecVirtual {
	p := s.float(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		m := memory(math.Float32bits(float32(c[i])))
		if s.wide() {
			VFMADD213PS_BCST(m, x, p)
		} else {
			VFMADD213PS(m, x, p)
		}
	}
	return p
}

// reduceBy subtracts k*c from x, exactly but for one rounding.
func (s isa) reduceBy(x reg.VecVirtual, k Op, c float64) {
	if m := memory(math.Float32bits(float32(c))); s.wide() {
		VFNMADD231PS_BCST(m, k, x)
	} else {
		VFNMADD231PS(m, k, x)
	}
}

const (
	down    = 9 // rounding modes, without exceptions
	up      = 10
	nearest = 8
)

func (s isa) round(mode int, a Op) reg.VecVirtual {
	d := s.vec()
	if s.wide() {
		VRNDSCALEPS(Imm(uint64(mode)), a, d)
	} else {
		VROUNDPS(Imm(uint64(mode)), a, d)
	}
	return d
}

// Predicates of cmp. All are quiet; NaN makes them false unless the name says otherwise.
const (
	eq        = 0
	unordered = 3
	neOrNaN   = 4
	eqOrNaN   = 8
	lt        = 17
	le        = 18
	ge        = 29
	gt        = 30
	notLt     = 5 // or NaN
)

// cmp compares a with b.
func (s isa) cmp(predicate int, a, b Op) mask {
	if s.wide() {
		k := K()
		VCMPPS(Imm(uint64(predicate)), b, a, k)
		return k
	}
	m := YMM()
	VCMPPS(Imm(uint64(predicate)), b, a, m)
	return m
}

// blend is a where m is set and b elsewhere.
func (s isa) blend(m mask, a, b Op) reg.VecVirtual {
	d := s.vec()
	if s.wide() {
		VBLENDMPS(a, b, m, d)
	} else {
		VBLENDVPS(m, a, b, d)
	}
	return d
}

// keep is a where m is set and 0 elsewhere.
func (s isa) keep(m mask, a Op) reg.VecVirtual {
	if !s.wide() {
		return s.and(m, a)
	}
	d := s.vec()
	VMOVAPS_Z(a, m, d)
	return d
}

// tail makes the mask of the first n lanes.
func (s isa) tail(n reg.Register) mask {
	if s.wide() {
		ones := GP64()
		MOVQ(I32(-1), ones)
		BZHIQ(n, ones, ones)
		k := K()
		KMOVW(ones.As32(), k)
		return k
	}
	at := GP64()
	LEAQ(tailTable(), at)
	back := GP64()
	MOVQ(n, back)
	NEGQ(back)
	m := YMM()
	VMOVUPS(Mem{Base: at, Index: back, Scale: 4, Disp: 32}, m)
	return m
}

var tailMem Mem

// tailTable is eight times all ones, then eight times zero.
func tailTable() Mem {
	if tailMem.Symbol.Name == "" {
		tailMem = GLOBL("tail", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(map[bool]uint32{true: 0xffffffff}[i < 8]))
		}
	}
	return tailMem
}

// load reads a vector, or if m is set the lanes of m, with 0 in the others.
func (s isa) load(from Mem, m mask) reg.VecVirtual {
	v := s.vec()
	switch {
	case m == nil:
		VMOVUPS(from, v)
	case s.wide():
		VMOVUPS_Z(from, m, v)
	default:
		VMASKMOVPS(from, m, v)
	}
	return v
}

func (s isa) store(v Op, to Mem, m mask) {
	switch {
	case m == nil:
		VMOVUPS(v, to)
	case s.wide():
		VMOVUPS(v, m, to)
	default:
		VMASKMOVPS(v, m, to)
	}
}

// text begins a routine.
func (s isa) text(name, signature string) {
	TEXT(name+s.name, NOSPLIT, "func("+signature+")")
}

func main() {
	var out strings.Builder
	out.WriteString("// Code generated by asm. DO NOT EDIT.\n\n//go:build amd64 && !purego\n\npackage loop\n\nimport \"unsafe\"\n")
	ConstraintExpr("amd64,!purego")
	for _, s := range []isa{avx512, avx2} {
		s.vectors(&out)
		s.rows(&out)
		s.splat(&out)
		s.repeat(&out)
		s.bools(&out)
	}
	transpose(&out)
	if err := os.WriteFile("../kernels_amd64.go", []byte(out.String()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	Generate()
}
