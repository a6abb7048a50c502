package apply

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/lora"
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
