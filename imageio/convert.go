package imageio

import (
	"image"
	"image/color"
)

// FromImage converts any picture of package image. Alpha is composited on white, in sRGB encoding as
// browsers do.
func FromImage(src image.Image) *Image {
	at := func(x, y int) color.RGBA64 {
		r, g, b, a := src.At(x, y).RGBA()
		return color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(a)}
	}
	if fast, ok := src.(image.RGBA64Image); ok { // every type of the standard library
		at = fast.RGBA64At
	}
	bounds := src.Bounds()
	m := New(bounds.Dx(), bounds.Dy())
	i := 0
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y) // premultiplied by alpha
			white := 0xffff - float32(c.A)
			m.Pix[i] = (float32(c.R) + white) / 0xffff
			m.Pix[i+1] = (float32(c.G) + white) / 0xffff
			m.Pix[i+2] = (float32(c.B) + white) / 0xffff
			i += 3
		}
	}
	return m
}

// ToImage converts to 8 bits per sample, rounding to nearest; samples outside [0,1] and NaN are clamped.
func (m *Image) ToImage() *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		out.Pix[4*i] = quantise(m.Pix[3*i])
		out.Pix[4*i+1] = quantise(m.Pix[3*i+1])
		out.Pix[4*i+2] = quantise(m.Pix[3*i+2])
		out.Pix[4*i+3] = 0xff
	}
	return out
}

func quantise(v float32) uint8 {
	switch {
	case v >= 1:
		return 255
	case v > 0:
		return uint8(v*255 + 0.5)
	}
	return 0 // NaN as well
}

// ToTensor writes the picture as a network takes it, [height, width, rgb] in [-1,1], into dst, which has
// room for H*W*3 values.
func (m *Image) ToTensor(dst []float32) { ToSigned(dst, m.Pix) }

// FromTensor makes a picture of w by h pixels from a network's output, src[:h*w*3] as
// [height, width, rgb] in [-1,1]; values outside are clamped.
func FromTensor(src []float32, w, h int) *Image {
	m := New(w, h)
	FromSigned(m.Pix, src)
	return m
}

// ToSigned writes samples in [0,1] into dst as networks take them, in [-1,1].
func ToSigned(dst, samples []float32) {
	dst = dst[:len(samples)]
	for i, v := range samples {
		dst[i] = float32(2*v) - 1
	}
}

// FromSigned writes a network's outputs, in [-1,1], into samples in [0,1], as many as there are of these; values outside are clamped.
func FromSigned(samples, src []float32) {
	src = src[:len(samples)]
	for i, v := range src {
		samples[i] = clamp01(float32(v*0.5) + 0.5)
	}
}

func clamp01(v float32) float32 {
	switch {
	case v >= 1:
		return 1
	case v > 0:
		return v
	}
	return 0 // NaN as well
}
