package atomicfile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

func content(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// names lists a folder, hidden files too.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWriteCreatesAndReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.bin")
	for _, want := range []string{"first", "a longer second one", ""} {
		if err := atomicfile.Write(path, content([]byte(want))); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Fatalf("read %q, %v; want %q", got, err, want)
		}
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("folder holds %v, want only a.bin", got)
	}
}

func TestWriteFailureKeepsOldFile(t *testing.T) {
	errFull := errors.New("no space left on device")
	failures := map[string]func(io.Writer) error{
		"at once": func(io.Writer) error { return errFull },
		"after part": func(w io.Writer) error {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
			return errFull
		},
	}
	for name, write := range failures {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a.bin")
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			err := atomicfile.Write(path, write)
			if !errors.Is(err, errFull) || !bytes.Contains([]byte(err.Error()), []byte(path)) {
				t.Errorf("error %v, want the cause and the path", err)
			}
			if got, _ := os.ReadFile(path); string(got) != "old" {
				t.Errorf("content %q, want the old one", got)
			}
			if got := names(t, dir); len(got) != 1 {
				t.Errorf("folder holds %v, want only a.bin", got)
			}
		})
	}
}

func TestWritePanicLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { _ = recover() }()
		_ = atomicfile.Write(filepath.Join(dir, "a"), func(io.Writer) error { panic("encoder") })
	}()
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("folder holds %v, want nothing", got)
	}
}

func TestWriteBadTargets(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{
		"missing folder": filepath.Join(dir, "no", "a"),
		"a folder":       dir,
	} {
		if err := atomicfile.Write(path, content([]byte("x"))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("folder holds %v, want nothing", got)
	}
}

// TestSyncDir: a folder can be synced, one that is not there cannot, and what can't be synced at all is let pass.
func TestSyncDir(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := atomicfile.SyncDir(root, "."); err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := atomicfile.SyncDir(root, "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: error %v", err)
	}
	if err := atomicfile.SyncDir(pipe{}, "."); err != nil {
		t.Errorf("what cannot be synced: %v", err)
	}
}

// pipe opens a pipe, which cannot be synced.
type pipe struct{}

func (pipe) Open(string) (*os.File, error) {
	r, _, err := os.Pipe()
	return r, err
}

// Writers of one path never mix their bytes.
func TestWriteConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := atomicfile.Write(path, content(bytes.Repeat([]byte{byte('a' + i)}, 200_000))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := os.ReadFile(path)
	if err != nil || len(got) != 200_000 || bytes.Count(got, got[:1]) != len(got) {
		t.Errorf("%d bytes, %v; want 200000 equal ones", len(got), err)
	}
}

// TestWriteIn: a root is not left, neither by a name nor by a link.
func TestWriteIn(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, want := range []string{"one", "two"} {
		if err := atomicfile.WriteIn(root, "a.bin", content([]byte(want))); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "a.bin")); err != nil || string(got) != want {
			t.Errorf("read %q, %v; want %q", got, err, want)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"../b.bin", "link/b.bin", filepath.Join(outside, "b.bin")} {
		if err := atomicfile.WriteIn(root, name, content([]byte("x"))); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if got := names(t, outside); len(got) != 0 {
		t.Errorf("%v outside the root", got)
	}
	if got := names(t, dir); len(got) != 2 {
		t.Errorf("the root holds %v", got)
	}
}
