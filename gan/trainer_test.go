package gan

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/internal/cputest"
)

// tinyConfigs has one configuration per kind of generator.
func tinyConfigs() []Config {
	base := Config{
		DiscWidth: 4, DiscLayers: 2, Size: 16, Batch: 2, LambdaL1: 100, LR: 1e-2, DiscLR: 1e-3,
		Beta1: 0.5, Beta2: 0.999, Steps: 8, DecaySteps: 4, Seed: 3,
	}
	mini, resnet, unet := base, base, base
	mini.Preset, mini.Generator, mini.Width, mini.Loss, mini.EMA = "tiny mini", "mini", 4, LossLSGAN, 0.9
	resnet.Preset, resnet.Generator, resnet.Width, resnet.Depth, resnet.Loss, resnet.Batch = "tiny resnet", "resnet", 4, 1, LossVanilla, 1
	unet.Preset, unet.Generator, unet.Width, unet.Depth, unet.Loss = "tiny unet", "unet", 4, 4, LossVanilla
	return []Config{mini, resnet, unet}
}

// randomBatches serves pairs whose target is the inverted source.
type randomBatches struct{ Config }

func (r randomBatches) Batch(step int) (x, y []float32, err error) {
	rng := rand.New(rand.NewPCG(r.Seed, uint64(step)))
	x = make([]float32, r.Config.Batch*r.Size*r.Size*3)
	y = make([]float32, len(x))
	for i := range x {
		x[i] = 2*rng.Float32() - 1
		y[i] = -x[i]
	}
	return x, y, nil
}

func TestStepsReduceL1(t *testing.T) {
	for _, c := range tinyConfigs() {
		t.Run(c.Preset, func(t *testing.T) {
			t.Parallel()
			c.Steps, c.DecaySteps = 100, 0
			tr, err := NewTrainer(cputest.New(t, ""), c)
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			x, y, _ := randomBatches{c}.Batch(0)
			var first, last Losses
			for i := range 8 {
				if last, err = tr.Step(x, y); err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					first = last
				}
			}
			if !(last.L1 < 0.95*first.L1) {
				t.Errorf("L1 went from %g to %g in 8 steps on one batch", first.L1, last.L1)
			}
			for _, v := range []float32{last.GAN, last.DiscReal, last.DiscFake} {
				if math.IsNaN(float64(v)) || v < 0 {
					t.Errorf("losses %+v", last)
				}
			}
		})
	}
}

func TestParameterCounts(t *testing.T) {
	// What pix2pix's PyTorch implementation prints with instance norm. (With batch norm its discriminator has
	// 2768705 and its U-Net 54413955: scales and shifts instead of the convolutions' biases.)
	for name, want := range map[string][2]int{"resnet9": {11378179, 2767809}, "unet256": {54409603, 2767809}} {
		c, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		gen, err := c.Network()
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]int{gen.Params.Size(), c.discriminator().Params.Size()}; got != want {
			t.Errorf("%s: %v parameters, wanted %v", name, got, want)
		}
	}
	c, _ := Preset("mini")
	gen, _ := c.Network()
	if n := gen.Params.Size(); n > 500_000 {
		t.Errorf("mini has %d parameters, at most 500000 are wanted", n)
	}
	t.Logf("mini: generator %d, discriminator %d parameters", gen.Params.Size(), c.discriminator().Params.Size())
}

func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		c, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Preset("nope"); err == nil {
		t.Error("an unknown preset was accepted")
	}
}

func TestCheck(t *testing.T) {
	for name, spoil := range map[string]func(c *Config){
		"width":     func(c *Config) { c.Width = 3 },
		"size":      func(c *Config) { c.Size = 20 },
		"small":     func(c *Config) { c.Size = 8 },
		"batch":     func(c *Config) { c.Batch = 0 },
		"loss":      func(c *Config) { c.Loss = "hinge" },
		"generator": func(c *Config) { c.Generator = "vit" },
		"decay":     func(c *Config) { c.DecaySteps = c.Steps + 1 },
		"ema":       func(c *Config) { c.EMA = 1 },
		"layers":    func(c *Config) { c.DiscLayers = 0 },
	} {
		c := tinyConfigs()[0]
		spoil(&c)
		if err := c.Check(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRate(t *testing.T) {
	c := Config{Steps: 10, DecaySteps: 4}
	var got []float64
	for s := range 11 {
		got = append(got, c.Rate(s))
	}
	if want := []float64{1, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0}; !slices.Equal(got, want) {
		t.Errorf("%v, wanted %v", got, want)
	}
}

func TestMiniUnit(t *testing.T) {
	for size, unit := range map[int]int{1: 8, 64: 8, 65: 16, 72: 16, 128: 16, 500: 64, 512: 64, 513: 72} {
		if got := miniUnit(size); got != unit {
			t.Errorf("%d pixels: unit %d, wanted %d", size, got, unit)
		}
	}
	for size := 1; size < 3000; size++ {
		unit := miniUnit(size)
		padded := (size + unit - 1) / unit * unit
		if tokens := padded / 8; tokens%cellSize(tokens) != 0 || tokens/cellSize(tokens) > tokensPerSide {
			t.Fatalf("%d pixels are padded to %d: %d tokens, cells of %d", size, padded, tokens, cellSize(tokens))
		}
	}
}
