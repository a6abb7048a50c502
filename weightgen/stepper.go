package weightgen

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Optimiser is how weights follow their gradients: by AdamW (Loshchilov and Hutter, arXiv 1711.05101).
type Optimiser struct {
	Steps       int     `json:"steps"`        // in total
	Warmup      int     `json:"warmup"`       // the first steps, in which the learning rate rises linearly from 0
	LR          float64 `json:"lr"`           // the highest learning rate; it falls along half a cosine to 0
	WeightDecay float64 `json:"weight_decay"` // decoupled, of parameters with two axes or more
	EMA         float64 `json:"ema"`          // decay per step of the average of the weights that is kept
}

// checked are the settings for firstWrong.
func (o Optimiser) checked() []setting {
	return []setting{
		{"steps", o.Steps > 0, "at least 1"},
		{"warmup", between(o.Warmup, 0, o.Steps), "0 to the number of steps"},
		{"lr", o.LR >= 0, "at least 0"},
		{"weight_decay", o.WeightDecay >= 0, "at least 0"},
		{"ema", o.EMA >= 0 && o.EMA < 1, "in [0,1)"},
	}
}

// rate returns the learning rate at a step, counted from 0.
func (o Optimiser) rate(step int) float64 {
	if step < o.Warmup {
		return o.LR * float64(step+1) / float64(o.Warmup)
	}
	progress := float64(step-o.Warmup) / float64(max(o.Steps-o.Warmup, 1))
	return o.LR * (1 + math.Cos(math.Pi*progress)) / 2
}

// average returns the decay of the average at a step: first steps, whose weights are random, fade sooner.
func (o Optimiser) average(step int) float64 {
	return min(o.EMA, float64(1+step)/float64(10+step))
}

// groups are the parts of a training's state, each with one buffer per parameter: weights, both of Adam's moments, and the
// average of the weights.
var groups = [...]string{"weights", "m", "v", "ema"}

// fresh returns the state that training starts from with the given weights.
func fresh(weights [][]float32) (state [][]float32) {
	for _, group := range groups {
		for _, w := range weights {
			if group == "m" || group == "v" {
				w = make([]float32, len(w))
			}
			state = append(state, w)
		}
	}
	return state
}

// stepper holds the state of a model's training on a backend, and the program that does a step.
type stepper struct {
	model     *Model
	optimiser Optimiser
	program   *nn.Program

	step  int              // the number of steps done
	state []compute.Buffer // one per parameter of every group
	feeds []*nn.Feed       // the inputs behind the state: the scalars below, then those that the loss declares

	inputs []compute.Buffer // state and feeds, as the program takes them
	donate []bool           // true for the state
}

// The first feeds, all scalars.
const (
	feedSize       = iota // Adam's step size
	feedCorrection        // its second moment's correction
	feedDecay             // what weight decay leaves of a parameter
	feedAverage           // the decay of the average
	scalarCount
)

// newStepper compiles the step that lowers a loss. Loss declares its inputs with Parameter, which become feeds, and returns a scalar.
func newStepper(
	backend compute.Backend, name string, m *Model, o Optimiser, state [][]float32, loss func(g *Graph, weights []*Node) *Node,
) (s *stepper, err error) {
	s = &stepper{model: m, optimiser: o}
	if s.program, err = nn.Compile(backend, name, func(g *Graph) []*Node { return s.build(g, loss) }); err != nil {
		return nil, err
	}
	_, shapes := s.program.Inputs()
	for i, shape := range shapes {
		if i < len(state) {
			b, err := backend.BufferFromFlatData(0, state[i], shape)
			if err != nil {
				s.Close()
				return nil, fmt.Errorf("upload the training state: %w", err)
			}
			s.state = append(s.state, b)
			continue
		}
		f, err := nn.NewFeed(backend, shape.Dimensions...)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.feeds = append(s.feeds, f)
	}
	s.inputs, s.donate = make([]compute.Buffer, len(shapes)), make([]bool, len(shapes))
	for i := range s.state {
		s.donate[i] = true
	}
	return s, nil
}

const adamBeta1, adamBeta2 = 0.9, 0.999

// build makes the graph of a step, which returns the new state and the loss.
func (s *stepper) build(g *Graph, loss func(g *Graph, weights []*Node) *Node) []*Node {
	var in, out [len(groups)][]*Node
	for i, group := range groups {
		in[i] = s.model.Params.Inputs(g, group+"/")
	}
	var scalars [scalarCount]*Node
	for i := range scalars {
		scalars[i] = Parameter(g, fmt.Sprintf("scalar.%d", i), shapes.Make(dtypes.Float32))
	}
	l := loss(g, in[0])
	adam := nn.Adam{Beta1: adamBeta1, Beta2: adamBeta2, Epsilon: 1e-8}
	for i, gradient := range Gradient(l, in[0]...) {
		w := in[0][i]
		// A layer's biases, scales and shifts, which have one axis, do not decay. Embeddings do, and so does the output's bias,
		// which is another for each block.
		if w.Rank() > 1 {
			w = Mul(w, scalars[feedDecay])
		}
		w, m, v := adam.Apply(w, in[1][i], in[2][i], gradient, scalars[feedSize], scalars[feedCorrection])
		average := Add(w, Mul(Sub(in[3][i], w), scalars[feedAverage]))
		for j, node := range []*Node{w, m, v, average} {
			out[j] = append(out[j], node)
		}
	}
	var all []*Node
	for _, group := range out {
		all = append(all, group...)
	}
	return append(all, l)
}

// StepsDone returns the number of steps done.
func (s *stepper) StepsDone() int { return s.step }

func (s *stepper) settings() Optimiser { return s.optimiser }

// run does the next step with what is in the feeds, and returns the loss before the weights changed.
func (s *stepper) run() (float32, error) {
	o := s.optimiser
	lr := o.rate(s.step)
	size, correction := nn.Adam{Beta1: adamBeta1, Beta2: adamBeta2}.Scalars(s.step+1, lr)
	s.feeds[feedSize].Data[0], s.feeds[feedCorrection].Data[0] = size, correction
	s.feeds[feedDecay].Data[0], s.feeds[feedAverage].Data[0] = float32(1-lr*o.WeightDecay), float32(o.average(s.step))
	copy(s.inputs, s.state)
	for i, f := range s.feeds {
		b, err := f.Buffer()
		if err != nil {
			return 0, err
		}
		s.inputs[len(s.state)+i] = b
	}
	out, err := s.program.Run(s.inputs, s.donate)
	if err != nil {
		return 0, fmt.Errorf("step %d: %w", s.step+1, err)
	}
	copy(s.state, out)
	s.step++
	var loss [1]float32
	last := out[len(out)-1]
	if err := last.ToFlatData(loss[:]); err != nil {
		return 0, err
	}
	return loss[0], last.Finalize()
}

// averaged returns the buffers of the averaged weights, which are the ones to use.
func (s *stepper) averaged() []compute.Buffer {
	return s.state[len(s.state)-len(s.model.Params.List()):]
}

// weights returns a copy of the averaged weights.
func (s *stepper) weights() ([][]float32, error) {
	var all [][]float32
	for i, p := range s.model.Params.List() {
		values := make([]float32, p.Size())
		if err := s.averaged()[i].ToFlatData(values); err != nil {
			return nil, fmt.Errorf("read %s: %w", p.Name, err)
		}
		all = append(all, values)
	}
	return all, nil
}

// tensors returns the state, in the memory of the backend where it shares that. Non-finite values are a *divergedError.
func (s *stepper) tensors() ([]safetensors.Tensor, error) {
	var all []safetensors.Tensor
	for _, group := range groups {
		for _, p := range s.model.Params.List() {
			values, err := nn.Values(s.state[len(all)])
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", p.Name, err)
			}
			if !nn.Finite(values) {
				return nil, &divergedError{s.step}
			}
			all = append(all, safetensors.Float32(group+"/"+p.Name, p.Dims, values))
		}
	}
	return all, nil
}

// divergedError tells that the weights are of no use any more.
type divergedError struct{ step int }

func (e *divergedError) Error() string {
	return fmt.Sprintf("training diverged at step %d: lower the learning rate", e.step)
}

// Close frees the compiled step and the state.
func (s *stepper) Close() {
	s.program.Close()
	for _, b := range s.state {
		b.Finalize()
	}
	s.state = nil
}
