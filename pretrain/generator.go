package pretrain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/pretrained"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// GeneratorOptions tell TrainGenerator what to do.
type GeneratorOptions struct {
	Config    weightgen.Config
	Refine    weightgen.RefineConfig // with 0 steps, there is no second stage
	BlockSize int
	Zoo       *zoo.Zoo
	Pictures  *corpus.Corpus // for the second stage
	Dir       string         // of the run, which goes on if it was begun before
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer
	// Say, if not nil, is told which stage begins.
	Say func(format string, args ...any)
}

// Generator is what TrainGenerator makes.
type Generator struct {
	Code          *zoo.Code
	Weights       *weightgen.Weights
	First, Second weightgen.Record // the last of each stage
}

// TrainGenerator trains a weight generator on a zoo, or until ctx is cancelled: called again, it goes on. It works in folders below o.Dir.
// The models are in the folder ModelsDir, with the names that package pretrained has for the files.
func TrainGenerator(ctx context.Context, backend compute.Backend, o GeneratorOptions) (*Generator, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	code, err := o.Zoo.Code(o.BlockSize)
	if err != nil {
		return nil, err
	}
	g := &Generator{Code: code}
	o.Say("the weight generator, on the weights of %d adapters", len(o.Zoo.Entries))
	if err := o.first(ctx, backend, g); err != nil {
		return nil, fmt.Errorf("weight generator: %w", err)
	}
	if o.Refine.Steps > 0 {
		o.Say("the weight generator, on what pictures become")
		if err := o.second(ctx, backend, g); err != nil {
			return nil, fmt.Errorf("weight generator, second stage: %w", err)
		}
	}
	return g, o.write(g)
}

// first trains on weights.
func (o GeneratorOptions) first(ctx context.Context, backend compute.Backend, g *Generator) error {
	data, err := weightgen.NewDataset(o.Zoo, g.Code)
	if err != nil {
		return err
	}
	var held []weightgen.Held
	wordings, ok, err := weightgen.Wordings(o.Zoo, g.Code)
	if err != nil {
		return err
	}
	if ok {
		held = append(held, wordings)
	}
	r, err := weightgen.Train(ctx, backend, weightgen.Options{
		Config: o.Config, Data: data, Held: held, Run: weightgen.Run{Dir: filepath.Join(o.Dir, WeightsDir), Progress: o.Progress},
	})
	if err != nil {
		return err
	}
	g.Weights, g.First = r.Weights, r.Last
	return nil
}

// testScenes is the number of scenes that the second stage's log looks at, none of which results are measured on.
const testScenes = 16

// concepts returns the concepts to learn from, the extra ones too, that are made of the same edits as the zoo's. It is from many
// combinations that a generator learns to combine, and in the second stage a concept costs nothing.
func (o GeneratorOptions) concepts() ([]concept.Concept, error) {
	known := map[string]bool{}
	for _, e := range o.Zoo.Entries {
		c, err := concept.Find(e.ID)
		if err != nil {
			return nil, err
		}
		for _, name := range c.Ingredients() {
			known[name] = true
		}
	}
	return slices.DeleteFunc(append(concept.Seen(), concept.Extra()...), func(c concept.Concept) bool {
		return slices.ContainsFunc(c.Ingredients(), func(name string) bool { return !known[name] })
	}), nil
}

// second trains on pictures.
func (o GeneratorOptions) second(ctx context.Context, backend compute.Backend, g *Generator) error {
	concepts, err := o.concepts()
	if err != nil {
		return err
	}
	test, err := corpus.New(ctx, corpus.Config{Size: o.Pictures.Size(), Scenes: testScenes, First: corpus.DevScenes})
	if err != nil {
		return err
	}
	r, err := weightgen.Refine(ctx, backend, weightgen.RefineOptions{
		Config: o.Refine, Weights: g.Weights, Base: o.Zoo.Base, Code: g.Code, Pictures: o.Pictures, Concepts: concepts,
		Test: test, Run: weightgen.Run{Dir: filepath.Join(o.Dir, ImagesDir), Progress: o.Progress},
	})
	if err != nil {
		return err
	}
	g.Weights, g.Second = r.Weights, r.Last
	return nil
}

// write writes the models.
func (o GeneratorOptions) write(g *Generator) error {
	dir := filepath.Join(o.Dir, ModelsDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(
		o.Zoo.Base.Write(filepath.Join(dir, pretrained.BaseFile)), g.Code.Write(filepath.Join(dir, pretrained.CodeFile)),
		g.Weights.WriteFile(filepath.Join(dir, pretrained.GeneratorFile)),
	)
}
