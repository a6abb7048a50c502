package kernel

// convCols prepares the gradient of the weights: for every tap, dw = Σ over pixels of xᵀ·dy, read in place. Pixels
// whose tap lies in the padding are left out.
func convCols(m *Micro, s ConvSpec) *colsPlan {
	s.check()
	cin, cout := s.Cin/s.Groups, s.Cout/s.Groups
	x := operand{step: s.Stride[1] * s.Cin, channels: cin}
	dy := operand{step: s.Cout, channels: cout}
	// The vectors run along the channels of B; the few channels of an RGB image would leave most lanes empty.
	swap := cout < m.NR/2 && cin > cout
	a, b := x, dy
	if swap {
		a, b = dy, x
	}
	p := &colsPlan{m: m, rows: a.channels, lda: a.step, ldc: s.Cout, swap: swap, taps: s.Kernel[0] * s.Kernel[1]}
	p.pack = packing{m: m, n: b.channels, rs: b.step, cs: 1, inPlace: true}
	for group := range s.Groups {
		p.pack.source(group * b.channels)
		for t := range p.taps {
			p.jobs = append(p.jobs, colsJob{tap: t, a: group * a.channels, b: group, c: t*cin*s.Cout + group*cout})
		}
	}
	strips := convStrips(s)
	for kh := range s.Kernel[0] {
		for kw := range s.Kernel[1] {
			p.addTap(s, strips, kh, kw, swap)
		}
	}
	p.cut()
	return p
}

// operand is an activation as the weight gradient reads it.
type operand struct{ step, channels int }

// strip is a part of an output row: pixels from lo up to hi. The last strip of a chunk is marked.
type strip struct {
	image, row, lo, hi int
	last               bool
}

// convStrips lists all output pixels in strips, which together make chunks of about chunkRows pixels.
func convStrips(s ConvSpec) []strip {
	var strips []strip
	pixels := 0
	for image := range s.Batch {
		for row := range s.Out[0] {
			for lo := 0; lo < s.Out[1]; lo += chunkRows {
				st := strip{image: image, row: row, lo: lo, hi: min(lo+chunkRows, s.Out[1])}
				pixels += st.hi - st.lo
				if pixels >= chunkRows {
					st.last, pixels = true, 0
				}
				strips = append(strips, st)
			}
		}
	}
	strips[len(strips)-1].last = true
	return strips
}

// addTap appends the segments of one tap, chunk by chunk.
func (p *colsPlan) addTap(s ConvSpec, strips []strip, kh, kw int, swap bool) {
	h := axis{out: s.Out[0], in: s.In[0], stride: s.Stride[0], dilation: s.Dilation[0], pad: s.PadLow[0]}
	w := axis{out: s.Out[1], in: s.In[1], stride: s.Stride[1], dilation: s.Dilation[1], pad: s.PadLow[1]}
	lo, hi := w.clip(kw)
	fresh := true // the next segment begins a chunk
	for _, st := range strips {
		from, to := max(st.lo, lo), min(st.hi, hi)
		ih, _ := h.source(st.row, kh)
		if from < to && ih >= 0 && ih < h.in {
			iw, _ := w.source(from, kw)
			x := ((st.image*s.In[0]+ih)*s.In[1] + iw) * s.Cin
			dy := ((st.image*s.Out[0]+st.row)*s.Out[1] + from) * s.Cout
			if swap {
				x, dy = dy, x
			}
			p.addSegment(x, dy, to-from, fresh)
			fresh = false
		}
		if st.last {
			p.chunks = append(p.chunks, len(p.segs)/3)
			fresh = true
		}
	}
}

// addSegment appends a segment, or makes the last one longer if it only goes on.
func (p *colsPlan) addSegment(a, b, n int, fresh bool) {
	if !fresh {
		last := p.segs[len(p.segs)-3:]
		if a == int(last[0])+int(last[2])*p.lda && b == int(last[1])+int(last[2])*p.pack.rs {
			last[2] += int32(n)
			return
		}
	}
	p.segs = append(p.segs, int32(a), int32(b), int32(n))
}
