package weightgen

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/imageloss"
	"github.com/warmstart-ml/warmstart/internal/rounds"
	"github.com/warmstart-ml/warmstart/textenc"
)

// refiner trains a generator through a base step by step: adapters for the step's prompts, the image loss and its gradient by each
// adapter, and from there the generator's step.
type refiner struct {
	*stepper
	options     RefineOptions
	fingerprint string
	pairs       []*corpus.Pairs // of each concept
	prompts     [][]string      // likewise
	rounds      *rounds.Rounds  // of the concepts

	sampler *sampler // for as many prompts as there are in a step
	engine  *imageloss.Engine
	tasks   []imageloss.Task // of a step's visits
}

// Inputs of the step.
const (
	feedPrompts  = scalarCount + iota // [together, tokens, features]
	feedWords                         // [together, tokens], the mask of these
	feedGradient                      // [together, blocks, size], of the loss by the generated blocks
)

// newRefiner makes a refiner with the given state.
func newRefiner(backend compute.Backend, o RefineOptions, state [][]float32) (r *refiner, err error) {
	r = &refiner{options: o, fingerprint: o.fingerprint()}
	if err := r.readConcepts(); err != nil {
		return nil, err
	}
	m, g := o.Weights.Model, o.Base.Generator.Config
	r.stepper, err = newStepper(backend, "second-stage training step of the weight generator", m, o.Config.Optimiser, state, r.alongGradient)
	if err != nil {
		return nil, err
	}
	if r.sampler, err = newSampler(backend, m, o.Config.Together); err != nil {
		r.Close()
		return nil, err
	}
	g.Batch = o.Config.Batch
	if r.engine, err = imageloss.New(g, o.Base.Layout, false, min(o.Config.Together, runtime.GOMAXPROCS(0))); err != nil {
		r.Close()
		return nil, err
	}
	if err := r.engine.SetBase(o.Base.Generator.Values); err != nil {
		r.Close()
		return nil, err
	}
	n := g.Batch * g.Size * g.Size * 3
	for range o.Config.Together {
		r.tasks = append(r.tasks, imageloss.Task{X: make([]float32, n), Y: make([]float32, n)})
	}
	return r, nil
}

// readConcepts chooses the concepts' pictures and the wordings that the encoder can read.
func (r *refiner) readConcepts() error {
	o := r.options
	var weights []int
	skipped := 0
	for _, c := range o.Concepts {
		weights = append(weights, c.Weight())
		p, err := o.Pictures.Pairs(c, corpus.Choice{Pairs: o.Config.Pairs, Photos: o.Config.Photos, Seed: o.Config.Seed})
		if err != nil {
			return err
		}
		prompts, unknown, err := readable(o.Weights.Model.Encoder, c)
		if err != nil {
			return err
		}
		skipped += unknown
		r.pairs, r.prompts = append(r.pairs, p), append(r.prompts, prompts)
	}
	if skipped > 0 {
		o.notice(fmt.Sprintf("%d wordings are left out: the first stage has learnt none of the words that matter in them", skipped))
	}
	r.rounds = rounds.New(o.Config.Seed, weights)
	return nil
}

// readable returns a concept's wordings without those, which it counts, whose words the encoder does not know. It is an error if no wording is
// left, or if the encoder knows the words of one and can't take it.
func readable(encoder textenc.Encoder, c concept.Concept) (prompts []string, unknown int, err error) {
	tokens, features := encoder.Shape()
	rows, mask := make([]float32, tokens*features), make([]float32, tokens)
	all := c.Phrasings()
	for _, text := range all {
		_, err := encoder.Encode(text, rows, mask)
		var p *textenc.PromptError
		switch {
		case err == nil:
			prompts = append(prompts, text)
		case errors.As(err, &p) && p.Known <= p.Most && unknown+1 < len(all):
			unknown++
		default:
			return nil, 0, fmt.Errorf("concept %s, %q: %w", c.ID, text, err)
		}
	}
	return prompts, unknown, nil
}

// alongGradient declares the inputs from feedPrompts on, and returns the sum of the generated blocks' values times the loss's gradient by
// them: what has the same gradient by the generator's weights as the loss.
func (r *refiner) alongGradient(g *Graph, weights []*Node) *Node {
	m, together := r.options.Weights.Model, r.options.Config.Together
	tokens, features := m.Encoder.Shape()
	feed := func(name string, dims ...int) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32, dims...)) }
	rows, mask := feed("rows", together, tokens, features), feed("mask", together, tokens)
	gradient := feed("gradient", together, m.layout.Blocks, m.layout.Size)
	return ReduceAllSum(Mul(m.OneStep(m.Params.NewEnv(weights, nil), rows, mask), gradient))
}

// visit is what one of a step's places trains on.
type visit struct {
	concept int // an index
	prompt  int // of its wordings
	first   int // the number of its pairs that were shown before
}

// visits returns those of a step, counted from 0: a function of the seed and the step alone.
func (r *refiner) visits(step int) []visit {
	c := r.options.Config
	all := make([]visit, c.Together)
	for k := range all {
		place := step*c.Together + k
		d := r.rounds.At(place)
		wording := rand.New(rand.NewPCG(c.Seed^streamWording, uint64(place)))
		all[k] = visit{concept: d.Thing, prompt: wording.IntN(len(r.prompts[d.Thing])), first: d.Visit * c.Batch}
	}
	return all
}

// Step trains on one step's visits and returns the mean absolute error before the weights changed.
func (r *refiner) Step() (loss float32, err error) {
	visits := r.visits(r.step)
	if err := r.generate(visits); err != nil {
		return 0, fmt.Errorf("step %d: %w", r.step+1, err)
	}
	if err := r.show(visits); err != nil {
		return 0, fmt.Errorf("data of step %d: %w", r.step+1, err)
	}
	if err := r.engine.Run(r.tasks); err != nil {
		return 0, fmt.Errorf("step %d: %w", r.step+1, err)
	}
	code, share := r.options.Code, 1/float32(len(r.tasks)) // the loss is the mean over the tasks
	size := code.Blocks.Size()
	for k, t := range r.tasks {
		gradient := code.Blocks.Cut(r.options.Base.Layout.Cut(t.Gradient))
		for i := range gradient {
			gradient[i] *= code.Scale[i/size] * share
		}
		copy(part(r.feeds[feedGradient].Data, k, len(gradient)), gradient)
		loss += t.Loss * share
	}
	_, err = r.run()
	return loss, err
}

// generate makes the adapters for the visits' prompts, and writes these for the step.
func (r *refiner) generate(visits []visit) error {
	var prompts []string
	for _, v := range visits {
		prompts = append(prompts, r.prompts[v.concept][v.prompt])
	}
	weights := r.state[:len(r.model.Params.List())]
	samples, _, err := r.sampler.sample(context.Background(), weights, prompts, Sampling{})
	if err != nil {
		return err
	}
	copy(r.feeds[feedPrompts].Data, r.sampler.rows.Data)
	copy(r.feeds[feedWords].Data, r.sampler.mask.Data)
	for k, values := range samples {
		r.tasks[k].Adapter = slices.Concat(r.options.Code.Decode(values)...)
	}
	return nil
}

// show writes the visits' pictures, on all cores: targets are made when they are first needed.
func (r *refiner) show(visits []visit) error {
	batch := r.options.Config.Batch
	return corpus.Parallel(context.Background(), len(visits)*batch, func(i int) error {
		k, j := i/batch, i%batch
		p, t := r.pairs[visits[k].concept], r.tasks[k]
		n, values := visits[k].first+j, len(t.X)/batch
		return p.Copy(n%p.Len(), n/p.Len()%2 == 1, part(t.X, j, values), part(t.Y, j, values))
	})
}

func (r *refiner) images() int { return r.options.Config.Together * r.options.Config.Batch }

// about describes the training's checkpoints.
func (r *refiner) about() *file {
	f := r.model.describe(formatCheckpoint, r.fingerprint, r.step)
	f.refine = &r.options.Config
	return f
}

// Save writes the training state into dir.
func (r *refiner) Save(dir string) error { return r.save(dir, r.about()) }

// Weights returns a copy of the averaged weights.
func (r *refiner) Weights() (*Weights, error) {
	values, err := r.weights()
	config := r.options.Config
	return &Weights{Model: r.model, Values: values, Step: r.step, Refined: &config, data: r.fingerprint}, err
}

// resumeRefiner makes a refiner from the newest whole checkpoint in the run's folder.
func resumeRefiner(backend compute.Backend, o RefineOptions) (r *refiner, notice string, err error) {
	m := o.Weights.Model
	want := file{config: m.config, refine: &o.Config, layout: m.layout}
	_, state, step, notice, err := want.resume(o.Dir, func(*Model) string { return o.fingerprint() })
	if err != nil {
		return nil, "", err
	}
	if r, err = newRefiner(backend, o, state); err != nil {
		return nil, "", err
	}
	r.step = step
	return r, notice, nil
}

// Close frees what was compiled and the state.
func (r *refiner) Close() {
	r.stepper.Close()
	if r.sampler != nil {
		r.sampler.program.Close()
	}
	if r.engine != nil {
		r.engine.Close()
	}
}
