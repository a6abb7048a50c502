package kernel

import (
	"fmt"
	"math"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// GemmSpec is a batch of matrix products C = op(A)·B of M x N elements over K, all sizes at least 1.
//
// op(A) is [M, K] and op(B) [K, N]; with TransA (TransB) the matrix in memory is [K, M] ([N, K]). LDA, LDB and LDC
// are the distances of the rows in memory, StrideA, StrideB and StrideC those of the matrices of the batch. A stride of 0
// shares A or B. No matrix may reach over more than MaxElements.
type GemmSpec struct {
	M, N, K, Batch            int
	TransA, TransB            bool
	LDA, LDB, LDC             int
	StrideA, StrideB, StrideC int
}

// MaxElements is the most that an operand or a result may have: offsets in it are int32s.
const MaxElements = math.MaxInt32

// mustFit panics if an operand has too many elements for the tables, which would send a kernel astray. Whoever plans asks for
// none that large.
func mustFit(what string, spec any, elements ...int) {
	for _, n := range elements {
		if n > MaxElements {
			panic(fmt.Sprintf("kernel: %s %+v reaches over %d elements, at most %d are possible", what, spec, n, MaxElements))
		}
	}
}

// check panics if a matrix is too large.
func (s GemmSpec) check() {
	reach := func(trans bool, rows, cols, ld int) int {
		if trans {
			rows, cols = cols, rows
		}
		return (rows-1)*ld + cols
	}
	mustFit("the matrix product", s, reach(s.TransA, s.M, s.K, s.LDA), reach(s.TransB, s.K, s.N, s.LDB), reach(false, s.M, s.N, s.LDC))
}

// plan is a rowsPlan, a colsPlan or a longPlan.
type plan interface {
	scratch() int
	run(p *pool.Pool, a, b, c, scratch []float32)
}

// Gemm is a prepared matrix product. It may be run by several goroutines at once, each with its own scratch.
type Gemm struct{ plan plan }

// NewGemm prepares a matrix product for pools of up to the given number of threads.
func NewGemm(s GemmSpec, threads int) *Gemm { return newGemm(Best(), s, threads) }

func newGemm(m *Micro, s GemmSpec, threads int) *Gemm {
	s.check()
	switch {
	case isLong(s):
		return &Gemm{gemmLong(m, s, threads)}
	case s.TransA:
		return &Gemm{gemmCols(m, s)}
	}
	return &Gemm{gemmRows(m, s)}
}

// Scratch is the number of float32s that Run needs to work in.
func (g *Gemm) Scratch() int { return g.plan.scratch() }

// Run computes C. What C and scratch hold before does not matter.
func (g *Gemm) Run(p *pool.Pool, a, b, c, scratch []float32) { g.plan.run(p, a, b, c, scratch) }

// readInPlace reports whether a B with rows ld apart is better read where it is than packed, for products of that many
// rows. Rows 4 KiB apart compete for the same cache sets and each need a page; near ones are as good as packed.
func readInPlace(m *Micro, rows, ld int) bool { return ld <= maxNear || rows <= 10*m.MR }

// maxNear is the largest distance of rows of B that are near.
const maxNear = 768

// dotRows is the number of rows up to which a transposed B is better read in place by the dots kernels than packed.
const dotRows = 16

// dotsPay reports whether n columns leave so much of a vector across columns empty that vectors along k, of which
// there are that many in a run, do better.
func dotsPay(m *Micro, n, run int) bool { return n <= m.NR*3/8 && run >= m.NR/2 }

// gemmRows prepares a product with A as it is.
func gemmRows(m *Micro, s GemmSpec) *rowsPlan {
	p := &rowsPlan{m: m}
	p.pack = packing{m: m, n: s.N, rs: s.LDB, cs: 1}
	p.pack.dots = dotsPay(m, s.N, s.K) && s.M > dotRows
	if s.TransB {
		p.pack.rs, p.pack.cs = 1, s.LDB
		p.pack.dots = p.pack.dots || s.M <= dotRows
		p.pack.inPlace = p.pack.dots
	} else {
		p.pack.inPlace = !p.pack.dots && readInPlace(m, s.M, s.LDB)
	}
	p.pack.add(0, s.K)
	for i := range s.Batch {
		e := entry{a: i * s.StrideA, c: i * s.StrideC}
		if i == 0 || s.StrideB != 0 {
			e.b = p.pack.source(i * s.StrideB)
		}
		p.entries = append(p.entries, e)
	}
	c := make([]int32, s.M)
	for i := range c {
		c[i] = int32(i * s.LDC)
	}
	p.add(c, gemmTaps(s, p.pack.dots))
	p.cut()
	return p
}

// gemmTaps cuts K into equal parts, each of which is one pass over the columns.
func gemmTaps(s GemmSpec, whole bool) []tap {
	parts := ceil(s.K, passRows)
	if whole {
		parts = 1
	}
	taps := make([]tap, parts)
	for t := range taps {
		k, end := t*s.K/parts, (t+1)*s.K/parts
		taps[t] = tap{row: k, k: end - k, off: make([]int32, s.M)}
		for i := range s.M {
			taps[t].off[i] = int32(i*s.LDA + k)
		}
	}
	return taps
}

// gemmCols prepares a product with A transposed.
func gemmCols(m *Micro, s GemmSpec) *colsPlan {
	p := &colsPlan{m: m, rows: s.M, lda: s.LDA, ldc: s.LDC, taps: 1}
	p.pack = packing{m: m, n: s.N, rs: s.LDB, cs: 1, inPlace: !s.TransB && readInPlace(m, s.M, s.LDB)}
	if s.TransB {
		p.pack.rs, p.pack.cs = 1, s.LDB
	}
	p.pack.add(0, s.K)
	for i := range s.Batch {
		j := colsJob{a: i * s.StrideA, c: i * s.StrideC}
		if i == 0 || s.StrideB != 0 {
			j.b = p.pack.source(i * s.StrideB)
		}
		p.jobs = append(p.jobs, j)
	}
	_, ldb := p.pack.at(0, 0)
	for k := 0; k < s.K; k += chunkRows {
		p.segs = append(p.segs, int32(k*s.LDA), int32(k*ldb), int32(min(chunkRows, s.K-k)))
		p.chunks = append(p.chunks, len(p.segs)/3)
	}
	p.cut()
	return p
}
