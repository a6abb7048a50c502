package kernel

import "github.com/warmstart-ml/warmstart/cpu/internal/pool"

// packing says where the B operands of a rows product are, k rows by n columns each, and how they are laid out for the
// kernels: read in place, or copied to scratch as panels ([panels, k, NR]) or, for the dots kernels, as
// columns ([n, k]).
type packing struct {
	m        *Micro
	k, n     int
	rs, cs   int // strides of rows and columns in the source; one of them is 1
	inPlace  bool
	dots     bool
	sources  []int // where each B begins
	blocks   []packBlock
	panelLen int // float32s from one packed panel to the next
}

// packBlock is a run of rows: row to row+k of B come from src on.
type packBlock struct{ src, row, k int }

// maxPackRows bounds a block, so that there is work for all.
const maxPackRows = 256

// add appends k rows that come from src on.
func (p *packing) add(src, k int) {
	for k > 0 {
		b := packBlock{src, p.k, min(k, maxPackRows)}
		p.blocks = append(p.blocks, b)
		p.k += b.k
		src += b.k * p.rs
		k -= b.k
	}
	p.panelLen = p.k * p.m.NR
}

// source adds a B that begins at the given offset and returns its number.
func (p *packing) source(at int) int {
	p.sources = append(p.sources, at)
	return len(p.sources) - 1
}

func (p *packing) panels() int { return ceil(p.n, p.m.NR) }

// size is the scratch that the packed copy takes.
func (p *packing) size() int {
	if p.inPlace {
		return 0
	}
	return len(p.sources) * p.panels() * p.panelLen
}

// at is the offset of panel q of source s, and ld the stride of its rows (of its columns for dots).
func (p *packing) at(s, q int) (at, ld int) {
	switch {
	case p.inPlace && p.dots:
		return p.sources[s] + q*p.m.NR*p.cs, p.cs
	case p.inPlace:
		return p.sources[s] + q*p.m.NR, p.rs
	case p.dots:
		return (s*p.panels() + q) * p.panelLen, p.k
	}
	return (s*p.panels() + q) * p.panelLen, p.m.NR
}

// packRun is one execution.
type packRun struct {
	*packing
	src, dst []float32
}

func (r *packRun) run(workers *pool.Pool, src, dst []float32) {
	r.src, r.dst = src, dst
	workers.Run(len(r.sources)*r.panels()*len(r.blocks), r)
	r.src, r.dst = nil, nil
}

// Do packs one block of one panel.
func (r *packRun) Do(_, i int) {
	b := r.blocks[i%len(r.blocks)]
	i /= len(r.blocks)
	q := i % r.panels()
	at, ld := r.at(i/r.panels(), q)
	src := r.src[r.sources[i/r.panels()]+b.src+q*r.m.NR*r.cs:]
	dst := r.dst[at:]
	cols := min(r.m.NR, r.n-q*r.m.NR)
	switch {
	case r.dots:
		for j := range cols {
			d := dst[j*ld+b.row:][:b.k]
			for x := range d {
				d[x] = src[x*r.rs+j*r.cs]
			}
		}
	case r.cs == 1:
		for x := range b.k {
			copy(dst[(b.row+x)*ld:][:cols], src[x*r.rs:])
		}
	default:
		r.m.packTransposed(dst[b.row*ld:], ld, src, r.cs, b.k, cols)
	}
}

// packTransposed writes cols rows of k values, lds apart, as k rows of cols values, ldd apart.
func (m *Micro) packTransposed(dst []float32, ldd int, src []float32, lds, k, cols int) {
	k8, cols8 := 0, 0
	if m.transpose != nil {
		k8, cols8 = k&^7, cols&^7
	}
	for j := 0; j < cols8 && k8 > 0; j += 8 {
		m.transpose(&dst[j], ldd, &src[j*lds], lds, k8/8)
	}
	for j := range cols {
		from := k8
		if j >= cols8 {
			from = 0
		}
		for x, v := range src[j*lds:][from:k] {
			dst[(from+x)*ldd+j] = v
		}
	}
}
