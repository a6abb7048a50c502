package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/warmstart-ml/warmstart/client"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/api"
)

// runAt lets a server apply its effects, which are given by their IDs or names.
func (c *applyCmd) runAt(ctx context.Context, u *ui, at *client.Client) error {
	if err := c.check(u); err != nil {
		return err
	}
	if c.Models != "" {
		return errRemoteModels
	}
	if c.Side != 0 {
		return errors.New("--side and --server: the server chooses at what size its networks see pictures")
	}
	status, err := at.Status(ctx)
	if err != nil {
		return err
	}
	effects, err := c.effects(ctx, at)
	if err != nil {
		return err
	}
	jobs, err := c.plan()
	if err != nil {
		return err
	}
	return c.perform(ctx, u, jobs, remoteApplier{c, at, effects, status.Limits.Side})
}

// effects finds the effects of the chain on the server's shelf.
func (c *applyCmd) effects(ctx context.Context, at *client.Client) (chain []api.Effect, err error) {
	shelf, err := at.Effects(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{c.Model}, c.Then...) {
		e, ok := findEffect(shelf, name)
		if !ok {
			return nil, hinted{fmt.Errorf("the server has no effect %q", name), "warmstart effects ls lists IDs and names; init makes effects"}
		}
		chain = append(chain, e)
	}
	return chain, nil
}

// findEffect returns the effect with an ID, or else the newest of a name.
func findEffect(shelf []api.Effect, name string) (api.Effect, bool) {
	for _, e := range shelf {
		if e.ID == name {
			return e, true
		}
	}
	for _, e := range shelf { // the newest first
		if e.Name == name {
			return e, true
		}
	}
	return api.Effect{}, false
}

// remoteApplier lets a server change pictures.
type remoteApplier struct {
	c     *applyCmd
	at    *client.Client
	chain []api.Effect
	side  int // the most pixels of a side that the server makes
}

// Apply sends the picture to the first effect, what comes back to the second, and so on. It is PNG all the way, which loses nothing.
func (a remoteApplier) Apply(ctx context.Context, in *imageio.Image) (*imageio.Image, error) {
	if max(in.W, in.H) > a.side {
		return nil, fmt.Errorf("%dx%d pixels, the server makes at most %d: scale it down first", in.W, in.H, a.side)
	}
	for i, e := range a.chain {
		var b bytes.Buffer
		if err := in.EncodePNG(&b); err != nil {
			return nil, err
		}
		o := client.ApplyOptions{Side: a.side, PNG: true}
		if n := len(a.c.Strength); n > 0 {
			strength := float64(a.c.Strength[min(i, n-1)])
			o.Strength = &strength
		}
		out, err := a.at.Apply(ctx, e.ID, b.Bytes(), o)
		if err != nil {
			return nil, err
		}
		if in, err = imageio.Decode(bytes.NewReader(out), imageio.Limits{}); err != nil {
			return nil, fmt.Errorf("the server's picture: %w", err)
		}
	}
	return in, nil
}
