// Package cputest makes backends for tests.
package cputest

import (
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
