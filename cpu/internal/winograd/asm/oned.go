package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// source returns input i of a one-dimensional transform in a register that the transform may change.
type source func(i int) reg.VecVirtual

// sink takes output i.
type sink func(i int, r reg.VecVirtual)

// oneD is a one-dimensional transform restricted to the outputs in group.
type oneD func(v isa, c consts, in source, group []int, out sink)

func has(group []int, i int) bool {
	for _, g := range group {
		if g == i {
			return true
		}
	}
	return false
}

// plusMinus returns e + p*o and e - p*o.
func plusMinus(v isa, c consts, p string, e, o reg.VecVirtual) (plus, minus reg.VecVirtual) {
	plus = v.copy(e)
	v.fma(plus, c[p], o)
	v.fnma(e, c[p], o)
	return plus, e
}

// inputBT is B^T d: 6 inputs, 6 outputs.
func inputBT(v isa, c consts, in source, group []int, out sink) {
	if has(group, 0) {
		r, d4, d2 := in(0), in(4), in(2)
		v.mulAdd(r, c["prod"], d4)
		v.fnma(r, c["sum"], d2)
		out(0, r)
	}
	if has(group, 5) {
		r, d1, d3 := in(5), in(1), in(3)
		v.fma(r, c["prod"], d1)
		v.fnma(r, c["sum"], d3)
		out(5, r)
	}
	first, second := has(group, 1), has(group, 3)
	if !first && !second {
		return
	}
	e, o, d1, d2 := in(4), in(3), in(1), in(2)
	e2, o2 := e, o
	if first && second {
		e2, o2 = v.copy(e), v.copy(o)
	}
	if first {
		v.fnma(e, c["b2"], d2)
		v.fnma(o, c["b2"], d1)
	}
	if second {
		v.fnma(e2, c["a2"], d2)
		v.fnma(o2, c["a2"], d1)
	}
	if first {
		plus, minus := plusMinus(v, c, "a", e, o)
		out(1, plus)
		out(2, minus)
	}
	if second {
		plus, minus := plusMinus(v, c, "b", e2, o2)
		out(3, plus)
		out(4, minus)
	}
}

// gradA is A d: 4 inputs, 6 outputs.
func gradA(v isa, c consts, in source, group []int, out sink) {
	for _, p := range []struct {
		first   int
		at, at2 string
	}{{1, "a", "a2"}, {3, "b", "b2"}} {
		if !has(group, p.first) {
			continue
		}
		e, o := v.copy(in(0)), v.copy(in(1))
		v.fma(e, c[p.at2], in(2))
		v.fma(o, c[p.at2], in(3))
		plus, minus := plusMinus(v, c, p.at, e, o)
		out(p.first, plus)
		out(p.first+1, minus)
	}
	if has(group, 0) {
		out(0, in(0))
	}
	if has(group, 5) {
		out(5, in(3))
	}
}

// filterG is G g: 3 inputs, 6 outputs.
func filterG(v isa, c consts, in source, group []int, out sink) {
	for _, p := range []struct {
		first      int
		k0, k1, k2 string
	}{{1, "ka", "ka1", "ka2"}, {3, "kb", "kb1", "kb2"}} {
		if !has(group, p.first) {
			continue
		}
		e, o, minus := v.reg(), v.reg(), v.reg()
		VMULPS(c[p.k0], in(0), e)
		v.fma(e, c[p.k2], in(2))
		VMULPS(c[p.k1], in(1), o)
		VSUBPS(o, e, minus)
		VADDPS(o, e, e)
		out(p.first, e)
		out(p.first+1, minus)
	}
	if has(group, 0) {
		r := v.reg()
		VMULPS(c["k0"], in(0), r)
		out(0, r)
	}
	if has(group, 5) {
		out(5, in(2))
	}
}

// sumDiff returns x+y and x-y.
func sumDiff(v isa, x, y reg.VecVirtual) (sum, diff reg.VecVirtual) {
	diff = v.reg()
	VSUBPS(y, x, diff)
	VADDPS(y, x, x)
	return x, diff
}

// outputAT is A^T m: 6 inputs, 4 outputs.
func outputAT(v isa, c consts, in source, group []int, out sink) {
	s1, d1 := sumDiff(v, in(1), in(2))
	s2, d2 := sumDiff(v, in(3), in(4))
	if has(group, 0) {
		r := in(0)
		VADDPS(s1, r, r)
		VADDPS(s2, r, r)
		out(0, r)
		VMULPS(c["a2"], s1, s1)
		v.fma(s1, c["b2"], s2)
		out(2, s1)
	}
	if has(group, 1) {
		r := in(5)
		v.fma(r, c["a3"], d1)
		v.fma(r, c["b3"], d2)
		out(3, r)
		VMULPS(c["a"], d1, d1)
		v.fma(d1, c["b"], d2)
		out(1, d1)
	}
}

// weightGT is G^T m: 6 inputs, 3 outputs.
func weightGT(v isa, c consts, in source, group []int, out sink) {
	s1, d1 := sumDiff(v, in(1), in(2))
	s2, d2 := sumDiff(v, in(3), in(4))
	if has(group, 0) {
		r, r5 := in(0), in(5)
		VMULPS(c["k0"], r, r)
		v.fma(r, c["ka"], s1)
		v.fma(r, c["kb"], s2)
		out(0, r)
		v.fma(r5, c["ka2"], s1)
		v.fma(r5, c["kb2"], s2)
		out(2, r5)
	}
	if has(group, 1) {
		VMULPS(c["ka1"], d1, d1)
		v.fma(d1, c["kb1"], d2)
		out(1, d1)
	}
}

// lazy turns a loader into a source that loads each input once.
func lazy(load source) source {
	seen := map[int]reg.VecVirtual{}
	return func(i int) reg.VecVirtual {
		if _, ok := seen[i]; !ok {
			seen[i] = load(i)
		}
		return seen[i]
	}
}
