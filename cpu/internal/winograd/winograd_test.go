package winograd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

func random(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func spec(batch, h, w, low, high, cin, cout int) convSpec {
	return convSpec{Batch: batch, In: [2]int{h, w}, Out: [2]int{h + low + high - 2, w + low + high - 2}, Kernel: [2]int{3, 3},
		Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, PadLow: [2]int{low, low}, PadHigh: [2]int{high, high}, Cin: cin, Cout: cout, Groups: 1}
}

// naive visits all products of a convolution.
func naive(s convSpec, visit func(x, w, y int)) {
	for b := range s.Batch {
		for oy := range s.Out[0] {
			for ox := range s.Out[1] {
				for k := range 9 {
					iy, ix := oy+k/3-s.PadLow[0], ox+k%3-s.PadLow[1]
					if iy < 0 || iy >= s.In[0] || ix < 0 || ix >= s.In[1] {
						continue
					}
					x, y := ((b*s.In[0]+iy)*s.In[1]+ix)*s.Cin, ((b*s.Out[0]+oy)*s.Out[1]+ox)*s.Cout
					for ci := range s.Cin {
						for co := range s.Cout {
							visit(x+ci, (k*s.Cin+ci)*s.Cout+co, y+co)
						}
					}
				}
			}
		}
	}
}

func maxError(got []float32, want []float64) float64 {
	var e, m float64
	for i, w := range want {
		e, m = max(e, math.Abs(float64(got[i])-w)), max(m, math.Abs(w))
		if math.IsNaN(float64(got[i])) {
			return math.Inf(1)
		}
	}
	return e / m
}

func TestProduct(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	for _, m := range kernel.Available() {
		for _, s := range []convSpec{spec(1, 8, 8, 1, 1, 16, 16), spec(2, 9, 11, 1, 1, 8, 40), spec(2, 7, 13, 0, 2, 20, 33), spec(1, 20, 36, 2, 0, 48, 100)} {
			x, w := random(s.Batch*s.In[0]*s.In[1]*s.Cin, 1), random(9*s.Cin*s.Cout, 2)
			dy := random(s.Batch*s.Out[0]*s.Out[1]*s.Cout, 3)
			y, dx := make([]float64, len(dy)), make([]float64, len(x))
			naive(s, func(i, j, k int) {
				y[k] += float64(x[i]) * float64(w[j])
				dx[i] += float64(dy[k]) * float64(w[j])
			})
			for how := shareBoth; how <= shareV; how++ {
				f := newForward(m, s, how, 24, 1)
				sh, own := f.sizes()
				got := make([]float32, len(y))
				f.run(p, x, w, got, make([]float32, sh+2*own))
				e := maxError(got, y)
				f = newInputGrad(m, s, how, 24, 2)
				sh, own = f.sizes()
				got = make([]float32, len(x))
				f.run(p, dy, w, got, make([]float32, sh+2*own))
				ed := maxError(got, dx)
				t.Log(m.Name, s, how, e, ed)
				if e > 3e-5 || ed > 3e-5 {
					t.Fail()
				}
			}
		}
	}
}

func BenchmarkProduct(b *testing.B) {
	p := pool.New(1)
	for _, c := range [][3]int{{64, 32, 1}, {64, 32, 4}, {32, 64, 1}, {32, 64, 4}, {16, 128, 1}, {16, 128, 4}, {32, 256, 1}, {32, 256, 4}} {
		s := spec(c[2], c[0], c[0], 1, 1, c[1], c[1])
		x, w, y := random(s.Batch*s.In[0]*s.In[1]*s.Cin, 1), random(9*s.Cin*s.Cout, 2), random(s.Batch*s.In[0]*s.In[1]*s.Cin, 1)
		for how := shareBoth; how <= shareV; how++ {
			for _, block := range []int{24, 32, 48, 64, 96} {
				for d, f := range []*product{newForward(kernel.Best(), s, how, block, 1), newInputGrad(kernel.Best(), s, how, block, 1)} {
					sh, own := f.sizes()
					scratch := make([]float32, sh+2*own)
					b.Run(fmt.Sprintf("%dx%d-b%d/%d/%d/%d", c[1], c[0], c[2], how, block, d), func(b *testing.B) {
						for b.Loop() {
							f.run(p, x, w, y, scratch)
						}
						b.ReportMetric(float64(len(y))*float64(9*2*s.Cin)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
					})
				}
			}
		}
	}
}
