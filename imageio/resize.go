package imageio

import "math"

// taps are the weights of one output sample over the input samples first, first+1, ...
type taps struct {
	first   int
	weights []float32
}

// Resize scales the picture to w by h pixels (each at least 1) with the Catmull-Rom cubic, widened when
// shrinking so that every input pixel counts. It gives what Pillow's BICUBIC gives, which reference
// implementations of pix2pix and of FID use; x/image/draw has the same filter but only 16 bits per sample.
func (m *Image) Resize(w, h int) *Image {
	if w == m.W && h == m.H {
		return m.Clone()
	}
	// Rows first: tmp is [m.H, w, rgb].
	tmp, across := New(w, m.H), resample(m.W, w)
	for y := range m.H {
		row := m.Pix[3*m.W*y:][:3*m.W]
		for x, t := range across {
			var r, g, b float32
			for k, weight := range t.weights {
				p := row[3*(t.first+k):][:3]
				// The conversions keep compilers from fusing: every machine gives the same bits.
				r += float32(weight * p[0])
				g += float32(weight * p[1])
				b += float32(weight * p[2])
			}
			tmp.Set(x, y, r, g, b)
		}
	}
	out, stride := New(w, h), 3*w
	for y, t := range resample(m.H, h) {
		row := out.Pix[stride*y:][:stride]
		for k, weight := range t.weights {
			for i, v := range tmp.Pix[stride*(t.first+k):][:stride] {
				row[i] += float32(weight * v)
			}
		}
		for i, v := range row { // The cubic overshoots at edges.
			row[i] = clamp01(v)
		}
	}
	return out
}

// resample returns the taps of every one of out samples over in samples. Weights sum to 1.
func resample(in, out int) []taps {
	scale := float64(in) / float64(out)
	width := max(scale, 1) // of one filter unit, in input samples
	list := make([]taps, out)
	for i := range list {
		centre := (float64(i) + 0.5) * scale
		first := max(int(centre-2*width+0.5), 0)
		last := min(int(centre+2*width+0.5), in)
		weights := make([]float64, last-first)
		sum := 0.0
		for k := range weights {
			weights[k] = catmullRom((float64(first+k) - centre + 0.5) / width)
			sum += weights[k]
		}
		list[i] = taps{first, make([]float32, len(weights))}
		for k, v := range weights {
			list[i].weights[k] = float32(v / sum)
		}
	}
	return list
}

// catmullRom is the cubic convolution kernel with a = -1/2 (Keys 1981, equation 15); support 2.
func catmullRom(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// Crop returns a copy of the w by h pixels whose top left corner is (x, y), which lie inside the picture.
func (m *Image) Crop(x, y, w, h int) *Image {
	out := New(w, h)
	for row := range h {
		copy(out.Pix[3*w*row:][:3*w], m.Pix[3*((y+row)*m.W+x):])
	}
	return out
}

// Paste copies p into the picture with its top left corner at (x, y); it must lie inside.
func (m *Image) Paste(p *Image, x, y int) {
	for row := range p.H {
		copy(m.Pix[3*((y+row)*m.W+x):], p.Pix[3*p.W*row:][:3*p.W])
	}
}

// Fit scales the picture to cover w by h pixels and crops what stands out, equally on both sides: the
// proportions stay.
func (m *Image) Fit(w, h int) *Image {
	if w*m.H > h*m.W { // The width decides; what stands out does so above and below.
		tall := max(int(math.Round(float64(m.H)*float64(w)/float64(m.W))), h)
		return m.Resize(w, tall).Crop(0, (tall-h)/2, w, h)
	}
	wide := max(int(math.Round(float64(m.W)*float64(h)/float64(m.H))), w)
	return m.Resize(wide, h).Crop((wide-w)/2, 0, w, h)
}

// Within scales the picture down so that no side is longer than side pixels; a smaller one is returned
// as it is.
func (m *Image) Within(side int) *Image {
	longest := max(m.W, m.H)
	if longest <= side {
		return m
	}
	scaled := func(n int) int { return max(1, (n*side+longest/2)/longest) }
	return m.Resize(scaled(m.W), scaled(m.H))
}
