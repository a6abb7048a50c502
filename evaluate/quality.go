package evaluate

import (
	"context"
	"fmt"

	"github.com/warmstart-ml/warmstart/concept"
)

// quality measures the adapters of all concepts without any tuning, and what they are compared with.
func (l *lab) quality(ctx context.Context, s *set) (*Quality, error) {
	all := s.usable(l.asks)
	if len(all) == 0 {
		return nil, fmt.Errorf("none of the %d concepts can be applied to %s: take more of each group", len(l.asks), s.name())
	}
	made, err := l.generated(ctx, all)
	if err != nil {
		return nil, err
	}
	trained, rate, err := l.trained(ctx, s, all)
	if err != nil {
		return nil, err
	}
	rows, err := l.rows(ctx, s, all, made, trained)
	if err != nil {
		return nil, err
	}
	return summarise(rows, rate), nil
}

// trained returns adapters that are trained on the concepts' own pairs, and how.
func (l *lab) trained(ctx context.Context, s *set, all []ask) ([][][]float32, Candidate, error) {
	rate, err := l.referenceRate(ctx, s, spread(all, l.o.Config.Search))
	if err != nil {
		return nil, rate, err
	}
	var lessons []lesson
	for _, a := range all {
		lessons = append(lessons, lesson{a, rate.LR})
	}
	trained, err := l.references(ctx, s, lessons)
	return trained, rate, err
}

// rows measures the generated and the trained adapters of all concepts.
func (l *lab) rows(ctx context.Context, s *set, all []ask, made, trained [][][]float32) ([]Row, error) {
	tick := l.progress("quality on "+s.name(), "concepts", len(all))
	other := shuffled(all)
	var rows []Row
	for i, a := range all {
		row, err := l.qualityOf(ctx, s, a, made[i], made[other[i]], trained[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		tick()
	}
	return rows, nil
}

// qualityOf measures a concept's adapters: generated from its prompt, from another one's, and trained on its pairs.
func (l *lab) qualityOf(ctx context.Context, s *set, a ask, generated, other, trained [][]float32) (Row, error) {
	row := Row{Concept: a.ID, Group: a.Group, Prompt: a.prompt}
	nearest, id, err := l.nearest(a.prompt, "")
	if err != nil {
		return row, err
	}
	row.NearestConcept = id
	different, _, err := l.nearest(a.prompt, a.ID)
	if err != nil {
		return row, err
	}
	e, err := s.exam(ctx, a)
	if err != nil {
		return row, err
	}
	for _, m := range []struct {
		psnr    *float64
		adapter [][]float32
	}{
		{&row.Zero, l.o.Models.Base.Layout.Initial()}, {&row.Mean, l.o.Models.Mean}, {&row.Nearest, nearest}, {&row.Other, different},
		{&row.Shuffled, other}, {&row.Generated, generated}, {&row.Trained, trained},
	} {
		if *m.psnr, err = l.meter.psnr(m.adapter, e); err != nil {
			return row, fmt.Errorf("measure %s: %w", a.ID, err)
		}
	}
	row.Share = share(row.Scores)
	return row, nil
}

// generated returns what the generator makes of the prompts.
func (l *lab) generated(ctx context.Context, all []ask) ([][][]float32, error) {
	g, err := l.o.Models.Open(l.backend)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	return l.generate(ctx, g, all)
}

// generate returns what a generator makes of the prompts.
func (l *lab) generate(ctx context.Context, g Generator, all []ask) (made [][][]float32, err error) {
	tick := l.progress("generating", "adapters", len(all))
	for _, a := range all {
		adapter, err := g.Adapter(ctx, a.prompt)
		if err != nil {
			return nil, fmt.Errorf("generate %s: %w", a.ID, err)
		}
		made = append(made, adapter)
		tick()
	}
	return made, nil
}

// nearest returns the zoo's adapter of the concept whose words are most like the prompt's, other than one.
func (l *lab) nearest(prompt, but string) (adapter [][]float32, id string, err error) {
	for _, c := range concept.Nearest(prompt, len(concept.Seen())) {
		if adapter, ok := l.o.Models.Zoo[c.ID]; ok && c.ID != but {
			return adapter, c.ID, nil
		}
	}
	return nil, "", fmt.Errorf("the zoo has no adapters to compare with")
}

// measure returns the quality of an adapter on a concept's test pictures.
func (l *lab) measure(ctx context.Context, s *set, a ask, adapter [][]float32) (float64, error) {
	e, err := s.exam(ctx, a)
	if err != nil {
		return 0, err
	}
	return l.meter.psnr(adapter, e)
}
