package cpu

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/testutil"
	"pgregory.net/rapid"
)

// Steps of random graphs that combine values.

// convGradients is a convolution as gradients write it: of the input or of the kernel.
func (d *drawer) convGradients() {
	i, s, ok := d.value(func(s shapes.Shape) bool { return s.Rank() == 4 })
	if !ok {
		return
	}
	stride, k, pad := rapid.IntRange(1, 2).Draw(d.T, "stride"), rapid.IntRange(1, 4).Draw(d.T, "kernel"), rapid.IntRange(0, 2).Draw(d.T, "pad")
	channels := rapid.IntRange(1, 3).Draw(d.T, "channels")
	n, h, w, c := s.Dimensions[0], s.Dimensions[1], s.Dimensions[2], s.Dimensions[3]
	if rapid.Bool().Draw(d.T, "input") {
		dims := []int{n, (h-1)*stride + 2*pad + 3 - k, (w-1)*stride + 2*pad + 3 - k, channels} // one more of padding at the end
		if min(dims[1], dims[2]) < 1 || product(dims) > maxSize {
			return
		}
		d.add(fmt.Sprint("input gradient", i, k, stride, pad), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
			m := maker{f}
			kernel := m.reverse(m.kernel(k, k, channels, c), 0, 1)
			axes := imageAxes()
			axes.KernelInputChannels, axes.KernelOutputChannels = 3, 2
			mean := scaled(f, 1/float64(k*k*c))
			return mean(f.ConvGeneral(v[i], kernel, axes, nil, [][2]int{{pad, pad + 1}, {pad, pad + 1}}, []int{stride, stride}, nil, 1, 1))
		})
		return
	}
	oh, ow := (h+2*pad-k)/stride+1, (w+2*pad-k)/stride+1
	if h+2*pad < k || w+2*pad < k {
		return
	}
	high := func(size, out int) int { return (out-1)*stride + k - size - pad } // may be negative
	d.add(fmt.Sprint("weight gradient", i, k, stride, pad), []int{k, k, c, channels}, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		axes := compute.ConvolveAxesConfig{
			InputBatch: 3, InputSpatial: []int{1, 2}, InputChannels: 0, KernelInputChannels: 0, KernelSpatial: []int{1, 2}, KernelOutputChannels: 3,
			OutputBatch: 2, OutputSpatial: []int{0, 1}, OutputChannels: 3,
		}
		mean := scaled(f, 1/float64(n*oh*ow))
		paddings := [][2]int{{pad, high(h, oh)}, {pad, high(w, ow)}}
		return mean(f.ConvGeneral(v[i], maker{f}.kernel(n, oh, ow, channels), axes, nil, paddings, nil, []int{stride, stride}, 1, 1))
	})
}

// kernel is made of cosines.
func (m maker) kernel(dims ...int) value {
	n := m.reshape(testutil.Must1(m.Iota(shapes.Make(dtypes.Float32, product(dims)), 0)), dims...)
	return testutil.Must1(m.Cos(n))
}

func imageAxes() compute.ConvolveAxesConfig {
	return compute.ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3,
		KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
		OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
	}
}

// dot multiplies a value by another along an axis of equal size, and perhaps side by side along another one.
func (d *drawer) dot() {
	i, s, ok := d.value(func(s shapes.Shape) bool { return s.Rank() >= 1 && s.Rank() <= 4 })
	if !ok {
		return
	}
	a := rapid.IntRange(0, s.Rank()-1).Draw(d.T, "lhs axis")
	j, o, _ := d.value(func(o shapes.Shape) bool {
		return o.Rank() >= 1 && o.Rank() <= 4 && slices.Contains(o.Dimensions, s.Dimensions[a])
	})
	b := slices.Index(o.Dimensions, s.Dimensions[a])
	lhs, rhs := slices.Clone(s.Dimensions), slices.Clone(o.Dimensions)
	lhs[a], rhs[b] = 0, 0
	var dims, lhsBatch, rhsBatch []int
	if rapid.Bool().Draw(d.T, "batch") {
		for x, n := range lhs {
			if y := slices.Index(rhs, n); n > 0 && y >= 0 {
				dims, lhsBatch, rhsBatch = append(dims, n), append(lhsBatch, x), append(rhsBatch, y)
				lhs[x], rhs[y] = 0, 0
			}
		}
	}
	for _, n := range slices.Concat(lhs, rhs) {
		if n > 0 {
			dims = append(dims, n)
		}
	}
	if len(dims) > 4 || product(dims)*s.Dimensions[a] > 10*maxSize || product(dims) > maxSize {
		return
	}
	d.add(fmt.Sprint("DotGeneral", i, a, lhsBatch, " ", j, b, rhsBatch), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		mean := scaled(f, 0.5/float64(s.Dimensions[a]))
		return mean(f.DotGeneral(v[i], []int{a}, lhsBatch, v[j], []int{b}, rhsBatch, compute.DotGeneralConfig{}))
	})
}

// conv convolves [batch, height, width, channels] with a kernel of cosines.
func (d *drawer) conv() {
	i, s, ok := d.value(func(s shapes.Shape) bool { return s.Rank() == 4 })
	if !ok {
		return
	}
	kernel := []int{rapid.IntRange(1, 3).Draw(d.T, "kh"), rapid.IntRange(1, 3).Draw(d.T, "kw"), s.Dimensions[3], rapid.IntRange(1, 3).Draw(d.T, "out")}
	stride := rapid.IntRange(1, 2).Draw(d.T, "stride")
	dims := []int{s.Dimensions[0], (s.Dimensions[1]+2-kernel[0])/stride + 1, (s.Dimensions[2]+2-kernel[1])/stride + 1, kernel[3]}
	d.add(fmt.Sprint("ConvGeneral", i, kernel, stride), dims, func(f compute.Function, v []compute.Value) (compute.Value, error) {
		mean := scaled(f, 1/float64(kernel[0]*kernel[1]*kernel[2]))
		return mean(f.ConvGeneral(v[i], maker{f}.kernel(kernel...), imageAxes(), []int{stride, stride}, [][2]int{{1, 1}, {1, 1}}, nil, nil, 1, 1))
	})
}
