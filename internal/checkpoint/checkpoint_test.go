package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/safetensors"
)

// state is a checkpoint that holds one number.
func state(v float32) *safetensors.File {
	return &safetensors.File{Tensors: []safetensors.Tensor{safetensors.Float32("x", []int{1}, []float32{v})}}
}

func read(path string) (float32, error) {
	f, err := safetensors.ReadFile(path, safetensors.Options{Checksum: true})
	if err != nil {
		return 0, err
	}
	return f.Tensors[0].F32[0], nil
}

func save(t *testing.T, dir string, values ...float32) {
	t.Helper()
	for _, v := range values {
		if err := Save(dir, state(v)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNewest: whatever happens to one of the files, the newest whole one is found.
func TestNewest(t *testing.T) {
	cut := func(t *testing.T, path string) {
		if err := os.Truncate(path, 20); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name         string
		damage       func(t *testing.T, current, previous string)
		want         float32
		notice, fail string
	}{
		{name: "whole", damage: func(*testing.T, string, string) {}, want: 3},
		{name: "newest cut", damage: func(t *testing.T, current, _ string) { cut(t, current) }, want: 2, notice: "the checkpoint before"},
		{name: "newest gone", damage: func(_ *testing.T, current, _ string) { os.Remove(current) }, want: 2},
		{name: "previous cut", damage: func(t *testing.T, _, previous string) { cut(t, previous) }, want: 3},
		{name: "both cut", damage: func(t *testing.T, current, previous string) { cut(t, current); cut(t, previous) }, fail: "restore one of them"},
		{name: "only one, cut", damage: func(t *testing.T, current, previous string) { cut(t, current); os.Remove(previous) }, fail: "no previous checkpoint"},
		{name: "none", damage: func(_ *testing.T, current, previous string) { os.Remove(current); os.Remove(previous) }, fail: "holds no checkpoint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			save(t, dir, 1, 2, 3)
			c.damage(t, filepath.Join(dir, File), filepath.Join(dir, Previous))
			got, notice, err := Newest(dir, read)
			if c.fail != "" {
				if err == nil || !strings.Contains(err.Error(), c.fail) {
					t.Errorf("error %v, want it to have %q", err, c.fail)
				}
				if c.name == "none" && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%v is no fs.ErrNotExist", err)
				}
				return
			}
			if err != nil || got != c.want || !strings.Contains(notice, c.notice) || (notice == "") != (c.notice == "") {
				t.Errorf("got %g, notice %q, error %v; want %g, notice %q", got, notice, err, c.want, c.notice)
			}
		})
	}
}

// TestSaveFails: what was there stays when there is no room or no right to write.
func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, 1)
	if err := os.Mkdir(filepath.Join(dir, File+".new"), 0o755); err != nil { // cannot be replaced by a file
		t.Fatal(err)
	}
	err := Save(dir, state(2))
	if err == nil || !strings.Contains(err.Error(), "untouched") {
		t.Errorf("error %v", err)
	}
	if got, notice, err := Newest(dir, read); got != 1 || notice != "" || err != nil {
		t.Errorf("got %g, notice %q, error %v", got, notice, err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("second Lock: %v", err)
	}
	unlock()
	half := filepath.Join(dir, "."+File+".new.tmp-123")
	if err := os.WriteFile(half, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	save(t, dir, 1)
	unlock, err = Lock(dir)
	if err != nil {
		t.Fatalf("Lock after unlock: %v", err)
	}
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a file is still there: %v", err)
	}
	if got, _, err := Newest(dir, read); got != 1 || err != nil {
		t.Errorf("the checkpoint is %g now, %v", got, err)
	}
	unlock()
	if _, err := Lock(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Lock of no folder: %v", err)
	}
}
