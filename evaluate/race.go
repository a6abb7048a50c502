package evaluate

import (
	"context"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/keep"
)

// race measures how much sooner than from scratch one gets from a text to the quality of that. Both sides take turns on all cores.
func (l *lab) race(ctx context.Context) (*Speedup, error) {
	c := l.o.Config
	some := spread(l.asks, c.Race.Concepts)
	r := &racer{lab: l, scratch: map[Recipe]*gan.Trainer{}}
	defer r.close()
	var err error
	if r.whole, err = newMeter(r.backend, r.o.Models.Base, false, c.Pictures); err != nil {
		return nil, err
	}
	tried, err := r.searchRecipe(ctx, evenly(others(l.asks, some), c.Race.Search))
	if err != nil {
		return nil, err
	}
	way := best(tried).plain()
	tick := l.progress("races with training from scratch", "concepts", len(some))
	var rows []RaceRow
	for _, a := range some {
		row, err := keep.Remember(l.cache, "race", a.ID, l.raceKey(a, way), func() (RaceRow, error) { return r.run(ctx, a, way) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		tick()
	}
	return summariseRaces(rows, c.Race.Published, tried), nil
}

// raceKey is what the result of a race depends on.
type raceKey struct {
	Base, Generator, Test, Train, Concept, Prompt string
	Best                                          Candidate
	Machine                                       Machine // times of another one would be no comparison
	Config                                        Config
}

func (l *lab) raceKey(a ask, way Candidate) raceKey {
	c := l.o.Config
	return raceKey{
		Base: l.o.Models.Base.Hash, Generator: l.o.Models.ID, Test: l.scenes.test.ID(), Train: l.scenes.train.ID(),
		Concept: a.ID, Prompt: a.prompt, Best: way, Machine: ThisMachine(), Config: Config{
			Pictures: c.Pictures, Pairs: c.Pairs, Batch: c.Batch, Warm: c.Warm,
			Race: Race{Steps: c.Race.Steps, Published: c.Race.Published, Adapter: c.Race.Adapter},
		},
	}
}

// racer trains from scratch and from a text.
type racer struct {
	*lab
	scratch map[Recipe]*gan.Trainer // what is compiled in
	whole   *meter                  // of generators
}

func (r *racer) close() {
	for _, t := range r.scratch {
		t.Close()
	}
	if r.whole != nil {
		r.whole.close()
	}
}

// searchRecipe tries all recipes from scratch.
func (r *racer) searchRecipe(ctx context.Context, some []ask) ([]Candidate, error) {
	c := r.o.Config
	var list []Candidate
	for _, recipe := range c.Race.Recipes {
		for _, lr := range c.Race.LRs {
			list = append(list, recipe.at(lr))
		}
	}
	tick := r.progress("recipes from scratch", "trainings", len(list)*len(some))
	return list, search(ctx, list, some, tick, func(w Candidate, a ask) (float64, error) {
		config, err := c.scratchConfig(r.o.Models.Base, w.plain(), c.Race.SearchSteps)
		if err != nil {
			return 0, err
		}
		key := struct {
			Test, Train, Concept string
			Pictures, Pairs      int
			Config               gan.Config
		}{r.scenes.test.ID(), r.scenes.train.ID(), a.ID, c.Pictures, c.Pairs, config}
		end, err := keep.Remember(r.cache, "scratch", a.ID, key, func() (finish, error) {
			measure, err := r.psnrOf(ctx, a)
			if err != nil {
				return finish{}, err
			}
			return r.fromScratch(ctx, a, config, measure)
		})
		return end.PSNR, err
	})
}

// run lets both sides train a concept, one after the other.
func (r *racer) run(ctx context.Context, a ask, bestWay Candidate) (RaceRow, error) {
	row := RaceRow{Concept: a.ID, Group: a.Group, Prompt: a.prompt}
	measure, err := r.psnrOf(ctx, a)
	if err != nil {
		return row, err
	}
	var ends [2]finish
	for i, way := range []Candidate{r.o.Config.published(), bestWay} {
		config, err := r.o.Config.scratchConfig(r.o.Models.Base, way, r.o.Config.Race.Steps)
		if err != nil {
			return row, err
		}
		if ends[i], err = r.fromScratch(ctx, a, config, measure); err != nil {
			return row, err
		}
	}
	published, best := ends[0], ends[1]
	row.Curve, err = r.fromText(ctx, a, max(published.PSNR, best.PSNR), max(published.Seconds, best.Seconds))
	row.Published, row.Best = outcome(published, row.Curve), outcome(best, row.Curve)
	row.Scratch.Published, row.Scratch.Best = published.Curve, best.Curve
	return row, err
}
