// Package kernel multiplies matrices and convolves images in float32: the arithmetic of package cpu.
//
// Everything is one of two products. A *rows* product takes A row by row from wherever its rows lie: plain matrix
// products, and convolutions, whose rows are runs of an image found through a table of offsets ("indirect"
// convolution, Dukhan 2019, arXiv 1907.02129), so that no padded or unrolled copy of the image is ever made. A *cols*
// product takes A transposed: AᵀB and the gradient of convolution weights. Both cut C into tiles that fit the
// registers (Goto & van de Geijn 2008; Van Zee & van de Geijn 2015, BLIS) and give blocks of tiles to the workers of a pool.
//
// Plans (Gemm, Conv) are made once for a shape and hold all tables; running one allocates nothing. The work is
// cut by shape alone, so results have the same bits whatever the number of threads.
package kernel

// Micro is the set of micro-kernels of one instruction set.
type Micro struct {
	// Name is "avx512", "avx2" or "generic".
	Name string
	// MR and NR are the rows and columns of the largest tile of C. Panels of a packed B are NR columns wide.
	MR, NR int

	record           int // int32s in a record of a tap table: 2 + MR, rounded up
	dotRows, dotCols int // rows of a dots tile, and its largest number of columns

	rows      kernels[rowsFunc]
	cols      kernels[colsFunc]
	dots      []dotsFunc // index: number of columns
	transpose func(dst *float32, ldd int, src *float32, lds, blocks int)
}

// Best returns the fastest micro-kernels that this machine can run.
func Best() *Micro { return available[0] }

// Available returns all micro-kernels that this machine can run, the fastest first: for tests.
func Available() []*Micro { return available }

// available is filled once and never changes.
var available = append(native(), generic())

// Product multiplies blocks that are in cache, by one worker, with the strides it was made for. It is for those who
// lay out their own operands, such as the Winograd transforms: C (+)= op(A)·B.
type Product struct {
	m             *Micro
	transA        bool
	lda, ldb, ldc int
	panel         int     // from one panel of NR columns of B to the next
	table         []int32 // offsets of C's rows, then the only tap
	segs          []int32
}

// NewProduct prepares products over k. A is [rows, k], or [k, rows] if transA, with rows lda apart; C's rows are ldc
// apart. B is cut into panels of m.NR columns: panel p begins at p*panel and its rows are ldb apart. So a
// row-major B has panel = m.NR, and a packed one ([panels, k, NR]) has ldb = m.NR and panel = k*m.NR.
func NewProduct(m *Micro, transA bool, k, lda, ldb, panel, ldc int) *Product {
	mustFit("a block", [...]int{k, lda, ldc}, k, m.MR*lda, m.MR*ldc)
	p := &Product{m: m, transA: transA, lda: lda, ldb: ldb, ldc: ldc, panel: panel,
		table: make([]int32, 2*m.record), segs: []int32{0, 0, int32(k)}}
	for i := range m.MR {
		p.table[i] = int32(i * ldc)
		p.table[m.record+1+i] = int32(i * lda)
	}
	p.table[2*m.record-1] = int32(k)
	return p
}

// Run computes rows x cols elements of C, or adds to them if accumulate is set.
// Rows are best a multiple of MR (at least 8 on AVX-512), columns of NR.
func (p *Product) Run(rows, cols int, a, b, c []float32, accumulate bool) {
	acc := 0
	if accumulate {
		acc = 1
	}
	tiles := (rows + p.m.MR - 1) / p.m.MR
	for j := 0; j < cols; j += p.m.NR {
		width := min(p.m.NR, cols-j)
		bp := &b[j/p.m.NR*p.panel]
		for t := range tiles {
			i, end := t*rows/tiles, (t+1)*rows/tiles
			cp := &c[i*p.ldc+j]
			if p.transA {
				p.m.colsFunc(end-i, width)(&a[i], p.lda, bp, p.ldb, &p.segs[0], 1, cp, p.ldc, width, acc)
			} else {
				p.m.rowsFunc(end-i, width)(&a[i*p.lda], nil, &p.table[p.m.record], 1, bp, p.ldb, cp, &p.table[0], width, acc)
			}
		}
	}
}
