// Package studio computes for the server: it writes the weights of prompts, applies networks to pictures and makes pairs to train
// on. All of it takes turns in one lane.
package studio

import (
	"context"
	"fmt"
	"sync"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/apply"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/server/lane"
	"github.com/warmstart-ml/warmstart/weightgen"
)

// Studio is safe for concurrent use.
type Studio struct {
	Models  *warmstart.Models
	Backend compute.Backend
	Lane    lane.Lane

	writer  later[*warmstart.Writer]
	prompts later[struct{}]
	scenes  later[*corpus.Corpus]
	apply   appliers
	painted gallery

	stop context.CancelFunc
	work sync.WaitGroup // in the background
}

// New makes a studio. What takes long to compile or to paint is done in the background; who needs it before waits.
func New(models *warmstart.Models, backend compute.Backend) *Studio {
	ctx, stop := context.WithCancel(context.Background())
	s := &Studio{
		Models: models, Backend: backend, stop: stop,
		writer: newLater[*warmstart.Writer](), prompts: newLater[struct{}](), scenes: newLater[*corpus.Corpus](),
		apply: appliers{engine: apply.NewEngine(backend), config: models.Base.Generator.Config},
	}
	s.work.Go(func() { s.writer.set(models.Writer(backend)) })
	s.work.Go(func() {
		learnPrompts()
		s.prompts.set(struct{}{}, nil)
	})
	s.work.Go(func() {
		s.warmUp(ctx)
		s.scenes.set(corpus.New(ctx, corpus.Config{Size: s.Size(), Scenes: lessonScenes, First: firstLesson}))
	})
	return s
}

// warmUp compiles what the first pictures need. What fails here is told when it is needed.
func (s *Studio) warmUp(ctx context.Context) {
	base := s.Models.Base.Generator.Values
	for _, side := range []int{256, s.Size()} {
		_, _ = s.Apply(ctx, "", "base", base, imageio.New(side, side))
	}
	if ctx.Err() == nil {
		s.painted.get(samples[0].seed, 256)
	}
}

// Size is the width and height in pixels of the pictures that are trained on.
func (s *Studio) Size() int { return s.Models.Base.Generator.Config.Size }

// Ready tells whether nothing has to be waited for.
func (s *Studio) Ready() bool { return s.writer.ready() && s.prompts.ready() && s.scenes.ready() }

// Generate writes the adapter of a prompt. Unknown are its words that were skipped.
func (s *Studio) Generate(ctx context.Context, client, prompt string) (a *lora.Adapter, unknown []string, err error) {
	w, err := s.writer.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	err = s.Lane.Do(ctx, lane.Interactive, client, func() error {
		a, unknown, err = w.Init(ctx, prompt, weightgen.Sampling{})
		return err
	})
	return a, unknown, err
}

// Apply returns what a network makes of a picture. The key tells its weights from others.
func (s *Studio) Apply(ctx context.Context, client, key string, values [][]float32, in *imageio.Image) (out *imageio.Image, err error) {
	err = s.Lane.Do(ctx, lane.Interactive, client, func() error {
		out, err = s.apply.Apply(ctx, key, values, in)
		return err
	})
	return out, err
}

// Measure is Apply to some pictures for a training.
func (s *Studio) Measure(ctx context.Context, client, key string, values [][]float32, in []*imageio.Image) ([]*imageio.Image, error) {
	outputs := make([]*imageio.Image, len(in))
	for i, picture := range in {
		err := s.Lane.Do(ctx, lane.Training, client, func() (err error) {
			outputs[i], err = s.apply.Apply(ctx, key, values, picture)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("measure: %w", err)
		}
	}
	return outputs, nil
}

// Close ends what is done in the background and frees everything but the backend. Nothing may be at work.
func (s *Studio) Close() {
	s.stop()
	s.work.Wait()
	if w, err := s.writer.get(context.Background()); err == nil {
		w.Close()
	}
	s.apply.Close()
}

// later is a value that is made in the background.
type later[T any] struct {
	done  chan struct{}
	value *outcome[T]
}

type outcome[T any] struct {
	value T
	err   error
}

func newLater[T any]() later[T] { return later[T]{make(chan struct{}), new(outcome[T])} }

// set is called once.
func (l later[T]) set(value T, err error) {
	*l.value = outcome[T]{value, err}
	close(l.done)
}

// get waits for the value.
func (l later[T]) get(ctx context.Context) (value T, err error) {
	select {
	case <-l.done:
		return l.value.value, l.value.err
	case <-ctx.Done():
		return value, context.Cause(ctx)
	}
}

func (l later[T]) ready() bool {
	select {
	case <-l.done:
		return l.value.err == nil
	default:
		return false
	}
}
