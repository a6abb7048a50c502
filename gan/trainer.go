package gan

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// Losses are one step's losses, before the weights changed.
type Losses struct {
	GAN      float32 `json:"gan"`       // the generator's adversarial loss
	L1       float32 `json:"l1"`        // mean |output - target|, in [0,2]
	DiscReal float32 `json:"disc_real"` // the discriminator's on real pairs
	DiscFake float32 `json:"disc_fake"` // and on generated ones
}

// Trainer trains a generator and its discriminator step by step. It is not safe for concurrent use.
type Trainer struct {
	config    Config
	backend   compute.Backend
	gen, disc *Network
	program   *nn.Program

	step  int              // the number of steps done
	state []compute.Buffer // one per parameter of every group
	feeds []*nn.Feed       // the inputs behind the state: see feedX and following
	masks *nn.Masks

	inputs []compute.Buffer // state and feeds, as the program takes them
	donate []bool           // true for the state
}

// Inputs behind the state.
const (
	feedX          = iota // [batch, size, size, 3]
	feedY                 // the same
	feedGenSize           // Adam's step size for the generator, a scalar
	feedDiscSize          // and for the discriminator
	feedCorrection        // its second moment's correction
	feedMasks             // the dropout masks from here on
)

// NewTrainer makes a trainer with fresh weights. It compiles the training step, which takes a moment.
func NewTrainer(backend compute.Backend, c Config) (*Trainer, error) {
	t, blank, err := newTrainer(backend, c)
	if err != nil {
		return nil, err
	}
	t.drawState(blank)
	return t, t.setState(blank)
}

// newTrainer makes a trainer whose state is yet to be filled in: blank has memory for it.
func newTrainer(backend compute.Backend, c Config) (t *Trainer, blank []*nn.Feed, err error) {
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	gen, err := c.generator()
	if err != nil {
		return nil, nil, err
	}
	t = &Trainer{config: c, backend: backend, gen: gen, disc: c.discriminator(), masks: &nn.Masks{}}
	if t.program, err = nn.Compile(backend, "training step of "+c.Preset, t.build); err != nil {
		return nil, nil, err
	}
	_, shapes := t.program.Inputs()
	for _, s := range shapes {
		f, err := nn.NewFeed(backend, s.Dimensions...)
		if err != nil {
			return nil, nil, err
		}
		t.feeds = append(t.feeds, f)
	}
	t.inputs = make([]compute.Buffer, len(shapes))
	t.donate = make([]bool, len(shapes))
	state := len(shapes) - feedMasks - t.masks.Len()
	for i := range state {
		t.donate[i] = true
	}
	blank, t.feeds = t.feeds[:state], t.feeds[state:]
	return t, blank, nil
}

// Config returns what the trainer was made with.
func (t *Trainer) Config() Config { return t.config }

// StepsDone returns the number of steps done.
func (t *Trainer) StepsDone() int { return t.step }

// tensorGroup is a part of the state: it has one buffer per parameter of its network.
type tensorGroup struct {
	name   string
	params *nn.Params
}

// groups lists the training state in the order of the program's inputs and outputs: weights and both of
// Adam's moments of the generator and the discriminator, and the averaged generator if there is one.
func (t *Trainer) groups() []tensorGroup {
	gen, disc := &t.gen.Params, &t.disc.Params
	groups := []tensorGroup{
		{"generator", gen}, {"generator.m", gen}, {"generator.v", gen},
		{"discriminator", disc}, {"discriminator.m", disc}, {"discriminator.v", disc},
	}
	if t.config.EMA > 0 {
		groups = append(groups, tensorGroup{"ema", gen})
	}
	return groups
}

// trained returns the buffers of the generator to apply: the average if there is one.
func (t *Trainer) trained() []compute.Buffer {
	n := len(t.gen.Params.List())
	if t.config.EMA > 0 {
		return t.state[len(t.state)-n:]
	}
	return t.state[:n]
}

// drawState draws the first weights; moments start at 0 and the average at the weights.
func (t *Trainer) drawState(blank []*nn.Feed) {
	for _, g := range t.groups() {
		for i := range g.params.List() {
			dst := blank[i].Data
			switch g.name {
			case "generator", "ema":
				g.params.Draw(nn.Ref(i), t.config.Seed, dst)
			case "discriminator":
				g.params.Draw(nn.Ref(i), t.config.Seed+1, dst)
			default:
				clear(dst)
			}
		}
		blank = blank[len(g.params.List()):]
	}
}

// setState takes over the state that has been filled in.
func (t *Trainer) setState(filled []*nn.Feed) error {
	for _, f := range filled {
		b, err := f.Buffer()
		if err != nil {
			return fmt.Errorf("upload the training state: %w", err)
		}
		t.state = append(t.state, b)
	}
	return nil
}

// build makes the graph of one step: fake images, the discriminator's update on them, and the generator's
// update against the updated discriminator, as pix2pix's published code has it.
func (t *Trainer) build(g *Graph) []*Node {
	c, adam := t.config, nn.Adam{Beta1: t.config.Beta1, Beta2: t.config.Beta2, Epsilon: 1e-8}
	var in [][]*Node
	for _, group := range t.groups() {
		in = append(in, group.params.Inputs(g, group.name+"/"))
	}
	image := shapes.Make(dtypes.Float32, c.Batch, c.Size, c.Size, 3)
	x, y := Parameter(g, "x", image), Parameter(g, "y", image)
	scalar := func(name string) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32)) }
	genSize, discSize, correction := scalar("generator step size"), scalar("discriminator step size"), scalar("correction")

	fake := t.gen.Forward(t.gen.Params.NewEnv(in[0], t.masks), x)

	// Real and generated pairs go through the discriminator as one batch: instance norm keeps them apart.
	real, generated := Concatenate([]*Node{x, y}, -1), Concatenate([]*Node{x, StopGradient(fake)}, -1)
	logits := t.disc.Forward(t.disc.Params.NewEnv(in[3], nil), Concatenate([]*Node{real, generated}, 0))
	lossReal := adversarial(c.Loss, SliceAxis(logits, 0, AxisRange(0, c.Batch)), true)
	lossFake := adversarial(c.Loss, SliceAxis(logits, 0, AxisRange(c.Batch, 2*c.Batch)), false)
	discLoss := MulScalar(Add(lossReal, lossFake), 0.5)
	disc := update(adam, in[3:6], Gradient(discLoss, in[3]...), discSize, correction)

	updated := make([]*Node, len(disc[0]))
	for i, w := range disc[0] {
		updated[i] = StopGradient(w)
	}
	logits = t.disc.Forward(t.disc.Params.NewEnv(updated, nil), Concatenate([]*Node{x, fake}, -1))
	lossGAN, lossL1 := adversarial(c.Loss, logits, true), l1(fake, y)
	genLoss := Add(lossGAN, MulScalar(lossL1, c.LambdaL1))
	gen := update(adam, in[0:3], Gradient(genLoss, in[0]...), genSize, correction)

	var out []*Node
	for _, group := range append(gen, disc...) {
		out = append(out, group...)
	}
	if c.EMA > 0 {
		for i, w := range gen[0] {
			out = append(out, Add(MulScalar(in[6][i], c.EMA), MulScalar(w, 1-c.EMA)))
		}
	}
	return append(out, Stack([]*Node{lossGAN, lossL1, lossReal, lossFake}, 0))
}

// update returns the weights and moments (weights, m, v) after a step of Adam.
func update(adam nn.Adam, in [][]*Node, gradients []*Node, size, correction *Node) [][]*Node {
	out := make([][]*Node, 3)
	for i, d := range gradients {
		w, m, v := adam.Apply(in[0][i], in[1][i], in[2][i], d, size, correction)
		out[0], out[1], out[2] = append(out[0], w), append(out[1], m), append(out[2], v)
	}
	return out
}

// Step trains on one batch: source images x and targets y [batch, size, size, 3] in [-1,1]. After an error the
// trainer must not be used any more.
func (t *Trainer) Step(x, y []float32) (Losses, error) {
	want := len(t.feeds[feedX].Data)
	if len(x) != want || len(y) != want {
		return Losses{}, fmt.Errorf("a batch has %d and %d values, wanted %d each (%d images of %dx%d)",
			len(x), len(y), want, t.config.Batch, t.config.Size, t.config.Size)
	}
	copy(t.feeds[feedX].Data, x)
	copy(t.feeds[feedY].Data, y)
	t.fillFeeds()
	n := copy(t.inputs, t.state)
	for i, f := range t.feeds {
		b, err := f.Buffer()
		if err != nil {
			return Losses{}, err
		}
		t.inputs[n+i] = b
	}
	out, err := t.program.Run(t.inputs, t.donate)
	if err != nil {
		return Losses{}, fmt.Errorf("step %d: %w", t.step+1, err)
	}
	copy(t.state, out)
	t.step++
	var l [4]float32
	last := out[len(out)-1]
	if err := last.ToFlatData(l[:]); err != nil {
		return Losses{}, err
	}
	return Losses{GAN: l[0], L1: l[1], DiscReal: l[2], DiscFake: l[3]}, last.Finalize()
}

// fillFeeds writes the inputs that follow from the number of the step.
func (t *Trainer) fillFeeds() {
	c := t.config
	adam, rate := nn.Adam{Beta1: c.Beta1, Beta2: c.Beta2}, c.rate(t.step)
	genSize, correction := adam.Scalars(t.step+1, c.LR*rate)
	discSize, _ := adam.Scalars(t.step+1, c.DiscLR*rate)
	t.feeds[feedGenSize].Data[0] = genSize
	t.feeds[feedDiscSize].Data[0] = discSize
	t.feeds[feedCorrection].Data[0] = correction
	for i, f := range t.feeds[feedMasks:] {
		t.masks.Draw(i, c.Seed, uint64(t.step), f.Data)
	}
}

// Close frees the compiled step and the state.
func (t *Trainer) Close() {
	t.program.Close()
	for _, b := range t.state {
		b.Finalize()
	}
	t.state = nil
}
