package teacher_test

import (
	"flag"
	"math"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/teacher"
)

var update = flag.Bool("update", false, "write the golden pictures anew; look at them before you commit")

const (
	goldenFile = "testdata/edits.png" // one 32 x 32 picture per edit, in the order of Edits
	goldenSide = 32
	goldenCols = 12
)

// TestGolden compares every edit with its picture on the sheet. A step of 1/255 is allowed, for processors
// that fuse multiplications and additions; where an edit decides between two colours such a step may turn
// a pixel over, so a few samples may differ by more.
func TestGolden(t *testing.T) {
	edits := teacher.Edits()
	rows := (len(edits) + goldenCols - 1) / goldenCols
	sheet := imageio.New(goldenCols*goldenSide, rows*goldenSide)
	for i, e := range edits {
		out := mustApply(t, e.Name, sourceFor(e, goldenSide, goldenSide), 1)
		for y := range goldenSide {
			for x := range goldenSide {
				r, g, b := out.At(x, y)
				sheet.Set(i%goldenCols*goldenSide+x, i/goldenCols*goldenSide+y, r, g, b)
			}
		}
	}
	if *update {
		if err := imageio.WriteFile(goldenFile, sheet); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := imageio.ReadFile(goldenFile, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if want.W != sheet.W || want.H != sheet.H {
		t.Fatalf("%s is %d x %d for %d edits; run go test ./teacher -update", goldenFile, want.W, want.H, len(edits))
	}
	for i, e := range edits {
		if n := differing(sheet, want, i%goldenCols*goldenSide, i/goldenCols*goldenSide); n > goldenSide*goldenSide*3/25 {
			t.Errorf("%s: %d samples differ from %s; after an intended change run go test ./teacher -update", e.Name, n, goldenFile)
		}
	}
}

// differing counts the samples of the golden picture at (x0, y0) that are more than 1/255 off.
func differing(got, want *imageio.Image, x0, y0 int) int {
	n := 0
	for y := y0; y < y0+goldenSide; y++ {
		for i := 3 * (y*got.W + x0); i < 3*(y*got.W+x0+goldenSide); i++ {
			if math.Abs(float64(got.Pix[i]-want.Pix[i])) > 1.5/255 {
				n++
			}
		}
	}
	return n
}

// TestResolution: an edit of a large picture, made small, looks like the edit of the small picture. Both are
// compared on an 4 x 4 grid of mean colours, since fine texture falls differently on other pixels.
func TestResolution(t *testing.T) {
	for _, e := range teacher.Edits() {
		small := mustApply(t, e.Name, sourceFor(e, 64, 64), 1)
		large := mustApply(t, e.Name, sourceFor(e, 128, 128), 1)
		var sum float64
		a, b := means(small, 4), means(large, 4)
		for i := range a {
			sum += (a[i] - b[i]) * (a[i] - b[i])
		}
		if rms := math.Sqrt(sum / float64(len(a))); rms > 0.05 {
			t.Errorf("%s: 64 and 128 pixels differ by %.3f rms", e.Name, rms)
		}
	}
}

// means returns the mean colours of n x n fields.
func means(m *imageio.Image, n int) []float64 {
	out := make([]float64, 3*n*n)
	for y := range m.H {
		for x := range m.W {
			r, g, b := m.At(x, y)
			i := 3 * (y*n/m.H*n + x*n/m.W)
			out[i], out[i+1], out[i+2] = out[i]+float64(r), out[i+1]+float64(g), out[i+2]+float64(b)
		}
	}
	for i := range out {
		out[i] *= float64(n*n) / float64(m.W*m.H)
	}
	return out
}
