package evaluate

import (
	"context"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
)

// Job is training from scratch on an unseen concept, as in contests and races, for other programs to do as well.
type Job struct {
	Concept, Prompt string
	Config          gan.Config // pix2pix as published, with the base's network
	// X and Y are the pairs to learn from, TestX and TestY those to measure with, each [n, size, size, rgb] in [-1,1].
	X, Y, TestX, TestY []float32
}

// Jobs returns n jobs, of concepts spread over the groups, and what identifies their pictures.
func Jobs(ctx context.Context, c Config, b *lora.Base, n int) (jobs []Job, pictures string, err error) {
	if err := c.check(); err != nil {
		return nil, "", err
	}
	s, err := newScenes(ctx, c, b.Generator.Config.Size)
	if err != nil {
		return nil, "", err
	}
	config, err := c.scratchConfig(b, c.published(), c.Race.Steps)
	if err != nil {
		return nil, "", err
	}
	for _, a := range spread(asks(c.Concepts), n) {
		j := Job{Concept: a.ID, Prompt: a.prompt, Config: config}
		pairs, err := s.lessons(ctx, a)
		if err != nil {
			return nil, "", err
		}
		if j.X, j.Y, err = tensors(pairs); err != nil {
			return nil, "", err
		}
		e, err := s.exam(ctx, a)
		if err != nil {
			return nil, "", err
		}
		j.TestX, j.TestY = e.x, e.y
		jobs = append(jobs, j)
	}
	return jobs, s.train.ID() + " " + s.test.ID(), nil
}

// tensors returns sources and targets.
func tensors(p *corpus.Pairs) (x, y []float32, err error) {
	for i := range p.Len() {
		source, target, err := p.Pair(i)
		if err != nil {
			return nil, nil, err
		}
		n := len(source.Pix)
		x, y = append(x, make([]float32, n)...), append(y, make([]float32, n)...)
		source.ToTensor(x[len(x)-n:])
		target.ToTensor(y[len(y)-n:])
	}
	return x, y, nil
}
