package kernel

import (
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// blockPlan is a matrix product of operands that are larger than the caches: C = Σ over chunks of K of A·B, each from
// copies that fit (Goto & van de Geijn 2008).
//
// An item is a block of rows and one of columns, for one split of the chunks; splits are summed apart and then added
// up in order. The worker copies A, a chunk at a time. B is copied as a whole before, for all blocks of rows to
// share; if there is only one, the worker copies that along with A.
type blockPlan struct {
	GemmSpec
	m              *Micro
	threads        int
	pack           packing // B; its blocks are the chunks
	shared         bool    // B is copied before
	mc, nc, kc     int     // rows, columns and ks of a block
	splits         int
	lda            int // from one row of a copy of A to the next
	gemm, gemmLast *Product

	// idle is the state of a finished run, kept so that the next one allocates nothing.
	idle atomic.Pointer[blockRun]
}

const (
	blockRows   = 192    // most rows of a block, and fewest that others share B with
	blockDepth  = 256    // most ks of a block: a panel of B and a tile of A share the nearest cache
	blockOwn    = 100000 // most float32s of B that a worker copies for itself, for a cache of 1 MB
	blockChunks = 8      // fewest chunks of a split
)

// blocksPay reports whether the operands are so large that reading rows in place would miss the caches all the time.
func blocksPay(s GemmSpec) bool {
	return s.Batch == 1 && min(s.M, s.N) >= 48 && s.K >= 768 && max(s.M, s.N)*s.K >= 1<<20
}

// gemmBlocks prepares a product for pools of up to that many threads.
func gemmBlocks(m *Micro, s GemmSpec, threads int) *blockPlan {
	p := &blockPlan{GemmSpec: s, m: m, threads: threads, splits: 1, shared: s.M > blockRows}
	p.mc, p.nc, p.kc = even(s.M, blockRows), s.N, blockDepth
	if !p.shared {
		p.nc = min(s.N, 16*m.NR)
		p.kc = min(p.kc, blockOwn/p.nc)
	}
	p.kc = even(s.K, p.kc)
	p.pack = packing{m: m, n: s.N, rs: s.LDB, cs: 1}
	if s.TransB {
		p.pack.rs, p.pack.cs = 1, s.LDB
	}
	p.pack.source(0)
	for k := 0; k < s.K; k += p.kc {
		p.pack.add(k*p.pack.rs, min(p.kc, s.K-k))
	}
	p.cut()
	p.products()
	return p
}

// even is the size of equal parts of n that are at most that large.
func even(n, most int) int { return ceil(n, ceil(n, most)) }

// cut makes items smaller until there are enough.
func (p *blockPlan) cut() {
	for p.items() < minItems {
		switch {
		case len(p.pack.blocks) >= 2*p.splits*blockChunks:
			p.splits *= 2
		case p.mc > 8*p.m.MR:
			p.mc = ceil(p.mc, 2)
		case p.nc > 8*p.m.NR:
			p.nc = ceil(ceil(p.nc, 2), p.m.NR) * p.m.NR
		default:
			return
		}
	}
}

// products prepares what multiplies the blocks.
func (p *blockPlan) products() {
	panel, ldc, row := p.pack.panelLen, p.LDC, p.kc
	if !p.shared {
		panel = p.kc * p.m.NR
	}
	if p.splits > 1 {
		ldc = p.N
	}
	if p.TransA {
		row = p.mc
	}
	p.lda = row&^15 + 16 // not a power of two, for rows not to compete for the same part of a cache
	last := p.pack.blocks[len(p.pack.blocks)-1].k
	p.gemm = NewProduct(p.m, p.TransA, p.kc, p.lda, p.m.NR, panel, ldc)
	p.gemmLast = NewProduct(p.m, p.TransA, last, p.lda, p.m.NR, panel, ldc)
}

func (p *blockPlan) rowBlocks() int { return ceil(p.M, p.mc) }
func (p *blockPlan) colBlocks() int { return ceil(p.N, p.nc) }
func (p *blockPlan) items() int     { return p.splits * p.rowBlocks() * p.colBlocks() }

// sizes returns the float32s of the sums of the splits, of B and of what each worker has for itself.
func (p *blockPlan) sizes() (parts, b, own int) {
	if p.splits > 1 {
		parts = p.splits * p.M * p.N
	}
	own = p.sizeA()
	if p.shared {
		b = p.pack.size()
	} else {
		own += ceil(p.nc, p.m.NR) * p.m.NR * p.kc
	}
	return parts, b, own
}

func (p *blockPlan) sizeA() int {
	if p.TransA {
		return p.kc * p.lda
	}
	return p.mc * p.lda
}

func (p *blockPlan) scratch() int {
	parts, b, own := p.sizes()
	return parts + b + p.threads*own
}

// blockRun is one execution.
type blockRun struct {
	*blockPlan
	packer              packRun
	a, b, c, parts, own []float32
}

func (p *blockPlan) run(workers *pool.Pool, a, b, c, scratch []float32) {
	r := p.idle.Swap(nil)
	if r == nil {
		r = &blockRun{blockPlan: p, packer: packRun{packing: &p.pack}}
	}
	parts, shared, _ := p.sizes()
	r.a, r.b, r.c, r.parts, r.own = a, b, c, scratch[:parts], scratch[parts+shared:]
	if p.shared {
		r.b = scratch[parts:][:shared]
		r.packer.run(workers, b, r.b)
	}
	workers.Run(p.items(), r)
	if p.splits > 1 {
		workers.Run(p.M, (*blockSum)(r))
	}
	r.a, r.b, r.c, r.parts, r.own = nil, nil, nil, nil, nil
	p.idle.Store(r)
}

// Do computes one block of C for one split.
func (r *blockRun) Do(worker, i int) {
	col := i % r.colBlocks() * r.nc
	i /= r.colBlocks()
	row := i % r.rowBlocks() * r.mc
	split := i / r.rowBlocks()
	rows, cols := min(r.mc, r.M-row), min(r.nc, r.N-col)
	c := r.c[row*r.LDC+col:]
	if r.splits > 1 {
		c = r.parts[(split*r.M+row)*r.N+col:]
	}
	_, _, size := r.sizes()
	own := r.own[worker*size:][:size]
	chunks := r.pack.blocks
	first, end := split*len(chunks)/r.splits, (split+1)*len(chunks)/r.splits
	for j := first; j < end; j++ {
		gemm := r.gemm
		if j == len(chunks)-1 {
			gemm = r.gemmLast
		}
		r.copyA(own, row, rows, j*r.kc, chunks[j].k)
		gemm.Run(rows, cols, own, r.chunkB(own[r.sizeA():], chunks[j], col, cols), c, j > first)
	}
}

// copyA copies rows of op(A), ks from k on.
func (r *blockRun) copyA(dst []float32, row, rows, k, ks int) {
	if r.TransA {
		for x := range ks {
			copy(dst[x*r.lda:][:rows], r.a[(k+x)*r.LDA+row:])
		}
		return
	}
	for x := range rows {
		copy(dst[x*r.lda:][:ks], r.a[(row+x)*r.LDA+k:])
	}
}

// chunkB returns the panels of a chunk from column col on, which it copies to dst if they are not shared.
func (r *blockRun) chunkB(dst []float32, chunk packBlock, col, cols int) []float32 {
	panel := col / r.m.NR
	if r.shared {
		return r.b[panel*r.pack.panelLen+chunk.row*r.m.NR:]
	}
	if r.TransB {
		for q := range ceil(cols, r.m.NR) {
			r.pack.copyBlock(dst[q*r.kc*r.m.NR:], r.b, chunk, panel+q)
		}
		return dst
	}
	for x := range chunk.k { // a whole row at a time: memory is fastest when read in order
		row := r.b[chunk.src+x*r.LDB+col:][:cols]
		for at := x * r.m.NR; len(row) > 0; at += r.kc * r.m.NR {
			row = row[copy(dst[at:][:r.m.NR], row):]
		}
	}
	return dst
}

// blockSum adds up the splits.
type blockSum blockRun

// Do adds up one row of C.
func (r *blockSum) Do(_, row int) {
	c := r.c[row*r.LDC:][:r.N]
	copy(c, r.parts[row*r.N:])
	for s := 1; s < r.splits; s++ {
		for j, v := range r.parts[(s*r.M+row)*r.N:][:len(c)] {
			c[j] += v
		}
	}
}
