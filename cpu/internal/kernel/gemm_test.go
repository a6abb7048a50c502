package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// random returns n values in [-1, 1).
func random(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = 2*rng.Float32() - 1
	}
	return v
}

// garbage returns n values that spoil every sum they get into.
func garbage(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.NaN())
	}
	return v
}

// checkClose compares with a float64 reference: each error is at most 1e-5 of the largest value.
func checkClose(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for i, v := range want {
		if err := math.Abs(float64(got[i]) - v); !(err <= 1e-5*scale) {
			t.Errorf("%s: element %d is %v, want %v (largest %v)", what, i, got[i], v, scale)
			return
		}
	}
}

func checkSame(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, v := range want {
		if math.Float32bits(got[i]) != math.Float32bits(v) {
			t.Errorf("%s: element %d is %v, want the same bits as %v", what, i, got[i], v)
			return
		}
	}
}

// naiveGemm is the definition, in float64.
func naiveGemm(s GemmSpec, a, b []float32, size int) []float64 {
	c := make([]float64, size)
	at := func(v []float32, trans bool, ld, row, col int) float64 {
		if trans {
			row, col = col, row
		}
		return float64(v[row*ld+col])
	}
	for n := range s.Batch {
		for i := range s.M {
			for j := range s.N {
				sum := 0.0
				for k := range s.K {
					sum += at(a[n*s.StrideA:], s.TransA, s.LDA, i, k) * at(b[n*s.StrideB:], s.TransB, s.LDB, k, j)
				}
				c[n*s.StrideC+i*s.LDC+j] = sum
			}
		}
	}
	return c
}

// compact fills in leading dimensions and strides of matrices without gaps.
func compact(s GemmSpec) GemmSpec {
	s.LDA, s.LDB, s.LDC = s.K, s.N, s.N
	if s.TransA {
		s.LDA = s.M
	}
	if s.TransB {
		s.LDB = s.K
	}
	s.StrideA, s.StrideB, s.StrideC = s.M*s.K, s.K*s.N, s.M*s.N
	return s
}

// runner is a Gemm or a Conv.
type runner interface {
	Scratch() int
	Run(p *pool.Pool, a, b, c, scratch []float32)
}

// testPools are shared by all tests of this package; the threads are those the API promises equal bits for.
func testPools(t testing.TB) []*pool.Pool {
	var pools []*pool.Pool
	for _, threads := range []int{1, 2, 8} {
		p := pool.New(threads)
		t.Cleanup(p.Close)
		pools = append(pools, p)
	}
	return pools
}

// checkRunner runs a product with every number of threads and compares with the reference and for equal bits.
func checkRunner(t *testing.T, what string, r runner, pools []*pool.Pool, a, b []float32, want []float64) {
	t.Helper()
	var first []float32
	for _, p := range pools {
		c := garbage(len(want) + 1)
		r.Run(p, a, b, c[:len(want):len(want)], garbage(r.Scratch()))
		if !math.IsNaN(float64(c[len(want)])) {
			t.Errorf("%s: wrote past the end", what)
		}
		if first == nil {
			first = c[:len(want)]
			checkClose(t, what, first, want)
		}
		checkSame(t, fmt.Sprintf("%s, %d threads", what, p.Threads()), c, first)
	}
}

var gemmSpecs = []GemmSpec{
	{M: 1, N: 1, K: 1}, {M: 1, N: 33, K: 7}, {M: 5, N: 3, K: 40}, {M: 13, N: 4, K: 100}, {M: 12, N: 32, K: 64},
	{M: 16, N: 256, K: 256}, {M: 17, N: 65, K: 130}, {M: 70, N: 70, K: 70}, {M: 61, N: 100, K: 700}, {M: 3, N: 200, K: 1100},
	{M: 100, N: 16, K: 50}, {M: 130, N: 800, K: 20}, {M: 40, N: 24, K: 9}, {M: 30, N: 8, K: 3000}, {M: 9, N: 21, K: 31, Batch: 5}, {M: 64, N: 64, K: 32, Batch: 3},
	{M: 14, N: 33, K: 9001}, {M: 1, N: 40, K: 8200},
}

func TestGemm(t *testing.T) {
	pools := testPools(t)
	for _, m := range Available() {
		t.Run(m.Name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			for _, s := range gemmSpecs {
				s.Batch = max(s.Batch, 1)
				for trans := range 4 {
					s.TransA, s.TransB = trans&1 != 0, trans&2 != 0
					s := compact(s)
					a, b := random(rng, s.Batch*s.StrideA), random(rng, s.Batch*s.StrideB)
					checkRunner(t, fmt.Sprintf("%+v", s), newGemm(m, s, 8), pools, a, b, naiveGemm(s, a, b, s.Batch*s.StrideC))
				}
			}
		})
	}
}
