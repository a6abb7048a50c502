package weightgen

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/metrics"
)

// Quality compares pictures that a base makes with one-step samples and with what else could be used in their place, on concepts of an
// unseen group: the mean over pictures and concepts of their PSNR in dB.
type Quality struct {
	Generated float64 `json:"generated"` // by the generator, from a prompt
	Mean      float64 `json:"mean"`      // the mean adapter of the zoo
	Zero      float64 `json:"zero"`      // the base as it is
	Shuffled  float64 `json:"shuffled"`  // by the generator, from the prompt of another concept of the group
	Concepts  int     `json:"concepts"`
}

// What a gallery shows.
const (
	galleryConcepts = 8 // of each group, at most
	galleryPictures = 4 // of each concept
)

// gallery holds test pictures of unseen concepts, for evaluation during training. Nothing is learnt from them.
type gallery struct {
	options RefineOptions
	sampler *sampler
	model   *gan.Model
	groups  []group
}

// group is what a gallery has of an unseen group.
type group struct {
	name       string
	prompts    []string
	pairs      []*corpus.Pairs
	mean, zero float64
}

func newGallery(ctx context.Context, backend compute.Backend, o RefineOptions) (g *gallery, err error) {
	g = &gallery{options: o}
	m := o.Weights.Model
	if g.sampler, err = newSampler(backend, m, evalBatch); err != nil {
		return nil, err
	}
	if g.model, err = gan.NewModel(backend, o.Base.Generator); err != nil {
		g.sampler.program.Close()
		return nil, err
	}
	for _, name := range concept.Groups() {
		if err := g.add(ctx, name); err != nil {
			g.close()
			return nil, err
		}
	}
	return g, nil
}

// add chooses concepts of a group, spread evenly over it, and one wording of each. Those that the generator has no telling word for are left
// out: it may have learnt from a few concepts only.
func (g *gallery) add(ctx context.Context, name concept.Group) error {
	all := concept.Unseen(name)
	n := min(galleryConcepts, len(all))
	v := group{name: string(name)}
	tokens, features := g.sampler.model.Encoder.Shape()
	rows, mask := make([]float32, tokens*features), make([]float32, tokens)
	for i := range n {
		c := all[i*len(all)/n]
		prompts := c.Phrasings()
		if name == concept.Wording {
			prompts = c.HeldOut()
		}
		prompt := prompts[i%len(prompts)]
		if _, err := g.sampler.model.Encoder.Encode(prompt, rows, mask); err != nil {
			continue
		}
		p, err := g.options.Test.Pairs(c, corpus.Choice{Pairs: galleryPictures})
		if err != nil {
			return fmt.Errorf("test pictures: %w", err)
		}
		v.prompts, v.pairs = append(v.prompts, prompt), append(v.pairs, p)
	}
	if len(v.pairs) == 0 {
		return nil
	}
	g.groups = append(g.groups, v)
	return g.controls(ctx, &g.groups[len(g.groups)-1])
}

// controls computes what does not depend on the generator.
func (g *gallery) controls(ctx context.Context, v *group) error {
	zero := g.options.Code.Encode(g.options.Base.Layout.Initial())
	mean := make([]float32, len(zero))
	for _, p := range v.pairs {
		if err := g.measure(ctx, p, float64(len(v.pairs)), contender{&v.mean, mean}, contender{&v.zero, zero}); err != nil {
			return err
		}
	}
	return nil
}

// quality returns that of each group for a generator's weights.
func (g *gallery) quality(ctx context.Context, weights []compute.Buffer) (map[string]Quality, error) {
	results := map[string]Quality{}
	for _, v := range g.groups {
		samples, err := g.sampler.sampleAll(ctx, weights, v.prompts)
		if err != nil {
			return nil, fmt.Errorf("unseen group %s: %w", v.name, err)
		}
		n := len(samples)
		q := Quality{Mean: v.mean, Zero: v.zero, Concepts: n}
		for i, p := range v.pairs {
			err := g.measure(ctx, p, float64(n), contender{&q.Generated, samples[i]}, contender{&q.Shuffled, samples[(i+(n+1)/2)%n]})
			if err != nil {
				return nil, err
			}
		}
		results[v.name] = q
	}
	return results, nil
}

// contender is an adapter of normalised blocks, and where its mean PSNR goes.
type contender struct {
	mean    *float64
	adapter []float32
}

// measure adds to each contender's mean over so many concepts what it makes of one's pictures.
func (g *gallery) measure(ctx context.Context, p *corpus.Pairs, concepts float64, all ...contender) error {
	for _, c := range all {
		psnr, err := g.psnr(ctx, c.adapter, p)
		if err != nil {
			return err
		}
		*c.mean += psnr / concepts
	}
	return nil
}

// psnr returns the mean PSNR of a concept's pictures with an adapter of normalised blocks.
func (g *gallery) psnr(ctx context.Context, adapter []float32, p *corpus.Pairs) (float64, error) {
	base := g.options.Base
	if err := g.model.SetValues(base.Layout.Merge(base.Generator.Values, g.options.Code.Decode(adapter))); err != nil {
		return 0, err
	}
	var sources, targets []*imageio.Image
	for i := range p.Len() {
		source, target, err := p.Pair(i)
		if err != nil {
			return 0, fmt.Errorf("test pictures: %w", err)
		}
		sources, targets = append(sources, source), append(targets, target)
	}
	made, err := g.model.Apply(ctx, sources)
	sum := 0.0
	for i, m := range made {
		sum += metrics.PSNR(m, targets[i]) / float64(len(targets))
	}
	return sum, err
}

func (g *gallery) close() {
	g.model.Close()
	g.sampler.program.Close()
}
