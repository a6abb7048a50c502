package gan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/nn"
)

// Adversarial losses.
const (
	LossVanilla = "vanilla" // binary cross-entropy on logits
	LossLSGAN   = "lsgan"   // least squares
	LossNone    = "none"    // no discriminator: the L1 loss alone
)

// Config is everything that a training run depends on, besides its data.
type Config struct {
	Preset string `json:"preset"`

	Generator  string  `json:"generator"`   // "mini", "resnet" or "unet"
	Width      int     `json:"width"`       // of the generator's first features
	Depth      int     `json:"depth"`       // residual blocks of resnet, halvings of unet; 0 for mini
	DiscWidth  int     `json:"disc_width"`  // of the PatchGAN's first features
	DiscLayers int     `json:"disc_layers"` // 3: 70x70 patches, 2: 34x34
	Size       int     `json:"size"`        // height and width of training images, pixels
	Batch      int     `json:"batch"`       // images per step
	Loss       string  `json:"loss"`        // LossVanilla, LossLSGAN or LossNone
	LambdaL1   float64 `json:"lambda_l1"`   // weight of the L1 loss beside the adversarial one
	LR         float64 `json:"lr"`          // the generator's learning rate
	DiscLR     float64 `json:"disc_lr"`     // the discriminator's
	Beta1      float64 `json:"beta1"`       // Adam's, for both
	Beta2      float64 `json:"beta2"`       //
	Steps      int     `json:"steps"`       // in total
	DecaySteps int     `json:"decay_steps"` // the last steps, in which both rates fall linearly to 0
	EMA        float64 `json:"ema"`         // decay per step of the average of the weights; 0 keeps none
	Seed       uint64  `json:"seed"`        // of initial weights and dropout
	// Base is the hash of the weights that an adapter is trained over; empty where all weights are trained.
	Base string `json:"base,omitempty"`
}

// presets are the configurations to start from.
//
// resnet9 and unet256 are pix2pix as published: 200 passes over a set of 400 pairs, the rates constant for the
// first half. mini is for 64x64 crops on a CPU. Its rate is ten times the published one: after 600 steps on
// scenes with a pencil sketch and with snow, rates of 2e-4, 1e-3, 2e-3 and 4e-3 gave 20.2, 22.1, 22.6 and 22.6 dB
// and 19.1, 20.1, 20.4 and 20.5 dB on unseen scenes (in PyTorch, when mini still padded with zeros). Its discriminator
// keeps the published rate.
var presets = []Config{
	{
		Preset: "mini", Generator: "mini", Width: 32, DiscWidth: 16, DiscLayers: 2, Size: 64, Batch: 4,
		Loss: LossLSGAN, LambdaL1: 100, LR: 2e-3, DiscLR: 2e-4, Beta1: 0.5, Beta2: 0.999, Steps: 2000, DecaySteps: 1000,
	},
	{
		Preset: "resnet9", Generator: "resnet", Width: 64, Depth: 9, DiscWidth: 64, DiscLayers: 3, Size: 256, Batch: 1,
		Loss: LossVanilla, LambdaL1: 100, LR: 2e-4, DiscLR: 2e-4, Beta1: 0.5, Beta2: 0.999, Steps: 80000, DecaySteps: 40000,
	},
	{
		Preset: "unet256", Generator: "unet", Width: 64, Depth: 8, DiscWidth: 64, DiscLayers: 3, Size: 256, Batch: 1,
		Loss: LossVanilla, LambdaL1: 100, LR: 2e-4, DiscLR: 2e-4, Beta1: 0.5, Beta2: 0.999, Steps: 80000, DecaySteps: 40000,
	},
}

// Presets returns the names of the presets.
func Presets() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.Preset
	}
	return names
}

// Preset returns the configuration with the given name.
func Preset(name string) (Config, error) {
	for _, p := range presets {
		if p.Preset == name {
			return p, nil
		}
	}
	return Config{}, fmt.Errorf("unknown preset %q: use one of %s", name, strings.Join(Presets(), ", "))
}

// WithSteps returns the configuration for another number of steps, in the second half of which the rates fall.
func (c Config) WithSteps(steps int) Config {
	c.Steps, c.DecaySteps = steps, steps/2
	return c
}

// Check returns an error that names the first setting that makes no sense.
func (c Config) Check() error {
	for _, v := range []struct {
		name     string
		ok       bool
		expected string
	}{
		{"width", c.Width >= 2 && c.Width%2 == 0 && c.Width <= 1<<12, "an even number from 2 to 4096"},
		{"disc_width", c.DiscWidth > 0 && c.DiscWidth <= 1<<12, "1 to 4096"},
		{"disc_layers", c.DiscLayers >= 1 && c.DiscLayers <= 6, "1 to 6"},
		{"depth", c.Generator != "unet" || c.Depth >= 3 && c.Depth <= 12, "3 to 12 for a U-Net"},
		{"depth", c.Generator != "resnet" || c.Depth >= 0 && c.Depth <= 100, "0 to 100 for a ResNet"},
		{"batch", c.Batch > 0, "at least 1"},
		{"loss", c.Loss == LossVanilla || c.Loss == LossLSGAN || c.Loss == LossNone, "vanilla, lsgan or none"},
		{"lr", c.LR >= 0 && c.DiscLR >= 0, "at least 0"},
		{"beta", c.Beta1 >= 0 && c.Beta1 < 1 && c.Beta2 >= 0 && c.Beta2 < 1, "in [0,1)"},
		{"steps", c.Steps > 0, "at least 1"},
		{"decay_steps", c.DecaySteps >= 0 && c.DecaySteps <= c.Steps, "0 to the number of steps"},
		{"ema", c.EMA >= 0 && c.EMA < 1, "in [0,1)"},
	} {
		if !v.ok {
			return fmt.Errorf("configuration %q: %s must be %s", c.Preset, v.name, v.expected)
		}
	}
	gen, err := c.Network()
	if err != nil {
		return err
	}
	// The PatchGAN's two last convolutions take one pixel each; below 3 there is nothing left to norm.
	if unit := gen.Unit(c.Size); c.Size <= 0 || c.Size%unit != 0 || c.Size>>c.DiscLayers < 3 {
		return fmt.Errorf("configuration %q: size %d must be a multiple of %d and at least %d", c.Preset, c.Size, unit, 3<<c.DiscLayers)
	}
	return nil
}

// Network builds the generator's network.
func (c Config) Network() (*Network, error) {
	switch c.Generator {
	case "mini":
		return mini(c.Width), nil
	case "resnet":
		return resNet(c.Width, c.Depth), nil
	case "unet":
		return uNet(c.Width, c.Depth), nil
	}
	return nil, fmt.Errorf("configuration %q: unknown generator %q", c.Preset, c.Generator)
}

// adversarial tells whether there is a discriminator.
func (c Config) adversarial() bool { return c.Loss != LossNone }

func (c Config) discriminator() *Network { return patchGAN(c.DiscWidth, c.DiscLayers) }

// Adam returns the optimiser of both networks.
func (c Config) Adam() nn.Adam { return nn.Adam{Beta1: c.Beta1, Beta2: c.Beta2, Epsilon: 1e-8} }

// Rate returns the factor of both learning rates at a step, counted from 0.
func (c Config) Rate(step int) float64 {
	if left := c.Steps - step; left < c.DecaySteps {
		return max(float64(left)/float64(c.DecaySteps), 0)
	}
	return 1
}

// sameProgram returns c with those settings of other that a compiled step gets as inputs.
func (c Config) sameProgram(other Config) Config {
	c.LR, c.DiscLR, c.Seed = other.LR, other.DiscLR, other.Seed
	return c
}

// differences lists the settings in which two configurations differ, except the number of steps: a run may
// be prolonged.
func (c Config) differences(other Config) []string {
	fields := func(c Config) map[string]any {
		text, _ := json.Marshal(c) // numbers and strings: cannot fail
		m := map[string]any{}
		json.Unmarshal(text, &m)
		delete(m, "steps")
		delete(m, "decay_steps")
		return m
	}
	a, b := fields(c), fields(other)
	var diffs []string
	for name := range a {
		if a[name] != b[name] {
			diffs = append(diffs, fmt.Sprintf("%s %v instead of %v", name, a[name], b[name]))
		}
	}
	slices.Sort(diffs)
	return diffs
}
