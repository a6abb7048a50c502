// Package imageio reads and writes the pictures that everything else works on: it decodes within
// limits, honours EXIF orientation, composites alpha on white and resizes.
package imageio

// Image is an RGB picture with float32 samples in sRGB encoding, range [0,1].
type Image struct {
	W, H int
	// Pix holds H*W*3 samples, row by row from the top, [height, width, rgb].
	Pix []float32
}

// New returns a black image of w by h pixels.
func New(w, h int) *Image {
	return &Image{W: w, H: h, Pix: make([]float32, 3*w*h)}
}

// At returns the colour of pixel (x, y).
func (m *Image) At(x, y int) (r, g, b float32) {
	i := 3 * (y*m.W + x)
	return m.Pix[i], m.Pix[i+1], m.Pix[i+2]
}

// Set sets the colour of pixel (x, y).
func (m *Image) Set(x, y int, r, g, b float32) {
	i := 3 * (y*m.W + x)
	m.Pix[i], m.Pix[i+1], m.Pix[i+2] = r, g, b
}

// Clone returns a deep copy.
func (m *Image) Clone() *Image {
	c := New(m.W, m.H)
	copy(c.Pix, m.Pix)
	return c
}
