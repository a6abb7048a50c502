package evaluate

import (
	"context"
	"fmt"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/keep"
)

// match counts the steps from generated weights that equal many from the zero adapter. Every number of steps is a training of its own,
// whose rate falls to 0 in its second half, on either side.
func (l *lab) match(ctx context.Context) (*Matches, error) {
	c := l.o.Config
	some := spread(l.asks, c.Match.Concepts)
	m := &matcher{lab: l, trainers: map[float64]*gan.Trainer{}}
	defer m.close()
	if err := m.searchRates(ctx, spread(others(l.asks, some), c.Search)); err != nil {
		return nil, err
	}
	made, err := l.generated(ctx, some)
	if err != nil {
		return nil, err
	}
	tick := l.progress("steps to match", "concepts", len(some))
	var rows []MatchRow
	for i, a := range some {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row := MatchRow{Concept: a.ID, Group: a.Group, Prompt: a.prompt, Steps: Never}
		if row.Target, err = m.zero(ctx, a, m.rates.Zero); err != nil {
			return nil, err
		}
		for _, steps := range c.Match.Tries {
			psnr, err := m.warm(ctx, a, made[i], m.rates.Warm, steps)
			if err != nil {
				return nil, err
			}
			row.Tries = append(row.Tries, Point{Steps: steps, PSNR: psnr})
			if psnr >= row.Target {
				row.Steps = steps
				break
			}
		}
		rows = append(rows, row)
		tick()
	}
	return summariseMatches(rows, m.rates), nil
}

// matchRates are the ways to train that were found.
type matchRates struct{ Zero, Warm Candidate }

// matcher trains on a concept's pairs for a few steps.
type matcher struct {
	*lab
	rates    matchRates
	trainers map[float64]*gan.Trainer // by Adam's beta1, which is compiled in
	lesson   string                   // the concept that pairs are of: many trainings of one follow each other
	pairs    *corpus.Pairs
}

func (m *matcher) close() {
	for _, t := range m.trainers {
		t.Close()
	}
}

// matchKey is what results of this part depend on, besides the concept.
type matchKey struct {
	Base, Generator, Test, Train string
	Concept, Prompt              string
	Pictures, Pairs, Batch       int
	Steps                        int
	Way                          Candidate
}

func (m *matcher) key(a ask, w Candidate, steps int, generator string) matchKey {
	c := m.o.Config
	w = w.plain()
	prompt := a.prompt
	if generator == "" {
		prompt = "" // it makes no difference
	}
	return matchKey{
		Base: m.o.Models.Base.Hash, Generator: generator, Test: m.scenes.test.ID(), Train: m.scenes.train.ID(), Concept: a.ID, Prompt: prompt,
		Pictures: c.Pictures, Pairs: c.Pairs, Batch: c.Batch, Steps: steps, Way: w,
	}
}

// zero returns the quality after the steps to match from the zero adapter.
func (m *matcher) zero(ctx context.Context, a ask, w Candidate) (float64, error) {
	steps := m.o.Config.Match.Steps
	return keep.Remember(m.cache, "zero", a.ID, m.key(a, w, steps, ""), func() (float64, error) {
		return m.train(ctx, a, nil, w, steps)
	})
}

// warm returns the quality after some steps from a generated adapter.
func (m *matcher) warm(ctx context.Context, a ask, adapter [][]float32, w Candidate, steps int) (float64, error) {
	if steps == 0 {
		return m.measure(ctx, m.scenes, a, adapter)
	}
	return keep.Remember(m.cache, "warm", a.ID, m.key(a, w, steps, m.o.Models.ID), func() (float64, error) {
		return m.train(ctx, a, adapter, w, steps)
	})
}

// train returns the quality after training from an adapter's values; nil stands for the zero adapter.
func (m *matcher) train(ctx context.Context, a ask, start [][]float32, w Candidate, steps int) (float64, error) {
	config := m.o.Config.adapterConfig(m.o.Models.Base, steps, w.LR, w.Beta1)
	t := m.trainers[w.Beta1]
	if t == nil {
		var err error
		if t, err = newTrainer(m.backend, m.o.Models.Base, config); err != nil {
			return 0, err
		}
		m.trainers[w.Beta1] = t
	}
	if err := t.Reset(config, gan.Start{Trained: start}); err != nil {
		return 0, err
	}
	if m.lesson != a.ID {
		var err error
		if m.pairs, err = m.scenes.lessons(ctx, a); err != nil {
			return 0, err
		}
		m.lesson = a.ID
	}
	if err := advance(t, batches(m.pairs, m.o.Config.Batch), steps); err != nil {
		return 0, fmt.Errorf("train %s: %w", a.ID, err)
	}
	values, err := t.Trained()
	if err != nil {
		return 0, err
	}
	return m.measure(ctx, m.scenes, a, values)
}

// searchRates finds the ways to train: from the zero adapter for the steps to match, and from generated weights for a tenth of that.
func (m *matcher) searchRates(ctx context.Context, some []ask) error {
	c := m.o.Config.Match
	var zero, warm []Candidate
	for _, beta1 := range c.Beta1s {
		for _, lr := range c.LRs {
			zero = append(zero, Candidate{LR: lr, Beta1: beta1})
		}
	}
	for _, lr := range c.WarmLRs {
		warm = append(warm, Candidate{LR: lr, Beta1: m.o.Config.Warm.Beta1})
	}
	made, err := m.generated(ctx, some)
	if err != nil {
		return err
	}
	adapters := map[string][][]float32{}
	for i, a := range some {
		adapters[a.ID] = made[i]
	}
	tick := m.progress("learning rates", "trainings", (len(zero)+len(warm))*len(some))
	err = search(ctx, zero, some, tick, func(w Candidate, a ask) (float64, error) { return m.zero(ctx, a, w) })
	if err != nil {
		return err
	}
	err = search(ctx, warm, some, tick, func(w Candidate, a ask) (float64, error) {
		return m.warm(ctx, a, adapters[a.ID], w, max(c.Steps/10, 1))
	})
	m.rates = matchRates{Zero: best(zero), Warm: best(warm)}
	return err
}
