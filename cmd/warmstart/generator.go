package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/pretrain"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

type generatorCmd struct {
	Train generatorTrainCmd `cmd:"" help:"Train a weight generator on a zoo."`
	Eval  generatorEvalCmd  `cmd:"" help:"Measure what a weight generator is worth on concepts that nothing was trained on."`
}

type generatorTrainCmd struct {
	Zoo    string `arg:"" placeholder:"DIR" help:"The zoo to learn from."`
	Out    string `short:"o" required:"" placeholder:"DIR" help:"Folder for the run, which goes on if it was begun before; its folder models is for --models."`
	Base   string `placeholder:"FILE" help:"The base of the zoo's adapters; default: the one in its folder."`
	Photos string `placeholder:"DIR" help:"Folder of photos to learn from in the second stage, beside procedural scenes."`

	Network   string   `default:"dit" enum:"dit,unet1d" placeholder:"NAME" help:"dit: a Transformer over all blocks; unet1d: the paper's, one block at a time. Default: dit."`
	Target    string   `default:"x0" enum:"x0,v,noise" placeholder:"NAME" help:"What the network predicts: x0, v or noise; noise is for several steps of sampling. Default: x0."`
	Schedule  string   `default:"linear" enum:"linear,cosine" placeholder:"NAME" help:"Of the noise: linear or cosine. Default: linear."`
	Width     *int     `placeholder:"N" help:"Of the network; default: what suits it."`
	Batch     *int     `placeholder:"N" help:"Prompts per step of the first stage; default: what suits the network."`
	BlockSize int      `default:"${block_size}" placeholder:"N" help:"Values in a block. Default: ${block_size}."`
	Steps     *int     `placeholder:"N" help:"Training steps of the first stage, on weights; default: what suits the network."`
	LR        *float64 `name:"lr" placeholder:"RATE" help:"Learning rate of the first stage; default: what suits the network."`

	RefineSteps int     `default:"${refine_steps}" placeholder:"N" help:"Training steps of the second stage, on pictures; 0: none. Default: ${refine_steps}."`
	RefineLR    float64 `name:"refine-lr" default:"${refine_lr}" placeholder:"RATE" help:"Learning rate of the second stage. Default: ${refine_lr}."`
	Scenes      int     `default:"1024" placeholder:"N" help:"Procedural scenes to choose each concept's pictures from. Default: 1024."`
	Crops       int     `default:"4" placeholder:"N" help:"Random crops of each photo; 0: the whole photo. Default: 4."`
	Seed        *uint64 `placeholder:"N" help:"Of all that is random. Default: one for each stage, for pictures that neither base nor zoo learnt from."`
}

// generatorTrainVars are the defaults that help texts name.
func generatorTrainVars() kong.Vars {
	refine := weightgen.DefaultRefineConfig()
	return kong.Vars{
		"block_size": fmt.Sprint(zoo.BlockSize), "refine_steps": fmt.Sprint(refine.Steps), "refine_lr": fmt.Sprint(refine.LR),
	}
}

// generatorTrained tells what was made.
type generatorTrained struct {
	Models   string `json:"models"`
	Adapters int    `json:"adapters"`
	Blocks   int    `json:"blocks"`
	Weights  int    `json:"weights"` // parameters of the generator
	// First and Second are the last records of both stages; Second is null without a second stage.
	First  weightgen.Record  `json:"first"`
	Second *weightgen.Record `json:"second"`
}

// Run trains a weight generator or does what is left of that.
func (c generatorTrainCmd) Run(ctx context.Context, u *ui) error {
	r, err := c.train(ctx, u)
	if ctx.Err() != nil {
		return hinted{interrupted{}, "the same command goes on where this one stopped"}
	}
	if err != nil {
		return err
	}
	return u.result(r, r.print)
}

func (c generatorTrainCmd) train(ctx context.Context, u *ui) (*generatorTrained, error) {
	o, err := c.options(ctx, u)
	if err != nil {
		return nil, err
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	g, err := pretrain.TrainGenerator(ctx, backend, o)
	if err != nil {
		return nil, err
	}
	r := &generatorTrained{
		Models: filepath.Join(c.Out, pretrain.ModelsDir), Adapters: len(o.Zoo.Entries), Blocks: g.Code.Blocks.Count(),
		Weights: g.Weights.Model.Params.Size(), First: g.First,
	}
	if c.RefineSteps > 0 {
		r.Second = &g.Second
	}
	return r, nil
}

// options reads the zoo and makes the pictures.
func (c generatorTrainCmd) options(ctx context.Context, u *ui) (o pretrain.GeneratorOptions, err error) {
	o = pretrain.GeneratorOptions{BlockSize: c.BlockSize, Dir: c.Out, Progress: u.err, Say: u.notice}
	if c.Target == weightgen.TargetNoise && c.RefineSteps != 0 {
		return o, errors.New("--target noise: the second stage needs a generator that samples in one step: use --refine-steps 0, or another target")
	}
	if err := checkRate("--lr", c.LR); err != nil {
		return o, err
	}
	if c.RefineSteps < 0 {
		return o, errors.New("--refine-steps: at least 0")
	}
	if o.Config, err = weightgen.DefaultConfig(c.Network); err != nil {
		return o, err
	}
	o.Config.Target, o.Config.Schedule = c.Target, c.Schedule
	if c.Target == weightgen.TargetNoise {
		o.Config.Terminal = 0
	}
	give(&o.Config.Width, c.Width)
	give(&o.Config.Batch, c.Batch)
	give(&o.Config.Steps, c.Steps)
	give(&o.Config.LR, c.LR)
	o.Config.Warmup = min(o.Config.Warmup, max(o.Config.Steps, 0))
	o.Refine = weightgen.DefaultRefineConfig()
	o.Refine.Steps, o.Refine.LR = c.RefineSteps, c.RefineLR
	if c.Seed != nil {
		o.Config.Seed, o.Refine.Seed = *c.Seed, *c.Seed
	}
	o.Refine.Warmup = min(o.Refine.Warmup, c.RefineSteps)
	base, err := zooBase(c.Zoo, c.Base)
	if err != nil {
		return o, err
	}
	if o.Zoo, err = zoo.Open(c.Zoo, base); err != nil {
		return o, err
	}
	if c.RefineSteps > 0 {
		o.Pictures, err = corpus.New(ctx, corpus.Config{
			Size: base.Generator.Config.Size, Scenes: c.Scenes, First: corpus.TrainScenes, Photos: c.Photos, Crops: c.Crops,
		})
		if err == nil {
			u.skipped(o.Pictures.Skipped)
		}
	}
	return o, err
}

func (r *generatorTrained) print(w io.Writer) {
	fmt.Fprintf(w, "%s: a weight generator of %d weights for %d blocks, from %d adapters\n", r.Models, r.Weights, r.Blocks, r.Adapters)
	for _, name := range slices.Sorted(maps.Keys(r.First.Held)) {
		e := r.First.Held[name]
		fmt.Fprintf(w, "after the first stage, %s: error of the weights %.3f, where the mean adapter has %.3f\n", name, e.Generated, e.Mean)
	}
	if r.Second == nil {
		return
	}
	for _, g := range concept.Groups() {
		if q, ok := r.Second.Quality[string(g)]; ok {
			fmt.Fprintf(w, "unseen group %s: %.2f dB on %d concepts, where the mean adapter has %.2f and the base alone %.2f\n",
				g, q.Generated, q.Concepts, q.Mean, q.Zero)
		}
	}
}
