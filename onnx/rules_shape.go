package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// maxPad bounds strides, padding and the like, so that sizes cannot overflow.
const maxPad = 1 << 16

// window returns strides and padding of a convolution: [along height, along width] and [top, left, bottom, right].
func window(c call) (strides, pads []int64, err error) {
	if err := c.want(Float, 4, 4, 1); err != nil {
		return nil, nil, err
	}
	if strides, err = c.list("strides", 2, 1, maxPad, 1, 1); err != nil {
		return nil, nil, err
	}
	pads, err = c.list("pads", 4, 0, maxPad, 0, 0, 0, 0)
	return strides, pads, err
}

// channels checks those of a convolution, whose kernel has them in at axis in and out at axis out, and returns the latter.
func channels(c call, in, out int) (int64, error) {
	x, k := c.in[0].Dims, c.in[1].Dims
	if x[1] != k[in] || len(c.in) == 3 && c.in[2].Dims[0] != k[out] {
		return 0, fmt.Errorf("a kernel of %v, or its bias, for an image of %v", k, x)
	}
	return k[out], nil
}

func conv(c call) (*value, error) {
	strides, pads, err := window(c)
	if err != nil {
		return nil, err
	}
	out, err := channels(c, 1, 0)
	if err != nil {
		return nil, err
	}
	x, k := c.in[0].Dims, c.in[1].Dims
	dims := []int64{x[0], out}
	for i := range 2 {
		room := x[2+i] + pads[i] + pads[2+i] - k[2+i]
		if room < 0 {
			return nil, fmt.Errorf("a kernel of %v for an image of %v", k, x)
		}
		dims = append(dims, room/strides[i]+1)
	}
	return result(Float, dims...)
}

func convTranspose(c call) (*value, error) {
	strides, pads, err := window(c)
	if err != nil {
		return nil, err
	}
	beyond, err := c.list("output_padding", 2, 0, maxPad, 0, 0)
	if err != nil {
		return nil, err
	}
	out, err := channels(c, 0, 1)
	if err != nil {
		return nil, err
	}
	x, k := c.in[0].Dims, c.in[1].Dims
	dims := []int64{x[0], out}
	for i := range 2 {
		dims = append(dims, strides[i]*(x[2+i]-1)+beyond[i]+k[2+i]-pads[i]-pads[2+i])
	}
	return result(Float, dims...)
}

func depthToSpace(c call) (*value, error) {
	side, err := attribute(c, "blocksize", int64(0))
	if err := errors.Join(err, c.want(Float, 4)); err != nil {
		return nil, err
	}
	x := c.in[0].Dims
	if side < 1 || side > maxPad || x[1]%(side*side) != 0 {
		return nil, fmt.Errorf("blocks of %dx%d of %d channels", side, side, x[1])
	}
	return result(Float, x[0], x[1]/(side*side), x[2]*side, x[3]*side)
}

func gather(c call) (*value, error) {
	axis, err := attribute(c, "axis", int64(0))
	x, index := c.in[0], c.in[1]
	if err != nil || axis != 0 || len(x.Dims) != 1 || index.Type != Int64 || index.ints == nil {
		return nil, errors.Join(err, errors.New("wanted fixed places of a vector"))
	}
	v := &value{Shape: Shape{x.Type, index.Dims}}
	for _, i := range index.ints {
		if i < 0 || i >= x.Dims[0] {
			return nil, fmt.Errorf("place %d of %d", i, x.Dims[0])
		}
		if x.ints != nil {
			v.ints = append(v.ints, x.ints[i])
		}
	}
	return v, nil
}

func pad(c call) (*value, error) {
	mode, err := attribute(c, "mode", "constant")
	pads, err2 := c.content(1)
	if err := errors.Join(err, err2, c.wantType(0, Float)); err != nil {
		return nil, err
	}
	dims := slices.Clone(c.in[0].Dims)
	if len(pads) != 2*len(dims) {
		return nil, fmt.Errorf("padding %v of sizes %v", pads, dims)
	}
	for i, n := range dims {
		low, high := pads[i], pads[len(dims)+i]
		if low < 0 || high < 0 || max(low, high) > maxPad || mode == "reflect" && max(low, high) >= n {
			return nil, fmt.Errorf("padding %v of sizes %v, mode %q", pads, dims, mode)
		}
		dims[i] += low + high
	}
	return result(Float, dims...)
}

func reduceMean(c call) (*value, error) {
	axes, err := attribute(c, "axes", []int64(nil))
	keep, err2 := attribute(c, "keepdims", int64(1))
	if err := errors.Join(err, err2, c.want(Float, -1)); err != nil {
		return nil, err
	}
	dims := []int64{}
	left := len(axes)
	for i, d := range c.in[0].Dims {
		if slices.Contains(axes, int64(i)) {
			left--
		} else {
			dims = append(dims, d)
		}
	}
	if left != 0 || keep != 0 {
		return nil, fmt.Errorf("axes %v of sizes %v, keepdims %d", axes, c.in[0].Dims, keep)
	}
	return result(Float, dims...)
}

func reshape(c call) (*value, error) {
	to, err := c.content(1)
	if err != nil {
		return nil, err
	}
	x := c.in[0]
	dims := slices.Clone(to)
	rest, open := x.elements(), -1
	for i, d := range dims {
		if d == 0 && i < len(x.Dims) {
			d = x.Dims[i]
			dims[i] = d
		}
		switch {
		case d == -1 && open < 0:
			open = i
		case d < 1 || rest%d != 0:
			return nil, fmt.Errorf("sizes %v as %v", x.Dims, to)
		default:
			rest /= d
		}
	}
	if open >= 0 {
		dims[open] = rest
	} else if rest != 1 {
		return nil, fmt.Errorf("sizes %v as %v", x.Dims, to)
	}
	return result(x.Type, dims...)
}

func shapeOf(c call) (*value, error) {
	start, err := attribute(c, "start", int64(0))
	dims := c.in[0].Dims
	if err != nil || start < 0 || start >= int64(len(dims)) || len(dims) > maxInts {
		return nil, errors.Join(err, fmt.Errorf("sizes from %d of %v", start, dims))
	}
	return &value{Shape: Shape{Int64, []int64{int64(len(dims)) - start}}, ints: slices.Clone(dims[start:])}, nil
}

// slice cuts out of axes from starts to ends, which count from the end if negative.
func slice(c call) (*value, error) {
	starts, err := c.content(1)
	ends, err2 := c.content(2)
	axes, err3 := c.content(3)
	if err := errors.Join(err, err2, err3, c.wantType(0, Float)); err != nil {
		return nil, err
	}
	dims := slices.Clone(c.in[0].Dims)
	if len(starts) != len(axes) || len(ends) != len(axes) {
		return nil, fmt.Errorf("from %v to %v of axes %v", starts, ends, axes)
	}
	for i, axis := range axes {
		if axis < 0 || axis >= int64(len(dims)) || slices.Contains(axes[:i], axis) {
			return nil, fmt.Errorf("axes %v of sizes %v", axes, dims)
		}
		from, to := starts[i], ends[i]
		if to < 0 {
			to += dims[axis]
		}
		if from < 0 || to > dims[axis] || to <= from {
			return nil, fmt.Errorf("from %v to %v of sizes %v", starts, ends, c.in[0].Dims)
		}
		dims[axis] = to - from
	}
	return result(Float, dims...)
}

func swap(c call) (*value, error) {
	x := c.in[0]
	order, err := attribute(c, "perm", []int64(nil))
	if err != nil || len(order) != len(x.Dims) {
		return nil, errors.Join(err, fmt.Errorf("order %v of sizes %v", order, x.Dims))
	}
	dims := []int64{}
	for i, o := range order {
		if o < 0 || o >= int64(len(x.Dims)) || slices.Contains(order[:i], o) {
			return nil, fmt.Errorf("order %v of sizes %v", order, x.Dims)
		}
		dims = append(dims, x.Dims[o])
	}
	return result(x.Type, dims...)
}
