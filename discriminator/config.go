package discriminator

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/tune"
)

// Config is everything that the discriminator depends on, besides models and pictures.
type Config struct {
	Concepts int           `json:"concepts"` // that are tuned, one after the other
	Steps    int           `json:"steps"`    // of tuning each
	Pairs    int           `json:"pairs"`    // of each
	Photos   float64       `json:"photos"`   // the share of pairs made of photos, where there are some and they make sense
	Tuning   tune.Settings `json:"tuning"`   // the discriminator's rate falls to 0 in the second half of the concepts
	Seed     uint64        `json:"seed"`     // of the choice of concepts, prompts and pictures
}

// DefaultConfig returns the configuration of the shipped discriminator.
func DefaultConfig() Config {
	return Config{Concepts: 240, Steps: 40, Pairs: 16, Photos: 0.4, Tuning: tune.Adversarial(tune.Generated), Seed: 1}
}

// check returns an error that names the first setting that makes no sense; tuning's are for gan to judge.
func (c Config) check() error {
	for _, v := range []struct {
		name     string
		ok       bool
		expected string
	}{
		{"concepts", c.Concepts >= 1 && c.Concepts <= 1<<20, "1 to 1048576"},
		{"steps", c.Steps >= 1 && c.Steps <= 1<<20, "1 to 1048576"},
		{"pairs", c.Pairs >= c.Tuning.Batch && c.Pairs <= 1<<20, "at least those of a step, at most 1048576"},
		{"photos", c.Photos >= 0 && c.Photos <= 1, "in [0,1]"},
	} {
		if !v.ok {
			return fmt.Errorf("discriminator: %s must be %s", v.name, v.expected)
		}
	}
	return nil
}

// rate returns the discriminator's learning rate for the i-th concept.
func (c Config) rate(i int) float64 {
	half := c.Concepts / 2
	if i < half {
		return c.Tuning.DiscLR
	}
	return c.Tuning.DiscLR * float64(c.Concepts-i) / float64(c.Concepts-half)
}
