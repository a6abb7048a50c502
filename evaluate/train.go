package evaluate

import (
	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
)

// adapterConfig is the training of an adapter with the L1 loss.
func (c Config) adapterConfig(b *lora.Base, steps int, lr, beta1 float64) gan.Config {
	g := b.Training(steps)
	g.Batch, g.LR, g.Beta1, g.Seed = c.Batch, lr, beta1, seed
	return g
}

// wholeConfig is the training of all of a generator's weights with the L1 loss.
func (c Config) wholeConfig(b *lora.Base, steps int, lr, beta1 float64) gan.Config {
	g := c.adapterConfig(b, steps, lr, beta1)
	g.Base = ""
	return g
}

// warmConfig gives a training the batch that generated weights are tuned with.
func (c Config) warmConfig(g gan.Config) gan.Config {
	g.Batch = c.Warm.Batch
	return g
}

// published is pix2pix's recipe.
func (c Config) published() Candidate {
	return recipes()[0].at(c.Race.Published)
}

// at returns the recipe with a rate.
func (r Recipe) at(lr float64) Candidate {
	return Candidate{LR: lr, Beta1: r.Beta1, Loss: r.Loss, Batch: r.Batch}
}

// scratchConfig is a training of the base's network from scratch: pix2pix but for the recipe. It sees as many pairs as a number of steps
// of the evaluation's batch. The rates fall linearly to 0 in the second half, and a discriminator keeps its published one.
func (c Config) scratchConfig(b *lora.Base, way Candidate, steps int) (gan.Config, error) {
	g, err := gan.Preset("mini")
	if err != nil {
		return g, err
	}
	own := b.Generator.Config
	g.Preset, g.Generator, g.Width, g.Depth, g.Size = own.Preset, own.Generator, own.Width, own.Depth, own.Size
	g.Batch, g.LR, g.Beta1, g.Loss, g.Seed = way.Batch, way.LR, way.Beta1, way.Loss, seed
	return g.WithSteps(max(steps*c.Batch/way.Batch, 1)), nil
}

// newTrainer compiles the training of an adapter, or of all weights where base is empty in the configuration.
func newTrainer(backend compute.Backend, b *lora.Base, c gan.Config) (*gan.Trainer, error) {
	var p *gan.Parametrization
	if c.Base != "" {
		p = b.Parametrization()
	}
	return gan.NewParametrizedTrainer(backend, c, p)
}

// advance trains up to a number of steps.
func advance(t *gan.Trainer, data *corpus.Batches, steps int) error {
	for t.StepsDone() < steps {
		x, y, err := data.Batch(t.StepsDone())
		if err != nil {
			return err
		}
		if _, err := t.Step(x, y); err != nil {
			return err
		}
	}
	return nil
}
