package main

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/alecthomas/kong"

	"github.com/warmstart-ml/warmstart/client"
)

// Environment variables for clients. Servers take their token from the same one.
const (
	serverVariable = "WARMSTART_SERVER"
	tokenVariable  = "WARMSTART_TOKEN"
)

// remote is a verb that can be left to a server.
type remote interface {
	runAt(ctx context.Context, u *ui, at *client.Client) error
}

// leaveTo returns the server that the chosen verb is left to, "" if it is done here. Verbs that cannot be left ignore the environment.
func leaveTo(flag string, command *kong.Context) (address string, verb remote, err error) {
	verb, ok := command.Selected().Target.Addr().Interface().(remote)
	switch {
	case !ok && flag != "":
		return "", nil, errors.New("--server: only init, tune, apply and effects can be left to a server")
	case !ok:
		return "", nil, nil
	case flag != "":
		return flag, verb, nil
	}
	return os.Getenv(serverVariable), verb, nil
}

// runAt leaves a verb to a server.
func runAt(ctx context.Context, u *ui, address string, verb remote) error {
	at, err := client.New(address, os.Getenv(tokenVariable))
	if err != nil {
		return hinted{err, "--server or " + serverVariable + " names the server"}
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
