package kernel

import (
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// colsPlan is a cols product: for each job, C = Σ over segments of Aᵀ·B, rows x n elements.
//
// The segments of a tap are cut into chunks, so that a panel of B of one chunk stays in cache for all rows.
// Where that gives too few items for many workers, the chunks are dealt to a few splits, each of which
// sums on its own; their sums are added in a fixed order at the end.
type colsPlan struct {
	m        *Micro
	rows     int
	lda, ldc int
	pack     packing // B; its n is that of C
	jobs     []colsJob
	taps     int
	segs     []int32 // triples, as in colsFunc
	chunks   []int   // by tap and chunk: the number of segments up to its end
	// swap: C is stored transposed, [n, rows] with rows ldc apart, and the caller's a and b are our b and a.
	swap bool

	splits                  int
	blockTiles, blockPanels int

	// idle is the state of a finished run, kept so that the next one allocates nothing.
	idle atomic.Pointer[colsRun]
}

// colsJob is one C with its tap and the offsets of its operands; b is a number of a packing source.
type colsJob struct{ tap, a, b, c int }

// chunkRows is the number of ks in a chunk, more or less.
const chunkRows = 192

func (p *colsPlan) tiles() int     { return ceil(p.rows, p.m.MR) }
func (p *colsPlan) tapChunks() int { return len(p.chunks) / p.taps }

// cut chooses the size of the items, when jobs and segments are there.
func (p *colsPlan) cut() {
	if len(p.segs) == 0 {
		p.segs = make([]int32, 3) // none at all still has an address
	}
	p.splits, p.blockTiles, p.blockPanels = 1, p.tiles(), p.pack.panels()
	for p.items() < minItems {
		switch {
		case p.blockPanels > 1:
			p.blockPanels = ceil(p.blockPanels, 2)
		case p.blockTiles > 1:
			p.blockTiles = ceil(p.blockTiles, 2)
		case p.items() < minItems/2 && p.tapChunks() >= 4*p.splits:
			p.splits *= 2
		default:
			return
		}
	}
}

func (p *colsPlan) blocks() int {
	return ceil(p.tiles(), p.blockTiles) * ceil(p.pack.panels(), p.blockPanels)
}

func (p *colsPlan) items() int { return p.splits * len(p.jobs) * p.blocks() }

// apart reports whether the sums go to scratch first.
func (p *colsPlan) apart() bool { return p.splits > 1 || p.swap }

func (p *colsPlan) scratch() int { return p.partsSize() + p.pack.size() }

func (p *colsPlan) partsSize() int {
	if !p.apart() {
		return 0
	}
	return p.splits * len(p.jobs) * p.rows * p.pack.n
}

// colsRun is one execution.
type colsRun struct {
	*colsPlan
	packer         packRun
	a, b, c, parts []float32
}

func (p *colsPlan) run(workers *pool.Pool, a, b, c, scratch []float32) {
	r := p.idle.Swap(nil)
	if r == nil {
		r = &colsRun{colsPlan: p, packer: packRun{packing: &p.pack}}
	}
	if p.swap {
		a, b = b, a
	}
	r.a, r.b, r.c, r.parts = a, b, c, scratch[:p.partsSize()]
	if !p.pack.inPlace {
		r.b = scratch[p.partsSize():p.scratch()]
		r.packer.run(workers, b, r.b)
	}
	workers.Run(p.items(), r)
	if p.apart() {
		workers.Run(len(p.jobs)*ceil(p.rows, sumRows), (*colsSum)(r))
	}
	r.a, r.b, r.c, r.parts = nil, nil, nil, nil
	p.idle.Store(r)
}

// Do computes one block of one job and split.
func (r *colsRun) Do(_, i int) {
	panelBlocks := ceil(r.pack.panels(), r.blockPanels)
	q := i % panelBlocks * r.blockPanels
	i /= panelBlocks
	tileBlocks := ceil(r.tiles(), r.blockTiles)
	t := i % tileBlocks * r.blockTiles
	i /= tileBlocks
	job, split := r.jobs[i%len(r.jobs)], i/len(r.jobs)
	c, ldc := r.c[job.c:], r.ldc
	if r.apart() {
		c, ldc = r.parts[i*r.rows*r.pack.n:], r.pack.n
	}
	n, end := r.tapChunks(), min(q+r.blockPanels, r.pack.panels())
	for x := split * n / r.splits; x < (split+1)*n/r.splits; x++ {
		for q := q; q < end; q++ {
			r.panel(job, job.tap*n+x, t, q, c, ldc, x > split*n/r.splits)
		}
	}
}

// panel multiplies the block's tiles from tile t on with one chunk of panel q.
func (r *colsRun) panel(job colsJob, chunk, t, q int, c []float32, ldc int, accumulate bool) {
	from, acc := 0, 0
	if chunk > 0 {
		from = r.chunks[chunk-1]
	}
	if accumulate {
		acc = 1
	}
	segs := r.chunks[chunk] - from
	cols := min(r.m.NR, r.pack.n-q*r.m.NR)
	if segs == 0 && accumulate {
		return
	}
	seg := &r.segs[min(3*from, len(r.segs)-1)]
	at, ldb := r.pack.at(job.b, q)
	b := &r.b[at]
	for last := min(t+r.blockTiles, r.tiles()); t < last; t++ {
		i, end := t*r.rows/r.tiles(), (t+1)*r.rows/r.tiles()
		f := r.m.colsFunc(end-i, cols)
		f(&r.a[job.a+i], r.lda, b, ldb, seg, segs, &c[i*ldc+q*r.m.NR], ldc, cols, acc)
	}
}

// sumRows is the number of rows of C in an item of colsSum.
const sumRows = 16

// colsSum adds what the splits have summed and stores it in C.
type colsSum colsRun

func (r *colsSum) Do(_, i int) {
	blocks := ceil(r.rows, sumRows)
	job := i / blocks
	first := i % blocks * sumRows
	size := r.rows * r.pack.n
	for row := first; row < min(first+sumRows, r.rows); row++ {
		sum := r.parts[job*size+row*r.pack.n:][:r.pack.n]
		for s := 1; s < r.splits; s++ {
			for j, v := range r.parts[(s*len(r.jobs)+job)*size+row*r.pack.n:][:r.pack.n] {
				sum[j] += v
			}
		}
		c := r.c[r.jobs[job].c:]
		if !r.swap {
			copy(c[row*r.ldc:], sum)
			continue
		}
		for j, v := range sum {
			c[j*r.ldc+row] = v
		}
	}
}
