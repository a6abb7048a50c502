package metrics

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
)

// reference is testdata/reference.json, which testdata/make.py writes.
type reference struct {
	SSIM []struct {
		First, Second string
		W, H          int
		SSIM          float64
	}
	Distances []struct {
		N, M, D int
		FID     float64
		KID     *float64 // where N is M
		Rows    [2][]int
		MMD     float64 // of these pictures
	}
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// noise is that of make.py.
func noise(seed int, index ...int) float64 {
	v := uint32(seed)
	for _, i := range index {
		v = v*1664525 + uint32(i)*1013904223 + 12345
		v ^= v >> 15
	}
	return float64(v*2654435761) / (1 << 32)
}

func picture(kind string, w, h int) *imageio.Image {
	m := imageio.New(w, h)
	for y := range h {
		for x := range w {
			for c := range 3 {
				smooth, rough := float64((x*(3+c)+y*(5-c))%97)/96, noise(c, x, y)
				m.Pix[3*(y*w+x)+c] = float32(map[string]float64{"smooth": smooth, "noise": rough, "mixed": 0.75*smooth + 0.25*rough}[kind])
			}
		}
	}
	return m
}

func features(seed, n, d int) *Features {
	f := &Features{Extractor: "noise", Dim: d}
	for i := range n {
		for j := range d {
			before := noise(seed, i, (j+d-1)%d)
			f.Values = append(f.Values, noise(seed, i, j)+0.5*before*(1+float64(seed)/8))
		}
	}
	return f
}

// near tells whether two numbers are equal but for rounding.
func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*max(1, math.Abs(b)) }
