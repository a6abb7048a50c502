package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

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
	return c.perform(ctx, u, jobs, remoteApplier{c, at, effects, status.Limits})
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
	c      *applyCmd
	at     *client.Client
	chain  []api.Effect
	limits api.Limits
}

// apply sends the picture to the first effect, what comes back to the second, and so on. What comes back is PNG, which loses nothing.
func (a remoteApplier) apply(ctx context.Context, in *imageio.Encoded) (*imageio.Image, error) {
	if max(in.W, in.H) > a.limits.Side {
		return nil, refused{fmt.Errorf("%dx%d pixels, the server makes at most %d: %w", in.W, in.H, a.limits.Side, imageio.ErrTooLarge)}
	}
	picture, err := a.first(in)
	if err != nil {
		return nil, err
	}
	for i, e := range a.chain {
		if n := int64(len(picture)); n > a.limits.PictureBytes {
			return nil, refused{fmt.Errorf("%d bytes as PNG, the server takes at most %d: %w", n, a.limits.PictureBytes, imageio.ErrTooLarge)}
		}
		o := client.ApplyOptions{Side: a.limits.Side, PNG: true}
		if n := len(a.c.Strength); n > 0 {
			strength := float64(a.c.Strength[min(i, n-1)])
			o.Strength = &strength
		}
		if picture, err = a.at.Apply(ctx, e.ID, picture, o); err != nil {
			return nil, aboutPicture(err)
		}
	}
	out, err := imageio.Decode(bytes.NewReader(picture), imageio.Limits{MaxBytes: maxEncoded, MaxPixels: maxDecoded})
	if err != nil {
		return nil, fmt.Errorf("the server's picture: %w", err)
	}
	return out, nil
}

// first returns what is sent to the first effect: the file as it is, which the server reads as it would be read here, or as PNG if it is too long.
func (a remoteApplier) first(in *imageio.Encoded) ([]byte, error) {
	if int64(len(in.Bytes())) <= a.limits.PictureBytes {
		return in.Bytes(), nil
	}
	m, err := in.Decode()
	if err != nil {
		return nil, refused{err}
	}
	var b bytes.Buffer
	if err := m.EncodePNG(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// aboutPicture makes errors refused that are about this picture, and not about the effect, the server or the way to it.
func aboutPicture(err error) error {
	var e *client.Error
	if errors.As(err, &e) {
		switch e.Status {
		case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
			return refused{err}
		}
	}
	return err
}
