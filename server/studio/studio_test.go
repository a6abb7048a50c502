package studio

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/teacher"
	"github.com/warmstart-ml/warmstart/weightgen"
)

func open(t *testing.T) *Studio {
	t.Helper()
	dir, backend := t.TempDir(), cputest.New(t, "threads=2")
	if err := tiny.WriteModels(backend, dir, 1); err != nil {
		t.Fatal(err)
	}
	models, err := warmstart.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := New(models, backend)
	t.Cleanup(s.Close)
	return s
}

// TestStudio: what is asked for before everything is loaded waits, and comes out as anywhere else.
func TestStudio(t *testing.T) {
	s := open(t)
	a, unknown, err := s.Generate(t.Context(), "c", "a sepia bandersnatch photo")
	if err != nil || !slices.Equal(unknown, []string{"bandersnatch"}) {
		t.Fatalf("unknown %q, %v", unknown, err)
	}
	plain, _, err := s.Models.Init(t.Context(), s.Backend, "a sepia photo", weightgen.Sampling{})
	if err != nil || !slices.Equal(slices.Concat(a.Values...), slices.Concat(plain.Values...)) {
		t.Errorf("other weights than those of warmstart init, %v", err)
	}
	base := s.Models.Base
	w, err := base.Apply(a)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := s.Sample("lake", 40)
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.Apply(t.Context(), "c", "k", w.Values, picture)
	if err != nil || want.W != 40 || want.H != 40 {
		t.Fatalf("%v", err)
	}
	var all sync.WaitGroup
	for i := range 3 * maxAppliers / 2 { // more networks than are kept, and the first again and again
		all.Go(func() {
			key, values := "k", w.Values
			if i%2 == 0 {
				key, values = string(rune('A'+i)), base.Generator.Values
			}
			got, err := s.Apply(t.Context(), key, key, values, picture)
			if err != nil || key == "k" != slices.Equal(got.Pix, want.Pix) {
				t.Errorf("%s: %v", key, err)
			}
		})
	}
	all.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Apply(ctx, "c", "k", w.Values, picture); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestSamples: they are all there, unlike, and the same each time.
func TestSamples(t *testing.T) {
	var s Studio
	seen := map[string]bool{}
	for _, sample := range Samples() {
		m, err := s.Sample(sample.ID, 32)
		if err != nil || m.W != 32 || sample.Name == "" || !HasSample(sample.ID) {
			t.Fatalf("%+v, %v", sample, err)
		}
		var b bytes.Buffer
		m.EncodePNG(&b)
		if seen[b.String()] {
			t.Errorf("%s is like another", sample.ID)
		}
		seen[b.String()] = true
	}
	for side := range 2 * maxPaintings {
		if m, err := s.Sample("lake", 16+side); err != nil || m.W != 16+side {
			t.Fatal(err)
		}
	}
	if n := len(s.painted.list); n > maxPaintings {
		t.Errorf("%d paintings are kept", n)
	}
	if _, err := s.Sample("nowhere", 32); err == nil {
		t.Error("no error")
	}
}

// TestPrompts: all suggestions name edits; other prompts get what is nearest.
func TestPrompts(t *testing.T) {
	s := Studio{prompts: newLater[struct{}]()}
	s.prompts.set(struct{}{}, nil)
	list, err := s.Suggest(t.Context(), "", 100)
	if err != nil || len(list) != len(suggestions) {
		t.Fatalf("%d suggestions, %v", len(list), err)
	}
	for _, l := range list {
		if _, err := teacher.Parse(l.Edit); err != nil {
			t.Errorf("%q: %v", l.Prompt, err)
		}
	}
	e := api.Effect{Prompt: "sepia everywhere in a bandersnatch"}
	if err := s.Know(t.Context(), &e); err != nil || e.Edit != "" || len(e.Nearest) != 3 || !strings.Contains(e.Nearest[0].Edit, "sepia") {
		t.Errorf("%+v, %v", e, err)
	}
	if list, err = s.Suggest(t.Context(), "charcoal", 2); err != nil || len(list) != 2 || !strings.Contains(list[0].Edit, "charcoal") {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestLessons: pairs of built-in edits are what the edits make, and those that nothing is learnt from are others.
func TestLessons(t *testing.T) {
	s := open(t)
	l, err := s.Edit(t.Context(), "c", "invert")
	if err != nil || l.Train != lessonTrain || len(l.Tests) != lessonTest {
		t.Fatalf("%+v, %v", l, err)
	}
	for _, p := range l.Tests {
		for i, v := range p.Source.Pix {
			if d := p.Target.Pix[i] - (1 - v); d > 0.01 || d < -0.01 {
				t.Fatalf("inverted, %g becomes %g", v, p.Target.Pix[i])
			}
		}
	}
	b, err := l.Batches(lessonTrain, 1)
	if err != nil {
		t.Fatal(err)
	}
	x, _, err := b.Batch(0)
	if err != nil {
		t.Fatal(err)
	}
	n := 3 * s.Size() * s.Size()
	for _, p := range l.Tests {
		tensor := make([]float32, n)
		p.Source.ToTensor(tensor)
		for i := range lessonTrain {
			if slices.Equal(x[i*n:][:n], tensor) {
				t.Fatal("a picture to measure with is learnt from")
			}
		}
	}
	if _, err := s.Edit(t.Context(), "c", "nonsense"); err == nil {
		t.Error("no error")
	}
	if _, err := s.Folder(t.Context(), t.TempDir()); err == nil {
		t.Error("no error")
	}
	dir := t.TempDir()
	for _, folder := range []string{"/A/train", "/B/train"} {
		os.MkdirAll(dir+folder, 0o755)
		if err := imageio.WriteFile(dir+folder+"/1.png", imageio.New(20, 20)); err != nil {
			t.Fatal(err)
		}
	}
	if l, err = s.Folder(t.Context(), dir); err != nil || l.Train != 1 || len(l.Tests) != 1 {
		t.Errorf("%+v, %v", l, err)
	}
}
