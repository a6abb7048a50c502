package jobs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/shelf"
	"github.com/warmstart-ml/warmstart/server/store"
	"github.com/warmstart-ml/warmstart/server/studio"
)

// equip gives a manager what it takes to train: tiny models, a shelf and a few pairs.
func (m *Manager) equip(t *testing.T) {
	t.Helper()
	dir, backend := t.TempDir(), cputest.New(t, "threads=1")
	if err := tiny.WriteModels(backend, dir, 1); err != nil {
		t.Fatal(err)
	}
	models, err := warmstart.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.o.Studio = studio.New(models, backend)
	t.Cleanup(m.o.Studio.Close)
	all, err := store.Open(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { all.Close() })
	effects, err := all.Dir("effects")
	if err != nil {
		t.Fatal(err)
	}
	if m.o.Shelf, err = shelf.Open(effects, models.Base, m.o.Log); err != nil {
		t.Fatal(err)
	}
	m.o.Pairs = func(string) (string, error) { return dir, nil }
	for _, folder := range []string{"A/train", "B/train"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			if err := imageio.WriteFile(filepath.Join(dir, folder, fmt.Sprint(i, ".png")), imageio.New(20, 20)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// counting is a context that is cancelled when it has been asked so often.
type counting struct {
	context.Context
	asked *atomic.Int64
	most  int64
}

func (c counting) Err() error {
	if c.asked.Add(1) > c.most {
		return context.Canceled
	}
	return nil
}

// TestEndsInLastMeasurement: a training that is stopped, or whose server ends, while it is measured for the last time is kept, as at any other
// moment.
func TestEndsInLastMeasurement(t *testing.T) {
	m, dir := manager(t)
	m.equip(t)
	run := func(how order, most int64) (j *job, e api.Effect, asked int64) {
		e, err := m.o.Shelf.Add(api.Effect{Name: "x", Strength: 1}, shelf.Weights{Adapter: m.o.Studio.Models.Base.Layout.Initial()})
		if err != nil {
			t.Fatal(err)
		}
		j = m.add(t, "c", api.Running, 0)
		j.Kind, j.Effect, j.Pairs, j.Steps, j.order = api.KindTune, e.ID, "p", 2, how
		ctx := counting{t.Context(), new(atomic.Int64), most}
		m.run(ctx, j)
		if e, err = m.o.Shelf.Get(e.ID); err != nil {
			t.Fatal(err)
		}
		return j, e, ctx.asked.Load()
	}
	j, e, asked := run(goOn, 1<<62)
	if j.State != api.Done || e.Steps != 2 {
		t.Fatalf("state %s, error %q, %d steps", j.State, j.Error, e.Steps)
	}
	for _, c := range []struct {
		how     order
		state   string
		version int
		kept    bool
	}{{stop, api.Stopped, 2, true}, {goOn, api.Running, 1, true}, {cancel, api.Cancelled, 1, false}} {
		j, e, _ := run(c.how, asked-1)
		if j.State != c.state || j.Error != "" || e.Version != c.version {
			t.Errorf("order %d: state %s, error %q, version %d", c.how, j.State, j.Error, e.Version)
		}
		if kept := checkpoint.Exists(filepath.Join(dir, j.ID, SideTuned)); kept != c.kept {
			t.Errorf("order %d: the training is on disk: %t", c.how, kept)
		}
	}
}
