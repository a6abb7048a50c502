package loop

import "unsafe"

// view is a strided window on memory, which the steps load and store move to and from registers. Only
// the first axis may be shorter at run time.
type view struct {
	kind          Kind
	dims, strides []int // in elements
}

// newView merges the axes that lie one behind the other.
func newView(k Kind, dims, strides []int) *view {
	v := &view{kind: k}
	for i, d := range dims {
		st := strides[i]
		if d == 1 && i > 0 {
			continue
		}
		if n := len(v.dims) - 1; n >= 0 && v.strides[n] == st*d {
			v.dims[n] *= d
			v.strides[n] = st
			continue
		} else if n == 0 && v.dims[0] == 1 { // the first axis has no neighbour to step to
			v.dims[0], v.strides[0] = d, st
			continue
		}
		v.dims, v.strides = append(v.dims, d), append(v.strides, st)
	}
	if len(v.dims) == 0 {
		v.dims, v.strides = []int{1}, []int{1}
	}
	return v
}

// load reads n elements into the float32 at dst.
func (v *view) load(k *kernels, dst, src unsafe.Pointer, n int) {
	block := 1
	for _, d := range v.dims[1:] {
		block *= d
	}
	v.loadAxis(k, dst, src, 0, n/max(1, block))
}

func (v *view) loadAxis(k *kernels, dst, src unsafe.Pointer, ax, count int) {
	switch len(v.dims) - ax {
	case 1:
		v.loadRow(k, dst, src, count, v.strides[ax])
	case 2:
		v.loadMatrix(k, dst, src, count, v.dims[ax+1], v.strides[ax], v.strides[ax+1])
	default:
		block := 1
		for _, d := range v.dims[ax+1:] {
			block *= d
		}
		for i := range count {
			if i > 0 && v.strides[ax] == 0 {
				copy(floats(offset(dst, i*block), block), floats(dst, block))
				continue
			}
			v.loadAxis(k, offset(dst, i*block), offsetBytes(src, i*v.strides[ax]*v.kind.size()), ax+1, v.dims[ax+1])
		}
	}
}

// loadMatrix reads rows of n elements.
func (v *view) loadMatrix(k *kernels, dst, src unsafe.Pointer, rows, n, rowStride, stride int) {
	switch {
	case rowStride == 0:
		v.loadRow(k, dst, src, n, stride)
		if rows > 1 {
			k.repeat(offset(dst, n), dst, rows-1, n)
		}
	case v.kind == F32 && stride == 0:
		k.splat(dst, src, rows, n, rowStride)
	case v.kind == F32 && rowStride == 1:
		k.transpose(dst, src, rows, n, n, stride)
	default:
		for i := range rows {
			v.loadRow(k, offset(dst, i*n), offsetBytes(src, i*rowStride*v.kind.size()), n, stride)
		}
	}
}

func (v *view) loadRow(k *kernels, dst, src unsafe.Pointer, n, stride int) {
	switch {
	case stride == 1 && v.kind == F32:
		copy(floats(dst, n), floats(src, n))
	case stride == 1:
		k.vec[opFromBool](dst, src, nil, nil, 1, n)
	case stride == 0:
		fill(floats(dst, n), element(v.kind, src))
	default:
		step := stride * v.kind.size()
		for i, d := 0, floats(dst, n); i < n; i++ {
			d[i] = element(v.kind, offsetBytes(src, i*step))
		}
	}
}

// store writes the n float32 at src into the view at dst.
func (v *view) store(k *kernels, dst, src unsafe.Pointer, n int) {
	block := 1
	for _, d := range v.dims[1:] {
		block *= d
	}
	v.storeAxis(k, dst, src, 0, n/max(1, block))
}

func (v *view) storeAxis(k *kernels, dst, src unsafe.Pointer, ax, count int) {
	left := len(v.dims) - ax
	if left == 1 {
		v.storeRow(k, dst, src, count, v.strides[ax])
		return
	}
	if left == 2 && v.kind == F32 && v.strides[ax] == 1 {
		k.transpose(dst, src, v.dims[ax+1], count, v.strides[ax+1], v.dims[ax+1])
		return
	}
	block := 1
	for _, d := range v.dims[ax+1:] {
		block *= d
	}
	for i := range count {
		v.storeAxis(k, offsetBytes(dst, i*v.strides[ax]*v.kind.size()), offset(src, i*block), ax+1, v.dims[ax+1])
	}
}

func (v *view) storeRow(k *kernels, dst, src unsafe.Pointer, n, stride int) {
	if stride == 1 {
		k.convert(v.kind)(dst, src, nil, nil, 1, n)
		return
	}
	step := stride * v.kind.size()
	for i, f := range floats(src, n) {
		setElement(v.kind, offsetBytes(dst, i*step), f)
	}
}

// element reads one element of memory.
func element(k Kind, p unsafe.Pointer) float32 {
	if k == Bool {
		return truth(*(*byte)(p) != 0)
	}
	return *(*float32)(p)
}

func setElement(k Kind, p unsafe.Pointer, f float32) {
	if k == Bool {
		*(*bool)(p) = f != 0
		return
	}
	*(*float32)(p) = f
}

// offset moves a pointer by n float32.
func offset(p unsafe.Pointer, n int) unsafe.Pointer { return unsafe.Add(p, 4*n) }

func offsetBytes(p unsafe.Pointer, n int) unsafe.Pointer { return unsafe.Add(p, n) }

func floats(p unsafe.Pointer, n int) []float32 { return unsafe.Slice((*float32)(p), n) }

// aligned gives the first multiple of a cache line in s.
func aligned(s []float32) unsafe.Pointer {
	p := unsafe.Pointer(unsafe.SliceData(s))
	return unsafe.Add(p, -uintptr(p)&(4*align-1))
}

func fill(s []float32, f float32) {
	for i := range s {
		s[i] = f
	}
}
