package loop

import "unsafe"

type (
	// vecFunc computes n elements: dst[i] = op(a[i], b[i], c[i]). All point to float32, or to bytes for the conversions.
	// Where bit j of broadcast is clear, argument j does not advance: it points to uniformSize copies of one value. dst may be
	// the same memory as any argument that advances.
	vecFunc func(dst, a, b, c unsafe.Pointer, broadcast, n int)

	// rowFunc combines each of rows rows of n float32: dst[i] = op(src[i*n], ...). dst may be src.
	rowFunc func(dst, src unsafe.Pointer, rows, n int)
)

// kernels are the vector routines for one instruction set.
type kernels struct {
	name                           string
	vec                            [numOps]vecFunc
	rowSum, rowMax, rowMin, rowMul rowFunc
	// splat sets dst[i*n+j] = src[i*stride].
	splat func(dst, src unsafe.Pointer, rows, n, stride int)
	// repeat sets dst[i*n+j] = src[j].
	repeat func(dst, src unsafe.Pointer, rows, n int)
	// transpose sets dst[i*dstStride+j] = src[j*srcStride+i].
	transpose func(dst, src unsafe.Pointer, rows, n, dstStride, srcStride int)
}

// row gives the routine that combines rows with Add, Mul, Maximum or Minimum.
func (k *kernels) row(op Op) rowFunc {
	switch op {
	case Add:
		return k.rowSum
	case Mul:
		return k.rowMul
	case Maximum:
		return k.rowMax
	}
	return k.rowMin
}

// convert gives the routine that writes float32 as elements of a kind.
func (k *kernels) convert(to Kind) vecFunc {
	return k.vec[[...]Op{F32: opCopy, Bool: opToBool}[to]]
}
