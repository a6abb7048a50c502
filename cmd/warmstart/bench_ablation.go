package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"github.com/warmstart-ml/warmstart/bench/ablation"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/zoo"
)

// ablationFlags are common to all ablations.
type ablationFlags struct {
	Zoo            string `required:"" placeholder:"DIR" help:"Zoo that the generators learn from: warmstart pretrain leaves one in its folder zoo."`
	Base           string `placeholder:"FILE" help:"The base of the zoo's adapters; default: the one in its folder."`
	Network        string `default:"dit" enum:"dit,unet1d" placeholder:"NAME" help:"dit: a Transformer over all blocks; unet1d: the paper's, one block at a time, which a whole adapter is too long for. Default: dit."`
	Steps          int    `default:"${ablation_steps}" placeholder:"N" help:"Training steps of each generator. Default: ${ablation_steps}."`
	Concepts       int    `default:"${ablation_concepts}" placeholder:"N" help:"Unseen concepts of each group to measure on; 0: all. Default: ${ablation_concepts}."`
	ReferenceSteps int    `default:"${reference_steps}" placeholder:"N" help:"Steps of the adapters that are trained on a concept's own pairs. Default: ${reference_steps}."`
	resultFlags
}

// ablationVars are the defaults that help texts name.
func ablationVars() kong.Vars {
	c := ablation.DefaultConfig()
	return kong.Vars{
		"ablation_steps": fmt.Sprint(c.Steps), "ablation_concepts": fmt.Sprint(c.Evaluate.Concepts), "stage_steps": fmt.Sprint(c.RefineSteps),
	}
}

type (
	blockSizeCmd struct{ ablationFlags }
	groupingCmd  struct{ ablationFlags }
	stepsCmd     struct{ ablationFlags }
	targetCmd    struct{ ablationFlags }
	networkCmd   struct{ ablationFlags }
	zooSizeCmd   struct{ ablationFlags }
	stageCmd     struct {
		ablationFlags
		RefineSteps int `default:"${stage_steps}" placeholder:"N" help:"Training steps on pictures. Default: ${stage_steps}."`
		Scenes      int `default:"1024" placeholder:"N" help:"Procedural scenes to choose each concept's pictures from. Default: 1024."`
	}
)

func (c blockSizeCmd) Run(ctx context.Context, u *ui) error { return c.run(ctx, u, "block-size") }
func (c groupingCmd) Run(ctx context.Context, u *ui) error  { return c.run(ctx, u, "grouping") }
func (c stepsCmd) Run(ctx context.Context, u *ui) error     { return c.run(ctx, u, "steps") }
func (c targetCmd) Run(ctx context.Context, u *ui) error    { return c.run(ctx, u, "target") }
func (c networkCmd) Run(ctx context.Context, u *ui) error   { return c.run(ctx, u, "network") }
func (c zooSizeCmd) Run(ctx context.Context, u *ui) error   { return c.run(ctx, u, "zoo-size") }

// Run trains on pictures, which have to be made first.
func (c stageCmd) Run(ctx context.Context, u *ui) error {
	return c.ablate(ctx, u, "stage", func(o *ablation.Options) (err error) {
		o.Config.RefineSteps = c.RefineSteps
		o.Pictures, err = corpus.New(ctx, corpus.Config{Size: o.Zoo.Base.Generator.Config.Size, Scenes: c.Scenes, First: corpus.TrainScenes})
		return err
	})
}

func (c ablationFlags) run(ctx context.Context, u *ui, name string) error {
	return c.ablate(ctx, u, name, func(*ablation.Options) error { return nil })
}

// ablate does an ablation.
func (c ablationFlags) ablate(ctx context.Context, u *ui, name string, more func(*ablation.Options) error) error {
	report, err := c.report(ctx, u, name, more)
	return c.finish(ctx, u, report, report != nil && report.Partial, err)
}

func (c ablationFlags) report(ctx context.Context, u *ui, name string, more func(*ablation.Options) error) (*ablation.Report, error) {
	o, err := c.options(u, name)
	if err != nil {
		return nil, err
	}
	if err := more(&o); err != nil {
		return nil, err
	}
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "warmstart-bench-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(o.Dir)
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	report, err := ablation.Run(ctx, backend, o)
	if report != nil {
		report.Version, report.Machine.Features = thisVersion(), cpuFeatures()
	}
	return report, err
}

// options reads the zoo.
func (c ablationFlags) options(u *ui, name string) (ablation.Options, error) {
	o := ablation.Options{Config: ablation.DefaultConfig(), Dir: c.folder(), Progress: u.err, Say: u.notice, Ticks: u.progress}
	o.Config.Network, o.Config.Steps = c.Network, c.Steps
	o.Config.Evaluate.Concepts, o.Config.Evaluate.Reference.Steps = c.Concepts, c.ReferenceSteps
	if c.Steps < 1 {
		return o, errors.New("--steps: at least 1")
	}
	var err error
	if o.Kind, err = ablation.Find(name); err != nil {
		return o, err
	}
	base, err := zooBase(c.Zoo, c.Base)
	if err != nil {
		return o, err
	}
	o.Zoo, err = zoo.Open(c.Zoo, base)
	return o, err
}
