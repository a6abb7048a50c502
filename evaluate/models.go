package evaluate

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/lora"
)

// Generator makes adapters from prompts.
type Generator interface {
	Adapter(ctx context.Context, prompt string) ([][]float32, error)
	Close()
}

// Models are what is evaluated.
type Models struct {
	Base *lora.Base
	Mean [][]float32            // the mean adapter of the zoo
	Zoo  map[string][][]float32 // adapters of seen concepts by ID
	// Discriminator is what adversarial tuning starts from; nil: drawn by the seed.
	Discriminator [][]float32
	// ID identifies the generator: results of another one are not its own.
	ID string
	// Open reads and compiles the generator. It is called anew wherever the time to do so counts.
	Open func(compute.Backend) (Generator, error)
}
