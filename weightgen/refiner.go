package weightgen

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/nn"
)

// refiner trains a generator through a base step by step.
type refiner struct {
	*stepper
	options     RefineOptions
	fingerprint string
	network     *gan.Network
	pairs       []*corpus.Pairs // of each concept
	prompts     [][]string      // likewise

	rows, mask *nn.Feed   // [together, tokens, features], [together, tokens]
	x, y       []*nn.Feed // of each draw: [batch, size, size, 3]
}

// newRefiner makes a refiner with the given state.
func newRefiner(backend compute.Backend, o RefineOptions, state [][]float32) (*refiner, error) {
	r := &refiner{options: o, fingerprint: o.fingerprint()}
	encoder := o.Weights.Model.Encoder
	tokens, features := encoder.Shape()
	rows, mask := make([]float32, tokens*features), make([]float32, tokens)
	for _, c := range o.Concepts {
		p, err := o.Pictures.Pairs(c, corpus.Choice{Pairs: o.Config.Pairs, Photos: o.Config.Photos, Seed: o.Config.Seed})
		if err != nil {
			return nil, err
		}
		r.pairs, r.prompts = append(r.pairs, p), append(r.prompts, c.Phrasings())
		for _, text := range c.Phrasings() {
			if _, err := encoder.Encode(text, rows, mask); err != nil {
				return nil, fmt.Errorf("concept %s, %q: %w", c.ID, text, err)
			}
		}
	}
	var err error
	if r.network, err = o.Base.Generator.Config.Network(); err != nil {
		return nil, err
	}
	r.stepper, err = newStepper(backend, "second-stage training step of the weight generator", o.Weights.Model, o.Config.Optimiser, state, r.loss)
	if err != nil {
		return nil, err
	}
	feeds := r.feeds[scalarCount:]
	for i, values := range o.Base.Generator.Values {
		copy(feeds[i].Data, values)
	}
	feeds = feeds[len(o.Base.Generator.Values):]
	r.rows, r.mask, feeds = feeds[0], feeds[1], feeds[2:]
	for k := range o.Config.Together {
		r.x, r.y = append(r.x, feeds[2*k]), append(r.y, feeds[2*k+1])
	}
	return r, nil
}

// loss declares the base's weights, the prompts and the pictures as inputs, and returns the mean absolute error of the pictures. (That of
// the base's training has a factor, which Adam would undo.)
func (r *refiner) loss(g *Graph, weights []*Node) *Node {
	o, m := r.options, r.options.Weights.Model
	c, size := o.Config, o.Base.Generator.Config.Size
	tokens, features := m.Encoder.Shape()
	base := r.network.Params.Inputs(g, "base/")
	feed := func(name string, dims ...int) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32, dims...)) }
	rows, mask := feed("rows", c.Together, tokens, features), feed("mask", c.Together, tokens)
	adapters := m.OneStep(m.Params.NewEnv(weights, nil), rows, mask) // [together, blocks, size]
	var losses []*Node
	for k := range c.Together {
		x, y := feed(fmt.Sprintf("x%d", k), c.Batch, size, size, 3), feed(fmt.Sprintf("y%d", k), c.Batch, size, size, 3)
		blocks := Reshape(SliceAxis(adapters, 0, AxisElem(k)), m.layout.Blocks, m.layout.Size)
		edited := r.options.apply(r.network, base, blocks, x)
		losses = append(losses, gan.L1(edited, y))
	}
	return ReduceAllMean(Stack(losses, 0))
}

// apply returns what the base makes of x [batch, height, width, 3] with the adapter of normalised blocks [blocks, size].
func (o RefineOptions) apply(network *gan.Network, base []*Node, blocks, x *Node) *Node {
	weights := o.Base.Layout.Weights(base, o.Code.DecodeNodes(blocks))
	return network.Forward(network.Params.NewEnv(weights, nil), x)
}

// visit is what one of a step's places trains on.
type visit struct {
	concept int // an index
	prompt  int // of its wordings
	first   int // the number of its pairs that were shown before
}

// visits returns those of a step, counted from 0: a function of the seed and the step alone. Every concept is visited once before any
// is visited again.
func (c RefineConfig) visits(step int, prompts [][]string) []visit {
	n := len(prompts)
	all := make([]visit, c.Together)
	for k := range all {
		place := step*c.Together + k
		epoch := place / n
		i := rand.New(rand.NewPCG(c.Seed, uint64(epoch))).Perm(n)[place%n]
		wording := rand.New(rand.NewPCG(c.Seed^streamWording, uint64(place)))
		all[k] = visit{concept: i, prompt: wording.IntN(len(prompts[i])), first: epoch * c.Batch}
	}
	return all
}

// Step trains on one step's visits and returns the mean absolute error before the weights changed.
func (r *refiner) Step() (float32, error) {
	visits := r.options.Config.visits(r.step, r.prompts)
	tokens, features := r.model.Encoder.Shape()
	for k, v := range visits {
		text := r.prompts[v.concept][v.prompt]
		r.model.Encoder.Encode(text, part(r.rows.Data, k, tokens*features), part(r.mask.Data, k, tokens)) // has been checked for errors
	}
	// On all cores: targets are made when they are first needed.
	batch := r.options.Config.Batch
	err := corpus.Parallel(context.Background(), len(visits)*batch, func(i int) error {
		k, j := i/batch, i%batch
		p := r.pairs[visits[k].concept]
		n := visits[k].first + j
		values := len(r.x[k].Data) / batch
		return p.Copy(n%p.Len(), n/p.Len()%2 == 1, part(r.x[k].Data, j, values), part(r.y[k].Data, j, values))
	})
	if err != nil {
		return 0, fmt.Errorf("data of step %d: %w", r.step+1, err)
	}
	return r.run()
}

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
	want := file{config: m.config, refine: &o.Config, layout: m.layout, data: o.fingerprint()}
	_, state, step, notice, err := want.resume(o.Dir)
	if err != nil {
		return nil, "", err
	}
	if r, err = newRefiner(backend, o, state); err != nil {
		return nil, "", err
	}
	r.step = step
	return r, notice, nil
}
