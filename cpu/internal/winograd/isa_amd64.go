//go:build amd64 && !purego

package winograd

//go:generate sh -c "cd asm && go run . -out ../transform_amd64.s -stubs ../transform_amd64.go -pkg winograd"

// input writes V = Bᵀ d B of the 6x6 patch t of src, chunks vectors of channels, to 36 places stride apart.
func (s isa) input(dst []float32, stride int, src []float32, t *tile, chunks int) {
	switch s {
	case avx512:
		inputAVX512(&dst[0], stride, &src[0], &t.row[0], chunks)
	case avx2:
		inputAVX2(&dst[0], stride, &src[0], &t.row[0], chunks)
	default:
		scatterGeneric(dst, stride, src, t, chunks, inputBT)
	}
}

// grad is input for a 4x4 patch of the output's gradient: A d Aᵀ.
func (s isa) grad(dst []float32, stride int, src []float32, t *tile, chunks int) {
	switch s {
	case avx512:
		gradAVX512(&dst[0], stride, &src[0], &t.row[0], chunks)
	case avx2:
		gradAVX2(&dst[0], stride, &src[0], &t.row[0], chunks)
	default:
		scatterGeneric(dst, stride, src, t, chunks, gradA)
	}
}

// output writes Aᵀ m A of 36 values, stride apart in src, to the 4x4 patch t of dst.
func (s isa) output(dst []float32, t *tile, src []float32, stride, chunks int) {
	switch s {
	case avx512:
		outputAVX512(&dst[0], &t.row[0], &src[0], stride, chunks)
	case avx2:
		outputAVX2(&dst[0], &t.row[0], &src[0], stride, chunks)
	default:
		outputGeneric(dst, t, src, stride, chunks)
	}
}

// filter writes U = G g Gᵀ for one vector of output channels and rows input channels: rows of w are lds
// apart, its nine taps tap apart (which may be negative), rows of dst ldd and frequencies stride apart.
func (s isa) filter(dst []float32, stride, ldd int, w []float32, origin, tap, lds, rows, mask int) {
	switch s {
	case avx512:
		filterAVX512(&dst[0], stride, ldd, &w[origin], tap, lds, rows, mask)
	case avx2:
		filterAVX2(&dst[0], stride, ldd, &w[origin], tap, lds, rows, mask)
	default:
		filterGeneric(dst, stride, ldd, w, origin, tap, lds, rows, mask)
	}
}

// weight is the way back: it sets the kernels dw to Gᵀ u G, or adds it if acc is 1.
func (s isa) weight(dw []float32, tap, ldd int, u []float32, stride, lds, rows, mask, acc int) {
	switch s {
	case avx512:
		weightAVX512(&dw[0], tap, ldd, &u[0], stride, lds, rows, mask, acc)
	case avx2:
		weightAVX2(&dw[0], tap, ldd, &u[0], stride, lds, rows, mask, acc)
	default:
		weightGeneric(dw, tap, ldd, u, stride, lds, rows, mask, acc)
	}
}

// transpose writes rows x cols elements of src to dst as cols x rows.
func (s isa) transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	if s == generic {
		transposeGeneric(dst, ldd, src, lds, rows, cols)
		return
	}
	r8, c8 := rows&^7, cols&^7
	if c8 > 0 {
		for i := 0; i < r8; i += 8 {
			transposeAVX(&dst[i], ldd, &src[i*lds], lds, c8/8)
		}
	}
	if r8 > 0 && cols > c8 {
		transposeGeneric(dst[c8*ldd:], ldd, src[c8:], lds, r8, cols-c8)
	}
	if rows > r8 {
		transposeGeneric(dst[r8:], ldd, src[r8*lds:], lds, rows-r8, cols)
	}
}
