package kernel

import "github.com/warmstart-ml/warmstart/cpu/internal/pool"

// ConvSpec is a convolution y[B, OH, OW, Cout] of x[B, IH, IW, Cin] with weights w[KH, KW, Cin/Groups, Cout]; pairs are
// height and width, and one dimension is height 1. All sizes, strides and dilations are at least 1, pads at least 0.
//
//	y[b, oh, ow, co] = Σ x[b, oh*Stride-PadLow+kh*Dilation, …, ci] · w[kh, kw, ci, co]
//
// where x is 0 outside the image, and group g of Cout/Groups outputs sees group g of Cin/Groups inputs. Out is taken
// as given, so PadHigh is there for the record only. No tensor may have more than MaxElements.
type ConvSpec struct {
	Batch                                              int
	In, Out, Kernel, Stride, Dilation, PadLow, PadHigh [2]int
	Cin, Cout, Groups                                  int
}

// sizes are the numbers of elements of x, w and y.
func (s ConvSpec) sizes() (x, w, y int) {
	return s.Batch * s.In[0] * s.In[1] * s.Cin, s.Kernel[0] * s.Kernel[1] * s.Cin / s.Groups * s.Cout,
		s.Batch * s.Out[0] * s.Out[1] * s.Cout
}

// check panics if a tensor is too large.
func (s ConvSpec) check() {
	x, w, y := s.sizes()
	mustFit("the convolution", s, x, w, y)
}

// Conv is a prepared convolution or one of its gradients. It may be run by several goroutines at once, each with
// its own scratch.
type Conv struct{ plan plan }

// NewConvForward prepares y from (x, w). The plan is the same for any number of threads.
func NewConvForward(s ConvSpec, threads int) *Conv { return &Conv{convRows(Best(), s, false)} }

// NewConvInputGrad prepares dx from (dy, w). Elements of x that no output saw get 0, so it is a transposed
// convolution as well.
func NewConvInputGrad(s ConvSpec, threads int) *Conv { return &Conv{convRows(Best(), s, true)} }

// NewConvWeightGrad prepares dw from (x, dy).
func NewConvWeightGrad(s ConvSpec, threads int) *Conv { return &Conv{convCols(Best(), s)} }

// Scratch is the number of float32s that Run needs to work in.
func (c *Conv) Scratch() int { return c.plan.scratch() }

// Run computes out. What out and scratch hold before does not matter.
func (c *Conv) Run(p *pool.Pool, a, b, out, scratch []float32) { c.plan.run(p, a, b, out, scratch) }

const (
	// sharedTable is the number of pixels of an image from which all images share one table; below it a tile may
	// reach over several images, so that tiny images fill tiles too.
	sharedTable = 256
	// mergePixels is the number of pixels of all images from which the taps of a row are merged into one run. It
	// spares padding and table look-ups, but splits the pixels into those at the left edge, inside, at the right edge.
	mergePixels = 64
	// fewPixels is the number of pixels, per phase of the stride, up to which transposed weights are read in place.
	fewPixels = 32
)

// geometry is the image side of a rows product: A is [images, in0, in1, ca], C is [images, out0, out1, cc].
type geometry struct {
	h, w     axis
	images   int // in the table
	ca, cc   int
	k        int  // channels of A that one tap multiplies
	merge    bool // taps that are neighbours in memory
	few      bool // a gradient of so few pixels that transposing the weights would cost more than all else
	gradient bool
}

func newGeometry(s ConvSpec, gradient bool) geometry {
	axisOf := func(d int) axis {
		return axis{out: s.Out[d], in: s.In[d], kernel: s.Kernel[d], stride: s.Stride[d], dilation: s.Dilation[d],
			pad: s.PadLow[d], gradient: gradient}
	}
	g := geometry{h: axisOf(0), w: axisOf(1), images: 1, ca: s.Cin, cc: s.Cout, k: s.Cin / s.Groups, gradient: gradient}
	phases := 1
	if gradient {
		g.h.in, g.h.out, g.w.in, g.w.out = g.h.out, g.h.in, g.w.out, g.w.in
		g.ca, g.cc, g.k = s.Cout, s.Cin, s.Cout/s.Groups
		phases = s.Stride[0] * s.Stride[1]
	}
	if g.h.out*g.w.out < sharedTable {
		g.images = s.Batch
	}
	pixels := s.Batch * g.h.out * g.w.out
	g.few = gradient && pixels <= fewPixels*phases && g.k >= 64
	g.merge = s.Groups == 1 && !g.few && pixels >= mergePixels && (g.k < 16 || s.Batch*g.h.out >= 4)
	return g
}

// weights says how B, the weights, are read.
func (g geometry) weights(m *Micro, s ConvSpec) packing {
	b := packing{m: m, n: g.cc / s.Groups, rs: s.Cout, cs: 1}
	run := g.k
	if g.merge {
		run *= ceil(s.Kernel[1], g.w.phases())
	}
	b.dots = dotsPay(m, b.n, run)
	for group := range s.Groups {
		b.source(group * s.Cout / s.Groups)
	}
	if !g.gradient {
		b.inPlace = !b.dots && readInPlace(m, s.Batch*s.Out[0]*s.Out[1], s.Cout)
		b.add(0, s.Kernel[0]*s.Kernel[1]*g.k)
		return b
	}
	b.rs, b.cs = 1, s.Cout
	if g.few {
		b.dots, b.inPlace = true, true
		return b
	}
	for _, kh := range g.h.order() {
		for _, kw := range g.w.order() {
			b.add((kh*s.Kernel[1]+kw)*s.Cin/s.Groups*s.Cout, g.k)
		}
	}
	return b
}

// convRows prepares the forward convolution or, if gradient is set, that of the input's gradient.
func convRows(m *Micro, s ConvSpec, gradient bool) *rowsPlan {
	s.check()
	g := newGeometry(s, gradient)
	p := &rowsPlan{m: m, pack: g.weights(m, s)}
	for group := range s.Groups {
		for image := 0; image < s.Batch; image += g.images {
			p.entries = append(p.entries, entry{
				a: image*g.h.in*g.w.in*g.ca + group*g.k,
				b: group,
				c: image*g.h.out*g.w.out*g.cc + group*p.pack.n,
			})
		}
	}
	for _, h := range g.h.classes(false) {
		for _, w := range g.w.classes(g.merge) {
			g.add(p, h, w)
		}
	}
	p.cut()
	return p
}

// add appends the tiles of the pixels of one class of rows and one of columns.
func (g geometry) add(p *rowsPlan, h, w class) {
	c := make([]int32, 0, g.images*len(h.coords)*len(w.coords))
	for image := range g.images {
		for _, oh := range h.coords {
			for _, ow := range w.coords {
				c = append(c, int32(((image*g.h.out+oh)*g.w.out+ow)*g.cc))
			}
		}
	}
	var taps []tap
	for i, hr := range h.runs[0] {
		for j, wr := range w.runs[0] {
			row := (hr.pos*g.w.kernel + wr.pos) * g.k
			if p.pack.inPlace && p.pack.dots {
				row = (g.h.order()[hr.pos]*g.w.kernel + g.w.order()[wr.pos]) * p.pack.n * p.pack.cs
			}
			taps = append(taps, tap{row: row, k: wr.len * g.k, off: g.offsets(h, w, i, j)})
		}
	}
	p.add(c, taps)
}

// offsets gives, for each pixel, where run i of its row and run j of its column begin in A.
func (g geometry) offsets(h, w class, i, j int) []int32 {
	off := make([]int32, 0, g.images*len(h.runs)*len(w.runs))
	for image := range g.images {
		for _, hr := range h.runs {
			for _, wr := range w.runs {
				at := int32(-1)
				if hr[i].in >= 0 && wr[j].in >= 0 {
					at = int32(((image*g.h.in+hr[i].in)*g.w.in + wr[j].in) * g.ca)
				}
				off = append(off, at)
			}
		}
	}
	return off
}
