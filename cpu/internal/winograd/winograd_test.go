package winograd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// tolerance is the largest error, relative to the largest element, that any direction may have.
const tolerance = 1e-5

// random gives n normally distributed values.
func random(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// spec describes a convolution of h x w pixels.
func spec(batch, h, w, low, high, cin, cout int) kernel.ConvSpec {
	return kernel.ConvSpec{
		Batch: batch, In: [2]int{h, w}, Out: [2]int{h + low + high - 2, w + low + high - 2}, Kernel: [2]int{3, 3},
		Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, PadLow: [2]int{low, low}, PadHigh: [2]int{high, high},
		Cin: cin, Cout: cout, Groups: 1,
	}
}

// sizes returns the lengths of x, w and y.
func sizes(s kernel.ConvSpec) (x, w, y int) {
	return s.Batch * s.In[0] * s.In[1] * s.Cin, 9 * s.Cin * s.Cout, s.Batch * s.Out[0] * s.Out[1] * s.Cout
}

// operands returns x, w and dy.
func operands(s kernel.ConvSpec) (x, w, dy []float32) {
	nx, nw, ny := sizes(s)
	return random(nx, 1), random(nw, 2), random(ny, 3)
}

// naive computes all three directions in float64.
func naive(s kernel.ConvSpec, x, w, dy []float32) (y, dx, dw []float64) {
	y, dx, dw = make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
	for p := range len(dy) / s.Cout {
		ox, oy, b := p%s.Out[1], p/s.Out[1]%s.Out[0], p/s.Out[1]/s.Out[0]
		for k := range 9 {
			iy, ix := oy+k/3-s.PadLow[0], ox+k%3-s.PadLow[1]
			if iy < 0 || iy >= s.In[0] || ix < 0 || ix >= s.In[1] {
				continue
			}
			for ci := range s.Cin {
				xi, wi := ((b*s.In[0]+iy)*s.In[1]+ix)*s.Cin+ci, (k*s.Cin+ci)*s.Cout
				for co := range s.Cout {
					g := float64(dy[p*s.Cout+co])
					y[p*s.Cout+co] += float64(x[xi]) * float64(w[wi+co])
					dx[xi] += g * float64(w[wi+co])
					dw[wi+co] += g * float64(x[xi])
				}
			}
		}
	}
	return y, dx, dw
}

// maxError is the largest difference, relative to the largest element of want.
func maxError(got []float32, want []float64) float64 {
	var e, m float64
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= e) { // a NaN counts
			e = d
		}
		m = max(m, math.Abs(w))
	}
	return e / m
}

// run runs a plan into dirty memory, with a guard behind out.
func run(t *testing.T, c *Conv, p *pool.Pool, a, b []float32, n int) []float32 {
	t.Helper()
	scratch := slices.Repeat([]float32{float32(math.NaN())}, c.Scratch())
	out := slices.Repeat([]float32{float32(math.NaN())}, n+64)
	c.Run(p, a, b, out[:n], scratch)
	for _, v := range out[n:] {
		if v == v {
			t.Fatal("wrote past the end of the output")
		}
	}
	return out[:n]
}

var shapes = []kernel.ConvSpec{
	spec(1, 4, 4, 1, 1, 8, 8),
	spec(1, 3, 5, 2, 2, 16, 16),
	spec(3, 1, 9, 1, 1, 12, 20),
	spec(2, 9, 11, 1, 1, 8, 40),
	spec(2, 7, 13, 0, 2, 20, 33),
	spec(4, 20, 37, 2, 0, 17, 31),
	spec(1, 6, 6, 0, 0, 130, 65),
	spec(2, 16, 16, 1, 1, 64, 128),
	spec(3, 24, 40, 1, 1, 32, 32),
	spec(1, 50, 34, 1, 2, 48, 24),
}

// Every direction, instruction set and shape agrees with sums in float64, and has the same bits with any number of
// threads.
func TestConv(t *testing.T) {
	p1, p2, p8 := pool.New(1), pool.New(2), pool.New(8)
	defer p1.Close()
	defer p2.Close()
	defer p8.Close()
	for _, s := range shapes {
		x, w, dy := operands(s)
		y, dx, dw := naive(s, x, w, dy)
		for _, m := range kernel.Available() {
			for _, d := range []struct {
				name string
				plan func(*kernel.Micro, kernel.ConvSpec, int) *Conv
				a, b []float32
				want []float64
			}{
				{"forward", newForward, x, w, y},
				{"input gradient", newInputGrad, dy, w, dx},
				{"weight gradient", newWeights, x, dy, dw},
			} {
				t.Run(fmt.Sprintf("%s/%s/%v", m.Name, d.name, s), func(t *testing.T) {
					got := run(t, d.plan(m, s, 1), p1, d.a, d.b, len(d.want))
					if e := maxError(got, d.want); !(e <= tolerance) {
						t.Errorf("error %.1e of the largest element", e)
					}
					for _, again := range [][]float32{
						run(t, d.plan(m, s, 2), p2, d.a, d.b, len(d.want)),
						run(t, d.plan(m, s, 8), p8, d.a, d.b, len(d.want)),
						run(t, d.plan(m, s, 8), p2, d.a, d.b, len(d.want)),
					} {
						if !slices.Equal(got, again) {
							t.Error("the result depends on the number of threads")
						}
					}
				})
			}
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	s := spec(1, 16, 16, 1, 1, 32, 48)
	x, w, y := operands(s)
	for _, c := range []*Conv{NewForward(s, 2), NewWeightGrad(s, 2)} {
		b, out := w, y
		if _, ok := c.plan.(*weightGrad); ok {
			b, out = y, w
		}
		scratch := make([]float32, c.Scratch())
		if n := testing.AllocsPerRun(10, func() { c.Run(p, x, b, out, scratch) }); n != 0 {
			t.Errorf("%T: %v allocations", c.plan, n)
		}
	}
}

func TestSupported(t *testing.T) {
	good := spec(1, 16, 16, 1, 1, 32, 32)
	for name, change := range map[string]func(*kernel.ConvSpec){
		"kernel":   func(s *kernel.ConvSpec) { s.Kernel[1] = 5 },
		"stride":   func(s *kernel.ConvSpec) { s.Stride[0] = 2 },
		"dilation": func(s *kernel.ConvSpec) { s.Dilation[0] = 2 },
		"pad":      func(s *kernel.ConvSpec) { s.PadLow[0], s.Out[0] = 3, 18 },
		"output":   func(s *kernel.ConvSpec) { s.Out[0]++ },
		"groups":   func(s *kernel.ConvSpec) { s.Groups = 2 },
	} {
		s := good
		change(&s)
		if Supported(s) {
			t.Errorf("%s: supported", name)
		}
	}
	if !Supported(good) {
		t.Error("an ordinary convolution is not supported")
	}
}

func TestWorth(t *testing.T) {
	for _, c := range []struct {
		spec kernel.ConvSpec
		want bool
	}{
		{spec(1, 32, 32, 1, 1, 256, 256), true},
		{spec(1, 64, 64, 1, 1, 32, 32), true},
		{spec(1, 64, 64, 1, 1, 32, 3), false},  // an output layer
		{spec(1, 8, 8, 1, 1, 256, 256), false}, // four tiles
		{spec(8, 5, 5, 1, 1, 256, 256), false}, // most of every second tile is empty
		{spec(1, 16, 16, 1, 1, 16, 16), false}, // too little work
	} {
		if got := Worth(c.spec); got != c.want {
			t.Errorf("Worth(%v) = %v", c.spec, got)
		}
	}
}
