package main

import (
	"fmt"
	"io"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type vec = reg.VecVirtual

// routine is the body of a vecFunc: x are the arguments, which it may overwrite.
type routine struct {
	op     string // name of the Op
	args   int
	unroll int
	body   func(s isa, x []vec) vec
}

func unary(op string, unroll int, f func(s isa, a vec) vec) routine {
	return routine{op, 1, unroll, func(s isa, x []vec) vec { return f(s, x[0]) }}
}

func binary(op string, f func(s isa, a, b vec) vec) routine {
	return routine{op, 2, 4, func(s isa, x []vec) vec { return f(s, x[0], x[1]) }}
}

func compare(op string, predicate int) routine {
	return binary(op, func(s isa, a, b vec) vec { return s.keep(s.cmp(predicate, a, b), s.float(1)) })
}

// fused makes a routine of one of the instructions that compute ±a*b ± c in place of c.
func fused(op string, ins func(...Op)) routine {
	return routine{op, 3, 4, func(s isa, x []vec) vec {
		ins(x[0], x[1], x[2])
		return x[2]
	}}
}

var routines = []routine{
	unary("opCopy", 4, func(s isa, a vec) vec { return a }),
	binary("Add", func(s isa, a, b vec) vec { return s.add(a, b) }),
	binary("Sub", func(s isa, a, b vec) vec { return s.sub(a, b) }),
	binary("Mul", func(s isa, a, b vec) vec { return s.mul(a, b) }),
	binary("Div", func(s isa, a, b vec) vec { return s.div(a, b) }),
	binary("Maximum", func(s isa, a, b vec) vec { return s.extreme(VMAXPS, a, b) }),
	binary("Minimum", func(s isa, a, b vec) vec { return s.extreme(VMINPS, a, b) }),
	compare("Eq", eq), compare("Ne", neOrNaN), compare("Lt", lt), compare("Le", le), compare("Gt", gt), compare("Ge", ge),
	fused("FMA", VFMADD231PS), fused("opFMS", VFMSUB231PS), fused("opFNMA", VFNMADD231PS),
	{"Select", 3, 4, func(s isa, x []vec) vec { return s.blend(s.cmp(neOrNaN, x[0], s.zero()), x[1], x[2]) }},
	unary("Abs", 4, func(s isa, a vec) vec { return s.and(a, s.bits(math.MaxInt32)) }),
	unary("Sqrt", 2, func(s isa, a vec) vec { VSQRTPS(a, a); return a }),
	unary("Rsqrt", 2, func(s isa, a vec) vec { VSQRTPS(a, a); return s.div(s.float(1), a) }),
	unary("Sign", 2, func(s isa, a vec) vec {
		one := s.or(s.and(a, s.bits(1<<31)), s.float(1))
		return s.blend(s.cmp(eqOrNaN, a, s.zero()), a, one)
	}),
	unary("IsFinite", 2, func(s isa, a vec) vec {
		return s.keep(s.cmp(lt, s.and(a, s.bits(math.MaxInt32)), s.float(math.Inf(1))), s.float(1))
	}),
	unary("Floor", 4, func(s isa, a vec) vec { return s.round(down, a) }),
	unary("Ceil", 4, func(s isa, a vec) vec { return s.round(up, a) }),
	unary("Round", 4, func(s isa, a vec) vec { return s.round(nearest, a) }),
	unary("Exp", 1, isa.exp),
	unary("Expm1", 1, isa.expm1),
	unary("Log", 1, isa.log),
	unary("Log1p", 1, isa.log1p),
	unary("Tanh", 1, isa.tanh),
	unary("Logistic", 1, isa.logistic),
	unary("Sin", 1, func(s isa, a vec) vec { return s.circular(a, 0) }),
	unary("Cos", 1, func(s isa, a vec) vec { return s.circular(a, 1) }),
	unary("Erf", 1, isa.erf),
}

func (s isa) zero() vec {
	z := s.vec()
	VXORPS(z, z, z)
	return z
}

// extreme is the maximum or minimum. The instruction gives b when either is NaN: put a back where it is NaN.
func (s isa) extreme(ins func(...Op), a, b Op) vec {
	m := s.op(ins, b, a)
	return s.blend(s.cmp(unordered, a, a), a, m)
}

// vectors writes all routines of the type vecFunc, and the table of them.
func (s isa) vectors(out io.Writer) {
	fmt.Fprintf(out, "\n// vec%s are the routines in the order of the operations.\nvar vec%s = [numOps]vecFunc{\n", s.name, s.name)
	for _, r := range routines {
		fmt.Fprintf(out, "%s: vec%s%s,\n", r.op, r.op, s.name)
	}
	fmt.Fprintf(out, "}\n")
	for _, r := range routines {
		fmt.Fprintf(out, "\n//go:noescape\nfunc vec%s%s(dst, a, b, c unsafe.Pointer, broadcast, n int)\n", r.op, s.name)
		s.vector(r)
	}
}

// pointer is an argument of a vecFunc that is being walked through.
type pointer struct {
	at, step, step3 reg.Register // step is the number of bytes from one vector to the next: 0 for a uniform argument
}

// vector writes the loops of a vecFunc: r.unroll vectors at a time, then one, then what is left of one.
func (s isa) vector(r routine) {
	s.text("vec"+r.op, "dst, a, b, c *byte, broadcast, n int")
	dst, n := Load(Param("dst"), GP64()), Load(Param("n"), GP64())
	args := s.pointers(r)
	step := func(count int, m mask) {
		results := make([]vec, count)
		for u := range results {
			x := make([]vec, len(args))
			for i, p := range args {
				x[i] = s.load(p.vector(u), m)
			}
			results[u] = r.body(s, x)
		}
		for u, v := range results {
			s.store(v, Mem{Base: dst, Disp: u * s.bytes()}, m)
		}
		if m == nil {
			ADDQ(U32(uint32(count*s.bytes())), dst)
			for _, p := range args {
				p.advance(count)
			}
		}
	}
	counts := []int{r.unroll, 1}
	if r.unroll == 1 {
		counts = counts[:1]
	}
	for _, count := range counts {
		loop, done := fmt.Sprintf("loop%d", count), fmt.Sprintf("done%d", count)
		SUBQ(U32(uint32(count*s.lanes)), n)
		JL(LabelRef(done))
		Label(loop)
		step(count, nil)
		SUBQ(U32(uint32(count*s.lanes)), n)
		JGE(LabelRef(loop))
		Label(done)
		ADDQ(U32(uint32(count*s.lanes)), n)
	}
	JZ(LabelRef("end"))
	step(1, s.tail(n))
	Label("end")
	VZEROUPPER()
	RET()
}

func (s isa) pointers(r routine) []pointer {
	broadcast := Load(Param("broadcast"), GP64())
	args := make([]pointer, r.args)
	for i := range args {
		p := &args[i]
		p.at, p.step = Load(Param([]string{"a", "b", "c"}[i]), GP64()), GP64()
		MOVQ(broadcast, p.step)
		SHRQ(Imm(uint64(i)), p.step)
		ANDQ(Imm(1), p.step)
		SHLQ(Imm(map[int]uint64{8: 5, 16: 6}[s.lanes]), p.step)
		if r.unroll == 4 {
			p.step3 = GP64()
			LEAQ(Mem{Base: p.step, Index: p.step, Scale: 2}, p.step3)
		}
	}
	return args
}

// vector is where vector u from here is.
func (p pointer) vector(u int) Mem {
	switch u {
	case 0:
		return Mem{Base: p.at}
	case 3:
		return Mem{Base: p.at, Index: p.step3, Scale: 1}
	}
	return Mem{Base: p.at, Index: p.step, Scale: uint8(u)}
}

func (p pointer) advance(count int) {
	if count == 1 {
		ADDQ(p.step, p.at)
	} else {
		LEAQ(Mem{Base: p.at, Index: p.step, Scale: uint8(count)}, p.at)
	}
}
