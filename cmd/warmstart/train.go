package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/pairs"
)

// Flags that are not given, nil or "", mean "as the preset has it", or with --resume "as the run was begun".
type trainCmd struct {
	Data      string   `arg:"" placeholder:"DIR" help:"Folder of pairs: A/train and B/train, or train with both side by side."`
	Out       string   `short:"o" required:"" placeholder:"RUN" help:"Folder for the run: checkpoints, weights, losses, samples. A new or empty one, or with --resume that of the run."`
	Resume    bool     `help:"Go on from the run's last checkpoint, to the same bits as if it had never stopped. The run's own settings hold, and DIR must hold the pairs that it was begun with, wherever they are now; --steps may be raised."`
	Preset    string   `placeholder:"NAME" help:"mini: a small network for 64x64 crops, seconds to minutes; resnet9, unet256: pix2pix as published, hours. Default: mini."`
	Steps     *int     `placeholder:"N" help:"Training steps in total, the second half at a falling rate; default: the preset's."`
	Size      *int     `placeholder:"PIXELS" help:"Width and height of what the network is trained on; default: the preset's."`
	LoadSize  *int     `placeholder:"PIXELS" help:"Pictures are scaled to this width and height, then cropped at random to --size; default: --size times 286/256, as pix2pix."`
	Batch     *int     `placeholder:"N" help:"Pairs per step; default: the preset's."`
	LR        *float64 `name:"lr" placeholder:"RATE" help:"The generator's learning rate; default: the preset's."`
	EMA       *float64 `name:"ema" placeholder:"DECAY" help:"Keep an average of the weights with this decay per step, less than 1, as 0.999; default: 0, none."`
	Direction string   `enum:"a2b,b2a," default:"" placeholder:"a2b" help:"a2b: A is the input and B the target; b2a: the reverse."`
	NoFlip    bool     `help:"Do not mirror pictures: for pairs in which left and right matter."`
	Seed      *uint64  `placeholder:"N" help:"Of first weights, order and crops; default: 1."`
}

// trainResult tells where the run is and how it went.
type trainResult struct {
	Run     string   `json:"run"`
	Weights string   `json:"weights"`
	Pairs   int      `json:"pairs"`
	Skipped []string `json:"skipped,omitempty"`
	gan.Summary
}

// Run trains a network on pairs.
func (c trainCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.settings()
	if err != nil {
		return err
	}
	result, err := train(ctx, u, c.Data, c.Out, s, c.Resume)
	switch {
	case ctx.Err() != nil && !checkpoint.Exists(c.Out):
		return hinted{interrupted{}, "nothing was trained yet: the same command begins anew"}
	case errors.Is(err, context.Canceled):
		return hinted{err, fmt.Sprintf("warmstart train %s -o %s --resume", c.Data, c.Out)}
	case err != nil:
		return err
	}
	return u.result(result, func(w io.Writer) {
		if result.ImagesPerSecond == 0 {
			fmt.Fprintf(w, "%s: all %d steps were done before; train on with --resume --steps and a higher number\n", result.Weights, result.Steps)
			return
		}
		fmt.Fprintf(w, "%s: %d steps, %.1f images/s, L1 %.4f\n", result.Weights, result.Steps, result.ImagesPerSecond, result.Losses.L1)
	})
}

// train does a run or what is left of it.
func train(ctx context.Context, u *ui, data, run string, s settings, resume bool) (*trainResult, error) {
	set, samples, err := loadFor(ctx, u, data, run, &s, resume)
	if err != nil {
		return nil, err
	}
	batches, err := pairs.NewBatches(set, pairs.BatchOptions{
		Batch: s.Config.Batch, Crop: s.Config.Size, Flip: s.Flip, Seed: s.Config.Seed,
	})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(run, 0o755); err != nil {
		return nil, err
	}
	unlock, err := checkpoint.Lock(run)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if !resume {
		if err := begin(run, s); err != nil {
			return nil, err
		}
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	summary, err := gan.Train(ctx, backend, gan.Options{
		Config: s.Config, Data: batches, Dir: run, Resume: resume, Progress: u.err,
		Samples: samples, SampleEvery: max(1, s.Config.Steps/8),
	})
	if err != nil {
		if !resume && !checkpoint.Exists(run) { // Wrong settings, most likely: leave no folder behind, unless it holds other things.
			unlock()
			os.Remove(filepath.Join(run, settingsName))
			os.Remove(filepath.Join(run, checkpoint.LockFile))
			os.Remove(run)
		}
		return nil, err
	}
	return &trainResult{
		Run: run, Weights: filepath.Join(run, gan.WeightsFile), Pairs: set.Len(), Skipped: messages(set.Skipped), Summary: *summary,
	}, nil
}

// loadFor reads the pairs for a run, which they are noted in or held against, unless its folder is none for it.
func loadFor(ctx context.Context, u *ui, data, run string, s *settings, resume bool) (*pairs.Set, []gan.Sample, error) {
	if !resume {
		if err := vacant(run); err != nil { // begin asks again: another training may have begun while pairs were read
			return nil, nil, err
		}
	}
	set, samples, err := loadData(ctx, u, data, *s)
	if err != nil {
		return nil, nil, err
	}
	if resume {
		return set, samples, s.sameData(u, data, run, set.ID)
	}
	s.Pairs = set.ID
	return set, samples, nil
}

// loadData reads the training pairs, and a few others for the sample sheets if there are any.
func loadData(ctx context.Context, u *ui, dir string, s settings) (*pairs.Set, []gan.Sample, error) {
	o := pairs.LoadOptions{Split: pairs.Train, Size: s.LoadSize, Reverse: s.Reverse, Identify: true, Progress: u.progress("loading", "pairs")}
	set, err := pairs.Load(ctx, dir, o)
	if err != nil {
		return nil, nil, hinted{err, "warmstart pairs make --help tells how to make pairs"}
	}
	u.skipped(set.Skipped)
	for _, split := range []pairs.Split{pairs.Val, pairs.Test} {
		o.Split, o.Size, o.Max, o.Identify, o.Progress = split, s.Config.Size, 4, false, nil
		held, err := pairs.Load(ctx, dir, o)
		if err != nil {
			continue // Held-out pairs are not needed to train.
		}
		var samples []gan.Sample
		for i := range held.Len() {
			a, b := held.Pair(i)
			samples = append(samples, gan.Sample{Source: a, Target: b})
		}
		return set, samples, nil
	}
	return set, nil, nil
}
