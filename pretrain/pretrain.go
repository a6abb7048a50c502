// Package pretrain is the recipe of the weights that the program is shipped with: pictures, base, zoo, blocks, weight generator.
//
// Every stage has a folder of its own below the run's and goes on where it was interrupted. All that is random follows from the
// configuration, so that the same configuration and photos give the same bits.
package pretrain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/base"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/pretrained"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// Folders of the stages below a run's.
const (
	BaseDir    = "base"
	ZooDir     = "zoo"
	WeightsDir = "weights" // first stage of the weight generator
	ImagesDir  = "images"  // second stage
	ModelsDir  = "models"  // what is shipped
)

// Config is the whole recipe.
type Config struct {
	Pictures  corpus.Config          `json:"pictures"`
	Base      base.Config            `json:"base"`
	Zoo       zoo.Config             `json:"zoo"`
	BlockSize int                    `json:"block_size"`
	Generator weightgen.Config       `json:"generator"` // first stage: learns the zoo's weights
	Refine    weightgen.RefineConfig `json:"refine"`    // second stage: learns from pictures, through the base
}

// DefaultConfig returns the recipe of the shipped weights.
func DefaultConfig() (c Config, err error) {
	if c.Base, err = base.DefaultConfig(); err != nil {
		return c, err
	}
	c.Pictures = corpus.Config{Size: c.Base.Generator.Size, Scenes: 1024, First: corpus.TrainScenes, Crops: 4}
	c.Zoo, c.BlockSize = zoo.DefaultConfig(), zoo.BlockSize
	if c.Generator, err = weightgen.DefaultConfig(weightgen.NetworkDiT); err != nil {
		return c, err
	}
	c.Refine = weightgen.DefaultRefineConfig()
	return c, nil
}

// Options tell Run what to do.
type Options struct {
	Config Config
	Photos string // folder of photos to learn from; "": procedural scenes only
	Dir    string // of the run, which goes on if it was begun before
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer
}

// run is a recipe at work.
type run struct {
	Options
	backend  compute.Backend
	pictures *corpus.Corpus
	test     *corpus.Corpus // for the log of the second stage
}

// Run does what is left of the recipe, or until ctx is cancelled: called again, it goes on. What it makes is in the folder ModelsDir
// below o.Dir, with the names that package pretrained has for the files.
func Run(ctx context.Context, backend compute.Backend, o Options) error {
	r := &run{Options: o, backend: backend}
	if err := os.MkdirAll(r.dir(ModelsDir), 0o755); err != nil {
		return err
	}
	if err := r.paint(ctx); err != nil {
		return err
	}
	b, z, err := r.zoo(ctx)
	if err != nil {
		return err
	}
	blocks, err := zoo.NewBlocks(b.Layout, o.Config.BlockSize)
	if err != nil {
		return err
	}
	code := zoo.Fit(blocks, b.Hash, z.Adapters)
	w, err := r.generator(ctx, b, z, code)
	if err != nil {
		return err
	}
	return errors.Join(
		b.Write(r.model(pretrained.BaseFile)), code.Write(r.model(pretrained.CodeFile)), w.WriteFile(r.model(pretrained.GeneratorFile)),
	)
}

func (r *run) dir(name string) string   { return filepath.Join(r.Dir, name) }
func (r *run) model(name string) string { return filepath.Join(r.Dir, ModelsDir, name) }

// say tells what is going on.
func (r *run) say(format string, args ...any) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, format+"\n", args...)
	}
}

// testScenes is the number of test scenes that the second stage's log looks at.
const testScenes = 16

// paint makes the pictures.
func (r *run) paint(ctx context.Context) (err error) {
	c := r.Config.Pictures
	c.Photos = r.Photos
	r.say("painting %d scenes", c.Scenes)
	if r.pictures, err = corpus.New(ctx, c); err != nil {
		return err
	}
	for _, err := range r.pictures.Skipped {
		r.say("skipped: %v", err)
	}
	r.test, err = corpus.New(ctx, corpus.Config{Size: c.Size, Scenes: testScenes, First: corpus.TestScenes})
	return err
}

// zoo trains the base and the adapters.
func (r *run) zoo(ctx context.Context) (*lora.Base, *zoo.Zoo, error) {
	r.say("1 of 4: the base, through the adapters of all seen concepts")
	trained, err := base.Train(ctx, r.backend, base.Options{
		Config: r.Config.Base, Pictures: r.pictures, Dir: r.dir(BaseDir), Progress: r.Progress,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("base: %w", err)
	}
	r.say("2 of 4: the zoo, an adapter of every seen concept")
	z, err := zoo.Build(ctx, zoo.Options{
		Dir: r.dir(ZooDir), Base: trained.Base, Start: trained.Adapters, Pictures: r.pictures, Config: r.Config.Zoo,
		Concepts: r.Config.Base.Seen(), Progress: r.Progress,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("zoo: %w", err)
	}
	flagged := 0
	for _, e := range z.Entries {
		if e.Flag != "" {
			flagged++
		}
	}
	if flagged > 0 {
		r.say("%d of %d adapters are flagged: see warmstart zoo ls %s", flagged, len(z.Entries), r.dir(ZooDir))
	}
	return trained.Base, z, nil
}

// generator trains both stages of the weight generator.
func (r *run) generator(ctx context.Context, b *lora.Base, z *zoo.Zoo, code *zoo.Code) (*weightgen.Weights, error) {
	data, err := weightgen.NewDataset(z, code)
	if err != nil {
		return nil, err
	}
	var held []weightgen.Held
	wordings, ok, err := weightgen.Wordings(z, code)
	if err != nil {
		return nil, err
	}
	if ok {
		held = append(held, wordings)
	}
	r.say("3 of 4: the weight generator, on the zoo's weights")
	first, err := weightgen.Train(ctx, r.backend, weightgen.Options{
		Config: r.Config.Generator, Data: data, Held: held, Run: weightgen.Run{Dir: r.dir(WeightsDir), Progress: r.Progress},
	})
	if err != nil {
		return nil, fmt.Errorf("weight generator: %w", err)
	}
	r.say("4 of 4: the weight generator, on what pictures become")
	second, err := weightgen.Refine(ctx, r.backend, weightgen.RefineOptions{
		Config: r.Config.Refine, Weights: first.Weights, Base: b, Code: code, Pictures: r.pictures,
		Concepts: r.Config.Base.Seen(), Test: r.test, Run: weightgen.Run{Dir: r.dir(ImagesDir), Progress: r.Progress},
	})
	if err != nil {
		return nil, fmt.Errorf("weight generator, second stage: %w", err)
	}
	return second.Weights, nil
}
