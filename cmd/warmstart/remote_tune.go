package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/warmstart-ml/warmstart/client"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/tune"
)

// errRemoteModels tells that a server has its own models.
var errRemoteModels = misusef("--models and --server: the server has models of its own")

// runAt lets a server train an effect on pairs. The effect stays on its shelf, the pairs don't.
func (c *tuneCmd) runAt(ctx context.Context, u *ui, at *client.Client) error {
	if err := c.checkRemote(); err != nil {
		return err
	}
	if !isFolder(c.Pairs) {
		return fmt.Errorf("--pairs %s is no folder", c.Pairs)
	}
	giveBack, err := c.claim(!c.AllWeights)
	if err != nil {
		return err
	}
	defer giveBack()
	e, j, ended := c.remoteTraining(ctx, u, at)
	if j.State != api.Done && j.State != api.Stopped {
		return ended
	}
	ctx = context.WithoutCancel(ctx) // what is left to do takes a moment, and a second Ctrl-C ends it
	if e, err = at.Effect(ctx, e.ID); err != nil {
		return err
	}
	r, err := download(ctx, u, at, e, c.weightsPath(e.Kind == api.KindAdapter))
	if err != nil {
		return err
	}
	if ended != nil {
		return hinted{ended, fmt.Sprintf("what was trained so far is in %s", r.Adapter)}
	}
	return u.result(r, r.print)
}

// checkRemote refuses what a server cannot be asked for.
func (c *tuneCmd) checkRemote() error {
	if err := c.check(); err != nil {
		return err
	}
	switch {
	case c.Models != "":
		return errRemoteModels
	case c.From != "" && c.From != tune.Generated:
		return misusef("--from %s and --server: a server starts from a description", c.From)
	case c.LR != nil || c.AllLR != nil || c.Adapter != nil || c.Batch != 0 || c.Direction != "a2b" || c.NoFlip || c.Seed != 1:
		return misusef("--server: of the flags of a training, a server takes --all-weights, --gan, --seconds, --steps and --until")
	}
	return nil
}

// remoteTraining trains a new effect. The effect is removed again if the training leaves it as it was, and the pairs in any case.
func (c *tuneCmd) remoteTraining(ctx context.Context, u *ui, at *client.Client) (e api.Effect, j api.Job, err error) {
	p, err := at.UploadPairs(ctx, "from the command line", os.DirFS(c.Pairs))
	if err != nil {
		return e, j, fmt.Errorf("--pairs %s: %w", c.Pairs, err)
	}
	cleanup := context.WithoutCancel(ctx)
	defer func() {
		if removed := at.RemovePairs(cleanup, p.ID); removed != nil {
			u.notice("the pairs are still on the server: %v", removed)
		}
	}()
	for _, s := range p.Skipped {
		u.notice("skipped: %s", s)
	}
	if e, err = at.NewEffect(ctx, api.NewEffect{Prompt: c.Text}); err != nil {
		return e, j, err
	}
	j, err = c.remoteJob(ctx, u, at, e.ID, p.ID)
	if j.ID == "" || j.State == api.Failed || j.State == api.Cancelled { // not where the training may go on
		err = errors.Join(err, at.RemoveEffect(cleanup, e.ID))
	}
	return e, j, err
}

// remoteJob trains an effect and shows how it goes. When ctx ends, the training is stopped.
func (c *tuneCmd) remoteJob(ctx context.Context, u *ui, at *client.Client, effect, pairs string) (api.Job, error) {
	j, err := at.NewJob(ctx, api.NewJob{
		Kind: api.KindTune, Effect: effect, Pairs: pairs, AllWeights: c.AllWeights, GAN: c.GAN,
		Seconds: c.Seconds, Steps: c.Steps, Until: c.Until,
	})
	if err != nil {
		return j, err
	}
	show := u.curve()
	tell := func(p api.Point) {
		show(tune.Point{Seconds: p.Tuned.Seconds, Step: p.Tuned.Step, L1: p.Tuned.Loss, PSNR: p.Tuned.PSNR})
	}
	id := j.ID
	j, err = at.Follow(ctx, id, tell)
	j.ID = id // it knows nothing where no event came
	if ctx.Err() != nil {
		ctx := context.WithoutCancel(ctx)
		if _, err := at.Stop(ctx, id); err != nil {
			return j, err
		}
		j, err = at.Follow(ctx, id, func(api.Point) {})
		return j, errors.Join(interrupted{}, err)
	}
	if err == nil && j.State != api.Done {
		err = fmt.Errorf("the server's training was %s", j.State)
		if j.Error != "" {
			err = fmt.Errorf("%w: %s", err, j.Error)
		}
	}
	return j, err
}
