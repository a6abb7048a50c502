package main

import (
	"context"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/pretrain"
)

type pretrainCmd struct {
	Out    string `short:"o" required:"" placeholder:"DIR" help:"Folder for the run, which is resumed if it was begun before."`
	Photos string `placeholder:"DIR" help:"Folder of photos to learn from beside procedural scenes."`
}

// Run does the whole recipe of the shipped weights.
func (c pretrainCmd) Run(ctx context.Context, u *ui) error {
	config, err := pretrain.DefaultConfig()
	if err != nil {
		return err
	}
	backend, err := cpu.New("")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	err = pretrain.Run(ctx, backend, pretrain.Options{Config: config, Photos: c.Photos, Dir: c.Out, Progress: u.err})
	if ctx.Err() != nil {
		return hinted{interrupted{}, "the same command goes on where this one stopped"}
	}
	return err
}
