package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
	"pgregory.net/rapid"
)

// eachProduct calls f for every product of the convolution's sum, with the indices into x, w and y.
func eachProduct(s ConvSpec, f func(x, w, y int)) {
	cin, cout := s.Cin/s.Groups, s.Cout/s.Groups
	for b := range s.Batch {
		for oh := range s.Out[0] {
			for ow := range s.Out[1] {
				for kh := range s.Kernel[0] {
					for kw := range s.Kernel[1] {
						ih := oh*s.Stride[0] - s.PadLow[0] + kh*s.Dilation[0]
						iw := ow*s.Stride[1] - s.PadLow[1] + kw*s.Dilation[1]
						if ih < 0 || ih >= s.In[0] || iw < 0 || iw >= s.In[1] {
							continue
						}
						for co := range s.Cout {
							for ci := range cin {
								f(((b*s.In[0]+ih)*s.In[1]+iw)*s.Cin+co/cout*cin+ci,
									((kh*s.Kernel[1]+kw)*cin+ci)*s.Cout+co, ((b*s.Out[0]+oh)*s.Out[1]+ow)*s.Cout+co)
							}
						}
					}
				}
			}
		}
	}
}

// checkConv compares all three directions with their definitions in float64.
func checkConv(t *testing.T, m *Micro, s ConvSpec, pools []*pool.Pool) {
	t.Helper()
	nx, nw, ny := s.sizes()
	rng := rand.New(rand.NewPCG(3, 4))
	x, w, dy := random(rng, nx), random(rng, nw), random(rng, ny)
	y, dx, dw := make([]float64, ny), make([]float64, nx), make([]float64, nw)
	eachProduct(s, func(i, j, k int) {
		y[k] += float64(x[i]) * float64(w[j])
		dx[i] += float64(dy[k]) * float64(w[j])
		dw[j] += float64(x[i]) * float64(dy[k])
	})
	name := fmt.Sprintf("%+v", s)
	checkRunner(t, name+" forward", &Conv{convRows(m, s, false)}, pools, x, w, y)
	checkRunner(t, name+" input gradient", &Conv{convRows(m, s, true)}, pools, dy, w, dx)
	checkRunner(t, name+" weight gradient", &Conv{convCols(m, s)}, pools, x, dy, dw)
}

// conv makes a spec with square kernel, stride, dilation and pads; the output size follows.
func conv(batch, h, w, cin, cout, kernel, stride, dilation, padLow, padHigh int) ConvSpec {
	s := ConvSpec{Batch: batch, In: [2]int{h, w}, Cin: cin, Cout: cout, Groups: 1}
	for d := range 2 {
		s.Kernel[d], s.Stride[d], s.Dilation[d], s.PadLow[d], s.PadHigh[d] = kernel, stride, dilation, padLow, padHigh
	}
	if h == 1 {
		s.Kernel[0], s.Stride[0], s.Dilation[0], s.PadLow[0], s.PadHigh[0] = 1, 1, 1, 0, 0
	}
	return s.sized()
}

// sized fills in the output size.
func (s ConvSpec) sized() ConvSpec {
	for d := range 2 {
		s.Out[d] = (s.In[d]+s.PadLow[d]+s.PadHigh[d]-(s.Kernel[d]-1)*s.Dilation[d]-1)/s.Stride[d] + 1
	}
	return s
}

func grouped(s ConvSpec, groups int) ConvSpec {
	s.Groups = groups
	return s
}

var convSpecs = []ConvSpec{
	conv(1, 1, 1, 1, 1, 1, 1, 1, 0, 0),
	conv(2, 9, 11, 5, 7, 3, 1, 1, 1, 1),
	conv(1, 16, 16, 32, 32, 3, 1, 1, 1, 1),
	conv(2, 17, 15, 33, 65, 3, 2, 1, 1, 1),
	conv(1, 20, 18, 3, 32, 7, 1, 1, 3, 3),
	conv(1, 20, 18, 32, 3, 7, 1, 1, 3, 3),
	conv(2, 9, 9, 3, 3, 7, 1, 1, 3, 3),
	conv(2, 16, 12, 20, 40, 4, 2, 1, 1, 1),
	conv(1, 13, 13, 20, 9, 4, 1, 1, 1, 2),
	conv(1, 12, 14, 8, 16, 2, 2, 1, 0, 1),
	conv(1, 14, 14, 6, 10, 5, 3, 1, 2, 0),
	conv(1, 14, 14, 6, 10, 6, 1, 1, 2, 3),
	conv(1, 15, 17, 9, 12, 3, 1, 2, 2, 2),
	conv(1, 15, 17, 9, 12, 3, 2, 3, 4, 1),
	conv(1, 15, 17, 9, 12, 3, 3, 2, 0, 0),
	conv(1, 9, 9, 9, 12, 1, 2, 1, 0, 0), // input gradient without contributions to some rows
	conv(3, 2, 2, 64, 48, 4, 2, 1, 1, 1),
	conv(3, 1, 64, 64, 64, 3, 1, 1, 1, 1), // one dimension
	conv(1, 1, 300, 13, 17, 5, 2, 1, 2, 1),
	conv(2, 5, 300, 4, 4, 3, 1, 1, 1, 1),
	conv(1, 6, 6, 130, 129, 3, 1, 1, 1, 1),
	conv(4, 4, 4, 130, 64, 4, 2, 1, 1, 1),
	conv(1, 4, 4, 70, 100, 4, 2, 1, 1, 1),
	conv(1, 12, 12, 5, 800, 1, 1, 1, 0, 0), // packed weights
	conv(1, 30, 30, 64, 10, 3, 1, 1, 1, 1),
	conv(1, 30, 30, 6, 64, 4, 2, 1, 1, 1),
	grouped(conv(1, 4, 4, 150, 200, 3, 1, 1, 1, 1), 2),
	conv(1, 100, 100, 3, 8, 3, 1, 1, 1, 1), // weight gradient in long splits
	conv(2, 24, 24, 16, 16, 1, 1, 1, 0, 0),
	conv(1, 10, 10, 4, 4, 3, 1, 1, 4, 5), // more padding than kernel
	grouped(conv(2, 10, 10, 12, 18, 3, 1, 1, 1, 1), 3),
	grouped(conv(1, 18, 17, 24, 24, 3, 2, 1, 1, 1), 24),
	grouped(conv(1, 9, 9, 40, 80, 4, 2, 1, 1, 1), 2),
	{Batch: 2, In: [2]int{11, 13}, Out: [2]int{5, 13}, Kernel: [2]int{4, 3}, Stride: [2]int{2, 1}, Dilation: [2]int{1, 2},
		PadLow: [2]int{1, 2}, PadHigh: [2]int{1, 2}, Cin: 10, Cout: 20, Groups: 1},
}

func TestConv(t *testing.T) {
	pools := testPools(t)
	for _, m := range Available() {
		t.Run(m.Name, func(t *testing.T) {
			for _, s := range convSpecs {
				checkConv(t, m, s, pools)
			}
		})
	}
}

func TestConvProperty(t *testing.T) {
	pools := testPools(t)[1:2]
	rapid.Check(t, func(rt *rapid.T) {
		n := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(rt, name) }
		s := ConvSpec{Batch: n("batch", 1, 3), Groups: n("groups", 1, 3)}
		s.Cin, s.Cout = s.Groups*n("cin", 1, 20), s.Groups*n("cout", 1, 20)
		for d := range 2 {
			s.Kernel[d], s.Stride[d], s.Dilation[d] = n("kernel", 1, 7), n("stride", 1, 3), n("dilation", 1, 2)
			span := (s.Kernel[d]-1)*s.Dilation[d] + 1
			s.PadLow[d], s.PadHigh[d] = n("padLow", 0, span-1), n("padHigh", 0, span)
			s.In[d] = n("in", max(1, span-s.PadLow[d]-s.PadHigh[d]), 18)
		}
		s = s.sized()
		for _, m := range Available() {
			checkConv(t, m, s, pools)
		}
		if t.Failed() {
			rt.Fatalf("%+v", s)
		}
	})
}
