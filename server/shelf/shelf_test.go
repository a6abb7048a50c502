package shelf

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/store"
)

func tinyBase(t *testing.T, seed uint64) *lora.Base {
	t.Helper()
	b, err := tiny.Base(seed)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// open opens the shelf in a folder, and closes it at the end of the test or when close is called.
func open(t *testing.T, dir string, b *lora.Base) (s *Shelf, closeIt func()) {
	t.Helper()
	all, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { all.Close() })
	d, err := all.Dir("effects")
	if err != nil {
		t.Fatal(err)
	}
	s, err = Open(d, b, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s, func() { all.Close() }
}

// adapter makes the weights of an adapter that change a little.
func adapter(b *lora.Base, step float32) Weights {
	a := b.Layout.Initial()
	for _, values := range a {
		for i := range values {
			values[i] += step * float32(i%3)
		}
	}
	return Weights{Adapter: a}
}

func flat(values [][]float32) []float32 { return slices.Concat(values...) }

// TestSurvives: effects are as they were when the shelf is opened again.
func TestSurvives(t *testing.T) {
	dir, b := t.TempDir(), tinyBase(t, 1)
	s, closeIt := open(t, dir, b)
	first, err := s.Add(api.Effect{Name: "one", Prompt: "a prompt", Strength: 1, Preview: "not kept"}, adapter(b, 0.01))
	if err != nil {
		t.Fatal(err)
	}
	all := b.Layout.Merge(b.Generator.Values, adapter(b, 0.02).Adapter)
	second, err := s.Add(api.Effect{Name: "two", Prompt: "another", Strength: 0.5}, Weights{All: all})
	if err != nil {
		t.Fatal(err)
	}
	first, err = s.Replace(first.ID, adapter(b, 0.03), func(e *api.Effect) { e.Steps = 7 })
	if err != nil {
		t.Fatal(err)
	}
	if first, err = s.Change(first.ID, func(e *api.Effect) { e.Name = "renamed" }); err != nil {
		t.Fatal(err)
	}
	if first.Version != 2 || first.Steps != 7 || first.Name != "renamed" || second.Kind != api.KindWeights {
		t.Errorf("%+v, %+v", first, second)
	}
	closeIt()
	s, _ = open(t, dir, b)
	got, err := s.Get(first.ID)
	if err != nil || got.Name != "renamed" || got.Version != 2 || got.Preview != "" || !got.Created.Equal(first.Created) {
		t.Errorf("%+v, %v", got, err)
	}
	_, w, err := s.Weights(first.ID)
	if err != nil || !slices.Equal(flat(w.Adapter), flat(adapter(b, 0.03).Adapter)) {
		t.Errorf("other weights, %v", err)
	}
	_, w, err = s.Weights(second.ID)
	if err != nil || !slices.Equal(flat(w.All), flat(all)) {
		t.Errorf("other weights, %v", err)
	}
	if list := s.List(); len(list) != 2 || s.Len() != 2 {
		t.Errorf("%+v", list)
	}
	files, _ := os.ReadDir(filepath.Join(dir, "effects", first.ID))
	if len(files) != 2 {
		t.Errorf("%v in the effect's folder", files)
	}
	if err := s.Remove(first.ID); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.Remove(first.ID), errorOf(s.Get(first.ID)), errorOf(s.Change(first.ID, nil)), errorOf(s.Replace(first.ID, w, nil)), errorOf(s.Network(first.ID, nil))} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("after its removal: %v", err)
		}
	}
}

// errorOf is the error of a call with two results.
func errorOf[T any](_ T, err error) error { return err }

// TestLongPrompt: what goes into the header of a file must leave it readable.
func TestLongPrompt(t *testing.T) {
	b := tinyBase(t, 1)
	s, _ := open(t, t.TempDir(), b)
	for length, want := range map[int]error{warmstart.MaxPrompt: nil, warmstart.MaxPrompt + 1: ErrPrompt} {
		if _, err := s.Add(api.Effect{Name: "x", Prompt: strings.Repeat("x", length), Strength: 1}, adapter(b, 0.01)); !errors.Is(err, want) {
			t.Errorf("a prompt of %d bytes: error %v", length, err)
		}
	}
	if s.Len() != 1 {
		t.Errorf("%d effects", s.Len())
	}
}

// TestStrength: an effect is scaled linearly, of either kind alike, and so are the files that are taken away.
func TestStrength(t *testing.T) {
	b := tinyBase(t, 1)
	s, _ := open(t, t.TempDir(), b)
	w := adapter(b, 0.02)
	whole := b.Layout.Merge(b.Generator.Values, w.Adapter)
	for name, w := range map[string]Weights{"adapter": w, "weights": {All: whole}} {
		t.Run(name, func(t *testing.T) {
			e, err := s.Add(api.Effect{Name: name, Strength: 0.5}, w)
			if err != nil {
				t.Fatal(err)
			}
			base, full := flat(b.Generator.Values), flat(whole)
			for _, strength := range []float64{0, 0.5, 1, 2} {
				n, err := s.Network(e.ID, &strength)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range flat(n.Values) {
					want := float64(base[i]) + strength*float64(full[i]-base[i])
					if math.Abs(float64(v)-want) > 1e-5 {
						t.Fatalf("at %g: %g instead of %g", strength, v, want)
					}
				}
			}
			own, err := s.Network(e.ID, nil)
			half := 0.5
			if n, _ := s.Network(e.ID, &half); err != nil || own.Key != n.Key {
				t.Errorf("at its own strength: %q, %v", own.Key, err)
			}
			g, _, err := s.Generator(e.ID)
			if err != nil || !slices.Equal(flat(g.Values), flat(own.Values)) {
				t.Errorf("other weights as a file, %v", err)
			}
			a, _, err := s.Adapter(e.ID)
			if name == "weights" {
				if !errors.Is(err, ErrNoAdapter) {
					t.Errorf("an adapter of all weights: %v", err)
				}
				return
			}
			if err != nil || !slices.Equal(flat(b.Layout.Merge(b.Generator.Values, a.Values)), flat(own.Values)) {
				t.Errorf("another adapter as a file, %v", err)
			}
			var file bytes.Buffer
			if err := a.Encode(&file, b); err != nil {
				t.Fatal(err)
			}
			if _, err := lora.DecodeAdapter(&file, int64(file.Len()), b); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMix: a mixture of two effects is the weighted mean of what they do.
func TestMix(t *testing.T) {
	b := tinyBase(t, 1)
	x, y := adapter(b, 0.01), adapter(b, -0.02)
	allY := Weights{All: b.Layout.Merge(b.Generator.Values, y.Adapter)}
	var results [2][]float32
	for i, y := range []Weights{y, allY} {
		m, err := Mix(b, x, y, 1, 0.5, 0.25)
		if err != nil || (m.Adapter != nil) != (y.Adapter != nil) {
			t.Fatalf("an adapter: %t, %v", m.Adapter != nil, err)
		}
		n, err := m.network(b, 1)
		if err != nil {
			t.Fatal(err)
		}
		results[i] = flat(n)
	}
	full, base, other := flat(b.Layout.Merge(b.Generator.Values, x.Adapter)), flat(b.Generator.Values), flat(allY.All)
	for i := range base {
		want := base[i] + 0.75*(full[i]-base[i]) + 0.25*0.5*(other[i]-base[i])
		for k := range results {
			if math.Abs(float64(results[k][i]-want)) > 1e-5 {
				t.Fatalf("mixture %d: %g instead of %g", k, results[k][i], want)
			}
		}
	}
}

// TestOtherBase: effects of other models are kept and shown, and not applied.
func TestOtherBase(t *testing.T) {
	dir := t.TempDir()
	b := tinyBase(t, 1)
	s, closeIt := open(t, dir, b)
	e, err := s.Add(api.Effect{Name: "old", Strength: 1}, adapter(b, 0.01))
	if err != nil {
		t.Fatal(err)
	}
	closeIt()
	s, _ = open(t, dir, tinyBase(t, 2))
	if got, err := s.Get(e.ID); err != nil || got.Name != "old" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := s.Network(e.ID, nil); !errors.Is(err, ErrOtherBase) {
		t.Errorf("error %v", err)
	}
}

// TestDamaged: a damaged effect takes no other with it.
func TestDamaged(t *testing.T) {
	dir, b := t.TempDir(), tinyBase(t, 1)
	s, closeIt := open(t, dir, b)
	var ids []string
	for range 3 {
		e, err := s.Add(api.Effect{Name: "x", Strength: 1}, adapter(b, 0.01))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	closeIt()
	os.WriteFile(filepath.Join(dir, "effects", ids[0], recordFile), []byte("{"), 0o644)
	os.WriteFile(filepath.Join(dir, "effects", ids[1], "weights-1.safetensors"), []byte("not weights at all"), 0o644)
	s, _ = open(t, dir, b)
	if s.Len() != 2 {
		t.Errorf("%d effects", s.Len())
	}
	if _, err := s.Network(ids[1], nil); err == nil || errors.Is(err, ErrUnknown) {
		t.Errorf("damaged weights: %v", err)
	}
	if _, err := s.Network(ids[2], nil); err != nil {
		t.Error(err)
	}
}
