package onnx

import "slices"

// move evaluates the operations that choose and arrange values.
func move(c call, in []array) array {
	x := in[0]
	switch c.Op {
	case "Shape":
		var sizes []float64
		for _, d := range x.dims[get[int64](c, "start"):] {
			sizes = append(sizes, float64(d))
		}
		return array{[]int{len(sizes)}, sizes}
	case "Reshape":
		return reshaped(x, in[1].data)
	case "Transpose":
		order := get[[]int64](c, "perm")
		return pick(x, permuted(x.dims, order), func(to, from []int) {
			for i, o := range order {
				from[o] = to[i]
			}
		})
	case "Slice":
		starts, ends, axes := in[1].data, in[2].data, in[3].data
		dims := slices.Clone(x.dims)
		for i, axis := range axes {
			end := int(ends[i])
			if end < 0 {
				end += dims[int(axis)]
			}
			dims[int(axis)] = end - int(starts[i])
		}
		return pick(x, dims, func(to, from []int) {
			copy(from, to)
			for i, axis := range axes {
				from[int(axis)] += int(starts[i])
			}
		})
	case "Gather":
		return pick(x, in[1].dims, func(to, from []int) { from[0] = int(in[1].data[to[0]]) })
	case "Pad":
		return padded(x, in[1].data, get[string](c, "mode"))
	case "DepthToSpace": // mode CRD
		s := int(get[int64](c, "blocksize"))
		dims := []int{x.dims[0], x.dims[1] / (s * s), x.dims[2] * s, x.dims[3] * s}
		return pick(x, dims, func(to, from []int) {
			from[0], from[1], from[2], from[3] = to[0], (to[1]*s+to[2]%s)*s+to[3]%s, to[2]/s, to[3]/s
		})
	case "Concat":
		return joined(in, int(get[int64](c, "axis")))
	case "ReduceMean": // two axes with one between them, the last is the second
		a, b := int(get[[]int64](c, "axes")[0]), int(get[[]int64](c, "axes")[1])
		y := newArray(append(slices.Clone(x.dims[:a]), x.dims[a+1:b]...)...)
		eachIndex(x.dims, func(i int, index []int) {
			y.data[y.at(append(slices.Clone(index[:a]), index[a+1:b]...))] += x.data[i] / float64(x.dims[a]*x.dims[b])
		})
		return y
	}
	panic("no " + c.Op)
}

// pick makes an array of elements of x, with from saying which.
func pick(x array, dims []int, from func(to, from []int)) array {
	y := newArray(dims...)
	source := make([]int, len(x.dims))
	eachIndex(dims, func(i int, index []int) {
		from(index, source)
		y.data[i] = x.data[x.at(source)]
	})
	return y
}

func permuted(dims []int, order []int64) []int {
	var out []int
	for _, o := range order {
		out = append(out, dims[o])
	}
	return out
}

func reshaped(x array, to []float64) array {
	var dims []int
	rest := len(x.data)
	for i, d := range to {
		if d == 0 {
			d = float64(x.dims[i])
		}
		dims = append(dims, int(d))
		if d > 0 {
			rest /= int(d)
		}
	}
	for i, d := range dims {
		if d < 0 {
			dims[i] = rest
		}
	}
	return array{dims, x.data}
}

func padded(x array, pads []float64, mode string) array {
	dims := slices.Clone(x.dims)
	for i := range dims {
		dims[i] += int(pads[i]) + int(pads[len(dims)+i])
	}
	return pick(x, dims, func(to, from []int) {
		for i, n := range x.dims {
			at := to[i] - int(pads[i])
			if mode == "reflect" && at < 0 {
				at = -at
			} else if mode == "reflect" && at >= n {
				at = 2*(n-1) - at
			}
			from[i] = min(max(at, 0), n-1)
		}
	})
}

func joined(in []array, axis int) array {
	dims := slices.Clone(in[0].dims)
	for _, a := range in[1:] {
		dims[axis] += a.dims[axis]
	}
	y := newArray(dims...)
	offset := 0
	for _, a := range in {
		eachIndex(a.dims, func(i int, index []int) {
			to := slices.Clone(index)
			to[axis] += offset
			y.data[y.at(to)] = a.data[i]
		})
		offset += a.dims[axis]
	}
	return y
}
