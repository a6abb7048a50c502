package ort

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	_, err := Start(t.Context(), dir, Node, 1)
	if !errors.Is(err, ErrMissing) {
		t.Fatalf("error %v", err)
	}
	want := "install Node.js"
	if _, err := exec.LookPath("node"); err == nil {
		want = "npm install --ignore-scripts --prefix " + dir + " " + Node
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q says nothing of %q", err, want)
	}
}

// TestErrors makes one mistake after the other: each is told, and the process goes on until its context ends.
func TestErrors(t *testing.T) {
	dir := os.Getenv("WARMSTART_ORT")
	if dir == "" {
		t.Skip("WARMSTART_ORT does not name a folder with the npm packages")
	}
	for _, name := range []string{Node, Web} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := Start(ctx, dir, name, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if r.Name != name || !strings.HasPrefix(r.Version, "1.") {
			t.Errorf("%s introduces itself as %s %s", name, r.Name, r.Version)
		}
		for range 2 {
			if err := r.Load([]byte("rubbish")); err == nil || !strings.HasPrefix(err.Error(), name) {
				t.Errorf("rubbish was loaded: error %v", err)
			}
			if _, err := r.Run(make([]float32, 12), 1, 3, 2, 2); err == nil {
				t.Error("an image went through no model")
			}
		}
		cancel()
		if err := r.Load([]byte("rubbish")); err == nil {
			t.Error("it goes on after the context's end")
		}
	}
}
