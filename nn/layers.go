package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Conv2D is a convolution layer with a square kernel.
type Conv2D struct {
	Weight, Bias    Ref // [size, size, in, out], [out]
	Size, Stride    int
	PadLow, PadHigh int // zeros around the image
}

// Conv2D declares name.weight and, if biased, name.bias (which starts at 0).
func (p *Params) Conv2D(name string, in, out, size, stride, pad int, biased bool, init Init) Conv2D {
	return Conv2D{
		Weight: p.Add(name+".weight", init, size, size, in, out), Bias: p.bias(name, out, biased),
		Size: size, Stride: stride, PadLow: pad, PadHigh: pad,
	}
}

func (p *Params) bias(name string, size int, biased bool) Ref {
	if !biased {
		return None
	}
	return p.Add(name+".bias", Init{}, size)
}

// Apply maps x [batch, height, width, in] to [batch, height', width', out].
func (c Conv2D) Apply(e *Env, x *Node) *Node {
	y := Conv(x, e.At(c.Weight), SameWindow(2, c.Stride, c.PadLow, c.PadHigh))
	return addBias(y, e.At(c.Bias))
}

// ConvTranspose2D is a transposed convolution layer that multiplies height and width by its stride.
type ConvTranspose2D struct {
	Weight, Bias Ref // [size, size, out, in], [out]
	Stride, Pad  int
}

// ConvTranspose2D declares name.weight and name.bias (which starts at 0). Pad is that of the convolution
// that would undo it, as in PyTorch.
func (p *Params) ConvTranspose2D(name string, in, out, size, stride, pad int, biased bool, init Init) ConvTranspose2D {
	c := ConvTranspose2D{
		Weight: p.Add(name+".weight", init, size, size, out, in), Bias: p.bias(name, out, biased),
		Stride: stride, Pad: pad,
	}
	p.list[c.Weight].Transposed = true
	return c
}

// Apply maps x [batch, height, width, in] to [batch, height*stride, width*stride, out].
func (c ConvTranspose2D) Apply(e *Env, x *Node) *Node {
	d := x.Shape().Dimensions
	y := TransposedConv(x, e.At(c.Weight), SameWindow(2, c.Stride, c.Pad, c.Pad), []int{d[1] * c.Stride, d[2] * c.Stride})
	return addBias(y, e.At(c.Bias))
}

// UpConv2D doubles an image by repeating its pixels, pads it by reflection and convolves it with a 3x3 kernel.
type UpConv2D struct {
	Weight, Bias Ref // [3, 3, in, out], [out]
}

// UpConv2D declares name.weight and, if biased, name.bias.
func (p *Params) UpConv2D(name string, in, out int, biased bool, init Init) UpConv2D {
	return UpConv2D{Weight: p.Add(name+".weight", init, 3, 3, in, out), Bias: p.bias(name, out, biased)}
}

// Apply maps x [batch, height, width, in] to [batch, 2 height, 2 width, out].
//
// Each output pixel sees two input pixels per axis, so that the whole equals a transposed convolution with
// stride 2 and a 4x4 kernel whose values are sums of the 3x3 kernel's: 16 products per input pixel and
// channel pair instead of 36, and no enlarged image in between. The enlarged image's reflection is what the
// repetition of the image's border pixels becomes.
func (u UpConv2D) Apply(e *Env, x *Node) *Node {
	d := x.Shape().Dimensions
	window := SameWindow(2, 2, 3, 3) // 1, and 2 for what the padding has become
	y := TransposedConv(ReplicatePad(x, 1), spreadKernel(e.At(u.Weight)), window, []int{2 * d[1], 2 * d[2]})
	return addBias(y, e.At(u.Bias))
}

// spreadKernel turns UpConv2D's kernel [3, 3, in, out] into that of its transposed convolution [4, 4, out, in].
// The gradient is written out, since autodiff would transpose it twice more.
func spreadKernel(w *Node) *Node {
	d := w.Shape().Dimensions
	in, out := d[2], d[3]
	spread := Const(w.Graph(), spreadMatrix())
	forward := func(w *Node) *Node {
		k := DotGeneral(spread, []int{1}, nil, Reshape(w, 9, in*out), []int{0}, nil) // [16, in*out]
		return TransposeAllAxes(Reshape(k, 4, 4, in, out), 0, 1, 3, 2)
	}
	return WithGradient(w, forward, func(_, v *Node) *Node {
		v = Reshape(TransposeAllAxes(v, 0, 1, 3, 2), 16, in*out)
		return Reshape(DotGeneral(spread, []int{0}, nil, v, []int{0}, nil), 3, 3, in, out)
	})
}

// spreadMatrix maps the 9 values of a 3x3 kernel to the 16 of the 4x4 kernel. Along one axis, input pixel i
// reaches the outputs 2i-1 … 2i+2 with the taps w2, w1+w2, w0+w1 and w0.
func spreadMatrix() [][]float32 {
	taps := [4][3]float32{{0, 0, 1}, {0, 1, 1}, {1, 1, 0}, {1, 0, 0}}
	m := make([][]float32, 16)
	for i := range m {
		m[i] = make([]float32, 9)
		for j := range m[i] {
			m[i][j] = taps[i/4][j/3] * taps[i%4][j%3]
		}
	}
	return m
}

// Dense is a linear map of the last axis.
type Dense struct {
	Weight, Bias Ref // [in, out], [out]
}

// Dense declares name.weight and, if biased, name.bias.
func (p *Params) Dense(name string, in, out int, biased bool, init Init) Dense {
	return Dense{Weight: p.Add(name+".weight", init, in, out), Bias: p.bias(name, out, biased)}
}

// Apply maps x [..., in] to [..., out].
func (l Dense) Apply(e *Env, x *Node) *Node {
	y := DotGeneral(x, []int{x.Rank() - 1}, nil, e.At(l.Weight), []int{0}, nil)
	return addBias(y, e.At(l.Bias))
}

// addBias adds b [channels] along the last axis of y; b may be nil.
func addBias(y, b *Node) *Node {
	if b == nil {
		return y
	}
	return Add(y, ExpandLeftToRank(b, y.Rank()))
}

// ReLU returns max(x, 0). Its slope at 0 is 0, and its gradient reads the result, so that x need not be kept.
func ReLU(x *Node) *Node {
	zero := ScalarZero(x.Graph(), x.DType())
	return WithGradient(x, func(x *Node) *Node { return Max(x, zero) }, func(y, v *Node) *Node {
		return Where(LessOrEqual(y, zero), zero, v)
	})
}

// LeakyReLU returns x where it is positive and slope*x elsewhere, with 0 < slope < 1. As with ReLU, its gradient
// reads the result.
func LeakyReLU(x *Node, slope float64) *Node {
	zero := ScalarZero(x.Graph(), x.DType())
	return WithGradient(x, func(x *Node) *Node { return Max(x, MulScalar(x, slope)) }, func(y, v *Node) *Node {
		return Where(LessOrEqual(y, zero), MulScalar(v, slope), v)
	})
}

// GELU returns x Phi(x), with Phi the standard normal distribution function (Hendrycks and Gimpel 2016).
func GELU(x *Node) *Node {
	return Mul(x, MulScalar(AddScalar(Erf(MulScalar(x, math.Sqrt2/2)), 1.0), 0.5))
}
