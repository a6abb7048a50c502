package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// benchmark reports the rate of a product of that many floating point operations, for 1 and 2 threads.
func benchmark(b *testing.B, name string, r runner, sizeA, sizeB, sizeC int, flops float64) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(b *testing.B) {
			p := pool.New(threads)
			defer p.Close()
			rng := rand.New(rand.NewPCG(1, 2))
			x, y, z, scratch := random(rng, sizeA), random(rng, sizeB), make([]float32, sizeC), make([]float32, r.Scratch())
			for b.Loop() {
				r.Run(p, x, y, z, scratch)
			}
			b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range []GemmSpec{
		{M: 128, N: 128, K: 128}, {M: 256, N: 256, K: 256}, {M: 512, N: 512, K: 512}, {M: 1024, N: 1024, K: 1024},
		{M: 4096, N: 64, K: 576}, {M: 1024, N: 128, K: 1152}, {M: 16384, N: 32, K: 288}, {M: 64, N: 576, K: 4096}, {M: 64, N: 576, K: 36864}, {M: 64, N: 576, K: 36864, TransA: true}, {M: 2048, N: 2048, K: 2048}, {M: 2048, N: 2048, K: 2048, TransA: true}, {M: 96, N: 512, K: 512}, {M: 96, N: 1024, K: 1024}, {M: 120, N: 256, K: 256},
		{M: 256, N: 256, K: 256, TransB: true}, {M: 4096, N: 64, K: 576, TransB: true}, {M: 512, N: 512, K: 512, TransA: true}, {M: 1024, N: 1024, K: 1024, TransA: true},
		{M: 16, N: 256, K: 256}, {M: 16, N: 512, K: 512, TransB: true}, {M: 4, N: 512, K: 512}, {M: 256, N: 16, K: 256},
		{M: 64, N: 64, K: 32, Batch: 16}, {M: 256, N: 256, K: 32, Batch: 8, TransB: true}, {M: 256, N: 32, K: 256, Batch: 8},
	} {
		s.Batch = max(s.Batch, 1)
		s = compact(s)
		name := fmt.Sprintf("%dx%dx%d", s.M, s.N, s.K)
		if s.Batch > 1 {
			name = fmt.Sprintf("%dx", s.Batch) + name
		}
		if s.TransA {
			name += "-TN"
		}
		if s.TransB {
			name += "-NT"
		}
		benchmark(b, name, NewGemm(s, 2), s.Batch*s.StrideA, s.Batch*s.StrideB, s.Batch*s.StrideC,
			2*float64(s.M*s.N*s.K*s.Batch))
	}
}

func BenchmarkConv(b *testing.B) {
	for _, s := range []ConvSpec{
		conv(1, 64, 64, 32, 32, 3, 1, 1, 1, 1), conv(1, 32, 32, 64, 64, 3, 1, 1, 1, 1), conv(1, 16, 16, 128, 128, 3, 1, 1, 1, 1),
		conv(4, 64, 64, 32, 32, 3, 1, 1, 1, 1), conv(16, 32, 32, 64, 64, 3, 1, 1, 1, 1), conv(1, 256, 256, 32, 32, 3, 1, 1, 1, 1),
		conv(1, 32, 32, 256, 256, 3, 1, 1, 1, 1),
		conv(1, 64, 64, 3, 32, 7, 1, 1, 3, 3), conv(1, 64, 64, 32, 3, 7, 1, 1, 3, 3), conv(4, 64, 64, 3, 32, 7, 1, 1, 3, 3), conv(4, 64, 64, 32, 3, 7, 1, 1, 3, 3),
		conv(1, 64, 64, 32, 64, 4, 2, 1, 1, 1), conv(4, 64, 64, 32, 64, 4, 2, 1, 1, 1), conv(4, 64, 64, 6, 64, 4, 2, 1, 1, 1), conv(1, 64, 64, 12, 64, 3, 1, 1, 1, 1), conv(1, 64, 64, 16, 64, 3, 1, 1, 1, 1),
		conv(4, 7, 7, 256, 1, 4, 1, 1, 1, 1), conv(1, 32, 32, 64, 128, 3, 2, 1, 1, 1),
		conv(1, 4, 4, 512, 512, 4, 2, 1, 1, 1), conv(4, 4, 4, 512, 512, 4, 2, 1, 1, 1), conv(1, 64, 64, 32, 32, 1, 1, 1, 0, 0),
		conv(1, 1, 64, 64, 64, 3, 1, 1, 1, 1), conv(16, 1, 64, 64, 64, 3, 1, 1, 1, 1),
	} {
		name := fmt.Sprintf("b%d-%dx%d-%d-%d-k%d-s%d", s.Batch, s.In[0], s.In[1], s.Cin, s.Cout, s.Kernel[1], s.Stride[1])
		x, w, y := s.sizes()
		flops := 2 * float64(y) * float64(w/s.Cout)
		benchmark(b, name+"/fwd", NewConvForward(s, 2), x, w, y, flops)
		benchmark(b, name+"/dx", NewConvInputGrad(s, 2), y, w, x, flops)
		benchmark(b, name+"/dw", NewConvWeightGrad(s, 2), x, y, w, flops)
	}
}

// BenchmarkISA compares the instruction sets.
func BenchmarkISA(b *testing.B) {
	for _, m := range Available() {
		s := compact(GemmSpec{M: 256, N: 256, K: 256, Batch: 1})
		benchmark(b, m.Name+"/gemm", newGemm(m, s, 8), s.StrideA, s.StrideB, s.StrideC, 2*256*256*256)
		c := conv(1, 32, 32, 64, 64, 3, 1, 1, 1, 1)
		x, w, y := c.sizes()
		flops := 2 * float64(y) * float64(w/c.Cout)
		benchmark(b, m.Name+"/fwd", &Conv{convRows(m, c, false)}, x, w, y, flops)
		benchmark(b, m.Name+"/dx", &Conv{convRows(m, c, true)}, y, w, x, flops)
		benchmark(b, m.Name+"/dw", &Conv{convCols(m, c)}, x, y, w, flops)
	}
}
