//go:build !amd64 || purego

package winograd

// The methods that isa_amd64.go describes, in Go.

func (s isa) input(dst []float32, stride int, src []float32, t *tile, chunks int) {
	scatterGeneric(dst, stride, src, t, chunks, inputBT)
}

func (s isa) grad(dst []float32, stride int, src []float32, t *tile, chunks int) {
	scatterGeneric(dst, stride, src, t, chunks, gradA)
}

func (s isa) output(dst []float32, t *tile, src []float32, stride, chunks int) {
	outputGeneric(dst, t, src, stride, chunks)
}

func (s isa) filter(dst []float32, stride, ldd int, w []float32, origin, tap, lds, rows, mask int) {
	filterGeneric(dst, stride, ldd, w, origin, tap, lds, rows, mask)
}

func (s isa) weight(dw []float32, tap, ldd int, u []float32, stride, lds, rows, mask, acc int) {
	weightGeneric(dw, tap, ldd, u, stride, lds, rows, mask, acc)
}

func (s isa) transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	transposeGeneric(dst, ldd, src, lds, rows, cols)
}
