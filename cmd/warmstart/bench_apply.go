package main

import (
	"context"
	"strings"

	"github.com/warmstart-ml/warmstart/bench"
	"github.com/warmstart-ml/warmstart/gan"
)

type benchApplyCmd struct {
	Model string `arg:"" optional:"" help:"What to apply: a run's folder, a checkpoint, a weights file or an adapter. Default: the base."`
	ORT   string `name:"ort" env:"WARMSTART_ORT" required:"" placeholder:"DIR" help:"Folder in which npm has installed onnxruntime-node."`
	Quick bool   `help:"Fewer and shorter rounds: a look, not a measurement."`
	modelsFlag
}

// Run measures how fast pictures are made, here and by onnxruntime.
func (c benchApplyCmd) Run(ctx context.Context, u *ui) error {
	w, err := c.read(u)
	if err != nil {
		return err
	}
	f := benchFlags{Quick: c.Quick}
	return f.run(ctx, u, threadCounts(), func(ctx context.Context, o bench.Options) (*bench.Report, error) {
		r, err := bench.Apply(ctx, w, c.ORT, o)
		if err == nil {
			r.Machine.Ours = readVersion().Version + " " + strings.Join(cpuFeatures(), " ")
		}
		return r, err
	})
}

func (c benchApplyCmd) read(u *ui) (*gan.Weights, error) {
	if c.Model != "" {
		return c.generator(u, c.Model)
	}
	b, err := c.base()
	if err != nil {
		return nil, err
	}
	return b.Generator, nil
}
