package kernel

import (
	"math"
	"strings"
	"testing"
)

// TestTooLarge: plans that int32 offsets cannot describe are refused before anything of their size is made.
func TestTooLarge(t *testing.T) {
	m := Best()
	gemm := func(s GemmSpec) func() { return func() { newGemm(m, s, 2) } }
	type test struct {
		name string
		plan func()
		fits bool
	}
	tests := []test{
		{"A", gemm(GemmSpec{M: 2, N: 1, K: 1, Batch: 1, LDA: math.MaxInt32, LDB: 1, LDC: 1}), false},
		{"A, just", gemm(GemmSpec{M: 2, N: 1, K: 1, Batch: 1, LDA: math.MaxInt32 - 1, LDB: 1, LDC: 1}), true},
		{"A transposed", gemm(GemmSpec{M: 1, N: 1, K: 2, Batch: 1, TransA: true, LDA: math.MaxInt32, LDB: 1, LDC: 1}), false},
		{"B", gemm(GemmSpec{M: 1, N: 1, K: 2, Batch: 1, LDA: 2, LDB: math.MaxInt32, LDC: 1}), false},
		{"B transposed", gemm(GemmSpec{M: 1, N: 2, K: 1, Batch: 1, TransB: true, LDA: 1, LDB: math.MaxInt32, LDC: 2}), false},
		{"C", gemm(GemmSpec{M: 2, N: 1, K: 1, Batch: 1, LDA: 1, LDB: 1, LDC: math.MaxInt32}), false},
		{"C, far apart", gemm(GemmSpec{M: 1, N: 1, K: 1, Batch: 4, LDA: 1, LDB: 1, LDC: 1, StrideC: math.MaxInt32}), true},
	}
	for name, s := range map[string]ConvSpec{
		"x": conv(1, 1<<16, 1<<15, 1, 1, 1, 64, 1, 0, 0),
		"w": conv(1, 1, 1, 1<<16, 1<<15, 1, 1, 1, 0, 0),
		"y": conv(1, 1<<10, 1<<10, 1, 1<<11, 1, 1, 1, 0, 0),
	} {
		tests = append(tests, test{name + " forward", func() { convRows(m, s, false) }, false},
			test{name + " input gradient", func() { convRows(m, s, true) }, false}, test{name + " weight gradient", func() { convCols(m, s) }, false})
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if message, _ := recover().(string); (message == "") != c.fits || !c.fits && !strings.Contains(message, "elements") {
					t.Errorf("panic %q", message)
				}
			}()
			c.plan()
		})
	}
}
