package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/warmstart-ml/warmstart/client"
	"github.com/warmstart-ml/warmstart/server/api"
)

// remoteResult tells of an effect at a server.
type remoteResult struct {
	ID      string   `json:"id"`
	Adapter string   `json:"adapter"` // the file, or that of all weights
	Prompt  string   `json:"prompt"`
	Unknown []string `json:"unknown,omitempty"`
	Base    string   `json:"base"`
	Steps   int      `json:"steps"`
	PSNR    float64  `json:"psnr_output,omitempty"`
	Seconds float64  `json:"seconds"` // from the start of the process to the file
}

func (r remoteResult) print(w io.Writer) {
	fmt.Fprintf(w, "%s: effect %s, %q, in %.2f s\n", r.Adapter, r.ID, r.Prompt, r.Seconds)
}

// runAt lets a server write the weights of a prompt.
func (c *initCmd) runAt(ctx context.Context, u *ui, at *client.Client) error {
	if c.Models != "" {
		return errRemoteModels
	}
	if c.samplingFlags != (samplingFlags{Steps: 1, Guidance: 1, Seed: 1}) {
		return errRemoteSampling
	}
	if err := c.check(); err != nil {
		return err
	}
	e, err := at.NewEffect(ctx, api.NewEffect{Prompt: c.Text})
	if err != nil {
		return err
	}
	r, err := download(ctx, u, at, e, c.Out)
	if err != nil {
		return err
	}
	return u.result(r, r.print)
}

// download writes the weights of an effect to a file.
func download(ctx context.Context, u *ui, at *client.Client, e api.Effect, path string) (remoteResult, error) {
	fetch := at.Adapter
	if e.Kind == api.KindWeights {
		fetch = at.Weights
	}
	file, err := fetch(ctx, e.ID)
	if err != nil {
		return remoteResult{}, err
	}
	if err := writeFile(path, file); err != nil {
		return remoteResult{}, err
	}
	if len(e.Unknown) > 0 {
		var names []string
		for _, n := range e.Nearest {
			names = append(names, n.Prompt)
		}
		u.unknown(e.Unknown, names)
	}
	return remoteResult{
		ID: e.ID, Adapter: path, Prompt: e.Prompt, Unknown: e.Unknown, Base: e.Base, Steps: e.Steps, PSNR: e.PSNR, Seconds: time.Since(started).Seconds(),
	}, nil
}
