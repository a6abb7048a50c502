package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/pairs"
)

type demoCmd struct {
	Edit  editExpr `default:"${demo_edit}" placeholder:"EDIT" help:"What to learn; warmstart edits lists them. Default: ${demo_edit}."`
	Out   string   `short:"o" default:"warmstart-demo" placeholder:"DIR" help:"Folder for everything that is made. Default: warmstart-demo."`
	N     int      `short:"n" default:"240" placeholder:"PAIRS" help:"Number of pairs, a tenth of them for tests. Default: 240."`
	Steps int      `default:"${demo_steps}" help:"Training steps."`
	Seed  uint64   `default:"1" help:"Of everything random."`
}

const (
	demoEdit  = "sunset"
	demoSteps = "900"
	// Twice mini's own size, for pictures worth looking at, and half its batch.
	demoSize, demoBatch = 128, 2
)

// demoResult tells what the demo made and how good it is.
type demoResult struct {
	Page    string  `json:"page"`
	Sheet   string  `json:"sheet"`
	Run     string  `json:"run"`
	Edit    string  `json:"edit"`
	Before  float64 `json:"psnr_input"`        // mean over the test pairs, in dB: the input beside the target
	After   float64 `json:"psnr_output"`       // the same: what the network makes of the input
	Seconds float64 `json:"seconds,omitempty"` // for all of it; none if the run was there already
	gan.Summary
}

// Run makes pairs, trains on them and shows what was learnt.
func (c demoCmd) Run(ctx context.Context, u *ui) error {
	start := time.Now()
	if c.N < 10 {
		return fmt.Errorf("--n %d: the demo needs at least 10 pairs", c.N)
	}
	s, err := c.settings()
	if err != nil {
		return err
	}
	u.notice("1 of 3: painting %d landscapes, each as it is and with %q", c.N, c.Edit.chain)
	if _, err := pairs.Make(ctx, pairs.Options{
		Dir: s.Data, Edit: c.Edit.chain, N: c.N, Size: s.LoadSize, Layout: pairs.Apart, Seed: c.Seed, Test: 0.1,
		Progress: u.progress("painting", "pairs"),
	}); err != nil {
		return c.again(err)
	}
	u.notice("2 of 3: training a network from scratch to do the same, %d steps", c.Steps)
	run := filepath.Join(c.Out, "run")
	resumed := checkpoint.Exists(run)
	trained, err := train(ctx, u, s.Data, run, s, resumed)
	if err != nil {
		return c.again(err)
	}
	u.notice("3 of 3: letting it work on landscapes that it has never seen")
	r := demoResult{Run: run, Edit: c.Edit.chain.String(), Summary: trained.Summary}
	examples, err := examples(ctx, u, run, s.Data, demoSize)
	if err != nil {
		return c.again(err)
	}
	if !resumed {
		r.Seconds = time.Since(start).Seconds()
	}
	if err := c.show(&r, examples); err != nil {
		return err
	}
	u.notice("%.1f dB PSNR to the target; the untouched input has %.1f dB", r.After, r.Before)
	u.notice("look at %s; next: warmstart apply %s YOUR-PHOTO.jpg -o %s", r.Page, r.Run, c.Out)
	return u.result(r, func(w io.Writer) { fmt.Fprintf(w, "%s\n%s\n", r.Page, r.Sheet) })
}

// settings are mini's, larger.
func (c demoCmd) settings() (settings, error) {
	config, err := gan.Preset("mini")
	if err != nil {
		return settings{}, err
	}
	config = config.WithSteps(c.Steps)
	config.Seed, config.Size, config.Batch = c.Seed, demoSize, demoBatch
	return settings{Data: filepath.Join(c.Out, "pairs"), LoadSize: loadSize(config.Size), Flip: true, Config: config}, nil
}

// again adds to an interruption how to go on.
func (c demoCmd) again(err error) error {
	if errors.Is(err, context.Canceled) {
		return hinted{interrupted{}, "the same command goes on where this one stopped"}
	}
	return err
}

// examples applies the run's network to the test pairs.
func examples(ctx context.Context, u *ui, run, data string, size int) ([]example, error) {
	test, err := pairs.Load(ctx, data, pairs.LoadOptions{Split: pairs.Test, Size: size})
	if err != nil {
		return nil, err
	}
	model, closeModel, err := modelsFlag{}.open(u, run)
	if err != nil {
		return nil, err
	}
	defer closeModel()
	list := make([]example, test.Len())
	for i := range list {
		e := &list[i]
		e.input, e.target = test.Pair(i)
		out, err := model.Apply(ctx, []*imageio.Image{e.input})
		if err != nil {
			return nil, err
		}
		e.output = out[0]
	}
	return list, nil
}

// show writes the gallery.
func (c demoCmd) show(r *demoResult, examples []example) (err error) {
	for _, e := range examples {
		r.Before += metrics.PSNR(e.input, e.target) / float64(len(examples))
		r.After += metrics.PSNR(e.output, e.target) / float64(len(examples))
	}
	facts := [][2]string{
		{"effect", r.Edit},
		{"training", fmt.Sprintf("%d steps on %d pairs", r.Steps, c.N-len(examples))},
		{"quality", fmt.Sprintf("%.1f dB PSNR to the target; the untouched input has %.1f dB", r.After, r.Before)},
	}
	if r.Seconds > 0 {
		facts = append(facts, [2]string{"time", fmt.Sprintf("%.0f s from nothing to here", r.Seconds)},
			[2]string{"speed", fmt.Sprintf("%.0f images of %dx%d a second", r.ImagesPerSecond, demoSize, demoSize)})
	}
	g := gallery{
		Title: "Warmstart: " + r.Edit,
		Lead: "A network learnt an effect from pairs of pictures, on this machine's CPU. " +
			"These are test pictures that it had never seen.",
		Facts: facts, examples: examples[:min(16, len(examples))],
	}
	r.Sheet, r.Page, err = g.write(c.Out)
	return err
}
