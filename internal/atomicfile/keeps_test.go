package atomicfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// write makes a file of a mode, whatever the umask is.
func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestWriteKeepsMode: a file that is replaced keeps its mode, and a new one has that of any other new file.
func TestWriteKeepsMode(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	want := modeOf(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for i, mode := range []os.FileMode{0, 0o600, 0o666, 0o640} {
		if i > 0 {
			write(t, path, "old", mode)
			want = modeOf(t, path) // Windows has two modes alone
		}
		if err := atomicfile.Write(path, content([]byte("new"))); err != nil {
			t.Fatal(err)
		}
		if got := modeOf(t, path); got != want {
			t.Errorf("mode %v, want %v", got, want)
		}
	}
}

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// TestWriteFollowsLinks: a link stays one, and what it leads to is replaced, or made.
func TestWriteFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "deep", "er")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "there"), "old", 0o600)
	for name, to := range map[string]string{
		"absolute": filepath.Join(dir, "there"), "relative": "there", "chain": "relative", "dangling": "deep/made", "folder": "deep/er", "up": "folder/../made2",
		"loop": "loop",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	for name, file := range map[string]string{
		"absolute": "there", "relative": "there", "chain": "there", "dangling": "deep/made", "folder/x": "deep/er/x", "up": "deep/made2",
	} {
		if err := atomicfile.Write(filepath.Join(dir, name), content([]byte(name))); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != name {
			t.Errorf("%s: %s holds %q, %v", name, file, got, err)
		}
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || name != "folder/x" && info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v", name, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "there")); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, name := range []string{"loop", "folder"} {
		if err := atomicfile.Write(filepath.Join(dir, name), content([]byte("x"))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := names(t, dir); len(got) != 9 {
		t.Errorf("the folder holds %v", got)
	}
}

// TestErrorsNamePath: of the temporary file nobody has heard.
func TestErrorsNamePath(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "", 0o600)
	for _, path := range []string{filepath.Join(dir, "no", "a"), filepath.Join(dir, "file", "a"), dir} {
		for name, err := range map[string]error{"Write": atomicfile.Write(path, content(nil)), "Try": atomicfile.Try(path)} {
			if err == nil || strings.Contains(err.Error(), ".tmp-") || strings.Count(err.Error(), path) != 1 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestTry leaves nothing behind, and what is there as it is.
func TestTry(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := atomicfile.Try(path); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("the folder holds %v", got)
	}
	write(t, path, "old", 0o600)
	if err := atomicfile.Try(path); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
}
