//go:build amd64 && !purego

package loop

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate sh -c "cd asm && go run . -out ../kernels_amd64.s && gofmt -w ../kernels_amd64.go"

// native are the fastest kernels that this machine can run.
var native = *available()[0]

// available are all the kernels that this machine can run, the fastest first.
func available() []*kernels {
	all := []*kernels{&generic}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasBMI2 {
		all = append([]*kernels{{
			name: "avx2", vec: complete(vecY, fromBoolY, toBoolY),
			rowSum: rowSumY, rowMax: rowMaxY, rowMin: rowMinY, rowMul: rowMulY, splat: splatY, repeat: repeatY, transpose: transposeBlocks,
		}}, all...)
		if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ {
			all = append([]*kernels{{
				name: "avx512", vec: complete(vecZ, fromBoolZ, toBoolZ),
				rowSum: rowSumZ, rowMax: rowMaxZ, rowMin: rowMinZ, rowMul: rowMulZ, splat: splatZ, repeat: repeatZ, transpose: transposeBlocks,
			}}, all...)
		}
	}
	return all
}

// complete adds to the generated routines what they leave to plain Go.
func complete(vec [numOps]vecFunc, fromBool, toBool func(dst, src unsafe.Pointer, n int)) [numOps]vecFunc {
	vec[Pow] = generic.vec[Pow]
	vec[Sin] = moderate(vec[Sin], generic.vec[Sin])
	vec[Cos] = moderate(vec[Cos], generic.vec[Cos])
	vec[opFromBool] = func(dst, a, _, _ unsafe.Pointer, _, n int) {
		whole := n &^ 15
		if whole > 0 {
			fromBool(dst, a, whole)
		}
		if whole < n {
			fromBoolGeneric(offset(dst, whole), offsetBytes(a, whole), nil, nil, 1, n-whole)
		}
	}
	vec[opToBool] = func(dst, a, _, _ unsafe.Pointer, broadcast, n int) {
		whole := n &^ 15 * broadcast
		if whole > 0 {
			toBool(dst, a, whole)
		}
		if whole < n {
			toBoolGeneric(offsetBytes(dst, whole), offset(a, whole), nil, nil, broadcast, n-whole)
		}
	}
	return vec
}

// moderate computes with fast where all arguments are small enough for it.
func moderate(fast, exact vecFunc) vecFunc {
	const limit = 1e5
	return func(dst, a, b, c unsafe.Pointer, broadcast, n int) {
		for _, v := range argument(a, broadcast, 0, n).data {
			if v > limit || v < -limit {
				exact(dst, a, b, c, broadcast, n)
				return
			}
		}
		fast(dst, a, b, c, broadcast, n)
	}
}

// transposeBlocks transposes blocks of 8 by 8, and what is left over by itself.
func transposeBlocks(dst, src unsafe.Pointer, rows, n, dstStride, srcStride int) {
	const b = 8
	if rows >= b {
		for j := 0; j+b <= n; j += b {
			transpose8(offset(dst, j), offset(src, j*srcStride), rows/b, dstStride, srcStride)
		}
	}
	r, c := rows&^(b-1), n&^(b-1)
	if r > 0 && c < n {
		transposeGeneric(offset(dst, c), offset(src, c*srcStride), r, n-c, dstStride, srcStride)
	}
	if r < rows {
		transposeGeneric(offset(dst, r*dstStride), offset(src, r), rows-r, n, dstStride, srcStride)
	}
}
