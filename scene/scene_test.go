package scene

import (
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/golden.png anew")

// quantise turns a sample into 8 bits.
func quantise(v float32) uint8 { return uint8(v*255 + 0.5) }

// goldenSeeds holds one seed for each setting, in the order of settings.
func goldenSeeds(t *testing.T) []uint64 {
	t.Helper()
	seeds := make([]uint64, len(settings))
	for i, place := range settings {
		for seed := uint64(1); ; seed++ {
			if New(seed, 1, 1).Setting == place.name {
				seeds[i] = seed
				break
			}
			if seed == 2000 {
				t.Fatalf("no scene of setting %q in 2000 seeds", place.name)
			}
		}
	}
	return seeds
}

func TestGolden(t *testing.T) {
	const size = 32
	seeds := goldenSeeds(t)
	sheet := image.NewRGBA(image.Rect(0, 0, size*len(seeds), size))
	for i, seed := range seeds {
		im := New(seed, size, size).Image
		for y := range size {
			for x := range size {
				r, g, b := im.At(x, y)
				sheet.SetRGBA(i*size+x, y, color.RGBA{quantise(r), quantise(g), quantise(b), 255})
			}
		}
	}
	path := filepath.Join("testdata", "golden.png")
	if *update {
		writePNG(t, path, sheet)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if want.Bounds() != sheet.Bounds() {
		t.Fatalf("golden.png is %v, want %v: run with -update", want.Bounds(), sheet.Bounds())
	}
	for y := range size {
		for x := range sheet.Rect.Dx() {
			a := sheet.RGBAAt(x, y)
			b := color.RGBAModel.Convert(want.At(x, y)).(color.RGBA)
			if far(a.R, b.R) || far(a.G, b.G) || far(a.B, b.B) {
				t.Fatalf("%s: pixel (%d,%d) is %v, want %v within 1", settings[x/size].name, x%size, y, a, b)
			}
		}
	}
}

// far leaves room for one step of rounding, as fused multiply-add differs between machines.
func far(a, b uint8) bool { return a > b+1 && b < 255 || b > a+1 && a < 255 }

func writePNG(t *testing.T, path string, m image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestPlanes checks every promise about masks, depth and samples over seeds and odd shapes.
func TestPlanes(t *testing.T) {
	sizes := [][2]int{{32, 32}, {64, 64}, {32, 96}, {120, 32}, {1, 1}, {3, 2}, {1, 40}, {40, 1}, {600, 33}}
	for seed := range uint64(60) {
		size := sizes[seed%uint64(len(sizes))]
		sc := New(seed, size[0], size[1])
		if sc.Image.W != size[0] || sc.Image.H != size[1] {
			t.Fatalf("seed %d: %dx%d, want %v", seed, sc.Image.W, sc.Image.H, size)
		}
		checkRange(t, seed, "image", sc.Image.Pix, 3*size[0]*size[1])
		checkRange(t, seed, "depth", sc.Depth, size[0]*size[1])
		sum := make([]float64, size[0]*size[1])
		for r, m := range sc.Masks {
			if m == nil {
				continue
			}
			checkRange(t, seed, Region(r).String(), m, size[0]*size[1])
			var present bool
			for i, v := range m {
				sum[i] += float64(v)
				present = present || v > 0
			}
			if !present {
				t.Errorf("seed %d: mask of %v is empty, want nil", seed, Region(r))
			}
		}
		for i, v := range sum {
			if math.Abs(v-1) > 1e-4 {
				t.Fatalf("seed %d: masks of pixel %d add up to %v", seed, i, v)
			}
		}
		if sc.Horizon <= 0 || sc.Horizon >= 1 {
			t.Errorf("seed %d: horizon %v", seed, sc.Horizon)
		}
		for _, p := range sc.Lamps {
			if p.X < 0 || p.X > 1 || p.Y < 0 || p.Y > 1 {
				t.Errorf("seed %d: lamp at %v", seed, p)
			}
		}
	}
}

func checkRange(t *testing.T, seed uint64, name string, plane []float32, n int) {
	t.Helper()
	if len(plane) != n {
		t.Fatalf("seed %d: %s has %d samples, want %d", seed, name, len(plane), n)
	}
	for i, v := range plane {
		if !(v >= 0 && v <= 1) { // also false for NaN
			t.Fatalf("seed %d: %s[%d] = %v", seed, name, i, v)
		}
	}
}

// TestDepthOrder checks that the sky is farthest and that the ground comes nearer downwards.
func TestDepthOrder(t *testing.T) {
	for seed := range uint64(20) {
		sc := New(seed, 48, 48)
		for i, v := range sc.Masks[Sky] {
			if v == 1 && sc.Depth[i] != 1 {
				t.Fatalf("seed %d: depth of the sky is %v at %d", seed, sc.Depth[i], i)
			}
		}
		last, first := sc.Depth[47*48+24], sc.Depth[24]
		if last > 0.5 || last >= first {
			t.Errorf("seed %d: depth %v at the bottom, %v at the top", seed, last, first)
		}
	}
}

func TestSameSeedSameScene(t *testing.T) {
	const n = 4
	got := make([]*Scene, n)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = New(42, 50, 40) })
	}
	wg.Wait()
	for i := range got[1:] {
		if d := cmp.Diff(got[0], got[i+1]); d != "" {
			t.Fatalf("scenes of one seed differ:\n%s", d)
		}
	}
}

// TestResolution checks that a small picture shows what the large one shows.
func TestResolution(t *testing.T) {
	var sum float64
	const n = 16
	for seed := range uint64(n) {
		small, large := New(seed, 64, 64), New(seed, 256, 256)
		db := psnr(small.Image.Pix, shrink(large.Image.Pix, 256, 4))
		if db < 22 {
			t.Errorf("seed %d (%s): %.1f dB between 64 and 256, want at least 22", seed, small.Setting, db)
		}
		sum += db
		if a, b := small.Horizon, large.Horizon; a != b {
			t.Errorf("seed %d: horizon %v at 64, %v at 256", seed, a, b)
		}
	}
	t.Logf("mean %.1f dB", sum/n)
}

// shrink averages squares of k by k pixels of a w by w picture.
func shrink(pix []float32, w, k int) []float32 {
	out := make([]float32, len(pix)/k/k)
	for y := range w {
		for x := range w {
			for c := range 3 {
				out[3*(y/k*(w/k)+x/k)+c] += pix[3*(y*w+x)+c] / float32(k*k)
			}
		}
	}
	return out
}

func psnr(a, b []float32) float64 {
	var sum float64
	for i := range a {
		d := float64(a[i] - b[i])
		sum += d * d
	}
	return -10 * math.Log10(sum/float64(len(a)))
}

// TestVariety checks that seeds give different pictures and that the grammar reaches everything.
func TestVariety(t *testing.T) {
	const n, size = 240, 24
	places, times, skies := map[string]int{}, map[string]int{}, map[string]int{}
	var regions [NumRegions]int
	var before *Scene
	for seed := range uint64(n) {
		sc := New(seed, size, size)
		places[sc.Setting]++
		times[sc.Light.Hour]++
		skies[sc.Light.Weather]++
		for r, m := range sc.Masks {
			if m != nil {
				regions[r]++
			}
		}
		if before != nil {
			if db := psnr(before.Image.Pix, sc.Image.Pix); db > 25 {
				t.Errorf("seeds %d and %d differ by %.1f dB only", seed-1, seed, db)
			}
		}
		before = sc
	}
	if len(places) != len(settings) || len(times) != len(hours) || len(skies) != len(weathers) {
		t.Errorf("of %d settings, %d hours, %d weathers only %v, %v, %v came up",
			len(settings), len(hours), len(weathers), places, times, skies)
	}
	for r, k := range regions {
		if k < n/40 {
			t.Errorf("%v is in %d of %d scenes", Region(r), k, n)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for _, size := range []int{64, 256} {
		b.Run(map[int]string{64: "64x64", 256: "256x256"}[size], func(b *testing.B) {
			for i := range b.N {
				New(uint64(i%64), size, size)
			}
		})
	}
}
