// Package pretrain is the recipe of the weights that the program is shipped with: pictures, base, zoo, blocks, weight generator, the
// discriminator that tuning starts from, and the network that sets of pictures are compared by.
//
// Every stage has a folder of its own below the run's and goes on where it was interrupted. All that is random follows from the
// configuration, so that the same configuration and photos give the same bits.
package pretrain

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/base"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/discriminator"
	"github.com/warmstart-ml/warmstart/features"
	"github.com/warmstart-ml/warmstart/pretrained"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// Folders of the stages below a run's.
const (
	BaseDir          = "base"
	ZooDir           = "zoo"
	WeightsDir       = "weights" // first stage of the weight generator
	ImagesDir        = "images"  // second stage
	DiscriminatorDir = "discriminator"
	FeaturesDir      = "features"
	ModelsDir        = "models" // what is shipped
)

// Config is the whole recipe.
type Config struct {
	Pictures      corpus.Config          `json:"pictures"`
	Base          base.Config            `json:"base"`
	Zoo           zoo.Config             `json:"zoo"`
	BlockSize     int                    `json:"block_size"`
	Generator     weightgen.Config       `json:"generator"`     // first stage: learns the zoo's weights
	Refine        weightgen.RefineConfig `json:"refine"`        // second stage: learns from pictures, through the base
	Discriminator discriminator.Config   `json:"discriminator"` // learns from tuning what the generator makes
	Features      features.Config        `json:"features"`      // learns to tell edits apart
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
	c.Refine, c.Discriminator, c.Features = weightgen.DefaultRefineConfig(), discriminator.DefaultConfig(), features.DefaultConfig()
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
}

// Run does what is left of the recipe, or until ctx is cancelled: called again, it goes on. What it makes is in the folder ModelsDir
// below o.Dir, with the names that package pretrained has for the files.
func Run(ctx context.Context, backend compute.Backend, o Options) error {
	r := &run{Options: o, backend: backend}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	if err := r.paint(ctx); err != nil {
		return err
	}
	z, err := r.zoo(ctx)
	if err != nil {
		return err
	}
	stage := 2
	_, err = TrainGenerator(ctx, backend, GeneratorOptions{
		Config: o.Config.Generator, Refine: o.Config.Refine, BlockSize: o.Config.BlockSize, Zoo: z, Pictures: r.pictures,
		Dir: o.Dir, Progress: o.Progress, Say: func(format string, args ...any) {
			stage++
			r.say("%d of 6: %s", stage, fmt.Sprintf(format, args...))
		},
	})
	if err != nil {
		return err
	}
	if err := r.discriminator(ctx); err != nil {
		return err
	}
	return r.features(ctx)
}

func (r *run) dir(name string) string { return filepath.Join(r.Dir, name) }

// say tells what is going on.
func (r *run) say(format string, args ...any) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, format+"\n", args...)
	}
}

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
	return nil
}

// zoo trains the base and the adapters.
func (r *run) zoo(ctx context.Context) (*zoo.Zoo, error) {
	r.say("1 of 6: the base, through the adapters of all seen concepts")
	trained, err := base.Train(ctx, r.backend, base.Options{
		Config: r.Config.Base, Pictures: r.pictures, Dir: r.dir(BaseDir), Progress: r.Progress,
	})
	if err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	r.say("2 of 6: the zoo, an adapter of every seen concept")
	z, err := zoo.Build(ctx, zoo.Options{
		Dir: r.dir(ZooDir), Base: trained.Base, Start: trained.Adapters, Pictures: r.pictures, Config: r.Config.Zoo,
		Concepts: r.Config.Base.Seen(), Progress: r.Progress,
	})
	if err != nil {
		return nil, fmt.Errorf("zoo: %w", err)
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
	return z, nil
}

// discriminator trains the one that adversarial tuning starts from, on what the generator makes of seen concepts.
func (r *run) discriminator(ctx context.Context) error {
	r.say("5 of 6: the discriminator that tuning starts from")
	models, err := warmstart.Load(r.dir(ModelsDir))
	if err != nil {
		return err
	}
	d, err := discriminator.Train(ctx, r.backend, discriminator.Options{
		Config: r.Config.Discriminator, Models: models, Concepts: r.Config.Base.Seen(), Pictures: r.pictures, Dir: r.dir(DiscriminatorDir),
		Progress: r.Progress,
	})
	if err != nil {
		return fmt.Errorf("discriminator: %w", err)
	}
	return d.Write(filepath.Join(r.dir(ModelsDir), pretrained.DiscriminatorFile))
}

// examinedScenes is the number of scenes that the features' log looks at, none of which results are measured on.
const examinedScenes = 64

// features trains the network that sets of pictures are compared by. Nothing that comes before depends on it.
func (r *run) features(ctx context.Context) error {
	r.say("6 of 6: features, by which sets of pictures are compared")
	test, err := corpus.New(ctx, corpus.Config{Size: r.pictures.Size(), Scenes: examinedScenes, First: corpus.DevScenes})
	if err != nil {
		return err
	}
	w, err := features.Train(ctx, r.backend, features.Options{
		Config: r.Config.Features, Pictures: r.pictures, Test: test, Dir: r.dir(FeaturesDir), Progress: r.Progress,
	})
	if err != nil {
		return fmt.Errorf("features: %w", err)
	}
	return w.Write(filepath.Join(r.dir(ModelsDir), pretrained.FeaturesFile))
}
