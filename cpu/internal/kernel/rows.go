package kernel

import (
	"slices"
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// rowsPlan is a rows product: C = A·B for one or more entries (images, groups, matrices of a batch) that share
// the offsets of their rows.
type rowsPlan struct {
	m       *Micro
	tiles   []rowsTile
	table   []int32
	zeros   int // the longest run of zeros that the table asks for
	pack    packing
	entries []entry

	// An item is blockTiles tiles times blockPanels panels of one entry.
	blockTiles, blockPanels int

	// idle is the state of a finished run, kept so that the next one allocates nothing.
	idle atomic.Pointer[rowsRun]
}

// rowsTile is a tile of up to MR rows (exactly dotRows for dots, the last one repeated). Its part of the table is a
// record with the offsets of C's rows, then a record for each tap. It goes through the taps in passes of step
// taps, so that the rows of a panel that one pass needs stay in cache for the next tile.
type rowsTile struct{ at, taps, rows, step int }

// entry says where one product's operands begin; b is a number of a packing source.
type entry struct{ a, b, c int }

// passRows is the number of rows of B (of NR values each) that one pass goes through, more or less.
const passRows = 512

// minItems is the least number of items that an operation is cut into, if its size allows: enough for
// several workers to be done at about the same time.
const minItems = 24

func ceil(a, b int) int { return (a + b - 1) / b }

// tap is one term of a rows product: k rows of B from row on, times k values from off[i] on for row i, -1 for zeros.
type tap struct {
	row, k int
	off    []int32
}

// add appends tiles for the rows of C at offsets c. Taps that are zero for a whole tile are left out.
func (p *rowsPlan) add(c []int32, taps []tap) {
	count, longest := ceil(len(c), p.m.MR), 1
	if p.pack.dots {
		count = ceil(len(c), p.m.dotRows)
	}
	for _, t := range taps {
		longest = max(longest, t.k)
	}
	p.table = slices.Grow(p.table, count*(1+len(taps))*p.m.record)
	for i := range count {
		from, to := i*len(c)/count, (i+1)*len(c)/count
		if p.pack.dots {
			from, to = i*p.m.dotRows, min((i+1)*p.m.dotRows, len(c))
		}
		t := rowsTile{at: len(p.table), rows: to - from, step: max(1, passRows/longest)}
		p.record(0, c[from:to], 0)
		for _, tap := range taps {
			if p.anyValid(tap, from, to) {
				p.record(tap.row, tap.off[from:to], tap.k)
				t.taps++
			}
		}
		p.tiles = append(p.tiles, t)
	}
}

// anyValid reports whether some row of the tile takes part in the tap, and sees to it that there are enough zeros.
func (p *rowsPlan) anyValid(t tap, from, to int) bool {
	valid := 0
	for _, off := range t.off[from:to] {
		if off >= 0 {
			valid++
		}
	}
	if valid > 0 && valid < to-from {
		p.zeros = max(p.zeros, t.k)
	}
	return valid > 0
}

// record appends a record; rows that the tile does not have repeat the last one.
func (p *rowsPlan) record(row int, off []int32, k int) {
	p.table = append(p.table, int32(row))
	for i := range p.m.record - 2 {
		p.table = append(p.table, off[min(i, len(off)-1)])
	}
	p.table = append(p.table, int32(k))
}

// cut chooses the size of the items, when all tiles are there.
func (p *rowsPlan) cut() {
	p.record(0, []int32{0}, 0) // a tile without taps still has an address for them
	p.blockTiles, p.blockPanels = min(8, len(p.tiles)), p.pack.panels()
	for p.items() < minItems {
		switch {
		case p.blockPanels > 1:
			p.blockPanels = ceil(p.blockPanels, 2)
		case p.blockTiles > 2:
			p.blockTiles = ceil(p.blockTiles, 2)
		default:
			return
		}
	}
}

func (p *rowsPlan) items() int { return len(p.entries) * p.tileBlocks() * p.panelBlocks() }

func (p *rowsPlan) tileBlocks() int  { return ceil(len(p.tiles), p.blockTiles) }
func (p *rowsPlan) panelBlocks() int { return ceil(p.pack.panels(), p.blockPanels) }

func (p *rowsPlan) scratch() int { return p.zeros + p.pack.size() }

// rowsRun is one execution.
type rowsRun struct {
	*rowsPlan
	packer        packRun
	a, b, c, zero []float32
}

func (p *rowsPlan) run(workers *pool.Pool, a, b, c, scratch []float32) {
	r := p.idle.Swap(nil)
	if r == nil {
		r = &rowsRun{rowsPlan: p, packer: packRun{packing: &p.pack}}
	}
	r.a, r.b, r.c, r.zero = a, b, c, scratch[:p.zeros]
	clear(r.zero)
	if !p.pack.inPlace {
		r.b = scratch[p.zeros:p.scratch()]
		r.packer.run(workers, b, r.b)
	}
	workers.Run(p.items(), r)
	r.a, r.b, r.c, r.zero = nil, nil, nil, nil
	p.idle.Store(r)
}

// Do computes one block.
func (r *rowsRun) Do(_, i int) {
	q := i % r.panelBlocks() * r.blockPanels
	i /= r.panelBlocks()
	e := r.entries[i/r.tileBlocks()]
	first := i % r.tileBlocks() * r.blockTiles
	tiles := r.tiles[first:min(first+r.blockTiles, len(r.tiles))]
	end := min(q+r.blockPanels, r.pack.panels())
	for pass, more := 0, true; more; pass++ {
		more = false
		for q := q; q < end; q++ {
			if r.pack.dots {
				r.dotPanel(e, tiles, q)
			} else if r.panel(e, tiles, q, pass) {
				more = true
			}
		}
	}
}

// panel multiplies all tiles with one pass of panel q, and reports whether there are further passes.
func (r *rowsRun) panel(e entry, tiles []rowsTile, q, pass int) (more bool) {
	cols := min(r.m.NR, r.pack.n-q*r.m.NR)
	at, ldb := r.pack.at(e.b, q)
	a, b, c, zero := &r.a[e.a], &r.b[at], &r.c[e.c+q*r.m.NR], r.zeroRow()
	for _, t := range tiles {
		from := pass * t.step
		n := min(t.step, t.taps-from)
		if n <= 0 && pass > 0 {
			continue
		}
		more = more || from+n < t.taps
		f := r.m.rowsFunc(t.rows, cols)
		f(a, zero, &r.table[t.at+(1+from)*r.m.record], n, b, ldb, c, &r.table[t.at+1], cols, min(pass, 1))
	}
	return more
}

// dotPanel multiplies all tiles with panel q.
func (r *rowsRun) dotPanel(e entry, tiles []rowsTile, q int) {
	cols := min(r.m.NR, r.pack.n-q*r.m.NR)
	at, ldb := r.pack.at(e.b, q)
	zero := r.zeroRow()
	for j := 0; j < cols; j += r.m.dotCols {
		f := r.m.dots[min(r.m.dotCols, cols-j)]
		for _, t := range tiles {
			f(&r.a[e.a], zero, &r.table[t.at+r.m.record], t.taps, &r.b[at+j*ldb], ldb, &r.c[e.c+q*r.m.NR+j], &r.table[t.at+1])
		}
	}
}

// zeroRow is the address of the zeros, nil when the table asks for none.
func (r *rowsRun) zeroRow() *float32 {
	if len(r.zero) == 0 {
		return nil
	}
	return &r.zero[0]
}
