package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/tiny"
)

// TestApplyInterrupted stops in the middle: what is there is whole, and nothing else is.
func TestApplyInterrupted(t *testing.T) {
	dir := t.TempDir()
	base, err := tiny.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	model, in, out := filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := base.Write(model); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(in, 0o755); err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := imageio.New(48, 32).EncodePNG(&picture); err != nil {
		t.Fatal(err)
	}
	const pictures = 400
	for i := range pictures {
		if err := os.WriteFile(filepath.Join(in, fmt.Sprintf("%d.png", i)), picture.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // Ctrl-C once the first result is there
		for ctx.Err() == nil {
			if files, _ := os.ReadDir(out); len(files) > 0 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var stdout, stderr bytes.Buffer
	err = applyCmd{Model: model, Pictures: []string{in}, Out: out}.Run(ctx, &ui{out: &stdout, err: &stderr})
	if !errors.Is(err, context.Canceled) || hintOf(err) == "" {
		t.Fatalf("error %v, hint %q", err, hintOf(err))
	}
	files, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == pictures || stdout.Len() > 0 {
		t.Errorf("%d files, output %q", len(files), stdout.String())
	}
	for _, f := range files {
		if m, err := imageio.ReadFile(filepath.Join(out, f.Name()), imageio.Limits{}); err != nil || m.W != 48 {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}

// TestResultNames gives a name of its own to every result, on systems too where case does not count.
func TestResultNames(t *testing.T) {
	taken := map[string]bool{}
	for _, test := range [][2]string{
		{"a/x.jpg", "x.png"}, {"b/x.png", "x-2.png"}, {"c/X.webp", "X-3.png"}, {"d/x-2.jpg", "x-2-2.png"},
		{"e/two.parts.jpeg", "two.parts.png"}, {"-", "stdin.png"},
	} {
		if got := resultName(test[0], taken); got != test[1] {
			t.Errorf("%s becomes %s, wanted %s", test[0], got, test[1])
		}
	}
}
