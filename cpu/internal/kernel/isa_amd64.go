//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd asm && go run . -out ../micro_amd64.s -stubs ../micro_amd64.go -pkg kernel"

// native lists the assembly micro-kernels that this machine can run, the fastest first.
func native() []*Micro {
	var all []*Micro
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA || !cpu.X86.HasBMI2 {
		return nil
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ {
		all = append(all, avx512())
	}
	return append(all, avx2())
}

func avx512() *Micro {
	m := &Micro{Name: "avx512", MR: 12, NR: 32, record: 16, dotRows: 6, dotCols: 4, transpose: transposeAVX2,
		dots: []dotsFunc{nil, dotsZ6x1, dotsZ6x2, dotsZ6x3, dotsZ6x4}}
	m.rows.narrow = []rowsFunc{nil, rowsZ1x16, rowsZ2x16, rowsZ3x16, rowsZ4x16, rowsZ5x16, rowsZ6x16,
		rowsZ7x16, rowsZ8x16, rowsZ9x16, rowsZ10x16, rowsZ11x16, rowsZ12x16}
	m.rows.wide = []rowsFunc{nil, rowsZ1x32, rowsZ2x32, rowsZ3x32, rowsZ4x32, rowsZ5x32, rowsZ6x32,
		rowsZ7x32, rowsZ8x32, rowsZ9x32, rowsZ10x32, rowsZ11x32, rowsZ12x32}
	m.cols.narrow = []colsFunc{nil, colsZ1x16, colsZ2x16, colsZ3x16, colsZ4x16, colsZ5x16, colsZ6x16,
		colsZ7x16, colsZ8x16, colsZ9x16, colsZ10x16, colsZ11x16, colsZ12x16}
	m.cols.wide = []colsFunc{nil, colsZ1x32, colsZ2x32, colsZ3x32, colsZ4x32, colsZ5x32, colsZ6x32,
		colsZ7x32, colsZ8x32, colsZ9x32, colsZ10x32, colsZ11x32, colsZ12x32}
	m.rows.narrowMasked, m.rows.wideMasked = m.rows.narrow, m.rows.wide
	m.cols.narrowMasked, m.cols.wideMasked = m.cols.narrow, m.cols.wide
	return m
}

func avx2() *Micro {
	m := &Micro{Name: "avx2", MR: 6, NR: 16, record: 8, dotRows: 4, dotCols: 3, transpose: transposeAVX2,
		dots: []dotsFunc{nil, dotsY4x1, dotsY4x2, dotsY4x3}}
	m.rows.narrow = []rowsFunc{nil, rowsY1x8, rowsY2x8, rowsY3x8, rowsY4x8, rowsY5x8, rowsY6x8}
	m.rows.wide = []rowsFunc{nil, rowsY1x16, rowsY2x16, rowsY3x16, rowsY4x16, rowsY5x16, rowsY6x16}
	m.rows.narrowMasked = []rowsFunc{nil, rowsY1x8Masked, rowsY2x8Masked, rowsY3x8Masked,
		rowsY4x8Masked, rowsY5x8Masked, rowsY6x8Masked}
	m.rows.wideMasked = []rowsFunc{nil, rowsY1x16Masked, rowsY2x16Masked, rowsY3x16Masked,
		rowsY4x16Masked, rowsY5x16Masked, rowsY6x16Masked}
	m.cols.narrow = []colsFunc{nil, colsY1x8, colsY2x8, colsY3x8, colsY4x8, colsY5x8, colsY6x8}
	m.cols.wide = []colsFunc{nil, colsY1x16, colsY2x16, colsY3x16, colsY4x16, colsY5x16, colsY6x16}
	m.cols.narrowMasked = []colsFunc{nil, colsY1x8Masked, colsY2x8Masked, colsY3x8Masked,
		colsY4x8Masked, colsY5x8Masked, colsY6x8Masked}
	m.cols.wideMasked = []colsFunc{nil, colsY1x16Masked, colsY2x16Masked, colsY3x16Masked,
		colsY4x16Masked, colsY5x16Masked, colsY6x16Masked}
	return m
}
