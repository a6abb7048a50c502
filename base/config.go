package base

import (
	"errors"
	"fmt"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/rounds"
	"github.com/warmstart-ml/warmstart/lora"
)

// Config is everything that a base's training depends on, besides its corpus.
type Config struct {
	// Generator is the network, and how its shared weights are trained: Batch images of each concept in a step, LR,
	// steps, seed. There is no discriminator.
	Generator gan.Config  `json:"generator"`
	Adapters  lora.Config `json:"adapters"`
	// ConditionWidth is the width of the network that makes adapters of concepts, ConditionLR its learning rate, which falls as
	// Generator's does.
	ConditionWidth int     `json:"condition_width"`
	ConditionLR    float64 `json:"condition_lr"`
	Concepts       int     `json:"concepts"` // the first so many of the seen ones; 0: all
	Together       int     `json:"together"` // concepts per step
	Warmup         int     `json:"warmup"`   // the first steps, which draw the identity alone
	Identity       float64 `json:"identity"` // the share of draws that are the identity
	Pairs          int     `json:"pairs"`    // pairs of each concept, of pictures of its own choice
	Photos         float64 `json:"photos"`   // the share of pairs made of photos, where there are some and they make sense
}

// DefaultConfig returns the configuration to start from. What matters most is how fast the last layer of the condition learns: with ConditionLR times
// conditionScale of 1e-3, 3e-4, 1e-4, 3e-5 and 9e-6, the mean L1 error over the seen concepts was 0.38, 0.37, 0.32, 0.27 and 0.26 in steps 400
// to 500 of a short schedule; with 3e-3, training broke down. Learning rates of the network from 5e-4 to 2e-3 made no difference there. And 16
// concepts with a picture each tell a step more than 4 with four: over all concepts the error was 0.235 and 0.287 after as many steps, and steps
// take a quarter longer.
func DefaultConfig() (Config, error) {
	g, err := gan.Preset("mini")
	if err != nil {
		return Config{}, err
	}
	g = g.WithSteps(24000)
	g.Loss, g.Batch, g.LR, g.Beta1, g.Seed = gan.LossNone, 1, 1e-3, 0.9, 1
	return Config{
		Generator: g, Adapters: lora.DefaultConfig(), ConditionWidth: 256, ConditionLR: 3e-4,
		Together: 16, Warmup: 500, Identity: 0.1, Pairs: 32, Photos: 0.4,
	}, nil
}

// Seen returns the concepts to train on, none of which is unseen.
func (c Config) Seen() []concept.Concept {
	seen := concept.Seen()
	if c.Concepts > 0 {
		seen = seen[:c.Concepts]
	}
	return seen
}

// choice returns which pictures pairs are made of.
func (c Config) choice() corpus.Choice {
	return corpus.Choice{Pairs: c.Pairs, Photos: c.Photos, Seed: c.Generator.Seed}
}

// check returns an error that names the first setting that makes no sense.
func (c Config) check() error {
	if err := c.Generator.Check(); err != nil {
		return err
	}
	if c.Generator.Loss != gan.LossNone || c.Generator.EMA != 0 {
		return errors.New("base: it is trained without a discriminator and without an average: set loss to none and ema to 0")
	}
	seen := len(concept.Seen())
	for _, v := range []struct {
		name     string
		ok       bool
		expected string
	}{
		{"condition_width", c.ConditionWidth >= 1 && c.ConditionWidth <= 1<<12, "1 to 4096"},
		{"condition_lr", c.ConditionLR >= 0, "at least 0"},
		{"concepts", c.Concepts >= 0 && c.Concepts <= seen, fmt.Sprintf("0 to %d", seen)},
		{"together", c.Together >= 1 && c.Together <= 64, "1 to 64"},
		{"warmup", c.Warmup >= 0 && c.Warmup <= c.Generator.Steps, "0 to the number of steps"},
		{"identity", c.Identity >= 0 && c.Identity < 1, "in [0,1)"},
		{"pairs", c.Pairs >= 1 && c.Pairs <= 1<<20, "1 to 1048576"},
		{"photos", c.Photos >= 0 && c.Photos <= 1, "in [0,1]"},
		{"batch", c.Generator.Batch <= c.Pairs, "at most the number of pairs"},
	} {
		if !v.ok {
			return fmt.Errorf("base: %s must be %s", v.name, v.expected)
		}
	}
	return nil
}

// identity stands for a concept in draws.
const identity = -1

// draw is what one of a step's places trains on.
type draw struct {
	concept int // an index, or identity
	visit   int // how often it was drawn before
}

// schedule says what steps train on.
type schedule struct {
	config   Config
	concepts int
	rounds   *rounds.Rounds // of the concepts, and then of the identity
}

func newSchedule(c Config, concepts []concept.Concept) *schedule {
	var weights []int
	total := 0
	for _, k := range concepts {
		weights = append(weights, k.Weight())
		total += k.Weight()
	}
	identities := int(float64(total)*c.Identity/(1-c.Identity) + 0.5)
	return &schedule{c, len(concepts), rounds.New(c.Generator.Seed, append(weights, identities))}
}

// at returns the draws of a step, counted from 0.
func (s *schedule) at(step int) []draw {
	draws := make([]draw, s.config.Together)
	for k := range draws {
		n := step*s.config.Together + k
		if step < s.config.Warmup {
			draws[k] = draw{identity, n}
			continue
		}
		d := s.rounds.At(n - s.config.Warmup*s.config.Together)
		draws[k] = draw{d.Thing, d.Visit}
		if d.Thing == s.concepts {
			draws[k] = draw{identity, n} // goes on from the warm-up
		}
	}
	return draws
}
