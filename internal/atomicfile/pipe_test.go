//go:build unix

package atomicfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// TestWriteIntoPipe: a pipe stays a pipe, also at the end of a link, and its reader gets everything.
func TestWriteIntoPipe(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("pipe", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link} {
		if err := atomicfile.Try(path); err != nil { // which must not wait for a reader
			t.Error(err)
		}
		read := make(chan string, 1)
		go func() {
			b, _ := os.ReadFile(pipe)
			read <- string(b)
		}()
		if err := atomicfile.Write(path, content([]byte("through"))); err != nil {
			t.Fatal(err)
		}
		if got := <-read; got != "through" {
			t.Errorf("read %q", got)
		}
		if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
			t.Fatalf("mode %v, %v", info.Mode(), err)
		}
	}
	if got := names(t, dir); len(got) != 2 {
		t.Errorf("the folder holds %v", got)
	}
	// What a failing writer tells is told, and its reader does not wait for more.
	want := errors.New("encoder")
	go os.ReadFile(pipe)
	if err := atomicfile.Write(pipe, func(io.Writer) error { return want }); !errors.Is(err, want) {
		t.Errorf("error %v", err)
	}
}
