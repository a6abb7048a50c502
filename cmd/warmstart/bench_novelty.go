package main

import (
	"context"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/evaluate"
	"github.com/warmstart-ml/warmstart/zoo"
)

type benchNoveltyCmd struct {
	Zoo      string `required:"" placeholder:"DIR" help:"Zoo that the weight generator learnt from."`
	Concepts int    `placeholder:"N" help:"Unseen concepts of each group. Default: all."`
	Scenes   int    `default:"4" placeholder:"N" help:"Scenes that pictures are made of with every adapter. Default: 4."`
	modelsFlag
	outFlag
}

// Run tells whether generated weights are new.
func (c benchNoveltyCmd) Run(ctx context.Context, u *ui) error {
	report, err := c.measure(ctx, u)
	if ctx.Err() != nil {
		return hinted{interrupted{}, "nothing was kept: the same command begins anew"}
	}
	if err != nil {
		return err
	}
	return c.show(u, report)
}

func (c benchNoveltyCmd) measure(ctx context.Context, u *ui) (*evaluate.NoveltyReport, error) {
	load := func() (*warmstart.Models, error) { return warmstart.Load(c.Models) }
	m, err := load()
	if err != nil {
		return nil, c.hint(err)
	}
	z, err := zoo.Open(c.Zoo, m.Base)
	if err != nil {
		return nil, hinted{err, zooHint}
	}
	o := evaluate.NoveltyOptions{Code: m.Code, Concepts: c.Concepts, Scenes: c.Scenes, Progress: u.progress}
	if o.Models, err = evaluate.NewModels(m, z, load); err != nil {
		return nil, hinted{err, zooHint}
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	report, err := evaluate.RunNovelty(ctx, backend, o)
	if report != nil {
		report.Version, report.Machine.Features = thisVersion(), cpuFeatures()
	}
	return report, err
}
