package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/warmstart-ml/warmstart/client"
	"github.com/warmstart-ml/warmstart/server/api"
)

// effectsCmd is about the effects on a server's shelf.
type effectsCmd struct {
	List   effectsListCmd   `cmd:"" name:"ls" help:"List the effects, the newest first."`
	Remove effectsRemoveCmd `cmd:"" name:"rm" help:"Delete effects."`
}

type effectsListCmd struct{}

// Run asks the server on this machine.
func (c *effectsListCmd) Run(ctx context.Context, u *ui) error { return runHere(ctx, u, c) }

func (*effectsListCmd) runAt(ctx context.Context, u *ui, at *client.Client) error {
	list, err := at.Effects(ctx)
	if err != nil {
		return err
	}
	return u.result(api.Effects{Effects: list}, func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, e := range list {
			fmt.Fprintf(t, "%s\t%s\t%d steps\t%s\n", e.ID, e.Created.Local().Format("2006-01-02 15:04"), e.Steps, e.Name)
		}
		t.Flush()
	})
}

type effectsRemoveCmd struct {
	ID []string `arg:"" help:"Effects, as ls lists them."`
}

// Run asks the server on this machine.
func (c *effectsRemoveCmd) Run(ctx context.Context, u *ui) error { return runHere(ctx, u, c) }

func (c *effectsRemoveCmd) runAt(ctx context.Context, u *ui, at *client.Client) error {
	for _, id := range c.ID {
		if err := at.RemoveEffect(ctx, id); err != nil {
			return err
		}
	}
	return u.result(struct {
		Removed []string `json:"removed"`
	}{c.ID}, func(w io.Writer) { fmt.Fprintf(w, "%d deleted\n", len(c.ID)) })
}

// runHere does a verb that has no use without a server at the one on this machine.
func runHere(ctx context.Context, u *ui, verb remote) error {
	c, err := client.New("http://"+defaultListen, os.Getenv(tokenVariable))
	if err != nil {
		return err
	}
	err = explainRemote(ctx, verb.runAt(ctx, u, c))
	var answer *client.Error
	if err != nil && ctx.Err() == nil && !errors.As(err, &answer) {
		err = hinted{err, "start one with warmstart serve, or name another with --server"}
	}
	return err
}
