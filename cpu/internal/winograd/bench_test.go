package winograd

import (
	"fmt"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// runner is a convolution of this package or a direct one.
type runner interface {
	Scratch() int
	Run(p *pool.Pool, a, b, out, scratch []float32)
}

// BenchmarkConv reports effective rates: the operations of direct convolution over the time.
func BenchmarkConv(b *testing.B) {
	for _, c := range []struct{ size, channels, batch int }{
		{64, 32, 1}, {64, 32, 4}, {32, 64, 1}, {32, 64, 4}, {16, 128, 1}, {16, 128, 4}, {32, 256, 1}, {32, 256, 4},
	} {
		compare(b, spec(c.batch, c.size, c.size, 1, 1, c.channels, c.channels))
	}
}

// BenchmarkSmall has the shapes around the border that Worth draws.
func BenchmarkSmall(b *testing.B) {
	for _, c := range [][4]int{ // size, cin, cout, batch
		{64, 8, 8, 1}, {64, 16, 16, 1}, {64, 8, 32, 1}, {64, 32, 8, 1}, {32, 24, 24, 1},
		{4, 128, 128, 1}, {4, 128, 128, 4}, {8, 64, 64, 1}, {8, 128, 128, 1}, {8, 256, 256, 1}, {8, 256, 256, 4}, {5, 64, 64, 4}, {8, 32, 32, 1},
	} {
		compare(b, spec(c[3], c[0], c[0], 1, 1, c[1], c[2]))
	}
}

// compare runs all directions with Winograd's algorithm and directly.
func compare(b *testing.B, s kernel.ConvSpec) {
	x, w, y := operands(s)
	flops := 2 * float64(len(y)) * float64(9*s.Cin)
	for _, d := range []struct {
		name             string
		winograd, direct func(threads int) runner
		a, b             []float32
		out              int
	}{
		{"fwd", func(n int) runner { return NewForward(s, n) }, func(n int) runner { return kernel.NewConvForward(s, n) }, x, w, len(y)},
		{"dx", func(n int) runner { return NewInputGrad(s, n) }, func(n int) runner { return kernel.NewConvInputGrad(s, n) }, y, w, len(x)},
		{"dw", func(n int) runner { return NewWeightGrad(s, n) }, func(n int) runner { return kernel.NewConvWeightGrad(s, n) }, x, y, len(w)},
	} {
		for _, threads := range []int{1, 2} {
			p := pool.New(threads)
			for i, c := range []runner{d.winograd(threads), d.direct(threads)} {
				out, scratch := make([]float32, d.out), make([]float32, c.Scratch()+1)
				name := fmt.Sprintf("b%d-%dx%d-%d-%d/%s/%dt/%s", s.Batch, s.In[0], s.In[1], s.Cin, s.Cout, d.name, threads, []string{"winograd", "direct"}[i])
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						c.Run(p, d.a, d.b, out, scratch)
					}
					b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
			p.Close()
		}
	}
}
