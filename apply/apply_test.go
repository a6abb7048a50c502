package apply

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/metrics"
)

// adapted returns a tiny base at a strength of an adapter of noise.
func adapted(t testing.TB, seed uint64, strength float32) *gan.Weights {
	t.Helper()
	base, err := tiny.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	values := base.Layout.Initial()
	for _, tensor := range values {
		for i := range tensor {
			tensor[i] = float32(0.1 * rng.NormFloat64())
		}
	}
	w, err := base.Blend(lora.Part{Values: values, Weight: strength})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// photo returns a picture with large shapes and fine texture.
func photo(seed uint64, w, h int) *imageio.Image {
	rng := rand.New(rand.NewPCG(seed, 1))
	coarse := imageio.New(6, 5)
	for i := range coarse.Pix {
		coarse.Pix[i] = rng.Float32()
	}
	m := coarse.Resize(w, h)
	for i := range m.Pix {
		m.Pix[i] = min(max(m.Pix[i]+0.1*(rng.Float32()-0.5), 0), 1)
	}
	return m
}

func TestChainAndConcurrency(t *testing.T) {
	engine := NewEngine(cputest.New(t, ""))
	defer engine.Close()
	a, b := adapted(t, 1, 1), adapted(t, 2, 0.5)
	applier := func(chain ...*gan.Weights) *Applier {
		m, err := engine.Applier(chain...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		return m
	}
	apply := func(m *Applier, p *imageio.Image) *imageio.Image {
		out, err := m.Apply(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first, second, both := applier(a), applier(b), applier(a, b)
	var inputs, wanted []*imageio.Image
	for i, size := range [][2]int{{16, 16}, {33, 20}, {1, 40}, {16, 16}} {
		in := photo(uint64(i), size[0], size[1])
		inputs, wanted = append(inputs, in), append(wanted, apply(second, apply(first, in)))
	}
	var group sync.WaitGroup
	for range 3 {
		for i, in := range inputs {
			group.Go(func() {
				out, err := both.Apply(context.Background(), in)
				if err != nil || out.W != in.W || out.H != in.H || !slices.Equal(out.Pix, wanted[i].Pix) {
					t.Errorf("picture %d differs from one effect after the other, error %v", i, err)
				}
			})
		}
	}
	group.Wait()
}

func TestRefused(t *testing.T) {
	engine := NewEngine(cputest.New(t, ""))
	defer engine.Close()
	if _, err := engine.Applier(); err == nil {
		t.Error("an empty chain was accepted")
	}
	m, err := engine.Applier(adapted(t, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Apply(context.Background(), imageio.New(0, 4)); err == nil {
		t.Error("an empty picture was accepted")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Apply(ctx, imageio.New(8, 8)); err != context.Canceled {
		t.Errorf("after the context's end: error %v", err)
	}
}

// model returns the plain network.
func model(t *testing.T, w *gan.Weights) func(*imageio.Image) *imageio.Image {
	m, err := gan.NewModel(cputest.New(t, ""), w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return func(p *imageio.Image) *imageio.Image {
		out, err := m.Apply(t.Context(), []*imageio.Image{p})
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
}

// TestSizes compares pictures with the network's at the sizes where it sees them. Tiny was trained at 16x16.
func TestSizes(t *testing.T) {
	w := adapted(t, 1, 1)
	plain := model(t, w)
	engine := NewEngine(cputest.New(t, ""))
	defer engine.Close()
	apply := func(side int, p *imageio.Image) *imageio.Image {
		t.Helper()
		engine.Side = side
		a, err := engine.Applier(w)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		out, err := a.Apply(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if out.W != p.W || out.H != p.H {
			t.Fatalf("%dx%d becomes %dx%d", p.W, p.H, out.W, out.H)
		}
		return out
	}
	for _, size := range [][2]int{{16, 16}, {12, 70}, {1, 1}} { // as small as in training, or smaller
		if in := photo(1, size[0], size[1]); !slices.Equal(apply(0, in).Pix, plain(in).Pix) {
			t.Errorf("%v: not what the network makes", size)
		}
	}

	in := photo(2, 96, 64)
	small := in.Resize(24, 16)
	look := plain(small)
	if ours, theirs := metrics.PSNR(apply(0, in).Resize(24, 16), look), metrics.PSNR(plain(in).Resize(24, 16), look); ours < 30 || ours < theirs {
		t.Errorf("the look is %.1f dB from that of the size of training, from all pixels %.1f dB", ours, theirs)
	}
	if got := apply(16, in); !slices.Equal(got.Pix, carryOver(in, small, look).Pix) {
		t.Error("seen at 24x16: not the change there")
	}
	for _, size := range [][2]int{{300, 7}, {5, 500}, {200, 201}} {
		apply(0, photo(3, size[0], size[1]))
	}
}

// TestWithin keeps proportions and the bound on pixels, with those that a network adds.
func TestWithin(t *testing.T) {
	for _, test := range []struct {
		preset         string
		side, w, h     int
		leastW, leastH int // that are wanted
		mostW, mostH   int
	}{
		{"mini", 256, 256, 256, 256, 256, 256, 256},
		{"mini", 256, 4000, 3000, 341, 256, 341, 256},
		{"mini", 256, 3000, 4000, 256, 341, 256, 341},
		{"mini", 16, 7, 3, 7, 3, 7, 3},
		{"mini", 1024, 1024, 1024, 1024, 1024, 1024, 1024},
		{"mini", 1024, 8000, 5000, 1000, 640, 1300, 820},
		{"mini", 256, 200, 9000, 120, 5400, 160, 7200},
		{"mini", 256, 40_000_000, 1, 80_000, 1, 140_000, 1},
		{"unet256", 1024, 40_000_000, 1, 3000, 1, 5000, 1},
		{"resnet9", 512, 1000, 700, 731, 512, 731, 512},
	} {
		c, err := gan.Preset(test.preset)
		if err != nil {
			t.Fatal(err)
		}
		network, err := c.Network()
		if err != nil {
			t.Fatal(err)
		}
		f := effect{network: network}
		w, h := f.within(test.side, &imageio.Image{W: test.w, H: test.h})
		if w < test.leastW || w > test.mostW || h < test.leastH || h > test.mostH {
			t.Errorf("%+v: seen as %dx%d", test, w, h)
		}
		if height, width := network.Extended(h, w); height*width > maxRunning {
			t.Errorf("%+v: %dx%d is extended to %dx%d", test, w, h, width, height)
		}
	}
}

// TestSameBits with any number of threads, alone or beside others.
func TestSameBits(t *testing.T) {
	w, in := adapted(t, 3, 1), photo(4, 150, 110)
	var want []float32
	for _, threads := range []string{"threads=1", "threads=2", "threads=5"} {
		engine := NewEngine(cputest.New(t, threads))
		a, err := engine.Applier(w)
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		outs := make([]*imageio.Image, 3)
		for i := range outs {
			group.Go(func() { outs[i], _ = a.Apply(t.Context(), in) })
		}
		group.Wait()
		if want == nil {
			want = outs[0].Pix
		}
		for _, out := range outs {
			if out == nil || !slices.Equal(out.Pix, want) {
				t.Errorf("%s: other bits", threads)
			}
		}
		a.Close()
		engine.Close()
	}
}

// TestBounds sees more sizes of pictures than there is room for.
func TestBounds(t *testing.T) {
	engine := NewEngine(cputest.New(t, ""))
	defer engine.Close()
	engine.Side = MaxSide
	a, err := engine.Applier(adapted(t, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for i := range 8 {
		if _, err := a.Apply(t.Context(), imageio.New(640+64*i, 512)); err != nil {
			t.Fatal(err)
		}
		pixels := 0
		for _, p := range engine.idle {
			pixels += p.pixels()
		}
		if pixels != engine.compiled || pixels > maxCompiled {
			t.Fatalf("%d programs for %d pixels are kept, %d are counted", len(engine.idle), pixels, engine.compiled)
		}
	}
	if n := len(engine.idle); n < 4 || n > 8 { // one of 8 is for the look, which most share
		t.Errorf("%d programs are kept", n)
	}
}

// TestWaitEnds gives up waiting for others when the context ends, and refuses work after the end.
func TestWaitEnds(t *testing.T) {
	engine := NewEngine(cputest.New(t, ""))
	defer engine.Close()
	a, err := engine.Applier(adapted(t, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.running.Acquire(t.Context(), maxRunning); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := a.Apply(ctx, photo(1, 16, 16))
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	engine.running.Release(maxRunning)
	a.Close()
	if _, err := a.Apply(t.Context(), photo(1, 16, 16)); err == nil {
		t.Error("a closed applier applies")
	}
}

func BenchmarkApply(b *testing.B) {
	engine := NewEngine(cputest.New(b, ""))
	defer engine.Close()
	base, err := warmstart.LoadBase("")
	if err != nil {
		b.Fatal(err)
	}
	a, err := engine.Applier(base.Generator)
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	for _, size := range [][2]int{{64, 64}, {256, 256}, {1024, 768}, {4000, 3000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			in := photo(1, size[0], size[1])
			for b.Loop() {
				if _, err := a.Apply(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCarryOver(b *testing.B) {
	full := photo(1, 256, 256)
	small, changed := full.Resize(64, 64), photo(2, 64, 64)
	for b.Loop() {
		carryOver(full, small, changed)
	}
}
