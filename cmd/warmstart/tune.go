package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/tune"
	"github.com/warmstart-ml/warmstart/weightgen"
)

type tuneCmd struct {
	Text       string   `arg:"" optional:"" help:"What the network is to do, as for init; needed for --from generated."`
	Pairs      string   `required:"" placeholder:"DIR" help:"Folder of pairs, as for train. One pair is enough."`
	Out        string   `short:"o" required:"" placeholder:"DIR" help:"Folder for the adapter or weights, curve and gallery; or a file (.safetensors) for the former alone."`
	From       string   `placeholder:"START" help:"generated: start from TEXT; zero: the base as it is; scratch: random weights; FILE: what init or tune wrote. Default: generated."`
	AllWeights bool     `help:"Train all weights, not the adapter alone: better, for a file 30 times as large."`
	Seconds    float64  `placeholder:"S" help:"Train for about that long, compiling included. Default: 1, or with --until at most 60."`
	Steps      int      `placeholder:"N" help:"Train for so many steps, to the same bits each time."`
	Until      float64  `placeholder:"DB" help:"End as soon as the held-out pairs have this PSNR."`
	LR         *float64 `name:"lr" placeholder:"RATE" help:"Learning rate of the adapter, or of all weights from scratch. Default: ${tune_lr}; from scratch ${scratch_lr}."`
	Adapter    *float64 `name:"adapter-share" placeholder:"SHARE" help:"With --all-weights, the share of the budget, 0 to 1, for the adapter alone first. Default: ${tune_share}."`
	AllLR      *float64 `name:"all-lr" placeholder:"RATE" help:"Learning rate of all weights, unless from scratch. Default: ${tune_all_lr}."`
	Batch      int      `placeholder:"N" help:"Pairs per step. Default: ${tune_batch}."`
	GAN        bool     `name:"gan" help:"Train against a discriminator as well: sharper pictures with more of the effect's texture, of lower PSNR. Give it some seconds. Default: the L1 loss alone."`
	Direction  string   `enum:"a2b,b2a" default:"a2b" help:"a2b: A is the input and B the target; b2a: the reverse."`
	NoFlip     bool     `help:"Do not mirror pictures: for pairs in which left and right matter."`
	Seed       uint64   `default:"1" help:"Of the order of pairs and of random weights."`
	modelsFlag
}

// tuneVars are the defaults that the flags' help quotes.
func tuneVars() kong.Vars {
	warm, scratch := tune.DefaultSettings(tune.Generated), tune.DefaultSettings(tune.Scratch)
	return kong.Vars{"tune_lr": fmt.Sprint(warm.LR), "tune_all_lr": fmt.Sprint(warm.AllLR), "scratch_lr": fmt.Sprint(scratch.LR),
		"tune_batch": fmt.Sprint(warm.Batch), "tune_share": fmt.Sprint(warm.AdapterShare)}
}

// Run tunes a network on pairs.
func (c tuneCmd) Run(ctx context.Context, u *ui) error {
	if err := c.check(); err != nil {
		return err
	}
	start, err := c.start(ctx, u)
	if err != nil {
		return err
	}
	if err := c.checkFor(start.from); err != nil {
		return err
	}
	data, err := c.load(ctx, u, start.base.Generator.Config.Size)
	if err != nil {
		if ctx.Err() != nil {
			return hinted{interrupted{}, "nothing was trained yet: the same command begins anew"}
		}
		return err
	}
	o, err := c.options(u, start, data)
	if err != nil {
		return err
	}
	giveBack, err := c.claim(o.Adapter())
	if err != nil {
		return err
	}
	defer giveBack()
	result, ended := tuneHere(ctx, o)
	if result == nil {
		return ended
	}
	return c.conclude(ctx, u, start, data, o, result, ended)
}

// conclude writes and tells what a training ended with.
func (c tuneCmd) conclude(ctx context.Context, u *ui, start tuneStart, data tuneData, o tune.Options, result *tune.Result, ended error) error {
	path := c.weightsPath(result.Adapter != nil)
	if err := worthless(path, result, ended); err != nil {
		return err
	}
	measured := ctx
	if ended != nil { // what is left to do takes a moment, and a second Ctrl-C ends it
		measured = context.WithoutCancel(ctx)
	}
	r, err := c.finish(measured, u, start, data, o, result)
	if err != nil && measured.Err() != nil {
		return hinted{interrupted{}, fmt.Sprintf("what was trained is in %s; eval measures it", path)}
	}
	if err != nil {
		return errors.Join(ended, err)
	}
	if ended != nil {
		return c.explain(ended, r)
	}
	if o.Until > 0 && !result.Reached {
		u.notice("the held-out pairs have %.2f dB, not %g: go on with --from %s and more time", result.After(), o.Until, r.Weights)
	}
	if r.After < r.Before && !c.GAN { // sharper pictures may have a lower PSNR
		u.notice("the pictures became worse: try a lower --lr")
	}
	return u.result(r, func(w io.Writer) { r.print(w) })
}

// tuneHere trains on the CPU backend.
func tuneHere(ctx context.Context, o tune.Options) (*tune.Result, error) {
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	return tune.Run(ctx, backend, o)
}

// check refuses flags that contradict each other.
func (c *tuneCmd) check() error {
	switch {
	case c.Text == "" && (c.From == "" || c.From == tune.Generated):
		return misusef("tune needs a description of the effect to start from, as in warmstart tune \"a sepia photo\" …; " +
			"--from zero starts without")
	case c.Steps < 0 || c.Steps > 1e7:
		return misusef("--steps %d is outside 1 to 10 million", c.Steps)
	case !(c.Seconds >= 0 && c.Seconds <= 1e6):
		return misusef("--seconds %g is outside 0 to a million", c.Seconds)
	case c.Steps > 0 && c.Seconds > 0:
		return misusef("--steps and --seconds: give one of them")
	case !(c.Until >= 0 && c.Until < 99):
		return misusef("--until %g is outside 0 to 99 dB", c.Until)
	case c.Batch < 0 || c.Batch > 256:
		return misusef("--batch %d is outside 1 to 256", c.Batch)
	}
	if err := checkRate("--lr", c.LR); err != nil {
		return err
	}
	return checkRate("--all-lr", c.AllLR)
}

// checkFor refuses flags that have no effect on a training from such weights.
func (c *tuneCmd) checkFor(from string) error {
	adapter := from == tune.Generated || from == tune.Zero
	switch {
	case c.Adapter != nil && !(adapter && c.AllWeights):
		return misusef("--adapter-share is for --all-weights from an adapter or the base: nothing else trains the one and then the others")
	case c.AllLR != nil && adapter && !c.AllWeights:
		return misusef("--all-lr is for --all-weights: an adapter is trained at --lr")
	case c.AllLR != nil && from == tune.Scratch:
		return misusef("--all-lr is not for --from scratch, which trains at --lr")
	}
	return nil
}

// tuneStart is what a training starts from.
type tuneStart struct {
	base    *lora.Base
	from    string // as tune.Options has it
	values  [][]float32
	prompt  string
	unknown []string
}

// start reads or writes the first weights.
func (c tuneCmd) start(ctx context.Context, u *ui) (tuneStart, error) {
	s := tuneStart{from: c.From, prompt: c.Text}
	var err error
	switch c.From {
	case "", tune.Generated:
		models, adapter, unknown, err := c.generate(ctx, c.Text, weightgen.Sampling{})
		if err != nil {
			return s, err
		}
		if len(unknown) > 0 {
			u.unknown(unknown, nearest(c.Text))
		}
		s.from, s.base, s.values, s.unknown = tune.Generated, models.Base, adapter.Values, unknown
		return s, nil
	case tune.Zero, tune.Scratch:
		s.base, err = c.base()
		return s, err
	}
	if s.base, err = c.base(); err != nil {
		return s, err
	}
	return s, c.fromFile(u, &s)
}

// fromFile reads the first weights from a file.
func (c tuneCmd) fromFile(u *ui, s *tuneStart) error {
	path, err := weightsIn(c.From)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	if !exists(path) {
		return fmt.Errorf("--from %s: there is no such file; use %s, %s, %s or a file", c.From, tune.Generated, tune.Zero, tune.Scratch)
	}
	if is, err := lora.IsAdapter(path); err == nil && is {
		a, err := readAdapter(path, s.base)
		if err != nil {
			return err
		}
		if s.prompt == "" {
			s.prompt = a.Prompt
		}
		s.from, s.values = tune.Generated, a.Values
		return nil
	}
	w, err := c.generator(u, path)
	if err != nil {
		return err
	}
	base, own := s.base.Generator.Config, w.Config
	if own.Generator != base.Generator || own.Width != base.Width || own.Depth != base.Depth {
		return fmt.Errorf("--from %s: a %s generator of width %d, but the base is a %s generator of width %d: train it on with warmstart train",
			c.From, own.Generator, own.Width, base.Generator, base.Width)
	}
	if s.prompt == "" {
		s.prompt = w.Metadata["prompt"]
	}
	s.from, s.values = tune.Weights, w.Values
	return nil
}

// tuneData are the pairs.
type tuneData struct {
	train *pairs.Set
	curve []gan.Sample // what the quality is measured on in between
	test  *pairs.Set   // and at the end, and what the gallery shows
	split string       // of test: "test", "val" or "train"
}

// curvePairs is the most pairs that the quality is measured on in between.
const curvePairs = 16

// load reads the pairs.
func (c tuneCmd) load(ctx context.Context, u *ui, size int) (d tuneData, err error) {
	o := pairs.LoadOptions{Split: pairs.Train, Size: size, Reverse: c.Direction == "b2a", Progress: u.progress("loading", "pairs")}
	if d.train, err = pairs.Load(ctx, c.Pairs, o); err != nil {
		return d, hinted{err, "warmstart pairs make --help tells how to make pairs"}
	}
	u.loaded(d.train)
	o.Progress = nil
	var between *pairs.Set
	for _, split := range []pairs.Split{pairs.Val, pairs.Test, pairs.Train} {
		o.Split = split
		set, err := pairs.Load(ctx, c.Pairs, o)
		if errors.Is(err, pairs.ErrNone) || split == pairs.Train && d.test != nil {
			continue
		}
		if err != nil {
			return d, err
		}
		if between == nil {
			between = set
		}
		d.test, d.split = set, string(split)
	}
	if d.split == string(pairs.Train) {
		u.notice("%s has no pairs for validation or tests: the quality is measured on those trained on, which says little", c.Pairs)
	}
	if d.train.Len() == 1 {
		u.notice("%s has one pair to train on: the network may learn that picture instead of the effect", c.Pairs)
	}
	for i := range min(curvePairs, between.Len()) {
		a, b := between.Pair(i)
		d.curve = append(d.curve, gan.Sample{Source: a, Target: b})
	}
	return d, nil
}

// options says how to train.
func (c tuneCmd) options(u *ui, start tuneStart, data tuneData) (tune.Options, error) {
	s := tune.DefaultSettings(start.from)
	if c.GAN {
		s = tune.Adversarial(start.from)
	}
	set(&s.Batch, c.Batch)
	if c.LR != nil {
		s.LR = *c.LR
	}
	if c.AllLR != nil {
		s.AllLR = *c.AllLR
	}
	if c.Adapter != nil {
		s.AdapterShare = *c.Adapter
	}
	s.Seed = c.Seed
	o := tune.Options{
		Base: start.base, From: start.from, Start: start.values, AllWeights: c.AllWeights, Settings: s, Quality: data.curve,
		Steps: c.Steps, Seconds: c.Seconds, Until: c.Until, Progress: u.curve(),
	}
	switch {
	case o.Steps > 0 || o.Seconds > 0:
	case o.Until > 0:
		o.Seconds = 60
	default:
		o.Seconds = 1
	}
	if o.Until > 0 {
		o.EvalEvery = 5
	}
	if c.GAN && start.from != tune.Scratch {
		d, err := c.discriminator(u, start.base.Generator.Config)
		if err != nil {
			return o, err
		}
		if d != nil {
			o.Discriminator = d.Values
		}
	}
	size := start.base.Generator.Config.Size
	batches, err := pairs.NewBatches(data.train, pairs.BatchOptions{Batch: s.Batch, Crop: size, Flip: !c.NoFlip, Seed: s.Seed})
	o.Train = batches
	return o, err
}

// explain says how to go on after a training that was cut short, whose weights have been written.
func (c tuneCmd) explain(err error, r *tuneResult) error {
	if errors.Is(err, context.Canceled) {
		return hinted{err, fmt.Sprintf("they are in %s; --from %[1]s goes on from there", r.Weights)}
	}
	return hinted{err, "they are in " + r.Weights + "; use a lower --lr, or --all-lr if all weights were being trained"}
}
