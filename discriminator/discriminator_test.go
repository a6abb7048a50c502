package discriminator

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
)

// tinyOptions are for three concepts.
func tinyOptions(t testing.TB, dir string) Options {
	t.Helper()
	models := t.TempDir()
	if err := tiny.WriteModels(cputest.New(t, "threads=1"), models, 1); err != nil {
		t.Fatal(err)
	}
	m, err := warmstart.Load(models)
	if err != nil {
		t.Fatal(err)
	}
	// The tiny models know the words of these.
	o := Options{Config: DefaultConfig(), Models: m, Concepts: concept.Seen()[:3], Dir: dir, SaveEvery: time.Nanosecond}
	size := m.Base.Generator.Config.Size
	if o.Pictures, err = corpus.New(t.Context(), corpus.Config{Size: size, Scenes: 5, First: corpus.TrainScenes}); err != nil {
		t.Fatal(err)
	}
	o.Config.Concepts, o.Config.Steps, o.Config.Pairs = 4, 2, 3
	return o
}

func TestResumeGivesTheSameBits(t *testing.T) {
	whole, parts := tinyOptions(t, t.TempDir()), tinyOptions(t, t.TempDir())
	d, err := Train(t.Context(), cputest.New(t, "threads=2"), whole)
	if err != nil {
		t.Fatal(err)
	}
	if d.Step != 4 {
		t.Errorf("%d concepts", d.Step)
	}
	one := cputest.New(t, "threads=1")
	for range 2 {
		if _, err := Train(cputest.Countdown(t.Context(), 1), one, parts); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
	}
	again, err := Train(t.Context(), one, parts)
	if err != nil {
		t.Fatal(err)
	}
	read := func(o Options) []byte {
		b, err := os.ReadFile(filepath.Join(o.Dir, checkpoint.File))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if again.Step != 4 || !bytes.Equal(read(whole), read(parts)) {
		t.Error("it differs from that of an unbroken run")
	}
	parts.Config.Steps++
	if _, err := Train(t.Context(), one, parts); err == nil || !strings.Contains(err.Error(), "other training") {
		t.Errorf("other settings: error %v", err)
	}
	parts.Config.Steps--
	parts.Concepts = parts.Concepts[1:]
	if _, err := Train(t.Context(), one, parts); err == nil || !strings.Contains(err.Error(), "other concepts") {
		t.Errorf("other concepts: error %v", err)
	}
}

func TestRefuses(t *testing.T) {
	for want, spoil := range map[string]func(o *Options){
		"concepts must": func(o *Options) { o.Config.Concepts = 0 },
		"steps must":    func(o *Options) { o.Config.Steps = 0 },
		"pairs must":    func(o *Options) { o.Config.Pairs = 0 },
		"photos must":   func(o *Options) { o.Config.Photos = 2 },
		"no concepts":   func(o *Options) { o.Concepts = nil },
		"unseen":        func(o *Options) { o.Concepts = concept.Unseen(concept.Pair)[:1] },
		"diverged":      func(o *Options) { o.Config.Tuning.DiscLR = 1e38 },
	} {
		o := tinyOptions(t, t.TempDir())
		spoil(&o)
		if _, err := Train(t.Context(), cputest.New(t, "threads=1"), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, wanted one with %q", err, want)
		}
	}
}

func TestRate(t *testing.T) {
	c := DefaultConfig()
	c.Concepts, c.Tuning.DiscLR = 4, 1
	for i, want := range []float64{1, 1, 1, 0.5} {
		if got := c.rate(i); got != want {
			t.Errorf("concept %d: %v, wanted %v", i, got, want)
		}
	}
}
