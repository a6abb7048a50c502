package onnx

import "math"

// The layers of package nn, on values [batch, channels, height, width] where theirs are [batch, height, width, channels].

// normEpsilon is that of all norms of package nn.
const normEpsilon = float32(1e-5)

// pads are zeros, or whatever the operation adds, at top, left, bottom and right.
func pads(low, high int64) Attribute { return Attribute{"pads", []int64{low, low, high, high}} }

func strides(n int64) Attribute { return Attribute{"strides", []int64{n, n}} }

// toOIHW orders the axes of kernels: [height, width, in, out] becomes [out, in, height, width], and [height, width, out, in] of a transposed
// convolution becomes [in, out, height, width].
var toOIHW = []int{3, 2, 0, 1}

// conv is nn.Conv2D of the given stride with pad zeros around the image.
func (b *builder) conv(x, name string, stride, pad int64) string {
	inputs := b.biased([]string{x, b.weight(name+".weight", toOIHW...)}, name)
	return b.named(name, "Conv", inputs, strides(stride), pads(pad, pad))
}

// convTranspose is nn.ConvTranspose2D.
func (b *builder) convTranspose(x, name string, stride, pad int64) string {
	_, dims := b.param(name+".weight", 4)
	inputs := b.biased([]string{x, b.weight(name+".weight", toOIHW...)}, name)
	beyond := stride + 2*pad - int64(dims[0]) // what the result lacks to stride times the size
	return b.named(name, "ConvTranspose", inputs, strides(stride), pads(pad, pad), Attribute{"output_padding", []int64{beyond, beyond}})
}

// upConv is nn.UpConv2D. Every pixel of the result sees 2x2 pixels of x, those around the corner that it is next to, and the four pixels
// around one corner see the same: a 2x2 convolution computes them as four channels each, which are then laid out. That takes onnxruntime half
// the time of doubling the image and a 3x3 convolution. Around x, what the enlarged image's reflection shows is a copy of the border.
func (b *builder) upConv(x, name string) string {
	x = b.op("Pad", []string{x, b.ints(0, 0, 1, 1, 0, 0, 1, 1)}, Attribute{"mode", "edge"})
	w, dims := b.param(name+".weight", 4)
	in, out := dims[2], dims[3]
	kernel := b.stored(name+".weight", cornerKernel(w, in, out), []int{2, 2, in, 4 * out}, toOIHW)
	x = b.named(name, "Conv", []string{x, kernel})
	x = b.op("DepthToSpace", []string{x}, Attribute{"blocksize", int64(2)}, Attribute{"mode", "CRD"})
	return b.op("Slice", []string{x, b.ints(1, 1), b.ints(-1, -1), b.ints(2, 3)}) // the corners of the border have pixels outside
}

// cornerKernel turns a kernel [3, 3, in, out] into that of upConv's convolution [2, 2, in, out*2*2]. Along one axis, a pixel before a corner has
// its taps 0 and 1 on the old pixel before it and tap 2 on the one behind; a pixel behind the corner has tap 0 before it.
func cornerKernel(w []float32, in, out int) []float32 {
	old := [2][3]int{{0, 0, 1}, {0, 1, 1}}
	k := make([]float32, 4*in*4*out)
	for i := range w {
		o, c, right, down := i%out, i/out%in, i/(out*in)%3, i/(out*in*3)
		for pixel := range 4 {
			y, x := pixel/2, pixel%2
			k[((old[y][down]*2+old[x][right])*in+c)*4*out+4*o+pixel] += w[i]
		}
	}
	return k
}

// biased appends a layer's bias to inputs if it has one.
func (b *builder) biased(inputs []string, name string) []string {
	if b.has(name + ".bias") {
		inputs = append(inputs, b.vector(name+".bias"))
	}
	return inputs
}

// reflectPad is nn.ReflectPad for values of more pixels per side than it adds.
func (b *builder) reflectPad(x string, low, high int64) string {
	return b.op("Pad", []string{x, b.ints(0, 0, low, low, 0, 0, high, high)}, Attribute{"mode", "reflect"})
}

// instanceNorm is nn.InstanceNorm with the parameters NAME.scale and NAME.shift.
func (b *builder) instanceNorm(x, name string) string {
	return b.op("InstanceNormalization", []string{x, b.vector(name + ".scale"), b.vector(name + ".shift")}, Attribute{"epsilon", normEpsilon})
}

// plainNorm is nn.PlainInstanceNorm on a number of channels.
func (b *builder) plainNorm(x string, channels int) string {
	return b.op("InstanceNormalization", []string{x, b.fill(channels, 1), b.fill(channels, 0)}, Attribute{"epsilon", normEpsilon})
}

func (b *builder) relu(x string) string { return b.op("Relu", []string{x}) }

func (b *builder) leakyRelu(x string, slope float32) string {
	return b.op("LeakyRelu", []string{x}, Attribute{"alpha", slope})
}

func (b *builder) tanh(x string) string { return b.op("Tanh", []string{x}) }

func (b *builder) add(x, y string) string { return b.op("Add", []string{x, y}) }

func (b *builder) mul(x, y string) string { return b.op("Mul", []string{x, y}) }

// concat joins values along an axis.
func (b *builder) concat(axis int64, values ...string) string {
	return b.op("Concat", values, Attribute{"axis", axis})
}

// swap reorders axes.
func (b *builder) swap(x string, order ...int64) string {
	return b.op("Transpose", []string{x}, Attribute{"perm", order})
}

// reshape gives a value other sizes: 0 stands for the one at the same place, -1 for what is left.
func (b *builder) reshape(x string, sizes ...int64) string {
	return b.op("Reshape", []string{x, b.ints(sizes...)})
}

// dense is nn.Dense.
func (b *builder) dense(x, name string) string {
	y := b.op("MatMul", []string{x, b.weight(name+".weight", 0, 1)})
	if b.has(name + ".bias") {
		y = b.add(y, b.vector(name+".bias"))
	}
	return y
}

// layerNorm is nn.LayerNorm.
func (b *builder) layerNorm(x, name string) string {
	return b.op("LayerNormalization", []string{x, b.vector(name + ".scale"), b.vector(name + ".shift")},
		Attribute{"axis", int64(-1)}, Attribute{"epsilon", normEpsilon})
}

// gelu is nn.GELU.
func (b *builder) gelu(x string) string {
	phi := b.add(b.op("Erf", []string{b.mul(x, b.float(math.Sqrt2/2))}), b.float(1))
	return b.mul(x, b.mul(phi, b.float(0.5)))
}

// attention is nn.Attention of x [batch, positions, channels] to context [batch, contextPositions, channels].
func (b *builder) attention(x, context, name string, heads, channels int64) string {
	split := func(x, name string, order ...int64) string {
		return b.swap(b.reshape(b.dense(x, name), 0, -1, heads, channels/heads), order...)
	}
	q := split(x, name+".query", 0, 2, 1, 3)     // [batch, heads, positions, size]
	k := split(context, name+".key", 0, 2, 3, 1) // [batch, heads, size, contextPositions]
	v := split(context, name+".value", 0, 2, 1, 3)
	q = b.mul(q, b.float(float32(1/math.Sqrt(float64(channels/heads)))))
	weights := b.op("Softmax", []string{b.op("MatMul", []string{q, k})}, Attribute{"axis", int64(-1)})
	y := b.swap(b.op("MatMul", []string{weights, v}), 0, 2, 1, 3)
	return b.dense(b.reshape(y, 0, -1, channels), name+".out")
}
