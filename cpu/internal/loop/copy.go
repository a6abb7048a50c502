package loop

import (
	"cmp"
	"fmt"
	"slices"
	"unsafe"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// CopySpec describes a copy between two strided windows on float32s in memory: slices, concatenations, paddings, reversals,
// broadcasts and transpositions all are such copies. Everything is counted in elements.
type CopySpec struct {
	Dims      []int
	Dst, Src  []int // strides, one for each of Dims; those of Src may be 0 or negative
	DstOffset int   // where the element with index 0, 0, ... is
	SrcOffset int
}

// Copy is a prepared copy. It keeps the state of its run: one Run at a time.
type Copy struct {
	spec CopySpec // axes sorted and merged
	// Blocks of up to size[0] by size[1] elements of the last two axes are copied at a time; count tells how many of
	// them lie along these axes.
	size, count [2]int
	blocks      int
	group       int // blocks that are one item of work
	k           *kernels

	dst, src unsafe.Pointer // of the run
}

// NewCopy prepares the copy of a spec.
func NewCopy(s CopySpec) (*Copy, error) { return newCopy(s, &native) }

func newCopy(s CopySpec, k *kernels) (*Copy, error) {
	if len(s.Dst) != len(s.Dims) || len(s.Src) != len(s.Dims) {
		return nil, fmt.Errorf("loop: copy of %v with strides %v and %v", s.Dims, s.Dst, s.Src)
	}
	c := &Copy{spec: CopySpec{DstOffset: s.DstOffset, SrcOffset: s.SrcOffset}, k: k}
	c.sortAxes(s)
	c.cut()
	return c, nil
}

// transposes reports whether neighbours in the destination are not neighbours in the source, but those along the
// second-last axis are.
func (c *Copy) transposes() bool {
	n := len(c.spec.Dims)
	return c.spec.Src[n-2] == 1 && c.spec.Src[n-1] != 1
}

// transposeRows is the height of the blocks of a transposition. Their rows often lie a power of two apart in the destination,
// where only as many lines as L1 has ways stay in it.
const transposeRows = 8

// cut chooses the blocks.
func (c *Copy) cut() {
	n := len(c.spec.Dims)
	last := c.spec.Dims[n-2:]
	if c.transposes() && last[1] >= transposeRows {
		c.size[0] = min(last[0], transposeRows)
		c.size[1] = min(last[1], grain/transposeRows)
	} else {
		c.size[1] = min(last[1], grain)
		c.size[0] = min(last[0], grain/max(1, c.size[1]))
	}
	c.blocks = 1
	for _, d := range c.spec.Dims[:n-2] {
		c.blocks *= d
	}
	for i, d := range last {
		c.count[i] = ceilDiv(d, c.size[i])
		c.blocks *= c.count[i]
	}
	c.group = max(1, grain/max(1, c.size[0]*c.size[1]))
}

// sortAxes orders the axes as they lie in the destination and merges those that lie one behind the other on both
// sides. An axis along which the source is contiguous comes second-last if it is not the last. There are at least two axes.
func (c *Copy) sortAxes(s CopySpec) {
	order := make([]int, 0, len(s.Dims))
	for ax, d := range s.Dims {
		if d != 1 {
			order = append(order, ax)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.Dst[b], s.Dst[a]) })
	sp := &c.spec
	for _, ax := range order {
		d, dst, src := s.Dims[ax], s.Dst[ax], s.Src[ax]
		if n := len(sp.Dims) - 1; n >= 0 && sp.Dst[n] == dst*d && sp.Src[n] == src*d {
			sp.Dims[n], sp.Dst[n], sp.Src[n] = sp.Dims[n]*d, dst, src
			continue
		}
		sp.Dims, sp.Dst, sp.Src = append(sp.Dims, d), append(sp.Dst, dst), append(sp.Src, src)
	}
	for len(sp.Dims) < 2 {
		sp.Dims, sp.Dst, sp.Src = append([]int{1}, sp.Dims...), append([]int{0}, sp.Dst...), append([]int{0}, sp.Src...)
	}
	n := len(sp.Dims)
	if at := slices.Index(sp.Src, 1); at >= 0 && at < n-1 && sp.Src[n-1] != 1 {
		for i := at; i < n-2; i++ {
			for _, v := range [][]int{sp.Dims, sp.Dst, sp.Src} {
				v[i], v[i+1] = v[i+1], v[i]
			}
		}
	}
}

// Run copies. dst and src must not overlap. p may be nil. It allocates nothing, and panics if the copy would leave
// dst or src.
func (c *Copy) Run(p *pool.Pool, dst, src []float32) {
	if c.blocks == 0 {
		return
	}
	c.check(len(dst), len(src))
	c.dst = offset(unsafe.Pointer(unsafe.SliceData(dst)), c.spec.DstOffset)
	c.src = offset(unsafe.Pointer(unsafe.SliceData(src)), c.spec.SrcOffset)
	items := ceilDiv(c.blocks, c.group)
	if p == nil || items <= 1 {
		for i := range items {
			c.Do(0, i)
		}
	} else {
		p.Run(items, c)
	}
	c.dst, c.src = nil, nil
}

// check panics when the copy would leave dst or src, which have that many elements.
func (c *Copy) check(dst, src int) {
	for _, side := range []struct {
		len, offset int
		strides     []int
	}{{dst, c.spec.DstOffset, c.spec.Dst}, {src, c.spec.SrcOffset, c.spec.Src}} {
		low, high := side.offset, side.offset
		for ax, d := range c.spec.Dims {
			low += min(0, (d-1)*side.strides[ax])
			high += max(0, (d-1)*side.strides[ax])
		}
		if low < 0 || high >= side.len {
			panic(fmt.Sprintf("loop: copy of elements %d to %d of %d", low, high, side.len))
		}
	}
}

// Do copies the blocks of an item. It is part of the interface of the pool, not for others.
func (c *Copy) Do(_, item int) {
	for b := item * c.group; b < min((item+1)*c.group, c.blocks); b++ {
		c.block(b)
	}
}

func (c *Copy) block(b int) {
	s := &c.spec
	n := len(s.Dims)
	var size [2]int
	dst, src := 0, 0
	for i := 1; i >= 0; i-- {
		ax := n - 2 + i
		first := b % c.count[i] * c.size[i]
		b /= c.count[i]
		size[i] = min(c.size[i], s.Dims[ax]-first)
		dst, src = dst+first*s.Dst[ax], src+first*s.Src[ax]
	}
	for ax := n - 3; ax >= 0; ax-- {
		i := b % s.Dims[ax]
		b /= s.Dims[ax]
		dst, src = dst+i*s.Dst[ax], src+i*s.Src[ax]
	}
	m := matrix{dst: offset(c.dst, dst), src: offset(c.src, src), rows: size[0], n: size[1],
		dstRow: s.Dst[n-2], dstStep: s.Dst[n-1], srcRow: s.Src[n-2], srcStep: s.Src[n-1]}
	if m.dstStep == 1 && m.srcRow == 1 {
		c.k.transpose(m.dst, m.src, m.rows, m.n, m.dstRow, m.srcStep)
		return
	}
	m.copy()
}

// matrix is a block of a copy; distances are in elements.
type matrix struct {
	dst, src                         unsafe.Pointer
	rows, n                          int
	dstRow, dstStep, srcRow, srcStep int
}

func (m *matrix) copy() {
	for i := range m.rows {
		dst, src := offset(m.dst, i*m.dstRow), offset(m.src, i*m.srcRow)
		if m.dstStep == 1 && m.srcStep == 1 {
			copy(floats(dst, m.n), floats(src, m.n))
			continue
		}
		for j := range m.n {
			*(*float32)(offset(dst, j*m.dstStep)) = *(*float32)(offset(src, j*m.srcStep))
		}
	}
}
