package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/pairs"
)

type evalCmd struct {
	Model     string `arg:"" placeholder:"FILE" help:"An adapter or a weights file (.safetensors), or the folder of tune or train."`
	Pairs     string `required:"" placeholder:"DIR" help:"Folder of pairs; those for tests are used, or all if there are none."`
	Size      int    `placeholder:"PIXELS" help:"Pictures are scaled to this width and height; default: those of the network's training."`
	Direction string `enum:"a2b,b2a" default:"a2b" help:"a2b: A is the input and B the target; b2a: the reverse."`
	modelsFlag
}

// evalResult tells how near the outputs are to the targets.
type evalResult struct {
	Model   string   `json:"model"`
	Split   string   `json:"split"` // "test", or "all"
	Pairs   int      `json:"pairs"`
	Size    int      `json:"size"`
	Input   float64  `json:"psnr_input"`  // mean over the pairs, in dB: the input beside the target
	Output  float64  `json:"psnr_output"` // the same: what the network makes of the input
	Skipped []string `json:"skipped,omitempty"`
}

// Run measures a network.
func (c evalCmd) Run(ctx context.Context, u *ui) error {
	model, closeModel, err := c.open(u, c.Model)
	if err != nil {
		return err
	}
	defer closeModel()
	r := evalResult{Model: c.Model, Size: model.Config().Size}
	set(&r.Size, c.Size)
	if r.Size < 1 || r.Size > maxEvalSize {
		return misusef("--size %d is outside 1 to %d pixels", r.Size, maxEvalSize)
	}
	held, split, err := heldOut(ctx, c.Pairs, pairs.LoadOptions{Size: r.Size, Reverse: c.Direction == "b2a"})
	if err != nil {
		return c.again(ctx, err)
	}
	u.loaded(held)
	r.Split, r.Pairs, r.Skipped = split, held.Len(), messages(held.Skipped)
	if r.Split == splitAll {
		u.notice("%s has no pairs for tests: measured on all %d", c.Pairs, r.Pairs)
	}
	progress := u.progress("measuring", "pairs")
	for i := range held.Len() {
		e, err := tryOut(ctx, model, held, i)
		if err != nil {
			return c.again(ctx, err)
		}
		r.Input += metrics.PSNR(e.input, e.target) / float64(r.Pairs)
		r.Output += metrics.PSNR(e.output, e.target) / float64(r.Pairs)
		progress(i+1, r.Pairs)
	}
	return u.result(r, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %.2f dB PSNR to the target over %d pairs; the untouched input has %.2f dB\n", r.Model, r.Output, r.Pairs, r.Input)
	})
}

const (
	maxEvalSize = 2048
	splitAll    = "all"
)

func (c evalCmd) again(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return hinted{interrupted{}, "the same command begins anew"}
	}
	return err
}

// heldOut reads the pairs for tests, or all if there are none. Split is "test" or "all".
func heldOut(ctx context.Context, dir string, o pairs.LoadOptions) (held *pairs.Set, split string, err error) {
	o.Split = pairs.Test
	if held, err = pairs.Load(ctx, dir, o); !errors.Is(err, pairs.ErrNone) {
		return held, string(pairs.Test), err
	}
	o.Split = ""
	held, err = pairs.Load(ctx, dir, o)
	return held, splitAll, err
}

// loaded tells what is to be known about pairs that were read.
func (u *ui) loaded(set *pairs.Set) {
	u.skipped(set.Skipped)
	if set.Smallest < set.Size {
		u.notice("some pairs were enlarged to %dx%d pixels: the smallest has a side of %d", set.Size, set.Size, set.Smallest)
	}
}

// tryOut applies a model to the input of a pair.
func tryOut(ctx context.Context, model *gan.Model, set *pairs.Set, i int) (e example, err error) {
	e.input, e.target = set.Pair(i)
	out, err := model.Apply(ctx, []*imageio.Image{e.input})
	if err != nil {
		return e, err
	}
	e.output = out[0]
	return e, nil
}
