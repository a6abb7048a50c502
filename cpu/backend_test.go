package cpu

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/support/backendtest"
)

// TestConformance runs the suite that GoMLX has for all backends.
func TestConformance(t *testing.T) {
	for _, config := range []string{"threads=1", "threads=2"} {
		t.Run(config, func(t *testing.T) {
			b, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.Finalize)
			backendtest.RunAll(t, b, nil)
		})
	}
}

var _ compute.Backend
