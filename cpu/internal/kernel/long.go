package kernel

import (
	"runtime"
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// longPlan is a matrix product of few rows and columns over so many ks that B comes from memory: C = Σ over chunks of A·B.
// A chunk of B is read in order, which is how memory is fast, and then from cache.
//
// The chunks are dealt to splits, which are summed apart, one to an item, and added up in order.
type longPlan struct {
	GemmSpec
	threads        int
	kc             int // ks in a chunk
	lda            int // from one row of a copy of A to the next
	chunks, splits int
	gemm, gemmLast *Product

	// idle is the state of a finished run, kept so that the next one allocates nothing.
	idle atomic.Pointer[longRun]
}

const (
	longDepth   = 8192  // fewest ks for which this pays
	longRows    = 192   // most rows
	longColumns = 32    // fewest columns
	longChunk   = 96000 // float32s of a chunk of A and B, for a cache of 512 KB
	longSplits  = 16
)

// isLong reports whether a longPlan does best: B does not stay in any cache, and its rows lie near each other.
func isLong(s GemmSpec) bool {
	return s.Batch == 1 && !s.TransB && s.K >= longDepth && s.M <= longRows && s.N >= longColumns && s.LDB <= maxNear
}

// gemmLong prepares a product for pools of up to that many threads.
func gemmLong(m *Micro, s GemmSpec, threads int) *longPlan {
	p := &longPlan{GemmSpec: s, threads: threads}
	p.chunks = ceil(s.K, longChunk/(s.M+s.LDB))
	p.kc = ceil(s.K, p.chunks)
	p.chunks = ceil(s.K, p.kc)
	p.splits = min(p.chunks, longSplits)
	p.lda = s.LDA
	if !s.TransA {
		p.lda = (ceil(p.kc, 16) | 1) * 16 // an odd number of cache lines, for rows not to compete for the same part of the cache
	}
	p.gemm = NewProduct(m, s.TransA, p.kc, p.lda, s.LDB, m.NR, s.N)
	p.gemmLast = NewProduct(m, s.TransA, s.K-(p.chunks-1)*p.kc, p.lda, s.LDB, m.NR, s.N)
	return p
}

func (p *longPlan) partSize() int { return p.M * p.N }

// ownSize is the size of a copy of A, which each worker has; if it is transposed, a chunk lies together as it is.
func (p *longPlan) ownSize() int {
	if p.TransA {
		return 0
	}
	return p.M * p.lda
}

func (p *longPlan) scratch() int { return p.splits*p.partSize() + p.threads*p.ownSize() }

// longRun is one execution.
type longRun struct {
	*longPlan
	a, b, c, parts, own []float32
}

func (p *longPlan) run(workers *pool.Pool, a, b, c, scratch []float32) {
	r := p.idle.Swap(nil)
	if r == nil {
		r = &longRun{longPlan: p}
	}
	r.a, r.b, r.c, r.parts, r.own = a, b, c, scratch, scratch[p.splits*p.partSize():]
	workers.Run(p.splits, r)
	workers.Run(p.M, (*longSum)(r))
	r.a, r.b, r.c, r.parts, r.own = nil, nil, nil, nil, nil
	p.idle.Store(r)
}

// Do sums one split.
func (r *longRun) Do(worker, split int) {
	own := r.own[worker*r.ownSize():]
	c := r.parts[split*r.partSize():]
	first := split * r.chunks / r.splits
	for j := first; j < (split+1)*r.chunks/r.splits; j++ {
		k, end, gemm := j*r.kc, (j+1)*r.kc, r.gemm
		if j == r.chunks-1 {
			end, gemm = r.K, r.gemmLast
		}
		fetch(r.b[k*r.LDB : (end-1)*r.LDB+r.N])
		gemm.Run(r.M, r.N, r.chunkOfA(own, k, end), r.b[k*r.LDB:], c, j > first)
	}
}

// fetch reads a value of every cache line of b.
func fetch(b []float32) {
	sum := float32(0)
	for i := 0; i < len(b); i += 16 {
		sum += b[i]
	}
	runtime.KeepAlive(sum)
}

// chunkOfA returns the ks from k up to end of A: a copy in dst, unless they lie together.
func (r *longRun) chunkOfA(dst []float32, k, end int) []float32 {
	if r.TransA {
		return r.a[k*r.LDA:]
	}
	for i := range r.M {
		copy(dst[i*r.lda:], r.a[i*r.LDA+k:i*r.LDA+end])
	}
	return dst
}

// longSum adds up the splits.
type longSum longRun

// Do adds up one row of C.
func (r *longSum) Do(_, row int) {
	c := r.c[row*r.LDC:][:r.N]
	copy(c, r.parts[row*r.N:])
	for s := 1; s < r.splits; s++ {
		for j, v := range r.parts[s*r.partSize()+row*r.N:][:len(c)] {
			c[j] += v
		}
	}
}
