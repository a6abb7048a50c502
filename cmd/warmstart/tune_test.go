package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
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
