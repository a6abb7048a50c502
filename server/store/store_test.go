package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/server/api"
)

func open(t *testing.T, dir string) (*Store, *Dir) {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Dir("things")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(); s.Close() })
	return s, d
}

func TestID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if !api.ID.MatchString(id) || seen[id] {
			t.Fatalf("ID %q", id)
		}
		seen[id] = true
	}
}

// TestOneServer: two servers on one folder would overwrite each other's files.
func TestOneServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	s, _ := open(t, dir)
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another server is at work") || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second server: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	s.Close()
}

func TestThings(t *testing.T) {
	dir := t.TempDir()
	_, d := open(t, dir)
	id := NewID()
	if err := d.Make(id); err != nil {
		t.Fatal(err)
	}
	if d.Make(id) == nil {
		t.Error("made twice")
	}
	if err := d.WriteJSON(id, "a.json", map[string]int{"x": 3}); err != nil {
		t.Fatal(err)
	}
	var v struct{ X int }
	if err := d.ReadJSON(id, "a.json", &v); err != nil || v.X != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	failing := errors.New("failing")
	if err := d.Write(id, "a.json", func(w io.Writer) error { io.WriteString(w, "{"); return failing }); !errors.Is(err, failing) {
		t.Errorf("error %v", err)
	}
	if err := d.ReadJSON(id, "a.json", &v); err != nil {
		t.Errorf("a write that failed left %v", err)
	}
	if d.Path(id) != filepath.Join(dir, "things", id) {
		t.Errorf("path %s", d.Path(id))
	}
	os.Mkdir(filepath.Join(dir, "things", "no ID"), 0o755)
	os.WriteFile(filepath.Join(dir, "things", NewID()), nil, 0o644)
	if ids, err := d.List(); err != nil || !slices.Equal(ids, []string{id}) {
		t.Errorf("%q, %v", ids, err)
	}
	if err := d.Remove(id); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove(id); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed twice: %v", err)
	}
}

// TestSync: things are made and removed on disk before that is told, and a disk that fails leaves nothing half-done.
func TestSync(t *testing.T) {
	_, d := open(t, t.TempDir())
	id := NewID()
	var seen []string // IDs whenever the folder is synced
	var failing error
	d.sync = func() error {
		ids, err := d.List()
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, strings.Join(ids, " "))
		return failing
	}
	if err := errors.Join(d.Make(id), d.Remove(id)); err != nil || !slices.Equal(seen, []string{id, ""}) {
		t.Errorf("synced with %q, %v", seen, err)
	}
	failing = errors.New("failing")
	if err := d.Make(id); !errors.Is(err, failing) {
		t.Errorf("made: error %v", err)
	}
	if ids, err := d.List(); err != nil || len(ids) > 0 {
		t.Errorf("left are %q, %v", ids, err)
	}
	failing = nil
	if err := errors.Join(d.Make(id), d.WriteJSON(id, "a.json", 1)); err != nil {
		t.Fatal(err)
	}
	failing = errors.New("failing")
	if err := d.Remove(id); !errors.Is(err, failing) {
		t.Errorf("removed: error %v", err)
	}
	if f, _, err := d.Open(doomed+id, "a.json"); err != nil {
		t.Errorf("its files went before its ID: %v", err)
	} else {
		f.Close()
	}
}

// TestOutside: nothing outside of the folder is read or written, whatever lies in it.
func TestOutside(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	_, d := open(t, dir)
	id := NewID()
	if err := os.Symlink(outside, filepath.Join(dir, "things", id)); err != nil {
		t.Skip(err)
	}
	os.WriteFile(filepath.Join(outside, "a.json"), []byte("{}"), 0o644)
	if err := d.ReadJSON(id, "a.json", new(any)); err == nil {
		t.Error("read through a link")
	}
	if err := d.WriteJSON(id, "b.json", 1); err == nil {
		t.Error("written through a link")
	}
	if _, _, err := d.Open("..", "../x"); err == nil {
		t.Error("opened above")
	}
	if files, _ := os.ReadDir(outside); len(files) != 1 {
		t.Errorf("outside are %v", files)
	}
}

// TestSweep: what a killed process left half-made or half-removed is gone after a start.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s, d := open(t, dir)
	id := NewID()
	if err := d.Make(id); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, "things", doomed+NewID(), "deep")
	os.MkdirAll(half, 0o755)
	temporary := filepath.Join(d.Path(id), ".a.json.tmp-123")
	os.WriteFile(temporary, nil, 0o644)
	kept := filepath.Join(d.Path(id), "a.json")
	os.WriteFile(kept, []byte("{}"), 0o644)
	s.Close()
	open(t, dir)
	for path, want := range map[string]bool{half: false, filepath.Dir(half): false, temporary: false, kept: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s is there: %t", path, !want)
		}
	}
}
