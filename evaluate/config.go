package evaluate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/tune"
)

// Config is everything that results depend on, besides models and pictures. Rates that are lists are searched.
type Config struct {
	Concepts    int `json:"concepts"`     // of each group, spread over it; 0: all
	Pictures    int `json:"pictures"`     // to test with, of each concept
	Pairs       int `json:"pairs"`        // to learn from, of each concept
	TestScenes  int `json:"test_scenes"`  // that the pictures are chosen from
	TrainScenes int `json:"train_scenes"` // that the pairs are chosen from
	Batch       int `json:"batch"`        // pairs per step, of every training but that with Warm
	// Search is the number of concepts that the rates of adapters are searched on.
	Search int `json:"search"`

	Reference Reference `json:"reference"`
	Match     Match     `json:"match"`
	Race      Race      `json:"race"`
	// Warm says how weights are tuned that the generator made, and WarmFrom where that was found.
	Warm     tune.Settings `json:"warm"`
	WarmFrom string        `json:"warm_from"`
}

// Reference is the adapter that a concept's own pairs lead to.
type Reference struct {
	Steps int       `json:"steps"`
	LRs   []float64 `json:"lrs"`
}

// Match is the search for the number of steps from generated weights that equal Steps from the zero adapter.
type Match struct {
	Concepts int       `json:"concepts"` // spread over all groups; 0: all
	Steps    int       `json:"steps"`    // from the zero adapter
	Tries    []int     `json:"tries"`    // numbers of steps from generated weights, ascending
	LRs      []float64 `json:"lrs"`      // for the zero adapter
	Beta1s   []float64 `json:"beta1s"`   // for the zero adapter, with each of the rates
	WarmLRs  []float64 `json:"warm_lrs"` // for generated weights
}

// Race is the comparison with training from scratch: pix2pix as published, and the best recipe found.
type Race struct {
	Concepts  int     `json:"concepts"`  // spread over all groups; 0: all
	Steps     int     `json:"steps"`     // from scratch, of Config.Batch pairs; so much more of fewer
	Published float64 `json:"published"` // pix2pix's learning rate
	// The best recipe is searched among these with each of the rates, on other concepts, in a schedule of SearchSteps.
	Recipes     []Recipe  `json:"recipes"`
	LRs         []float64 `json:"lrs"`
	Search      int       `json:"search"` // number of concepts to search on
	SearchSteps int       `json:"search_steps"`
	// Adapter is the number of steps after which all weights are tuned. 0, for all of them at once, is the best known with Warm.
	Adapter int `json:"adapter"`
}

// Recipe is a way to train from scratch but for the rate.
type Recipe struct {
	Loss  string  `json:"loss"` // beside L1: gan.LossLSGAN or gan.LossNone
	Beta1 float64 `json:"beta1"`
	Batch int     `json:"batch"`
}

// recipes are pix2pix's, with LSGAN, and two with the L1 loss alone: quality is PSNR, for which a discriminator may do nothing but take time.
// The last one has the batch and beta1 that generated weights are tuned with.
func recipes() []Recipe {
	return []Recipe{{gan.LossLSGAN, 0.5, 4}, {gan.LossNone, 0.9, 4}, {gan.LossNone, 0.5, 1}}
}

// SetSteps sets the number of steps from scratch. A quarter of that is for trying recipes.
func (r *Race) SetSteps(steps int) { r.Steps, r.SearchSteps = steps, max(steps/4, 1) }

// warmFrom is told with the settings: they are no choice of an evaluation.
const warmFrom = "tune.DefaultSettings, chosen on seen concepts, on scenes of their own: its documentation has the numbers"

// DefaultConfig returns the configuration of the results of record.
func DefaultConfig() Config {
	c := Config{
		Pictures: 16, Pairs: 64, TestScenes: 256, TrainScenes: 1024, Batch: 4, Search: 8,
		Reference: Reference{Steps: 400, LRs: []float64{1.5e-3, 3e-3, 6e-3, 1.2e-2}},
		Match: Match{
			Concepts: 24, Steps: 100, Tries: []int{0, 1, 2, 3, 5, 10, 20},
			LRs: []float64{3e-3, 6e-3, 1.2e-2, 2.4e-2}, Beta1s: []float64{0.5, 0.9}, WarmLRs: []float64{2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3},
		},
		Race: Race{
			Concepts: 16, Published: 2e-4, LRs: []float64{2e-4, 1e-3, 2e-3, 4e-3, 8e-3}, Recipes: recipes(), Search: 2,
		},
		Warm: tune.DefaultSettings(tune.Generated), WarmFrom: warmFrom,
	}
	c.Race.SetSteps(3200)
	return c
}

// check returns an error that names the first setting that makes no sense.
func (c Config) check() error {
	for _, v := range []struct {
		name  string
		value int
		least int
	}{
		{"concepts", c.Concepts, 0}, {"pictures", c.Pictures, 1}, {"pairs", c.Pairs, 1}, {"batch", c.Batch, 1}, {"search", c.Search, 1},
		{"test scenes", c.TestScenes, c.Pictures}, {"training scenes", c.TrainScenes, c.Pairs}, {"pairs per step of tuning", c.Warm.Batch, 1},
		{"steps of the reference", c.Reference.Steps, 1}, {"learning rates of the reference", len(c.Reference.LRs), 1},
		{"concepts to match steps on", c.Match.Concepts, 0}, {"steps to match", c.Match.Steps, 1},
		{"numbers of steps to try", len(c.Match.Tries), 1}, {"learning rates to match", len(c.Match.LRs) * len(c.Match.Beta1s), 1},
		{"warm learning rates", len(c.Match.WarmLRs), 1},
		{"concepts to race on", c.Race.Concepts, 0}, {"steps from scratch", c.Race.Steps, 1},
		{"recipes from scratch", len(c.Race.LRs) * len(c.Race.Recipes), 1}, {"concepts to search recipes on", c.Race.Search, 1},
		{"steps to search recipes with", c.Race.SearchSteps, 1}, {"steps of the adapter", c.Race.Adapter, 0},
	} {
		if v.value < v.least {
			return fmt.Errorf("evaluate: %s: %d, but it must be at least %d", v.name, v.value, v.least)
		}
	}
	if !slices.Contains(c.Race.LRs, c.Race.Published) {
		return fmt.Errorf("evaluate: the published learning rate %g is not among those to search, %v", c.Race.Published, c.Race.LRs)
	}
	if c.Warm.Loss != gan.LossNone {
		return errors.New("evaluate: tuning is measured with the L1 loss alone")
	}
	return nil
}
