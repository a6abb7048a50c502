package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/keep"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/tune"
)

// ContestConfig is everything that a contest depends on, besides models and pictures. Of the race's configuration, all but the pictures to
// test with holds here as well.
type ContestConfig struct {
	Config
	Samples int `json:"samples"` // test pictures of each concept, for all metrics
	Steps   int `json:"steps"`   // of tuning, in the table
	// GAN says how all weights are tuned adversarially, in so many steps.
	GAN      tune.Settings `json:"gan"`
	GANSteps int           `json:"gan_steps"`
	// The rates of tuning from the zero adapter are searched among these, for its adapter and for all weights.
	ZeroLRs    []float64 `json:"zero_lrs"`
	ZeroAllLRs []float64 `json:"zero_all_lrs"`
}

// DefaultContest returns the configuration of the results of record: two hours or so on two cores.
func DefaultContest() ContestConfig {
	c := ContestConfig{
		Config: DefaultConfig(), Samples: 256, Steps: 200, GAN: tune.Adversarial(tune.Generated), GANSteps: 400,
		ZeroLRs: []float64{1.5e-3, 3e-3, 6e-3, 1.2e-2}, ZeroAllLRs: []float64{7.5e-4, 1.5e-3, 3e-3, 6e-3},
	}
	c.Race.Concepts = 32
	return c
}

// QuickContest returns a configuration for a look: a few concepts, and from scratch a short schedule, which makes for smaller speed-ups.
func QuickContest() ContestConfig {
	c := DefaultContest()
	c.Samples, c.Steps, c.GANSteps, c.TrainScenes = 128, 100, 200, 256
	c.Race.Concepts, c.Race.Search, c.Race.LRs = 6, 1, []float64{2e-4, 2e-3}
	c.ZeroLRs, c.ZeroAllLRs = []float64{3e-3, 6e-3}, []float64{1.5e-3, 3e-3}
	c.Race.SetSteps(600)
	return c
}

// ContestOptions tell RunContest what to do.
type ContestOptions struct {
	Config ContestConfig
	Models Models // without a zoo there is no nearest concept
	// Extractor makes the features that FID and KID compare.
	Extractor metrics.Extractor
	// Cache is a folder that keeps the results of single concepts; "": nothing is kept.
	Cache string
	// Progress is that of Options.
	Progress func(what, unit string) func(done, total int)
}

// minSamples is the least number of test pictures: KID looks at halves of them.
const minSamples = 8

func (o *ContestOptions) check() error {
	c := o.Config
	switch {
	case o.Extractor == nil:
		return errors.New("contest: no network to make features with, for FID and KID")
	case c.Samples < minSamples || c.Samples > c.TestScenes:
		return fmt.Errorf("contest: %d test pictures of each concept: FID and KID need %d or more, and there are %d test scenes", c.Samples, minSamples, c.TestScenes)
	case c.Steps < 1 || c.GANSteps < 1:
		return fmt.Errorf("contest: %d and %d steps of tuning: there must be some", c.Steps, c.GANSteps)
	case len(c.ZeroLRs) == 0 || len(c.ZeroAllLRs) == 0:
		return errors.New("contest: no learning rates for the zero adapter")
	}
	return nil
}

// contest lets all methods loose on the same concepts.
type contest struct {
	*racer
	config ContestConfig
	set    *set // with the contest's number of test pictures
	jury   *jury
	best   Candidate // from scratch
	zero   zeroRates
	tuners map[string]*gan.Trainer // by ending
}

// zeroRates are how the zero adapter is tuned.
type zeroRates struct {
	Adapter Candidate `json:"adapter"`
	All     Candidate `json:"all"`
}

// RunContest compares all ways to a network on unseen concepts, or until ctx is cancelled: then it returns what is known of the concepts that are
// done, marked as partial, beside ctx's error, if there are any. Called again with the same cache, it goes on.
func RunContest(ctx context.Context, backend compute.Backend, o ContestOptions) (*ContestReport, error) {
	begun := time.Now()
	if err := o.check(); err != nil {
		return nil, err
	}
	t, err := newContest(ctx, backend, o)
	if err != nil {
		return nil, err
	}
	defer t.close()
	some := interleaved(spread(t.asks, o.Config.Race.Concepts))
	tried, err := t.prepare(ctx, some)
	if err != nil {
		return nil, err
	}
	r := t.report(some, tried)
	tick := t.progress("concepts", "concepts", len(some))
	wrong := t.wrongAsks()
	for _, a := range some {
		other := wrong[a.ID]
		key, err := t.key(a, other)
		if err != nil {
			return nil, err
		}
		kept, err := keep.Remember(t.cache, "contest", a.ID, key, func() (keptRow, error) {
			row, err := t.run(ctx, a, other)
			return row.keep(), err
		})
		if err != nil {
			if ctx.Err() == nil || len(r.Rows) == 0 {
				return nil, err
			}
			r.Partial = true
			r.finish(begun)
			return r, ctx.Err()
		}
		r.Rows = append(r.Rows, kept.restore())
		tick()
	}
	r.finish(begun)
	return r, nil
}

// wrongAsks returns for each concept the one whose prompt is the wrong one for it: of the same group.
func (l *lab) wrongAsks() map[string]ask {
	wrong := map[string]ask{}
	for i, other := range shuffled(l.asks) {
		wrong[l.asks[i].ID] = l.asks[other]
	}
	return wrong
}

// newContest compiles what is needed for all concepts.
func newContest(ctx context.Context, backend compute.Backend, o ContestOptions) (t *contest, err error) {
	l, err := newLab(ctx, backend, Options{Config: o.Config.Config, Models: o.Models, Cache: o.Cache, Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	set := *l.scenes
	set.config.Pictures = o.Config.Samples
	t = &contest{
		racer: &racer{lab: l, scratch: map[Recipe]*gan.Trainer{}}, config: o.Config, set: &set, tuners: map[string]*gan.Trainer{},
	}
	if t.whole, err = newMeter(backend, o.Models.Base, false, o.Config.Pictures); err == nil {
		t.jury, err = newJury(backend, o.Models.Base, o.Extractor, juryBatch)
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *contest) close() {
	for _, trainer := range t.tuners {
		trainer.Close()
	}
	if t.jury != nil {
		t.jury.close()
	}
	t.racer.close()
	t.lab.close()
}

// prepare searches for the best recipe from scratch and for rates from the zero adapter, on other concepts.
func (t *contest) prepare(ctx context.Context, some []ask) (tried []Candidate, err error) {
	rest := evenly(others(t.asks, some), t.config.Race.Search)
	if tried, err = t.searchRecipe(ctx, rest); err != nil {
		return nil, err
	}
	t.best = best(tried).plain()
	t.zero, err = t.searchZero(ctx, rest)
	return tried, err
}

// searchZero finds the rates of tuning from the zero adapter.
func (t *contest) searchZero(ctx context.Context, some []ask) (z zeroRates, err error) {
	tick := t.progress("learning rates from the zero adapter", "trainings", (len(t.config.ZeroLRs)+len(t.config.ZeroAllLRs))*len(some))
	for _, v := range []struct {
		all  bool
		lrs  []float64
		best *Candidate
	}{{false, t.config.ZeroLRs, &z.Adapter}, {true, t.config.ZeroAllLRs, &z.All}} {
		var list []Candidate
		for _, lr := range v.lrs {
			list = append(list, Candidate{LR: lr})
		}
		err := search(ctx, list, some, tick, func(w Candidate, a ask) (float64, error) { return t.tryZero(ctx, a, w, v.all) })
		if err != nil {
			return z, err
		}
		*v.best = best(list)
	}
	return z, nil
}

// tryZero returns the quality that tuning from the zero adapter leads to.
func (t *contest) tryZero(ctx context.Context, a ask, w Candidate, all bool) (float64, error) {
	c := t.config
	key := struct {
		Base, Test, Train, Concept string
		Pictures, Pairs, Steps     int
		LR                         float64
		All                        bool
		Warm                       any
	}{t.o.Models.Base.Hash, t.scenes.test.ID(), t.scenes.train.ID(), a.ID, c.Pictures, c.Pairs, c.Steps, w.LR, all, c.Warm}
	return keep.Remember(t.cache, "zero-tuned", a.ID, key, func() (float64, error) {
		data, err := t.data(ctx, a)
		if err != nil {
			return 0, err
		}
		way := t.ending(endAdapter)
		if all {
			way = t.ending(endAll)
		}
		way.lr = w.LR
		end, err := t.tuned(ctx, data, t.o.Models.Base.Layout.Initial(), way)
		if err != nil {
			return 0, err
		}
		e, err := t.scenes.exam(ctx, a)
		if err != nil {
			return 0, err
		}
		return t.whole.psnr(end.values, e)
	})
}

// contestKey is what the result of a concept depends on.
type contestKey struct {
	Race           raceKey
	Samples, Steps int
	GAN            tune.Settings
	GANSteps       int
	Discriminator  string
	Methods        int // results without one of them are of no use
	Extractor      string
	Zero           zeroRates
	Nearest, Other string // concepts
	NearestHash    string
	Mean           string
}

func (t *contest) key(a, other ask) (contestKey, error) {
	k := contestKey{
		Race: t.raceKey(a, t.best), Samples: t.config.Samples, Steps: t.config.Steps, GAN: t.config.GAN, GANSteps: t.config.GANSteps,
		Discriminator: hashValues(t.o.Models.Discriminator), Methods: len(methodNames), Extractor: t.jury.extractor.Name(),
		Zero: zeroRates{t.zero.Adapter.plain(), t.zero.All.plain()}, Other: other.ID + " " + other.prompt, Mean: hashValues(t.o.Models.Mean),
	}
	if len(t.o.Models.Zoo) == 0 {
		return k, nil
	}
	adapter, id, err := t.nearest(a.prompt, "")
	k.Nearest, k.NearestHash = id, hashValues(adapter)
	return k, err
}

// interleaved orders asks so that the first of them are of all groups.
func interleaved(all []ask) (list []ask) {
	for i := 0; len(list) < len(all); i++ {
		for _, g := range concept.Groups() {
			if own := ofGroup(all, g); i < len(own) {
				list = append(list, own[i])
			}
		}
	}
	return list
}

// report begins a report.
func (t *contest) report(some []ask, tried []Candidate) *ContestReport {
	return &ContestReport{
		Machine: ThisMachine(), Base: t.o.Models.Base.Hash, Generator: t.o.Models.ID, Extractor: t.jury.extractor.Name(),
		TestScenes: t.scenes.test.ID(), TrainScenes: t.scenes.train.ID(), Wanted: len(some), Config: t.config,
		Best: best(tried), Tried: slices.Clone(tried), Zero: t.zero,
	}
}
