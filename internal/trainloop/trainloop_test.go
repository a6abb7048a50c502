package trainloop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// counter is a training that counts.
type counter struct {
	done  int
	saved []int
}

func (c *counter) StepsDone() int    { return c.done }
func (c *counter) Save(string) error { c.saved = append(c.saved, c.done); return nil }

func TestRun(t *testing.T) {
	failure := errors.New("a failed step")
	for name, c := range map[string]struct {
		every      time.Duration
		first      int
		stop, fail int // steps in which it is cancelled or fails
		saved      []int
		want       error
	}{
		"whole":       {every: time.Hour, saved: []int{4}},
		"often":       {every: time.Nanosecond, saved: []int{1, 2, 3, 4}},
		"goes on":     {every: time.Hour, first: 3, saved: []int{4}},
		"was done":    {every: time.Hour, first: 4},
		"interrupted": {every: time.Hour, stop: 2, saved: []int{2}, want: context.Canceled},
		"saved once":  {every: time.Nanosecond, stop: 2, saved: []int{1, 2}, want: context.Canceled},
		"fails":       {every: time.Nanosecond, fail: 3, saved: []int{1, 2}, want: failure},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		dir, training := t.TempDir(), &counter{done: c.first}
		release, err := Claim(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Claim(dir); err == nil {
			t.Error("claimed twice")
		}
		err = Loop{Dir: dir, SaveEvery: c.every, Steps: 4}.Run(ctx, training, func(func() float64) (any, string, error) {
			training.done++
			switch training.done {
			case c.stop:
				cancel()
			case c.fail:
				return nil, "", failure
			}
			return map[string]int{"step": training.done}, "", nil
		})
		release()
		cancel()
		if !errors.Is(err, c.want) || c.want == nil && err != nil || !slices.Equal(training.saved, c.saved) {
			t.Errorf("%s: error %v, saved at %v", name, err, training.saved)
		}
		log, err := os.ReadFile(filepath.Join(dir, LogFile))
		steps := training.done - c.first
		if c.fail > 0 {
			steps--
		}
		if lines := strings.Count(string(log), "\n"); lines != steps {
			t.Errorf("%s: %d lines in the log, wanted %d (%v)", name, lines, steps, err)
		}
	}
}
