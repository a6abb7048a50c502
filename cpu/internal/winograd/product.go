package winograd

import (
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// points is the number of frequencies: 6x6 points at which the polynomials are multiplied.
const points = 36

// turnRows is the number of input channels whose kernels are turned around at a time.
const turnRows = 32

// product is a plan for y = Aᵀ [ Σ_k V ⊙ U ] A: the forward convolution and, with the kernels turned around
// and their channels swapped, the gradient of its input. k input channels become n output channels.
//
// Tiles come in blocks, output channels in panels of NR. V [blocks, 36, block, k] and U [panels, 36, k, NR] are each
// wanted for many pairs of the two: see sharing. What a worker makes of one pair, M [36, block, NR], stays in its
// L2 cache.
type product struct {
	isa
	in, out tiling
	k, n    int
	turned  bool // w is [3, 3, n, k], to be rotated by 180 degrees
	sharing sharing

	block, blocks int // tiles in a block
	nr, panels    int // channels in a panel

	ldv, ldm                  int // from one tile to the next
	strideV, strideU, strideM int // from one frequency to the next
	sizeV, sizeU              int // of a block, of a panel

	gemm *kernel.Product
	idle atomic.Pointer[productRun]
}

// productRun is one run of a plan. Its Do makes the outputs.
type productRun struct {
	*product
	x, w, y, scratch []float32
}

// sharing says which of V and U is made as a whole before the products. The other is made one block (or one
// panel) at a time by the worker that is about to use it, and does not leave its L2 cache.
type sharing int

const (
	shareBoth sharing = iota
	shareU            // many tiles, few channels
	shareV            // few tiles, many channels
)

func newProduct(m *kernel.Micro, in, out tiling, turned bool, threads int) *product {
	p := &product{isa: isaOf(m), in: in, out: out, k: in.channels, n: out.channels, turned: turned, nr: m.NR}
	p.cut(m.MR, threads)

	p.ldv, p.ldm = p.padded(p.k), p.padded(p.nr)
	p.strideV, p.strideM = p.block*p.ldv+line, p.block*p.ldm+line
	p.strideU = p.k*p.nr + line
	p.sizeV, p.sizeU = points*p.strideV, points*p.strideU
	p.gemm = kernel.NewProduct(m, false, p.k, p.ldv, p.nr, p.sizeU, p.ldm)
	return p
}

// Tiles in a block, so that V, U of a panel and M are in a cache of 1 MB for up to about 128 channels.
const (
	blockOwnV = 32
	blockOwnU = 64
)

// cut chooses blocks and sharing for that many threads. No choice changes a result.
func (p *product) cut(mr, threads int) {
	tiles := p.in.tiles()
	p.panels = ceil(p.n, p.nr)
	switch {
	case tiles >= p.n && tiles >= threads*mr:
		p.sharing = shareU
		p.blocks = ceil(ceil(tiles, blockOwnV), threads) * threads
	case tiles < p.n && balanced(p.panels, threads):
		p.sharing = shareV
		p.blocks = ceil(tiles, blockOwnU)
	default:
		p.sharing = shareBoth
		p.blocks = max(ceil(tiles, blockOwnV), min(ceil(2*threads, p.panels), tiles/mr))
	}
	p.block = ceil(tiles, p.blocks)
	p.blocks = ceil(tiles, p.block)
}

// balanced reports that items of equal size keep the threads busy at least 80 % of the time.
func balanced(items, threads int) bool {
	return 10*items >= 8*ceil(items, threads)*threads
}

func ceil(a, b int) int { return (a + b - 1) / b }

// sizes returns the float32s of scratch that all workers share and that each has to itself.
func (p *product) sizes() (shared, own int) {
	own = points*p.strideM + p.sizeTurn()
	if p.sharing == shareU {
		own += p.sizeV
	} else {
		shared += p.blocks * p.sizeV
	}
	if p.sharing == shareV {
		own += p.sizeU
	} else {
		shared += p.panels * p.sizeU
	}
	return shared, own
}

// sizeTurn is the size of the buffer in which kernels are turned around: [9, turnRows, NR].
func (p *product) sizeTurn() int {
	if !p.turned {
		return 0
	}
	return 9 * turnRows * p.nr
}

func (p *product) run(workers *pool.Pool, x, w, y, scratch []float32) {
	r := p.idle.Swap(nil)
	if r == nil {
		r = &productRun{product: p}
	}
	r.x, r.w, r.y, r.scratch = x, w, y, scratch
	workers.Run(r.setupItems(), (*productSetup)(r))
	switch p.sharing {
	case shareU:
		workers.Run(p.blocks, r)
	case shareV:
		workers.Run(p.panels, r)
	default:
		workers.Run(p.blocks*p.panels, r)
	}
	r.x, r.w, r.y, r.scratch = nil, nil, nil, nil
	p.idle.Store(r)
}

// v is V of a block, u is U of a panel, where they are shared.
func (r *productRun) v(block int) []float32 { return r.scratch[block*r.sizeV:][:r.sizeV] }

func (r *productRun) u(panel int) []float32 {
	at := panel * r.sizeU
	if r.sharing == shareBoth {
		at += r.blocks * r.sizeV
	}
	return r.scratch[at:][:r.sizeU]
}

// workspace is the worker's own scratch: M, the buffer to turn kernels in, and its own V or U.
func (r *productRun) workspace(worker int) (m, turn, own []float32) {
	shared, size := r.sizes()
	own = r.scratch[shared+worker*size:][:size]
	sizeM := points * r.strideM
	return own[:sizeM], own[sizeM:][:r.sizeTurn()], own[sizeM+r.sizeTurn():]
}

// Do makes the outputs of one block, one panel, or one pair of them.
func (r *productRun) Do(worker, i int) {
	m, turn, own := r.workspace(worker)
	switch r.sharing {
	case shareU:
		r.transformInput(own, i, 0, r.inBlock(i))
		for j := range r.panels {
			r.multiply(own, r.u(j), m, i, j)
		}
	case shareV:
		r.transformPanel(own, turn, i, 0, r.k)
		for b := range r.blocks {
			r.multiply(r.v(b), own, m, b, i)
		}
	default:
		b, j := i/r.panels, i%r.panels
		r.multiply(r.v(b), r.u(j), m, b, j)
	}
}

// inBlock is the number of tiles in a block: the last may have fewer.
func (p *product) inBlock(b int) int { return min(p.block, p.in.tiles()-b*p.block) }

// multiply makes the outputs of a block of tiles and a panel of channels.
func (r *productRun) multiply(v, u, m []float32, block, panel int) {
	first := panel * r.nr
	n := min(r.nr, r.n-first)
	tiles, cols := r.inBlock(block), r.vectors(n)*r.lanes()
	for f := range points {
		r.gemm.Run(tiles, cols, v[f*r.strideV:], u[f*r.strideU:], m[f*r.strideM:], false)
	}
	from := block * r.block
	for _, s := range r.spans(n) {
		for w := r.out.walk(from, from+tiles, first, s); w.next(); {
			r.output(r.y, &w.tile, m[(w.i-from)*r.ldm+s.first:], r.strideM, s.vectors)
		}
	}
}

// transformInput makes V of the tiles [from, to) of a block.
func (r *productRun) transformInput(v []float32, block, from, to int) {
	start := block * r.block
	for _, s := range r.spans(r.k) {
		for w := r.in.walk(start+from, start+to, 0, s); w.next(); {
			r.input(v[(w.i-start)*r.ldv+s.first:], r.strideV, r.x, &w.tile, s.vectors)
		}
	}
}

// transformPanel makes U of a panel for the input channels [from, to).
func (r *productRun) transformPanel(u, turn []float32, panel, from, to int) {
	first := panel * r.nr
	n := min(r.nr, r.n-first)
	if !r.turned {
		r.filterPanel(u[from*r.nr:], r.w, from*r.n+first, r.k*r.n, r.n, to-from, n)
		return
	}
	for ; from < to; from += turnRows {
		rows := min(turnRows, to-from)
		for tap := range 9 {
			src := r.w[(tap*r.n+first)*r.k+from:]
			r.transpose(turn[tap*turnRows*r.nr:], r.nr, src, r.k, n, rows)
		}
		r.filterPanel(u[from*r.nr:], turn, 8*turnRows*r.nr, -turnRows*r.nr, r.nr, rows, n)
	}
}

// filterPanel transforms rows kernels of n channels each.
func (p *product) filterPanel(u, w []float32, origin, tap, lds, rows, n int) {
	for c := 0; c < n; c += p.lanes() {
		p.filter(u[c:], p.strideU, p.nr, w, origin+c, tap, lds, rows, p.mask(min(p.lanes(), n-c)))
	}
}

// productSetup does what comes before Do: the transforms of what is shared.
type productSetup productRun

// Parts into which the setup of a block of tiles and of a panel of kernels is cut.
const (
	blockParts = 4
	panelParts = 4
)

func (p *product) setupItems() (n int) {
	if p.sharing != shareU {
		n += p.blocks * blockParts
	}
	if p.sharing != shareV {
		n += p.panels * panelParts
	}
	return n
}

// Do transforms a part of a block or of a panel.
func (s *productSetup) Do(worker, i int) {
	r := (*productRun)(s)
	if r.sharing != shareU {
		if b, part := i/blockParts, i%blockParts; b < r.blocks {
			n := r.inBlock(b)
			r.transformInput(r.v(b), b, part*n/blockParts, (part+1)*n/blockParts)
			return
		}
		i -= r.blocks * blockParts
	}
	_, turn, _ := r.workspace(worker)
	j, part := i/panelParts, i%panelParts
	r.transformPanel(r.u(j), turn, j, part*r.k/panelParts, (part+1)*r.k/panelParts)
}
