package gan

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// Parametrization says what a training changes, and how a generator's weights follow from it.
type Parametrization struct {
	// Name is that of what is trained, in checkpoints.
	Name   string
	Params *nn.Params
	// Initial are the first values, in the order of Params; nil: drawn by the seed.
	Initial [][]float32
	// Base are values for the generator's parameters, in their order, that stay as they are; nil if all are trained.
	Base [][]float32
	// Weights builds the generator's weights, in the order of its parameters, from nodes of base and of what is trained.
	Weights func(base, trained []*Node) []*Node
	// Merge is Weights for values. It may be nil if what is trained are the weights themselves.
	Merge func(base, trained [][]float32) [][]float32
}

// allWeights trains the weights themselves.
func allWeights(gen *Network) *Parametrization {
	return &Parametrization{
		Name: "generator", Params: &gen.Params,
		Weights: func(_, trained []*Node) []*Node { return trained },
	}
}

// build makes the graph of one step: fake images, the discriminator's update on them, and the generator's
// update against the updated discriminator, as pix2pix's published code has it.
func (t *Trainer) build(g *Graph) []*Node {
	c := t.config
	var in [][]*Node
	for _, group := range t.groups() {
		in = append(in, group.params.Inputs(g, group.name+"/"))
	}
	var base []*Node
	if t.target.Base != nil {
		base = t.gen.Params.Inputs(g, "base/")
	}
	image := shapes.Make(dtypes.Float32, c.Batch, c.Size, c.Size, 3)
	x, y := Parameter(g, "x", image), Parameter(g, "y", image)
	scalar := func(name string) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32)) }
	genSize, discSize, correction := scalar("generator step size"), scalar("discriminator step size"), scalar("correction")

	fake := t.gen.Forward(t.gen.Params.NewEnv(t.target.Weights(base, in[0]), t.masks), x)
	lossL1 := L1(fake, y)
	loss := MulScalar(lossL1, c.LambdaL1)
	zero := ScalarZero(g, dtypes.Float32)
	adv := adversary{gan: zero, real: zero, fake: zero}
	if c.adversarial() {
		adv = t.adversary(in[3:6], x, y, fake, discSize, correction)
		loss = Add(adv.gan, loss)
	}
	gen := c.Adam().Update(in[0:3], Gradient(loss, in[0]...), genSize, correction)

	var out []*Node
	for _, group := range append(gen, adv.updated...) {
		out = append(out, group...)
	}
	if c.EMA > 0 {
		for i, w := range gen[0] {
			out = append(out, Add(MulScalar(in[len(in)-1][i], c.EMA), MulScalar(w, 1-c.EMA)))
		}
	}
	return append(out, Stack([]*Node{adv.gan, lossL1, adv.real, adv.fake}, 0))
}

// adversary is the discriminator's part in a step.
type adversary struct {
	updated         [][]*Node // its weights and moments after the step
	gan, real, fake *Node     // the generator's loss and its own two
}

// adversary updates the discriminator, given as weights and moments, and judges the generated images with the result.
func (t *Trainer) adversary(in [][]*Node, x, y, fake, size, correction *Node) adversary {
	c := t.config
	// Real and generated pairs go through the discriminator as one batch: instance norm keeps them apart.
	real, generated := Concatenate([]*Node{x, y}, -1), Concatenate([]*Node{x, StopGradient(fake)}, -1)
	logits := t.disc.Forward(t.disc.Params.NewEnv(in[0], nil), Concatenate([]*Node{real, generated}, 0))
	a := adversary{
		real: adversarial(c.Loss, SliceAxis(logits, 0, AxisRange(0, c.Batch)), true),
		fake: adversarial(c.Loss, SliceAxis(logits, 0, AxisRange(c.Batch, 2*c.Batch)), false),
	}
	loss := MulScalar(Add(a.real, a.fake), 0.5)
	a.updated = c.Adam().Update(in, Gradient(loss, in[0]...), size, correction)

	weights := make([]*Node, len(in[0]))
	for i, w := range a.updated[0] {
		weights[i] = StopGradient(w)
	}
	logits = t.disc.Forward(t.disc.Params.NewEnv(weights, nil), Concatenate([]*Node{x, fake}, -1))
	a.gan = adversarial(c.Loss, logits, true)
	return a
}
