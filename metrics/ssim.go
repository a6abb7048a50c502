package metrics

import (
	"fmt"
	"math"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Constants of SSIM, as Wang et al. have them.
const (
	ssimSigma  = 1.5 // of the Gaussian window, in pixels
	ssimRadius = 5   // of the window: 11 by 11 pixels
	ssimC1     = 0.01 * 0.01
	ssimC2     = 0.03 * 0.03
)

// SSIM is the mean structural similarity of two pictures of one size, in [-1,1], 1 for equal ones (Wang et al., "Image quality assessment: from
// error visibility to structural similarity", 2004): windows of 11 by 11 pixels weighted by a Gaussian of deviation 1.5, K1 = 0.01,
// K2 = 0.03, variances that divide by the sum of weights, and a range of samples of 1.
//
// Colour: red, green and blue are compared each for itself, in sRGB encoding, and their means are averaged. Borders: only windows that lie inside the
// picture count, so that nothing is padded. Both are what scikit-image does. Pictures of different sizes, or with a side below 11 pixels, are a mistake
// of the caller: SSIM panics.
func SSIM(a, b *imageio.Image) float64 {
	if a.W != b.W || a.H != b.H || min(a.W, a.H) < 2*ssimRadius+1 {
		panic(fmt.Sprintf("metrics: SSIM of pictures of %dx%d and %dx%d pixels", a.W, a.H, b.W, b.H))
	}
	s := newSmoother(a.W, a.H)
	sum := 0.0
	for channel := range 3 {
		at := func(m *imageio.Image, i int) float64 { return float64(m.Pix[3*i+channel]) }
		mx := s.smooth(func(i int) float64 { return at(a, i) })
		my := s.smooth(func(i int) float64 { return at(b, i) })
		xx := s.smooth(func(i int) float64 { return at(a, i) * at(a, i) })
		yy := s.smooth(func(i int) float64 { return at(b, i) * at(b, i) })
		xy := s.smooth(func(i int) float64 { return at(a, i) * at(b, i) })
		for i, x := range mx {
			y := my[i]
			luminance := (2*x*y + ssimC1) / (x*x + y*y + ssimC1)
			structure := (2*(xy[i]-x*y) + ssimC2) / (xx[i] - x*x + yy[i] - y*y + ssimC2)
			sum += luminance * structure / float64(len(mx))
		}
	}
	return sum / 3
}

// smoother averages planes of w by h values over SSIM's windows.
type smoother struct {
	w, h    int
	weights [2*ssimRadius + 1]float64
	rows    []float64 // [h, w - 10]
}

func newSmoother(w, h int) *smoother {
	s := &smoother{w: w, h: h, rows: make([]float64, h*(w-2*ssimRadius))}
	sum := 0.0
	for i := range s.weights {
		d := float64(i-ssimRadius) / ssimSigma
		s.weights[i] = math.Exp(-d * d / 2)
		sum += s.weights[i]
	}
	for i := range s.weights {
		s.weights[i] /= sum
	}
	return s
}

// smooth returns the averages of the windows that lie inside the plane, [h - 10, w - 10].
func (s *smoother) smooth(value func(i int) float64) []float64 {
	wide, tall := s.w-2*ssimRadius, s.h-2*ssimRadius
	line := make([]float64, s.w)
	for y := range s.h {
		for x := range line {
			line[x] = value(y*s.w + x)
		}
		for x := range wide {
			sum := 0.0
			for k, weight := range s.weights {
				sum += weight * line[x+k]
			}
			s.rows[y*wide+x] = sum
		}
	}
	out := make([]float64, tall*wide)
	for y := range tall {
		for k, weight := range s.weights {
			for x, v := range s.rows[(y+k)*wide:][:wide] {
				out[y*wide+x] += weight * v
			}
		}
	}
	return out
}
