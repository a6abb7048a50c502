package winograd

import (
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
// Tiles come in blocks, output channels in groups. What a worker makes of one block and one group, M
// [36, block, group], stays in its L2 cache. V [blocks, 36, block, k] and U [panels, 36, k, NR] are each wanted
// for many such pairs: see sharing.
type product struct {
	isa
	in, out tiling
	k, n    int
	turned  bool // w is [3, 3, n, k], to be rotated by 180 degrees
	sharing sharing

	block, blocks int // tiles in a block
	group, groups int // panels in a group
	nr            int // columns of a panel

	ldv, strideV    int // from one tile to the next, from one frequency to the next
	ldm, strideM    int
	strideU, panelU int // from one frequency, one panel to the next

	gemm *kernel.Product

	x, w, y, scratch []float32 // during Run
}

// sharing says which of the transformed operands exist as a whole. The other is made block by block (or
// group by group) right before its use, by the worker that uses it, and does not leave its L2 cache.
type sharing int

const (
	shareBoth sharing = iota
	shareU            // many tiles, few channels
	shareV            // few tiles, many channels
)

func newProduct(m *kernel.Micro, in, out tiling, turned bool, how sharing, block, group int) *product {
	p := &product{isa: isaOf(m), in: in, out: out, k: in.channels, n: out.channels, turned: turned, sharing: how, nr: m.NR}
	p.blocks = ceil(in.tiles(), block)
	p.block = ceil(in.tiles(), p.blocks)
	p.group = group
	p.groups = ceil(p.n, p.group*p.nr)

	p.ldv = p.padded(p.k)
	p.strideV = p.block*p.ldv + 16
	p.ldm = p.padded(p.group * p.nr)
	p.strideM = p.block*p.ldm + 16
	p.strideU = p.k*p.nr + 16
	p.panelU = points * p.strideU
	p.gemm = kernel.NewProduct(m, false, p.k, p.ldv, p.nr, p.panelU, p.ldm)
	return p
}

func ceil(a, b int) int { return (a + b - 1) / b }

// sizes returns the float32s of scratch that all workers share and that each has to itself.
func (p *product) sizes() (shared, own int) {
	own = points*p.strideM + p.turnSize()
	if p.sharing == shareU {
		own += points * p.strideV
	} else {
		shared += p.blocks * points * p.strideV
	}
	if p.sharing == shareV {
		own += p.group * p.panelU
	} else {
		shared += p.groups * p.group * p.panelU
	}
	return shared, own
}

func (p *product) turnSize() int {
	if !p.turned {
		return 0
	}
	return 9 * turnRows * p.nr
}

// v is the transformed input of a block, u the transformed kernels of a group, where they are shared.
func (p *product) v(block int) []float32 { return p.scratch[block*points*p.strideV:] }

func (p *product) u(group int) []float32 {
	base := 0
	if p.sharing == shareBoth {
		base = p.blocks * points * p.strideV
	}
	return p.scratch[base+group*p.group*p.panelU:]
}

func (p *product) run(workers *pool.Pool, x, w, y, scratch []float32) {
	p.x, p.w, p.y, p.scratch = x, w, y, scratch
	workers.Run(p.parts(), (*productSetup)(p))
	switch p.sharing {
	case shareU:
		workers.Run(p.blocks, p)
	case shareV:
		workers.Run(p.groups, p)
	default:
		workers.Run(p.blocks*p.groups, p)
	}
	p.x, p.w, p.y, p.scratch = nil, nil, nil, nil
}

// Do makes the outputs of one block, one group, or one pair of them.
func (p *product) Do(worker, i int) {
	shared, size := p.sizes()
	own := p.scratch[shared+worker*size:][:size]
	m, turn := own[:points*p.strideM], own[points*p.strideM:][:p.turnSize()]
	own = own[len(m)+len(turn):]
	switch p.sharing {
	case shareU:
		p.transformInput(own, i, 0, p.inBlock(i))
		for g := range p.groups {
			p.multiply(own, p.u(g), m, i, g)
		}
	case shareV:
		p.transformGroup(own, turn, i)
		for b := range p.blocks {
			p.multiply(p.v(b), own, m, b, i)
		}
	default:
		p.multiply(p.v(i/p.groups), p.u(i%p.groups), m, i/p.groups, i%p.groups)
	}
}

// inBlock is the number of tiles in a block: the last may have fewer.
func (p *product) inBlock(b int) int { return min(p.block, p.in.tiles()-b*p.block) }

// multiply makes the outputs of a block of tiles and a group of channels.
func (p *product) multiply(v, u, m []float32, block, group int) {
	first := group * p.group * p.nr
	n := min(p.group*p.nr, p.n-first)
	tiles, cols := p.inBlock(block), p.vectors(n)*p.lanes()
	for f := range points {
		p.gemm.Run(tiles, cols, v[f*p.strideV:], u[f*p.strideU:], m[f*p.strideM:], false)
	}
	from := block * p.block
	p.out.each(from, from+tiles, first, n, func(i int, t *tile, chunk, vectors int) {
		p.output(p.y, t, m[i*p.ldm+chunk:], p.strideM, vectors)
	})
}

// transformInput makes V of the tiles [from, to) of a block.
func (p *product) transformInput(v []float32, block, from, to int) {
	start := block * p.block
	p.in.each(start+from, start+to, 0, p.k, func(i int, t *tile, chunk, vectors int) {
		p.input(v[(from+i)*p.ldv+chunk:], p.strideV, p.x, t, vectors)
	})
}

// transformGroup makes U of a group of panels.
func (p *product) transformGroup(u, turn []float32, group int) {
	for j := group * p.group; j < min((group+1)*p.group, ceil(p.n, p.nr)); j++ {
		p.transformPanel(u[j%p.group*p.panelU:], turn, j, 0, p.k)
	}
}

// transformPanel makes U of one panel for the input channels [from, to).
func (p *product) transformPanel(u, turn []float32, panel, from, to int) {
	first := panel * p.nr
	n := min(p.nr, p.n-first)
	if !p.turned {
		p.filterPanel(u[from*p.nr:], p.w, from*p.n+first, p.k*p.n, p.n, to-from, n)
		return
	}
	for ; from < to; from += turnRows {
		rows := min(turnRows, to-from)
		for tap := range 9 {
			src := p.w[(tap*p.n+first)*p.k+from:]
			p.transpose(turn[tap*turnRows*p.nr:], p.nr, src, p.k, n, rows)
		}
		p.filterPanel(u[from*p.nr:], turn, 8*turnRows*p.nr, -turnRows*p.nr, p.nr, rows, n)
	}
}

// filterPanel transforms rows kernels of n channels each.
func (p *product) filterPanel(u, w []float32, origin, tap, lds, rows, n int) {
	for c := 0; c < n; c += p.lanes() {
		p.filter(u[c:], p.strideU, p.nr, w, origin+c, tap, lds, rows, p.mask(min(p.lanes(), n-c)))
	}
}

// productSetup is the work to be done before Do: the transforms of what is shared.
type productSetup product

// Parts into which the setup of a block of tiles and of a panel of kernels is cut.
const (
	blockParts = 4
	panelParts = 4
)

func (p *product) parts() (n int) {
	if p.sharing != shareU {
		n += p.blocks * blockParts
	}
	if p.sharing != shareV {
		n += ceil(p.n, p.nr) * panelParts
	}
	return n
}

func (s *productSetup) Do(worker, i int) {
	p := (*product)(s)
	if p.sharing != shareU {
		if b, part := i/blockParts, i%blockParts; b < p.blocks {
			n := p.inBlock(b)
			p.transformInput(p.v(b), b, part*n/blockParts, (part+1)*n/blockParts)
			return
		}
		i -= p.blocks * blockParts
	}
	shared, size := p.sizes()
	turn := p.scratch[shared+worker*size:][:p.turnSize()]
	j, part := i/panelParts, i%panelParts
	p.transformPanel(p.u(0)[j*p.panelU:], turn, j, part*p.k/panelParts, (part+1)*p.k/panelParts)
}
