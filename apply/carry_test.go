package apply

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/metrics"
)

// recoloured returns the picture with every colour replaced.
func recoloured(m *imageio.Image, f func(c [3]float32) [3]float32) *imageio.Image {
	out := m.Clone()
	for i := 0; i < len(out.Pix); i += 3 {
		c := f([3]float32(out.Pix[i : i+3]))
		copy(out.Pix[i:], c[:])
	}
	return out
}

// TestCarryOver changes pictures as a whole and as small copies, from which the change is carried over.
func TestCarryOver(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c [3]float32) [3]float32
		psnr   float64
	}{
		"nothing": {func(c [3]float32) [3]float32 { return c }, 80},
		"fog":     {func(c [3]float32) [3]float32 { return [3]float32{0.4*c[0] + 0.5, 0.4*c[1] + 0.5, 0.4*c[2] + 0.55} }, 60},
		"grey": {func(c [3]float32) [3]float32 {
			g := 0.3*c[0] + 0.6*c[1] + 0.1*c[2]
			return [3]float32{g, g, g}
		}, 60},
		"negative": {func(c [3]float32) [3]float32 { return [3]float32{1 - c[0], 1 - c[1], 1 - c[2]} }, 60},
		"white":    {func([3]float32) [3]float32 { return [3]float32{1, 1, 1} }, 70},
		"gamma": {func(c [3]float32) [3]float32 {
			for i, v := range c {
				c[i] = float32(math.Pow(float64(v), 1.8))
			}
			return c
		}, 32},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range [][4]int{{97, 61, 24, 15}, {40, 200, 8, 40}, {300, 3, 100, 1}, {9, 9, 1, 1}} {
				full := photo(1, size[0], size[1])
				small := full.Resize(size[2], size[3])
				got, want := carryOver(full, small, recoloured(small, test.change)), recoloured(full, test.change)
				if p := metrics.PSNR(got, want); p < test.psnr && min(size[2], size[3]) > 1 {
					t.Errorf("%v: %.1f dB from the change itself, wanted %.0f", size, p, test.psnr)
				}
				for _, v := range got.Pix {
					if !(v >= 0 && v <= 1) {
						t.Fatalf("%v: a sample is %g", size, v)
					}
				}
			}
		})
	}
}

// TestCarryOverKeepsPlaces lightens the left half only: the line between stays where the large picture has an edge.
func TestCarryOverKeepsPlaces(t *testing.T) {
	const w, h, times = 160, 96, 8
	full := imageio.New(w, h)
	for y := range h {
		for x := range w {
			if x < w/2 {
				full.Set(x, y, 0.3, 0.25, 0.2)
			} else {
				full.Set(x, y, 0.8, 0.8, 0.9)
			}
		}
	}
	small := full.Resize(w/times, h/times)
	changed := recoloured(small, func(c [3]float32) [3]float32 {
		if c[2] < 0.55 {
			return [3]float32{0.6, 0.1, 0.1}
		}
		return c
	})
	got := carryOver(full, small, changed)
	for _, x := range []int{0, w/2 - times, w/2 - 2, w/2 + 1, w/2 + times, w - 1} {
		r, _, b := got.At(x, h/2)
		if left := r > b; left != (x < w/2) {
			t.Errorf("column %d has colour %.2f of red and %.2f of blue", x, r, b)
		}
	}
}

func TestCarryOverIsTheSameInBands(t *testing.T) {
	full := photo(2, 131, 77)
	small := full.Resize(32, 19)
	changed := photo(3, 32, 19)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(1)
	want := carryOver(full, small, changed)
	for _, threads := range []int{2, 3, 8} {
		runtime.GOMAXPROCS(threads)
		if got := carryOver(full, small, changed); !slices.Equal(got.Pix, want.Pix) {
			t.Errorf("%d threads give other bits", threads)
		}
	}
}
