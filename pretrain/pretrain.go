// Package pretrain is the recipe of the weights that the program is shipped with: pictures, base, zoo, blocks, weight generator.
//
// Every stage has a folder of its own below the run's and resumes where it was interrupted. All that is random follows from the
// configuration, so that the same configuration and photos give the same bits.
package pretrain

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/base"
	"github.com/warmstart-ml/warmstart/corpus"
)

// Config is the whole recipe.
type Config struct {
	Pictures corpus.Config `json:"pictures"`
	Base     base.Config   `json:"base"`
}

// DefaultConfig returns the recipe of the shipped weights.
func DefaultConfig() (Config, error) {
	b, err := base.DefaultConfig()
	if err != nil {
		return Config{}, err
	}
	return Config{
		Pictures: corpus.Config{Size: b.Generator.Size, Scenes: 1024, First: corpus.TrainScenes, Crops: 4},
		Base:     b,
	}, nil
}

// Options tell Run what to do.
type Options struct {
	Config Config
	Photos string // folder of photos to learn from; "": procedural scenes only
	Dir    string // of the run, which is resumed if it was begun before
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer
}

// Run does what is left of the recipe, or until ctx is cancelled: called again, it goes on.
func Run(ctx context.Context, backend compute.Backend, o Options) error {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	o.say("painting %d scenes", o.Config.Pictures.Scenes)
	o.Config.Pictures.Photos = o.Photos
	pictures, err := corpus.New(ctx, o.Config.Pictures)
	if err != nil {
		return err
	}
	for _, err := range pictures.Skipped {
		o.say("skipped: %v", err)
	}
	o.say("1 of 4: the base, through the adapters of all seen concepts")
	_, err = base.Train(ctx, backend, base.Options{
		Config: o.Config.Base, Pictures: pictures, Dir: filepath.Join(o.Dir, "base"), Progress: o.Progress,
	})
	if err != nil {
		return fmt.Errorf("base: %w", err)
	}
	return nil
}

// say tells what is going on.
func (o Options) say(format string, args ...any) {
	if o.Progress != nil {
		fmt.Fprintf(o.Progress, format+"\n", args...)
	}
}
