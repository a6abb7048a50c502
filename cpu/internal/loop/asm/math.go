package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The polynomials are minimax fits of our own (weighted least squares, reweighted until the errors level out) in the
// variables and on the intervals given; the relative error of each in exact arithmetic is below 1e-8.

// split cuts a constant into a part with few bits, whose product with a small integer is exact, and the rest.
const (
	ln2High = 0.693359375 // 355/512
	ln2Low  = math.Ln2 - ln2High
)

// expm1Of reduces x: e^x = 2^n (1 + p) with integral n; p = e^r - 1 for |r| <= ln(2)/2.
func (s isa) expm1Of(x vec) (n, p vec) {
	n = s.round(nearest, s.mulConst(x, math.Log2E))
	s.reduceBy(x, n, ln2High)
	s.reduceBy(x, n, ln2Low)
	q := s.horner(x, 0.5, 0.16666512191295624, 0.0416661873459816, 0.008369598537683487, 0.0013951717410236597)
	p = s.mul(x, x)
	VFMADD213PS(x, q, p) // r + r² q(r)
	return n, p
}

// power is 2^n for integral n from -126 to 127.
func (s isa) power(n vec) vec {
	i := s.vec()
	VCVTPS2DQ(n, i)
	VPADDD(s.bits(127), i, i)
	VPSLLD(Imm(23), i, i)
	return i
}

func (s isa) exp(x vec) vec {
	x = s.atLeast(s.atMost(x, 105), -105)
	n, p := s.expm1Of(x)
	p = s.addConst(p, 1)
	if s.wide() {
		return s.op(VSCALEFPS, n, p)
	}
	// 2^n may be infinite or denormal although the result is not: scale by two powers.
	half := s.round(down, s.mulConst(n, 0.5))
	return s.mul(s.mul(p, s.power(half)), s.power(s.sub(n, half)))
}

// expm1Small is e^x - 1 for x from -30 to 89, as 2(2^(n-1) p + 2^(n-1) - 1/2), so that nothing overflows too early.
func (s isa) expm1Small(x vec) vec {
	n, p := s.expm1Of(x)
	scale := s.power(s.addConst(n, -1))
	rest := s.addConst(scale, -0.5)
	VFMADD213PS(rest, scale, p)
	return s.add(p, p)
}

func (s isa) expm1(x vec) vec {
	small := s.expm1Small(s.atLeast(s.atMost(x, 89), -30))
	tiny := s.cmp(lt, s.and(x, s.bits(math.MaxInt32)), s.float(1e-10))
	return s.blend(tiny, x, small) // keeps denormals and the sign of zero
}

// tanh is e/(e+2) for e = e^2|x| - 1, with the sign of x.
func (s isa) tanh(x vec) vec {
	sign := s.and(x, s.bits(1<<31))
	magnitude := s.and(x, s.bits(math.MaxInt32))
	e := s.expm1Small(s.atMost(s.add(magnitude, magnitude), 20))
	return s.or(s.div(e, s.addConst(e, 2)), sign)
}

// logistic is 1/(1+e) or e/(1+e) for e = e^-|x|, which cannot overflow.
func (s isa) logistic(x vec) vec {
	negative := s.cmp(lt, x, s.zero())
	e := s.exp(s.or(x, s.bits(1<<31)))
	one := s.float(1)
	return s.div(s.blend(negative, e, one), s.add(e, one))
}

// log is e*ln(2) + ln(m) for x = 2^e m, sqrt(1/2) <= m < sqrt(2).
func (s isa) log(x vec) vec {
	denormal := s.cmp(lt, x, s.bits(0x00800000))
	normal := s.blend(denormal, s.mulConst(x, 1<<23), x)
	bits, e := s.vec(), s.vec()
	VPSUBD(s.bits(math.Float32bits(math.Sqrt2/2)), normal, bits)
	VPSRAD(Imm(23), bits, e)
	VPSLLD(Imm(23), e, bits)
	m := s.vec()
	VPSUBD(bits, normal, m)
	VCVTDQ2PS(e, e)
	e = s.sub(e, s.keep(denormal, s.float(23)))
	f := s.addConst(m, -1)
	square := s.mul(f, f)
	p := s.horner(f, -0.5, 0.3333333134651184, -0.250008225440979, 0.20001226663589478, -0.16623356938362122,
		0.14201761782169342, -0.131601944565773, 0.12761549651622772, -0.07634429633617401)
	low := s.mulConst(e, ln2Low)
	VFMADD231PS(square, p, low) // f² p(f) + the low part of e ln(2)
	sum := s.add(f, low)
	VFMADD231PS(s.float(ln2High), e, sum)
	return s.logEdges(x, sum)
}

// logEdges puts in what log gives outside of the positive numbers.
func (s isa) logEdges(x, log vec) vec {
	log = s.blend(s.cmp(notLt, x, s.float(math.Inf(1))), x, log) // infinity and NaN
	log = s.blend(s.cmp(eq, x, s.zero()), s.float(math.Inf(-1)), log)
	return s.blend(s.cmp(lt, x, s.zero()), s.float(math.NaN()), log)
}

// log1p corrects log(u) for the rounding of u = 1 + x: log(u) (x / (u-1)) (W. Kahan; see N. Higham, Accuracy and Stability
// of Numerical Algorithms, section 1.14.1).
func (s isa) log1p(x vec) vec {
	u := s.addConst(x, 1)
	r := s.mul(s.log(u), s.div(x, s.addConst(u, -1)))
	r = s.blend(s.cmp(eq, u, s.float(1)), x, r)
	return s.blend(s.cmp(notLt, u, s.float(math.Inf(1))), u, r)
}

// circular is sin(x + quarters*π/2), accurate for |x| up to 1e5: x is reduced by multiples of π/2, which three
// float32 hold to 72 bits.
func (s isa) circular(x vec, quarters uint32) vec {
	k := s.round(nearest, s.mulConst(x, 2/math.Pi))
	rest := math.Pi / 2
	for range 2 {
		part := float64(float32(rest))
		s.reduceBy(x, k, part)
		rest -= part
	}
	s.reduceBy(x, k, -1.7151245100e-15) // π/2 less its first 48 bits, beyond what float64 knows of it
	q := s.vec()
	VCVTPS2DQ(k, q)
	if quarters != 0 {
		VPADDD(s.bits(quarters), q, q)
	}
	square := s.mul(x, x)
	sin := s.mul(s.horner(square, -0.16666653752326965, 0.008332131430506706, -0.00019510838319547474), square)
	VFMADD213PS(x, x, sin) // x + x x² s(x²)
	cos := s.horner(square, 1, -0.5, 0.04166664555668831, -0.0013887305976822972, 2.4431203200947493e-05)
	odd, sign := s.vec(), s.vec()
	VPSLLD(Imm(31), q, odd)
	VPSRLD(Imm(1), q, sign)
	VPSLLD(Imm(31), sign, sign)
	return s.op(VXORPS, sign, s.blend(s.cmp(lt, s.or(odd, s.float(1)), s.zero()), cos, sin))
}

// erf is x + x p(x²) for |x| < 1, else 1 - e^(-|x| q(|x|)) with the sign of x.
func (s isa) erf(x vec) vec {
	square := s.mul(x, x)
	small := s.horner(square, 0.12837916612625122, -0.3761262595653534, 0.1128358542919159, -0.026853810995817184,
		0.005188327748328447, -0.0008010192541405559, 7.853857823647559e-05)
	VFMADD213PS(x, x, small)
	magnitude := s.atMost(s.and(x, s.bits(math.MaxInt32)), 4)
	q := s.horner(magnitude, 1.128480076789856, 0.6358314752578735, 0.10511615127325058, -0.02279846929013729,
		0.0031869488302618265, -0.0002106434985762462)
	minus := s.op(VXORPS, s.bits(1<<31), magnitude)
	e := s.expm1Small(s.mul(q, minus)) // e^(-|x| q) - 1
	// -e has the magnitude of the result, and e is not positive.
	big := s.or(s.and(e, s.bits(math.MaxInt32)), s.and(x, s.bits(1<<31)))
	one := s.float(1)
	return s.blend(s.cmp(lt, magnitude, one), small, big)
}
