package gan

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute"

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
	target    Parametrization
	program   *nn.Program

	step   int              // the number of steps done
	state  []compute.Buffer // one per parameter of every group
	frozen []compute.Buffer // the values of target.Base
	feeds  []*nn.Feed       // the inputs behind state and frozen: see feedX and following
	masks  *nn.Masks

	inputs []compute.Buffer // state, frozen and feeds, as the program takes them
	donate []bool           // true for the state
}

// Start holds the values that a training begins with.
type Start struct {
	Trained       [][]float32 // of what is trained; nil: Parametrization.Initial, or drawn by the seed
	Discriminator [][]float32 // nil: drawn by the seed
}

// Inputs behind the state and the frozen weights.
const (
	feedX          = iota // [batch, size, size, 3]
	feedY                 // the same
	feedGenSize           // Adam's step size for the generator, a scalar
	feedDiscSize          // and for the discriminator
	feedCorrection        // its second moment's correction
	feedMasks             // the dropout masks from here on
)

// NewTrainer makes a trainer of all of a generator's weights, which are drawn by the seed. It compiles the
// training step, which takes a moment.
func NewTrainer(backend compute.Backend, c Config) (*Trainer, error) {
	return NewParametrizedTrainer(backend, c, nil)
}

// NewParametrizedTrainer makes a trainer of what p says; nil stands for all weights.
func NewParametrizedTrainer(backend compute.Backend, c Config, p *Parametrization) (*Trainer, error) {
	t, err := newTrainer(backend, c, p)
	if err != nil {
		return nil, err
	}
	if err := t.Reset(c, Start{}); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// newTrainer makes a trainer without a state.
func newTrainer(backend compute.Backend, c Config, p *Parametrization) (*Trainer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	gen, err := c.Network()
	if err != nil {
		return nil, err
	}
	if p == nil {
		p = allWeights(gen)
	}
	t := &Trainer{config: c, backend: backend, gen: gen, disc: c.discriminator(), target: *p, masks: &nn.Masks{}}
	if t.program, err = nn.Compile(backend, "training step of "+c.Preset, t.build); err != nil {
		return nil, err
	}
	if err := t.reserve(); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// reserve makes the inputs of the program, except the state.
func (t *Trainer) reserve() (err error) {
	_, shapes := t.program.Inputs()
	state, frozen := t.stateSize(), len(t.target.Base)
	if t.frozen, err = upload(t.backend, &t.gen.Params, t.target.Base); err != nil {
		return err
	}
	for _, s := range shapes[state+frozen:] {
		f, err := nn.NewFeed(t.backend, s.Dimensions...)
		if err != nil {
			return err
		}
		t.feeds = append(t.feeds, f)
	}
	t.inputs = make([]compute.Buffer, len(shapes))
	t.donate = make([]bool, len(shapes))
	for i := range state {
		t.donate[i] = true
	}
	return nil
}

// Reset begins a new training without compiling anew. The configuration may differ from the trainer's in seed, numbers of
// steps and learning rates.
func (t *Trainer) Reset(c Config, start Start) error {
	if err := t.Schedule(c); err != nil {
		return err
	}
	blank, err := t.blank()
	if err != nil {
		return err
	}
	if err := t.begin(blank, start); err != nil {
		return err
	}
	return t.setState(blank, 0)
}

// Schedule changes the learning rates and the numbers of steps from here on, without compiling anew.
func (t *Trainer) Schedule(c Config) error {
	if err := c.Check(); err != nil {
		return err
	}
	if d := c.sameProgram(t.config).differences(t.config); len(d) > 0 {
		return fmt.Errorf("this trainer cannot change to %s: make another", strings.Join(d, ", "))
	}
	t.config = c
	return nil
}

// Config returns what the trainer was made with, or was last changed to.
func (t *Trainer) Config() Config { return t.config }

// StepsDone returns the number of steps done.
func (t *Trainer) StepsDone() int { return t.step }

// tensorGroup is a part of the state: it has one buffer per parameter of its network.
type tensorGroup struct {
	name   string
	params *nn.Params
}

// discriminatorGroup is the name of the discriminator's weights in files.
const discriminatorGroup = "discriminator"

// groups lists the training state in the order of the program's inputs and outputs: weights and both of
// Adam's moments of what is trained and of the discriminator, and the average of what is trained, if they are there.
func (t *Trainer) groups() []tensorGroup {
	name, params, disc := t.target.Name, t.target.Params, &t.disc.Params
	groups := []tensorGroup{{name, params}, {name + ".m", params}, {name + ".v", params}}
	if t.config.adversarial() {
		groups = append(groups, tensorGroup{discriminatorGroup, disc}, tensorGroup{discriminatorGroup + ".m", disc}, tensorGroup{discriminatorGroup + ".v", disc})
	}
	if t.config.EMA > 0 {
		groups = append(groups, tensorGroup{"ema", params})
	}
	return groups
}

// stateSize returns the number of tensors in the state.
func (t *Trainer) stateSize() int {
	n := 0
	for _, g := range t.groups() {
		n += len(g.params.List())
	}
	return n
}

// blank returns memory for a state.
func (t *Trainer) blank() ([]*nn.Feed, error) {
	var blank []*nn.Feed
	for _, g := range t.groups() {
		for _, p := range g.params.List() {
			f, err := nn.NewFeed(t.backend, p.Dims...)
			if err != nil {
				return nil, err
			}
			blank = append(blank, f)
		}
	}
	return blank, nil
}

// begin fills in the state of a training's start: moments are 0, and the average is what is averaged.
func (t *Trainer) begin(blank []*nn.Feed, start Start) error {
	if start.Trained == nil {
		start.Trained = t.target.Initial
	}
	for _, g := range t.groups() {
		var values [][]float32
		seed := t.config.Seed
		switch g.name {
		case t.target.Name, "ema":
			values = start.Trained
		case discriminatorGroup:
			values, seed = start.Discriminator, seed+1
		default:
			for i := range g.params.List() {
				clear(blank[i].Data)
			}
			blank = blank[len(g.params.List()):]
			continue
		}
		if err := fill(blank, g, values, seed); err != nil {
			return err
		}
		blank = blank[len(g.params.List()):]
	}
	return nil
}

// fill copies a group's values, or draws them if they are nil.
func fill(blank []*nn.Feed, g tensorGroup, values [][]float32, seed uint64) error {
	if values != nil && len(values) != len(g.params.List()) {
		return fmt.Errorf("%d tensors for the %d of the %s", len(values), len(g.params.List()), g.name)
	}
	for i, p := range g.params.List() {
		if values == nil {
			g.params.Draw(nn.Ref(i), seed, blank[i].Data)
			continue
		}
		if len(values[i]) != p.Size() {
			return fmt.Errorf("%s/%s has %d values, wanted %d", g.name, p.Name, len(values[i]), p.Size())
		}
		copy(blank[i].Data, values[i])
	}
	return nil
}

// setState takes over a state that has been filled in, after some steps.
func (t *Trainer) setState(filled []*nn.Feed, step int) error {
	t.freeState()
	for _, f := range filled {
		b, err := f.Buffer()
		if err != nil {
			return fmt.Errorf("upload the training state: %w", err)
		}
		t.state = append(t.state, b)
	}
	t.step = step
	return nil
}

func (t *Trainer) freeState() {
	for _, b := range t.state {
		b.Finalize()
	}
	t.state = t.state[:0]
}

// Trained returns a copy of what is trained, in the order of its parameters: its average if there is one.
func (t *Trainer) Trained() ([][]float32, error) {
	n := len(t.target.Params.List())
	buffers := t.state[:n]
	if t.config.EMA > 0 {
		buffers = t.state[len(t.state)-n:]
	}
	return download(t.target.Params, buffers)
}

// Discriminator returns a copy of the discriminator's weights, to start another training with; nil if there is none.
func (t *Trainer) Discriminator() ([][]float32, error) {
	if !t.config.adversarial() {
		return nil, nil
	}
	n := 3 * len(t.target.Params.List())
	return download(&t.disc.Params, t.state[n:][:len(t.disc.Params.List())])
}

// Weights returns the generator as it is now.
func (t *Trainer) Weights() (*Weights, error) {
	values, err := t.Trained()
	if err != nil {
		return nil, err
	}
	if t.target.Merge != nil {
		values = t.target.Merge(t.target.Base, values)
	}
	return &Weights{Config: t.config, Step: t.step, Values: values}, nil
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
	n += copy(t.inputs[n:], t.frozen)
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
	adam, rate := c.Adam(), c.Rate(t.step)
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
	t.freeState()
	for _, b := range t.frozen {
		b.Finalize()
	}
	t.frozen = nil
}
