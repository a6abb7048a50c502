package imageio_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/warmstart-ml/warmstart/imageio"
)

// ramp is a picture whose pixels are all different.
func ramp(w, h int) *imageio.Image {
	m := imageio.New(w, h)
	for y := range h {
		for x := range w {
			m.Set(x, y, float32(x%256)/255, float32(y%256)/255, float32((x+y)%256)/255)
		}
	}
	return m
}

func TestWriteFileRoundTrip(t *testing.T) {
	dir := t.TempDir()
	m := ramp(33, 21)
	for _, c := range []struct {
		name      string
		tolerance float64
	}{{"a.png", 0}, {"a.jpg", 0.1}, {"a.JPEG", 0.1}} {
		path := filepath.Join(dir, c.name)
		if err := imageio.WriteFile(path, m); err != nil {
			t.Fatal(err)
		}
		got, err := imageio.ReadFile(path, imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for i, v := range got.Pix {
			worst = max(worst, math.Abs(float64(v-m.Pix[i])))
		}
		if worst > c.tolerance || got.W != m.W || got.H != m.H {
			t.Errorf("%s: %dx%d, off by %g", c.name, got.W, got.H, worst)
		}
	}
	err := imageio.WriteFile(filepath.Join(dir, "a.webp"), m)
	if err == nil || !strings.Contains(err.Error(), "use .png") {
		t.Errorf("writing webp: %v", err)
	}
}

func TestToImageClamps(t *testing.T) {
	m := imageio.New(2, 1)
	copy(m.Pix, []float32{float32(math.NaN()), -1, 2, 0.5, float32(math.Inf(1)), float32(math.Inf(-1))})
	want := []uint8{0, 0, 255, 255, 128, 255, 0, 255}
	if diff := cmp.Diff(want, m.ToImage().Pix); diff != "" {
		t.Error(diff)
	}
}

func TestTensorRoundTrip(t *testing.T) {
	m := ramp(5, 4)
	x := make([]float32, 5*4*3)
	m.ToTensor(x)
	if x[0] != -1 {
		t.Errorf("black is %v, want -1", x[0])
	}
	got := imageio.FromTensor(x, 5, 4)
	for i, v := range got.Pix {
		if math.Abs(float64(v-m.Pix[i])) > 1e-6 {
			t.Fatalf("sample %d is %v, want %v", i, v, m.Pix[i])
		}
	}
	x[0], x[1], x[2] = 3, -3, float32(math.NaN())
	if r, g, b := imageio.FromTensor(x, 5, 4).At(0, 0); r != 1 || g != 0 || b != 0 {
		t.Errorf("out of range gives %v %v %v, want 1 0 0", r, g, b)
	}
}

func TestResizeIsPillowsBicubic(t *testing.T) {
	var ref struct {
		W, H   int
		Source []float32
		Cases  []struct {
			W, H int
			Pix  []float64
		}
	}
	b, err := os.ReadFile("testdata/resize.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	m := imageio.New(ref.W, ref.H)
	for i, v := range ref.Source {
		m.Pix[3*i], m.Pix[3*i+2] = v, v
	}
	for _, c := range ref.Cases {
		got := m.Resize(c.W, c.H)
		for i, want := range c.Pix {
			if math.Abs(float64(got.Pix[3*i])-want) > 2e-6 || got.Pix[3*i+1] != 0 || got.Pix[3*i+2] != got.Pix[3*i] {
				t.Errorf("%dx%d sample %d: %v, want %v", c.W, c.H, i, got.Pix[3*i:][:3], want)
				break
			}
		}
	}
}

func TestResizeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 40)
		m := imageio.New(side.Draw(t, "w"), side.Draw(t, "h"))
		grey := rapid.Float32Range(0, 1).Draw(t, "grey")
		for i := range m.Pix {
			m.Pix[i] = grey
		}
		w, h := side.Draw(t, "to w"), side.Draw(t, "to h")
		for _, out := range []*imageio.Image{m.Resize(w, h), m.Fit(w, h)} {
			if out.W != w || out.H != h {
				t.Fatalf("size %dx%d, want %dx%d", out.W, out.H, w, h)
			}
			for _, v := range out.Pix {
				if math.Abs(float64(v-grey)) > 1e-5 {
					t.Fatalf("flat %v became %v", grey, v)
				}
			}
		}
		if in := m.Within(w); max(in.W, in.H) > w {
			t.Fatalf("size %dx%d is not within %d", in.W, in.H, w)
		}
	})
}

func TestFitKeepsProportions(t *testing.T) {
	wide := ramp(200, 100).Fit(50, 50) // keeps columns 50 to 150
	if l, _, _ := wide.At(0, 25); math.Abs(float64(l)-50./255) > 0.01 {
		t.Errorf("left edge shows column %v, want 50", l*255)
	}
	if r, _, _ := wide.At(49, 25); math.Abs(float64(r)-149./255) > 0.01 {
		t.Errorf("right edge shows column %v, want 149", r*255)
	}
	tall := ramp(100, 200).Fit(50, 50)
	if _, g, _ := tall.At(25, 0); math.Abs(float64(g)-50./255) > 0.01 {
		t.Errorf("upper edge shows row %v, want 50", g*255)
	}
}

func TestCrop(t *testing.T) {
	got := ramp(10, 8).Crop(3, 2, 4, 5)
	if got.W != 4 || got.H != 5 {
		t.Fatalf("size %dx%d", got.W, got.H)
	}
	if r, g, _ := got.At(3, 4); r != 6./255 || g != 6./255 {
		t.Errorf("corner shows %v %v, want pixel (6, 6)", r*255, g*255)
	}
}

func TestGrid(t *testing.T) {
	black := imageio.New(30, 20)
	sheet := imageio.Grid([]*imageio.Image{black, nil, black}, []string{"one", "", "a name too long ü"}, 2)
	if sheet.W != 4+2*(30+4) || sheet.H != 4+2*(20+13+4) {
		t.Fatalf("size %dx%d", sheet.W, sheet.H)
	}
	near(t, sheet, 4, 4, [3]float64{0, 0, 0}, 0)        // the first picture
	near(t, sheet, 3, 3, [3]float64{1, 1, 1}, 0)        // its margin
	near(t, sheet, 40, 10, [3]float64{1, 1, 1}, 0)      // the empty cell
	near(t, sheet, 4+29, 41+19, [3]float64{0, 0, 0}, 0) // the third picture's corner
	ink := 0
	for y := 24; y < 37; y++ {
		for x := 4; x < 34; x++ {
			if r, _, _ := sheet.At(x, y); r < 0.5 {
				ink++
			}
		}
	}
	if ink < 10 || ink > 200 {
		t.Errorf("caption has %d dark pixels", ink)
	}
	if empty := imageio.Grid(nil, nil, 3); empty.W < 1 || empty.H < 1 {
		t.Errorf("empty sheet of %dx%d", empty.W, empty.H)
	}
}

func TestLines(t *testing.T) {
	for _, v := range []struct {
		text  string
		width int // in pixels; a letter has 7
		want  []string
	}{
		{"", 70, nil},
		{"a foggy day", 77, []string{"a foggy day"}},
		{"a foggy day", 76, []string{"a foggy", "day"}},
		{"très  brumeux", 91, []string{"très brumeux"}},
		{"a monochromatic day", 40, []string{"a", "monochromatic", "day"}},
	} {
		if diff := cmp.Diff(v.want, imageio.Lines(v.text, v.width)); diff != "" {
			t.Errorf("%q in %d pixels: %s", v.text, v.width, diff)
		}
	}
}

func BenchmarkResize(b *testing.B) {
	m := ramp(1024, 768)
	for b.Loop() {
		m.Resize(286, 286)
	}
}

func BenchmarkDecodeJPEG(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.jpg")
	if err := imageio.WriteFile(path, ramp(512, 512)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := imageio.ReadFile(path, imageio.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
