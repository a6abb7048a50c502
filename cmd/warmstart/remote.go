package main

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/alecthomas/kong"

	"github.com/warmstart-ml/warmstart/client"
)

// tokenVariable names the environment variable with the token of a server, for both ends.
const tokenVariable = "WARMSTART_TOKEN"

// remote is a verb that can be left to a server.
type remote interface {
	runAt(ctx context.Context, u *ui, at *client.Client) error
}

// runAt leaves the chosen verb to a server.
func runAt(ctx context.Context, u *ui, address string, command *kong.Context) error {
	verb, ok := command.Selected().Target.Addr().Interface().(remote)
	if !ok {
		return hinted{errors.New("--server: only init, tune, apply and effects can be left to a server"), "leave out --server, or unset WARMSTART_SERVER"}
	}
	at, err := client.New(address, os.Getenv(tokenVariable))
	if err != nil {
		return hinted{err, "--server names the server"}
	}
	return explainRemote(ctx, verb.runAt(ctx, u, at))
}

// explainRemote tells an interruption, and adds to a server's errors what to do about them.
func explainRemote(ctx context.Context, err error) error {
	var e *client.Error
	switch {
	case err != nil && ctx.Err() != nil && !errors.Is(err, context.Canceled):
		return errors.Join(interrupted{}, err)
	case errors.As(err, &e) && e.Status == http.StatusUnauthorized:
		return hinted{err, tokenVariable + " holds the server's token"}
	}
	return err
}
