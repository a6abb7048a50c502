package kernel

// axis is one spatial axis of a convolution seen from the rows product that computes it: every output coordinate
// sums over some of the kernel's taps, each of which reads one input coordinate.
type axis struct {
	out, in, kernel, stride, dilation, pad int
	// gradient: the output is the gradient of a convolution's input, so that strides divide.
	gradient bool
}

// phases is the number of groups of output coordinates that use different taps.
func (x axis) phases() int {
	if x.gradient {
		return x.stride
	}
	return 1
}

// run is taps that are neighbours in memory: len of them from pos on (in the axis' order of taps), which read
// input coordinates from in on; in is -1 if that is padding.
type run struct{ pos, len, in int }

// source is the input coordinate that tap k of output coordinate o reads, perhaps outside the input.
// ok is false if o does not use tap k at all.
func (x axis) source(o, k int) (in int, ok bool) {
	if !x.gradient {
		return o*x.stride - x.pad + k*x.dilation, true
	}
	t := o + x.pad - k*x.dilation
	if mod(t, x.stride) != 0 {
		return 0, false
	}
	return floorDiv(t, x.stride), true
}

// order lists the taps so that those that an output coordinate uses read rising input coordinates:
// the taps of one phase of the stride after those of another, in falling order for gradients.
func (x axis) order() []int {
	taps := make([]int, 0, x.kernel)
	if !x.gradient {
		for k := range x.kernel {
			taps = append(taps, k)
		}
		return taps
	}
	for phase := range x.phases() {
		for k := x.kernel - 1; k >= 0; k-- {
			if mod(k*x.dilation-x.pad, x.stride) == phase {
				taps = append(taps, k)
			}
		}
	}
	return taps
}

// runs lists what output coordinate o sums over. If merge is set, padding is left out and taps that follow each other
// both in the order and in the input become one run; otherwise each tap is a run.
func (x axis) runs(o int, merge bool) []run {
	var runs []run
	for pos, k := range x.order() {
		in, ok := x.source(o, k)
		valid := in >= 0 && in < x.in
		last := len(runs) - 1
		switch {
		case !ok || merge && !valid:
		case merge && last >= 0 && runs[last].pos+runs[last].len == pos && runs[last].in+runs[last].len == in:
			runs[last].len++
		case valid:
			runs = append(runs, run{pos, 1, in})
		default:
			runs = append(runs, run{pos, 1, -1})
		}
	}
	return runs
}

// class is output coordinates whose runs differ only in the input coordinates.
type class struct {
	coords []int
	runs   [][]run // by coordinate
}

// classes groups the output coordinates, in order of their first member.
func (x axis) classes(merge bool) []class {
	var all []class
	for o := range x.out {
		runs := x.runs(o, merge)
		at := -1
		for i, c := range all {
			if sameTaps(c.runs[0], runs) {
				at = i
			}
		}
		if at < 0 {
			all = append(all, class{})
			at = len(all) - 1
		}
		all[at].coords = append(all[at].coords, o)
		all[at].runs = append(all[at].runs, runs)
	}
	return all
}

func sameTaps(a, b []run) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].pos != b[i].pos || a[i].len != b[i].len {
			return false
		}
	}
	return true
}

// clip is the range of output coordinates, from lo up to hi, for which tap k reads inside the input.
func (x axis) clip(k int) (lo, hi int) {
	shift := x.pad - k*x.dilation
	lo = max(0, ceilDiv(shift, x.stride))
	hi = min(x.out, floorDiv(x.in-1+shift, x.stride)+1)
	return lo, max(lo, hi)
}

func mod(a, b int) int      { return ((a % b) + b) % b }
func floorDiv(a, b int) int { return (a - mod(a, b)) / b }
func ceilDiv(a, b int) int  { return -floorDiv(-a, b) }
