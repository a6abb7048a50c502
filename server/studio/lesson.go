package studio

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/server/lane"
	"github.com/warmstart-ml/warmstart/teacher"
)

// Pairs that built-in edits make: of scenes that nothing else is trained or tested on.
const (
	lessonTrain  = 48
	lessonTest   = 12
	lessonScenes = lessonTrain + lessonTest
	firstLesson  = 1 << 49
)

// Lesson is what trainings learn from and are measured on.
type Lesson struct {
	// Batches returns the pairs to learn from, in an order that follows from the seed.
	Batches func(batch int, seed uint64) (gan.Batches, error)
	Train   int          // the number of them
	Tests   []gan.Sample // to measure with
}

// Edit makes a lesson of a built-in edit: procedural scenes and what it makes of them.
func (s *Studio) Edit(ctx context.Context, client, expr string) (*Lesson, error) {
	chain, err := teacher.Parse(expr)
	if err != nil {
		return nil, err
	}
	scenes, err := s.scenes.get(ctx)
	if err != nil {
		return nil, err
	}
	name := chain.String()
	all, err := scenes.Pairs(concept.Concept{ID: name, Expr: name}, corpus.Choice{Pairs: lessonScenes, Seed: 1})
	if err != nil {
		return nil, err
	}
	if err := s.make(ctx, client, all); err != nil {
		return nil, err
	}
	train, test := all.Split(lessonTrain)
	l := &Lesson{Train: train.Len(), Batches: func(batch int, seed uint64) (gan.Batches, error) { return train.Batches(batch, seed), nil }}
	for i := range test.Len() {
		source, target, err := test.Pair(i)
		if err != nil {
			return nil, err
		}
		l.Tests = append(l.Tests, gan.Sample{Source: source, Target: target})
	}
	return l, nil
}

// make makes all targets, a few at a time.
func (s *Studio) make(ctx context.Context, client string, all *corpus.Pairs) error {
	some := runtime.GOMAXPROCS(0)
	for first := 0; first < all.Len(); first += some {
		err := s.Lane.Do(ctx, lane.Training, client, func() error {
			return corpus.Parallel(ctx, min(some, all.Len()-first), func(i int) error { return all.Make(first + i) })
		})
		if err != nil {
			return fmt.Errorf("make pairs: %w", err)
		}
	}
	return nil
}

// maxTests is the most pictures that a training is measured on.
const maxTests = 16

// Folder makes a lesson of a folder of pairs: its splits train and test. Without a test split it is measured on what it learns from.
func (s *Studio) Folder(ctx context.Context, dir string) (*Lesson, error) {
	train, err := pairs.Load(ctx, dir, pairs.LoadOptions{Split: pairs.Train, Size: s.Size(), Threads: 1})
	if err != nil {
		return nil, err
	}
	test, err := pairs.Load(ctx, dir, pairs.LoadOptions{Split: pairs.Test, Size: s.Size(), Threads: 1, Max: maxTests})
	if errors.Is(err, pairs.ErrNone) {
		test, err = train, nil
	}
	if err != nil {
		return nil, err
	}
	l := &Lesson{Train: train.Len(), Batches: func(batch int, seed uint64) (gan.Batches, error) {
		return pairs.NewBatches(train, pairs.BatchOptions{Batch: batch, Crop: s.Size(), Flip: true, Seed: seed})
	}}
	for i := range min(test.Len(), maxTests) {
		source, target := test.Pair(i)
		l.Tests = append(l.Tests, gan.Sample{Source: source, Target: target})
	}
	return l, nil
}
