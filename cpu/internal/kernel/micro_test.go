package kernel

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// TestProduct checks row-major and packed B, both orders of A, edges and accumulation.
func TestProduct(t *testing.T) {
	for _, m := range Available() {
		rng := rand.New(rand.NewPCG(5, 6))
		for _, size := range [][3]int{{1, 1, 1}, {m.MR, m.NR, 16}, {2*m.MR + 1, 2*m.NR + 3, 37}, {5, 70, 300}} {
			rows, cols, k := size[0], size[1], size[2]
			for _, transA := range []bool{false, true} {
				s := compact(GemmSpec{M: rows, N: cols, K: k, Batch: 1, TransA: transA})
				a, b := random(rng, rows*k), random(rng, k*cols)
				once := naiveGemm(s, a, b, rows*cols)
				packed := make([]float32, ceil(cols, m.NR)*k*m.NR)
				for x := range k {
					for j := range cols {
						packed[(j/m.NR*k+x)*m.NR+j%m.NR] = b[x*cols+j]
					}
				}
				c := garbage(rows * cols)
				NewProduct(m, transA, k, s.LDA, cols, m.NR, cols).Run(rows, cols, a, b, c, false)
				name := fmt.Sprintf("%s %v transA=%v", m.Name, size, transA)
				checkClose(t, name, c, once)
				NewProduct(m, transA, k, s.LDA, m.NR, k*m.NR, cols).Run(rows, cols, a, packed, c, true)
				for i := range once {
					once[i] *= 2
				}
				checkClose(t, name+" packed, added", c, once)
			}
		}
	}
}

// plans are one of each kind: in place, packed, transposed, dots, cols with splits.
func plans() map[string]runner {
	c := conv(1, 20, 20, 70, 70, 3, 1, 1, 1, 1)
	few := conv(1, 20, 20, 32, 3, 7, 1, 1, 3, 3)
	return map[string]runner{
		"gemm":            NewGemm(compact(GemmSpec{M: 70, N: 70, K: 70, Batch: 2}), 2),
		"gemm packed":     NewGemm(GemmSpec{M: 150, N: 40, K: 8, Batch: 1, LDA: 8, LDB: 800, LDC: 40}, 2),
		"gemm tt":         NewGemm(compact(GemmSpec{M: 70, N: 70, K: 70, Batch: 2, TransA: true, TransB: true}), 2),
		"forward":         NewConvForward(c, 2),
		"input gradient":  NewConvInputGrad(c, 2),
		"weight gradient": NewConvWeightGrad(c, 2),
		"few forward":     NewConvForward(few, 2),
		"few weights":     NewConvWeightGrad(few, 2),
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	v := random(rand.New(rand.NewPCG(7, 8)), 1<<16)
	for name, r := range plans() {
		scratch, out := make([]float32, r.Scratch()), make([]float32, 1<<16)
		if got := testing.AllocsPerRun(10, func() { r.Run(p, v, v, out, scratch) }); got != 0 {
			t.Errorf("%s: Run allocates %v times", name, got)
		}
	}
}

// TestConcurrentRuns runs each plan from several goroutines on one pool.
func TestConcurrentRuns(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	v := random(rand.New(rand.NewPCG(7, 8)), 1<<16)
	for name, r := range plans() {
		want := make([]float32, 1<<16)
		r.Run(p, v, v, want, make([]float32, r.Scratch()))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 5 {
					got := make([]float32, 1<<16)
					r.Run(p, v, v, got, garbage(r.Scratch()))
					checkSame(t, name, got, want)
				}
			})
		}
		wg.Wait()
	}
}
