package weightgen

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// Sampling tells how to make an adapter.
type Sampling struct {
	// Steps is the number of DDIM steps (Song et al., arXiv 2010.02502, with eta 0), 1 to Times; 0 means 1.
	//
	// At the start of sampling the input is noise that says nothing about the adapter, and a network that predicts x0
	// or v can only answer with the mean of all adapters that the prompt may mean. Noise would be a disturbance, so
	// one step starts from nothing, which training has shown to the network (Config.Terminal): the result is
	// the same for every seed. Several steps start from noise.
	Steps int
	// Guidance is how far predictions with the prompt are exaggerated against those without (Ho and Salimans,
	// arXiv 2207.12598): their difference is multiplied by it. 0 means 1: as they are.
	Guidance float64
	Seed     uint64 // of the noise
}

func (o Sampling) check() (Sampling, error) {
	if o.Steps == 0 {
		o.Steps = 1
	}
	if o.Guidance == 0 {
		o.Guidance = 1
	}
	if o.Steps < 1 || o.Steps > Times {
		return o, fmt.Errorf("%d sampling steps: there must be 1 to %d", o.Steps, Times)
	}
	if !(o.Guidance > 0 && o.Guidance <= 100) {
		return o, errors.New("guidance must be above 0 and at most 100")
	}
	return o, nil
}

// sampler makes adapters for batches of prompts.
type sampler struct {
	model   *Model
	batch   int
	program *nn.Program
	values  []bool // the mask of a Dataset; nil for one-step samples, of which padding is left as it comes

	noisy, time, rows, mask *nn.Feed
}

func newSampler(backend compute.Backend, m *Model, batch int) (s *sampler, err error) {
	s = &sampler{model: m, batch: batch}
	tokens, features := m.Encoder.Shape()
	s.program, err = nn.Compile(backend, "weight generator", func(g *Graph) []*Node {
		e := m.Params.NewEnv(m.Params.Inputs(g, ""), nil)
		feed := func(name string, dims ...int) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32, dims...)) }
		return []*Node{m.Forward(e, Input{
			Noisy: feed("noisy", batch, m.layout.Blocks, m.layout.Size), Time: feed("time", batch, TimeFeatures),
			Rows: feed("rows", batch, tokens, features), Mask: feed("mask", batch, tokens),
		})}
	})
	if err != nil {
		return nil, err
	}
	_, shapes := s.program.Inputs()
	for i, f := range []**nn.Feed{&s.noisy, &s.time, &s.rows, &s.mask} {
		if *f, err = nn.NewFeed(backend, shapes[len(m.Params.List())+i].Dimensions...); err != nil {
			s.program.Close()
			return nil, err
		}
	}
	return s, nil
}

// sample returns an adapter [blocks*size] for each of at most s.batch prompts, and each prompt's unknown words.
// Weights are the model's parameters.
func (s *sampler) sample(ctx context.Context, weights []compute.Buffer, prompts []string, o Sampling) (adapters [][]float32, unknown [][]string, err error) {
	if o, err = o.check(); err != nil {
		return nil, nil, err
	}
	if unknown, err = s.encode(prompts); err != nil {
		return nil, nil, err
	}
	s.start(o)
	c, x := s.model.config, s.noisy.Data
	visited := times(o.Steps)
	for i, t := range visited {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		prediction, err := s.predict(weights, t, o.Guidance)
		if err != nil {
			return nil, nil, err
		}
		level, next := s.model.schedule.Level(t), Level{A: 1}
		if i+1 < len(visited) {
			next = s.model.schedule.Level(visited[i+1])
		}
		for j, p := range prediction {
			x0 := 0.0
			if s.isValue(j) {
				x0 = level.Clean(c.Target, float64(p), float64(x[j]))
			}
			x[j] = float32(next.Noisy(x0, level.Noise(float64(x[j]), x0)))
		}
	}
	n := s.model.layout.Blocks * s.model.layout.Size
	for i := range prompts {
		adapters = append(adapters, append([]float32(nil), part(x, i, n)...))
	}
	return adapters, unknown, nil
}

// isValue tells whether a value of the batch's adapters is one and not padding. What padding is, the network knows: it is 0. But it has not
// learnt to predict noise or v there, and several steps would carry that on.
func (s *sampler) isValue(i int) bool { return s.values == nil || s.values[i%len(s.values)] }

// sampleAll returns a one-step sample for each of any number of prompts.
func (s *sampler) sampleAll(ctx context.Context, weights []compute.Buffer, prompts []string) ([][]float32, error) {
	var samples [][]float32
	for from := 0; from < len(prompts); from += s.batch {
		adapters, _, err := s.sample(ctx, weights, prompts[from:min(from+s.batch, len(prompts))], Sampling{})
		if err != nil {
			return nil, err
		}
		samples = append(samples, adapters...)
	}
	return samples, nil
}

// start writes what sampling starts from.
func (s *sampler) start(o Sampling) {
	clear(s.noisy.Data)
	if o.Steps == 1 && s.model.config.Terminal > 0 {
		return
	}
	n := s.model.layout.Blocks * s.model.layout.Size
	for i := range s.batch {
		rng := rand.New(rand.NewPCG(o.Seed^streamSampling, uint64(i)))
		for j := range n {
			part(s.noisy.Data, i, n)[j] = float32(rng.NormFloat64())
		}
	}
}

// encode writes the prompts; what is left of the batch stays without one.
func (s *sampler) encode(prompts []string) (unknown [][]string, err error) {
	tokens, features := s.model.Encoder.Shape()
	clear(s.rows.Data)
	clear(s.mask.Data)
	for i, p := range prompts {
		u, err := s.model.Encoder.Encode(p, part(s.rows.Data, i, tokens*features), part(s.mask.Data, i, tokens))
		if err != nil {
			return nil, err
		}
		unknown = append(unknown, u)
	}
	return unknown, nil
}

// predict returns the guided prediction of the target at time t.
func (s *sampler) predict(weights []compute.Buffer, t int, guidance float64) ([]float32, error) {
	for i := range s.batch {
		TimeEmbedding(t, part(s.time.Data, i, TimeFeatures))
	}
	prediction, err := s.run(weights)
	if err != nil || guidance == 1 {
		return prediction, err
	}
	mask := append([]float32(nil), s.mask.Data...)
	clear(s.mask.Data)
	plain, err := s.run(weights)
	copy(s.mask.Data, mask)
	if err != nil {
		return nil, err
	}
	for i, p := range plain {
		prediction[i] = p + float32(guidance)*(prediction[i]-p)
	}
	return prediction, nil
}

// run returns the plain prediction [batch*blocks*size] for what is in the feeds.
func (s *sampler) run(weights []compute.Buffer) ([]float32, error) {
	inputs := append([]compute.Buffer(nil), weights...)
	for _, f := range []*nn.Feed{s.noisy, s.time, s.rows, s.mask} {
		b, err := f.Buffer()
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, b)
	}
	out, err := s.program.Run(inputs, make([]bool, len(inputs)))
	if err != nil {
		return nil, err
	}
	defer out[0].Finalize()
	values := make([]float32, len(s.noisy.Data))
	return values, out[0].ToFlatData(values)
}
