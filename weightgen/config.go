package weightgen

import (
	"fmt"
	"slices"
)

// Networks.
const (
	NetworkDiT    = "dit"
	NetworkUNet1D = "unet1d"
)

// Config is everything that a generator and its training depend on, besides the data.
type Config struct {
	Network    string `json:"network"`     // NetworkDiT or NetworkUNet1D
	Width      int    `json:"width"`       // of the DiT's tokens, or of the U-Net's first features; a multiple of Heads
	Layers     int    `json:"layers"`      // of the DiT; 0 for the U-Net
	Heads      int    `json:"heads"`       // of all attention
	Tokens     int    `json:"tokens"`      // the most words in a prompt
	TextWidth  int    `json:"text_width"`  // of the prompt's vectors; a multiple of Heads
	TextLayers int    `json:"text_layers"` // of the prompt's encoder

	Schedule string `json:"schedule"` // ScheduleLinear or ScheduleCosine
	Target   string `json:"target"`   // TargetX0, TargetV or TargetNoise
	// Terminal is the share of training draws at the end of the schedule with nothing as input, which is where
	// sampling in one step starts. With 0, that starts from noise.
	Terminal float64 `json:"terminal"`
	Drop     float64 `json:"drop"` // the share of draws without their prompt, for guidance

	Batch  int `json:"batch"`  // prompts per step
	Blocks int `json:"blocks"` // random blocks per step that the U-Net learns from, at most; 0 means all
	Optimiser
	Seed uint64 `json:"seed"` // of first weights, draws and noise
}

// DefaultConfig returns the configuration to start from for a network.
//
// Those of dit come from adapters made up for the 1,114 concepts that were the seen ones then: sums of random directions
// for each ingredient, bent by a tanh, with noise. After 400 steps the one-step error on unseen pairs of ingredients was
// 0.45, where the mean adapter's is 0.69. With half the learning rate it was 0.48; then with a second layer for the
// text 0.50; then with a third layer 0.49. In a variant, Terminal 0.9 instead of 0.5 took 0.57 to 0.53.
func DefaultConfig(network string) (Config, error) {
	c := Config{
		Network: network, Heads: 4, Tokens: 32, TextLayers: 1,
		Schedule: ScheduleLinear, Target: TargetX0, Terminal: 0.9, Drop: 0.1,
		Optimiser: Optimiser{Steps: 3500, Warmup: 100, WeightDecay: 0.01, EMA: 0.999},
	}
	switch network {
	case NetworkDiT:
		c.Width, c.Layers, c.TextWidth, c.Batch, c.LR = 128, 2, 128, 32, 2e-3
	case NetworkUNet1D:
		c.Width, c.TextWidth, c.Batch, c.Blocks, c.LR = 64, 128, 32, 40, 1e-3
	default:
		return Config{}, unknownNetwork(network)
	}
	return c, nil
}

func unknownNetwork(name string) error {
	return fmt.Errorf("unknown network %q: use %s or %s", name, NetworkDiT, NetworkUNet1D)
}

// check returns an error that names the first setting that makes no sense.
func (c Config) check() error {
	if c.Network != NetworkDiT && c.Network != NetworkUNet1D {
		return unknownNetwork(c.Network)
	}
	if _, err := NewSchedule(c.Schedule); err != nil {
		return err
	}
	dit := c.Network == NetworkDiT
	return firstWrong("weight generator", append(c.Optimiser.checked(), []setting{
		{"heads", between(c.Heads, 1, 64), "1 to 64"},
		{"width", between(c.Width, 1, 1<<11) && c.Width%max(c.Heads, 1) == 0, "a multiple of heads, at most 2048"},
		{"text_width", between(c.TextWidth, 1, 1<<11) && c.TextWidth%max(c.Heads, 1) == 0, "a multiple of heads, at most 2048"},
		{"layers", dit && between(c.Layers, 1, 64) || !dit && c.Layers == 0, "1 to 64, and 0 for " + NetworkUNet1D},
		{"tokens", between(c.Tokens, 1, 1<<8), "1 to 256"},
		{"text_layers", between(c.TextLayers, 0, 64), "0 to 64"},
		{"target", slices.Contains([]string{TargetX0, TargetV, TargetNoise}, c.Target), "x0, v or noise"},
		{"terminal", c.Terminal >= 0 && c.Terminal <= 1 && (c.Terminal == 0 || c.Target != TargetNoise), "0 to 1, and 0 for target noise"},
		{"drop", c.Drop >= 0 && c.Drop < 1, "in [0,1)"},
		{"batch", between(c.Batch, 1, 1<<12), "1 to 4096"},
		{"blocks", c.Blocks >= 0 && (c.Blocks == 0 || !dit), "at least 0, and 0 for " + NetworkDiT},
	}...))
}

// setting is one that check looks at.
type setting struct {
	name     string
	ok       bool
	expected string
}

// firstWrong returns an error that names the first setting that is not ok.
func firstWrong(of string, settings []setting) error {
	for _, s := range settings {
		if !s.ok {
			return fmt.Errorf("%s: %s must be %s", of, s.name, s.expected)
		}
	}
	return nil
}

func between(v, low, high int) bool { return v >= low && v <= high }

// Layout says what the blocks are.
type Layout struct {
	Blocks int `json:"blocks"` // per adapter
	Size   int `json:"size"`   // values per block
	// Schema identifies which values of which tensors the blocks hold, and how they are normalised.
	Schema string `json:"schema"`
}

// maxValues bounds the values of an adapter, so that a foreign file cannot ask for all memory.
const maxValues = 1 << 24

func (l Layout) check(c Config) error {
	if l.Blocks <= 0 || l.Size <= 0 || l.Blocks > maxValues/l.Size {
		return fmt.Errorf("%d blocks of %d values: there must be some, and at most %d values", l.Blocks, l.Size, maxValues)
	}
	if least := patch << (levels - 1); c.Network == NetworkUNet1D && l.Size%least != 0 {
		return fmt.Errorf("blocks of %d values: %s needs a multiple of %d", l.Size, NetworkUNet1D, least)
	}
	return nil
}
