package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/teacher"
	"github.com/warmstart-ml/warmstart/tune"
)

// TestWorthless: what a training that was cut short has left does not replace anything better.
func TestWorthless(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	diverged, cut := &tune.DivergedError{Step: 94}, errors.Join(interrupted{}, errors.New("cut short"))
	for name, c := range map[string]struct {
		ended error
		path  string
		kept  int    // steps
		hint  string // begins so; "": it is written
	}{
		"done":                             {nil, there, 100, ""},
		"done without a step":              {nil, there, 0, ""},
		"interrupted":                      {cut, there, 28, ""},
		"interrupted at the start":         {cut, "new", 0, ""},
		"interrupted, nothing is better":   {cut, there, 0, "nothing is better"},
		"diverged":                         {diverged, "new", 90, ""},
		"diverged at once":                 {diverged, "new", 0, "nothing was written"},
		"diverged where a result is":       {diverged, there, 90, there + " is as it was"},
		"diverged at once, where a one is": {diverged, there, 0, there + " is as it was"},
	} {
		err := worthless(c.path, &tune.Result{Generator: &gan.Weights{Step: c.kept}}, c.ended)
		if hint := hintOf(err); (err == nil) != (c.hint == "") || !strings.HasPrefix(hint, c.hint) {
			t.Errorf("%s: error %v, hint %q", name, err, hint)
		}
		if err != nil && !errors.Is(err, c.ended) {
			t.Errorf("%s: %v is lost", name, c.ended)
		}
	}
}

// TestTunedSteps: where the best weights of an interrupted training are not its last, the record counts the steps that led to them.
func TestTunedSteps(t *testing.T) {
	base, err := tiny.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	edit, err := teacher.Parse("invert")
	if err != nil {
		t.Fatal(err)
	}
	dir, out := t.TempDir(), t.TempDir()
	if _, err := pairs.Make(t.Context(), pairs.Options{Dir: dir, Edit: edit, N: 2, Size: 16, Layout: pairs.Apart}); err != nil {
		t.Fatal(err)
	}
	c, u := tuneCmd{Pairs: dir, Out: out}, &ui{err: io.Discard}
	data, err := c.load(t.Context(), u, 16)
	if err != nil {
		t.Fatal(err)
	}
	generator := *base.Generator
	generator.Step = 28
	start := tuneStart{base: base, from: tune.Zero}
	if _, err := c.finish(t.Context(), u, start, data, tune.Options{}, &tune.Result{Generator: &generator, Steps: 94}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(out, "tune.json"))
	if err != nil {
		t.Fatal(err)
	}
	var record tuneRecord
	if err := json.Unmarshal(text, &record); err != nil || record.Steps != 28 {
		t.Errorf("%d steps, %v", record.Steps, err)
	}
}
