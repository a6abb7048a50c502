package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// InstanceNorm normalises every channel of every image (Ulyanov et al., arXiv 1607.08022).
type InstanceNorm struct {
	Scale, Shift Ref // [channels] each, or None
}

// normEpsilon is added to the variance, as in PyTorch.
const normEpsilon = 1e-5

// InstanceNorm declares name.scale, which starts at 1, and name.shift, which starts at 0.
func (p *Params) InstanceNorm(name string, channels int) InstanceNorm {
	return InstanceNorm{Scale: p.Add(name+".scale", Init{Mean: 1}, channels), Shift: p.Add(name+".shift", Init{}, channels)}
}

// PlainInstanceNorm is an instance norm without parameters.
func PlainInstanceNorm() InstanceNorm { return InstanceNorm{Scale: None, Shift: None} }

// Apply normalises x [batch, height, width, channels] over height and width.
//
// The gradient is written out, because what autodiff makes of it passes over memory twice as often. With
// c = x - mean, r = 1/sqrt(variance + eps), f = r scale and v the gradient with respect to the result, it is
// dx = f (v - mean(v) - c r² mean(v c)). Scale and shift are broadcast over the batch first, so that the sums
// of v and v c that their gradients need are the same as here.
func (n InstanceNorm) Apply(e *Env, x *Node) *Node {
	centred, mu, r := moments(x, 1, 2)
	perImage := func(p Ref) *Node { return BroadcastToDims(ExpandLeftToRank(e.At(p), 4), r.Shape().Dimensions...) }
	f := r // [batch, 1, 1, channels]
	if n.Scale != None {
		f = Mul(r, perImage(n.Scale))
	}
	forward := func(x *Node) *Node {
		y := Mul(Sub(x, mu), f)
		if n.Shift != None {
			y = Add(y, perImage(n.Shift))
		}
		return y
	}
	return WithGradient(x, forward, func(_, v *Node) *Node {
		vc := mean(Mul(v, centred), 1, 2)
		return Mul(f, Sub(Sub(v, mean(v, 1, 2)), Mul(centred, Mul(Mul(r, r), vc))))
	})
}

// LayerNorm normalises every position over its channels (Ba et al., arXiv 1607.06450).
type LayerNorm struct {
	Scale, Shift Ref // [channels]
}

// LayerNorm declares name.scale, which starts at 1, and name.shift, which starts at 0.
func (p *Params) LayerNorm(name string, channels int) LayerNorm {
	return LayerNorm{Scale: p.Add(name+".scale", Init{Mean: 1}, channels), Shift: p.Add(name+".shift", Init{}, channels)}
}

// Apply normalises x [..., channels] over its last axis. Its gradient is InstanceNorm's with f = r.
func (n LayerNorm) Apply(e *Env, x *Node) *Node {
	_, mu, r := moments(x, -1)
	normalised := WithGradient(x, func(x *Node) *Node { return Mul(Sub(x, mu), r) }, func(y, v *Node) *Node {
		return Mul(r, Sub(Sub(v, mean(v, -1)), Mul(y, mean(Mul(v, y), -1))))
	})
	return addBias(Mul(normalised, ExpandLeftToRank(e.At(n.Scale), x.Rank())), e.At(n.Shift))
}

// moments returns c = x - mean, the mean and 1/sqrt(variance + eps) over axes, the last two with axes of size
// 1, all as constants to autodiff. Both moments come from one pass over d = x - the first value: E[d²] - E[d]² keeps the
// digits that E[x²] - E[x]² loses where the mean is far larger than the deviation, since one value is never many
// deviations away from the mean.
func moments(x *Node, axes ...int) (centred, mu, r *Node) {
	x = StopGradient(x)
	first := x
	for _, axis := range axes {
		first = SliceAxis(first, axis, AxisElem(0))
	}
	d := Sub(x, first)
	shift := mean(d, axes...)
	variance := Sub(mean(Square(d), axes...), Square(shift))
	mu = Add(first, shift)
	return Sub(x, mu), mu, Rsqrt(AddScalar(Max(variance, ZerosLike(variance)), normEpsilon))
}

// mean keeps the axes that it averages over, with size 1.
func mean(x *Node, axes ...int) *Node {
	sum := ReduceAndKeep(x, ReduceSum, axes...)
	return MulScalar(sum, float64(sum.Shape().Size())/float64(x.Shape().Size()))
}
