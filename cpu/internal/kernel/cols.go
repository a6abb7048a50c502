package kernel

import (
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// colsPlan is a cols product: for each job, C = Σ over segments of Aᵀ·B, rows x n elements.
//
// The segments of a tap are cut into chunks, so that a panel of B of one chunk stays in cache for all rows and
// some jobs. Where that gives too few items for many workers, the chunks are dealt to a few splits, each of
// which sums on its own; their sums are added in a fixed order at the end.
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

	// An item is blockTiles tiles times blockPanels panels of blockJobs jobs, for one split of the chunks.
	splits                             int
	blockJobs, blockTiles, blockPanels int

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
	p.blockJobs = min(len(p.jobs), ceil(tilesPerChunk, p.blockTiles))
	for p.items() < minItems {
		switch {
		case p.blockPanels > 1:
			p.blockPanels = ceil(p.blockPanels, 2)
		case p.tapChunks() >= 2*p.splits*longSplit:
			p.splits *= 2
		case p.blockJobs > 1:
			p.blockJobs = ceil(p.blockJobs, 2)
		case p.blockTiles > 1:
			p.blockTiles = ceil(p.blockTiles, 2)
		case p.items() < minItems/2 && p.tapChunks() >= 2*p.splits:
			p.splits *= 2
		default:
			return
		}
	}
}

const (
	// tilesPerChunk is the number of tiles that should use a panel's chunk while it is in the nearest cache.
	tilesPerChunk = 8
	// longSplit is the number of chunks of a split that take so long that adding its sums does not matter.
	longSplit = 20
)

func (p *colsPlan) tileBlocks() int  { return ceil(p.tiles(), p.blockTiles) }
func (p *colsPlan) panelBlocks() int { return ceil(p.pack.panels(), p.blockPanels) }
func (p *colsPlan) jobBlocks() int   { return ceil(len(p.jobs), p.blockJobs) }

func (p *colsPlan) items() int { return p.splits * p.jobBlocks() * p.tileBlocks() * p.panelBlocks() }

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

// Do computes one block of some jobs and one split.
func (r *colsRun) Do(_, i int) {
	q := i % r.panelBlocks() * r.blockPanels
	i /= r.panelBlocks()
	t := i % r.tileBlocks() * r.blockTiles
	i /= r.tileBlocks()
	job := i % r.jobBlocks() * r.blockJobs
	split := i / r.jobBlocks()
	lastPanel, lastJob := min(q+r.blockPanels, r.pack.panels()), min(job+r.blockJobs, len(r.jobs))
	n := r.tapChunks()
	first := split * n / r.splits
	for chunk := first; chunk < (split+1)*n/r.splits; chunk++ {
		for q := q; q < lastPanel; q++ {
			for job := job; job < lastJob; job++ {
				r.panel(split, job, chunk, q, t, chunk > first)
			}
		}
	}
}

// panel multiplies a job's tiles from tile t on with one chunk of panel q.
func (r *colsRun) panel(split, j, chunk, q, t int, accumulate bool) {
	job := r.jobs[j]
	chunk += job.tap * r.tapChunks()
	from, acc := 0, 0
	if chunk > 0 {
		from = r.chunks[chunk-1]
	}
	segs := r.chunks[chunk] - from
	if accumulate {
		if segs == 0 {
			return
		}
		acc = 1
	}
	c, ldc := r.c[job.c:], r.ldc
	if r.apart() {
		c, ldc = r.parts[(split*len(r.jobs)+j)*r.rows*r.pack.n:], r.pack.n
	}
	cols := min(r.m.NR, r.pack.n-q*r.m.NR)
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
