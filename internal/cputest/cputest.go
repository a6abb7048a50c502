// Package cputest makes backends for tests, and contexts that end in the middle of a training.
package cputest

import (
	"context"
	"testing"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/cpu"
)

// New returns a backend with the options of cpu.New, which is finalized at the end of the test.
func New(t testing.TB, options string) compute.Backend {
	t.Helper()
	b, err := cpu.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// Countdown returns a context that is cancelled when it has been asked a number of times. It is for one goroutine.
func Countdown(parent context.Context, times int) context.Context {
	return &countdown{parent, times}
}

type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}
