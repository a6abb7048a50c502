package winograd

import (
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// weightGrad is a plan for dw = Gᵀ [ Σ_tiles Vᵀ Y ] G with V = Bᵀ x B and Y = A dy Aᵀ: the transpose of the
// forward algorithm in its kernels, as exact as that is.
//
// The sum over the tiles is cut into chunks, which are summed apart and then added up in order, and each chunk into
// blocks, V [36, block, cin] and Y [36, block, cout]. The products of a chunk, dU [36, cin, cout], are cut into pieces
// of input channels and groups of output channels. Blocks and chunks, which decide the order of the sum, depend
// on the shape alone; pieces and groups on the number of threads as well.
type weightGrad struct {
	isa
	x, dy     tiling
	cin, cout int
	own       bool // every item transforms the tiles of its chunk itself; there is one piece and one group

	block, blocks, chunks int // tiles in a block, blocks and chunks in all
	piece, pieces         int // input channels in a piece
	group, groups         int // output channels in a group

	ldv, ldy, ldu             int // from one tile (dU: input channel) to the next
	strideV, strideY, strideU int // from one frequency to the next

	gemm, gemmOfLast *kernel.Product
	idle             atomic.Pointer[weightRun]
}

// weightRun is one run of a plan. Its Do sums products.
type weightRun struct {
	*weightGrad
	x0, dy0, dw, scratch []float32
}

func newWeightGrad(m *kernel.Micro, x, dy tiling, threads int) *weightGrad {
	g := &weightGrad{isa: isaOf(m), x: x, dy: dy, cin: x.channels, cout: dy.channels}
	g.cut(m.NR, threads)
	g.ldv, g.ldy, g.ldu = g.padded(g.cin), g.padded(g.cout), g.padded(g.group)
	g.strideV, g.strideY = g.block*g.ldv+line, g.block*g.ldy+line
	g.strideU = g.piece*g.ldu + line
	g.gemm = kernel.NewProduct(m, true, g.block, g.ldv, g.ldy, m.NR, g.ldu)
	g.gemmOfLast = kernel.NewProduct(m, true, g.inBlock(g.blocks-1), g.ldv, g.ldy, m.NR, g.ldu)
	return g
}

const (
	ownWeights  = 2048 // up to cin*cout of this, dU (36 values each) shares the L2 cache with V and Y
	blockOwn    = 48   // tiles in a block of an item's own
	blockShared = 128
	chunkTiles  = 64 // fewest tiles in a chunk
	maxChunks   = 8
	maxPiece    = 96 // most and fewest input channels in a piece
	minPiece    = 24
)

// cut chooses blocks, chunks, pieces and groups.
func (g *weightGrad) cut(nr, threads int) {
	tiles := g.x.tiles()
	g.own = g.cin*g.cout <= ownWeights && tiles >= 2*chunkTiles
	g.chunks, g.pieces, g.groups = 1, ceil(g.cin, maxPiece), ceil(g.cout, 4*nr)
	block := blockShared
	if g.own {
		g.chunks, g.pieces, g.groups, block = min(tiles/chunkTiles, maxChunks), 1, 1, blockOwn
	}
	g.block = ceil(tiles, ceil(tiles, block))
	g.blocks = ceil(tiles, g.block)
	for !g.own && !balanced(g.pieces*g.groups, threads) && g.groups < ceil(g.cout, nr) {
		g.groups++
	}
	for !g.own && !balanced(g.pieces*g.groups, threads) && g.pieces*minPiece < g.cin {
		g.pieces++
	}
	g.piece, g.group = ceil(g.cin, g.pieces), ceil(ceil(g.cout, nr), g.groups)*nr
	g.pieces, g.groups = ceil(g.cin, g.piece), ceil(g.cout, g.group)
}

// inBlock is the number of tiles in a block: the last may have fewer.
func (g *weightGrad) inBlock(b int) int { return min(g.block, g.x.tiles()-b*g.block) }

// sizes returns the float32s of scratch that all workers share and that each has to itself.
func (g *weightGrad) sizes() (shared, own int) {
	if g.own {
		return g.chunks * points * g.strideU, g.sizeTiles()
	}
	return g.blocks * g.sizeTiles(), points * g.strideU
}

func (g *weightGrad) run(workers *pool.Pool, x, dy, dw, scratch []float32) {
	r := g.idle.Swap(nil)
	if r == nil {
		r = &weightRun{weightGrad: g}
	}
	r.x0, r.dy0, r.dw, r.scratch = x, dy, dw, scratch
	if !g.own {
		workers.Run(g.blocks*blockParts, (*weightSetup)(r))
	}
	workers.Run(g.chunks*g.pieces*g.groups, r)
	if g.chunks > 1 {
		workers.Run(g.cin, (*weightSum)(r))
	}
	r.x0, r.dy0, r.dw, r.scratch = nil, nil, nil, nil
	g.idle.Store(r)
}

// sizeTiles is the size of V and Y of a block.
func (g *weightGrad) sizeTiles() int { return points * (g.strideV + g.strideY) }

// tiles is the place of V and Y of a block, where they are shared.
func (r *weightRun) tiles(b int) []float32 { return r.scratch[b*r.sizeTiles():][:r.sizeTiles()] }

// sum is the place of dU of a chunk; it has all channels where there are several chunks.
func (r *weightRun) sum(chunk int) []float32 {
	return r.scratch[chunk*points*r.strideU:][:points*r.strideU]
}

// Do sums the products of one chunk for one piece and one group.
func (r *weightRun) Do(worker, i int) {
	shared, size := r.sizes()
	own := r.scratch[shared+worker*size:][:size]
	chunk, piece, group := i/(r.pieces*r.groups), i/r.groups%r.pieces, i%r.groups
	u := own
	if r.own {
		u = r.sum(chunk)
	}
	from, to := chunk*r.blocks/r.chunks, (chunk+1)*r.blocks/r.chunks
	for b := from; b < to; b++ {
		t := own
		if r.own {
			r.transform(t, b, 0, r.inBlock(b))
		} else {
			t = r.tiles(b)
		}
		r.multiply(u, t, b, piece, group, b > from)
	}
	if !r.own {
		r.back(u, piece, group, 0, min(r.piece, r.cin-piece*r.piece), 0)
	}
}

// transform makes V and Y of the tiles [from, to) of a block.
func (r *weightRun) transform(v []float32, block, from, to int) {
	y := v[points*r.strideV:]
	start := block * r.block
	for _, s := range r.spans(r.cin) {
		for w := r.x.walk(start+from, start+to, 0, s); w.next(); {
			r.input(v[(w.i-start)*r.ldv+s.first:], r.strideV, r.x0, &w.tile, s.vectors)
		}
	}
	for _, s := range r.spans(r.cout) {
		for w := r.dy.walk(start+from, start+to, 0, s); w.next(); {
			r.grad(y[(w.i-start)*r.ldy+s.first:], r.strideY, r.dy0, &w.tile, s.vectors)
		}
	}
}

// multiply sets u to the sum of Vᵀ Y over the tiles of block b, or adds it.
func (r *weightRun) multiply(u, v []float32, b, piece, group int, add bool) {
	gemm := r.gemm
	if b == r.blocks-1 {
		gemm = r.gemmOfLast
	}
	y := v[points*r.strideV:]
	rows, n := min(r.piece, r.cin-piece*r.piece), min(r.group, r.cout-group*r.group)
	cols := r.vectors(n) * r.lanes()
	for f := range points {
		gemm.Run(rows, cols, v[f*r.strideV+piece*r.piece:], y[f*r.strideY+group*r.group:], u[f*r.strideU:], add)
	}
}

// back writes the kernels of the rows [from, to) of a piece, or adds them if acc is 1.
func (r *weightRun) back(u []float32, piece, group, from, to, acc int) {
	first, n := group*r.group, min(r.group, r.cout-group*r.group)
	for c := 0; c < n; c += r.lanes() {
		dw := r.dw[(piece*r.piece+from)*r.cout+first+c:]
		r.weight(dw, r.cin*r.cout, r.cout, u[from*r.ldu+c:], r.strideU, r.ldu, to-from, r.mask(min(r.lanes(), n-c)), acc)
	}
}

// weightSetup transforms the tiles for all.
type weightSetup weightRun

// Do transforms a part of a block.
func (s *weightSetup) Do(_, i int) {
	r := (*weightRun)(s)
	b, part := i/blockParts, i%blockParts
	n := r.inBlock(b)
	r.transform(r.tiles(b), b, part*n/blockParts, (part+1)*n/blockParts)
}

// weightSum adds up the chunks.
type weightSum weightRun

// Do adds up the chunks of one input channel.
func (s *weightSum) Do(_, ci int) {
	r := (*weightRun)(s)
	for chunk := range r.chunks {
		r.back(r.sum(chunk), 0, 0, ci, ci+1, min(chunk, 1))
	}
}
