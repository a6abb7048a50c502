package evaluate

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/lora"
)

// Untuned measures many generators of one base without tuning, on the same unseen concepts and pictures.
type Untuned struct {
	*lab
	adapters [][][]float32 // trained on the concepts' own pairs
	rate     Candidate
	model    *gan.Model
}

// NewUntuned makes pictures and trains the adapters that others are compared with, or reads these from the cache. Models.Open is not needed.
func NewUntuned(ctx context.Context, backend compute.Backend, o Options) (u *Untuned, err error) {
	u = &Untuned{}
	if u.lab, err = newLab(ctx, backend, o); err != nil {
		return nil, err
	}
	if u.adapters, u.rate, err = u.trained(ctx, u.scenes, u.asks); err == nil {
		u.model, err = gan.NewModel(backend, o.Models.Base.Generator)
	}
	if err != nil {
		u.close()
		return nil, err
	}
	return u, nil
}

// Measure returns how good a generator is, and the adapters that it makes of the concepts' prompts.
func (u *Untuned) Measure(ctx context.Context, g Generator) (*Quality, [][][]float32, error) {
	made, err := u.generate(ctx, g, u.asks)
	if err != nil {
		return nil, nil, err
	}
	rows, err := u.rows(ctx, u.scenes, u.asks, made, u.adapters)
	if err != nil {
		return nil, nil, err
	}
	return summarise(rows, u.rate), made, nil
}

// Example is the first test picture of a concept.
type Example struct {
	Prompt        string
	Input, Target *imageio.Image
}

// Example returns that of the concept in row i of the quality.
func (u *Untuned) Example(ctx context.Context, i int) (Example, error) {
	e, err := u.scenes.exam(ctx, u.asks[i])
	if err != nil {
		return Example{}, err
	}
	input, target, err := e.pairs.Pair(0)
	return Example{u.asks[i].prompt, input, target}, err
}

// Apply returns what the base makes of a picture with an adapter.
func (u *Untuned) Apply(ctx context.Context, adapter [][]float32, input *imageio.Image) (*imageio.Image, error) {
	w, err := u.o.Models.Base.Apply(&lora.Adapter{Values: adapter})
	if err != nil {
		return nil, err
	}
	if err := u.model.SetValues(w.Values); err != nil {
		return nil, err
	}
	out, err := u.model.Apply(ctx, []*imageio.Image{input})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Close frees what has been compiled.
func (u *Untuned) Close() {
	u.model.Close()
	u.close()
}
