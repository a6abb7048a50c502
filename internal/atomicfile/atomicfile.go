// Package atomicfile replaces files in one step: readers see the old content or the new one, never
// a part, whatever fails or is killed in between.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Write creates or replaces the file at path with what write writes. The content goes to a temporary
// file in the same folder (a rename works within one file system only), is synced and renamed, and the
// folder is synced. If write, the disk or the rename fails, path is left as it was and the temporary
// file is removed; only a killed process can leave one behind (".NAME.tmp-*"), and nothing reads it.
//
// The file gets the mode 0644. The writer is buffered; Write flushes it.
func Write(path string, write func(io.Writer) error) error {
	return replace(system{}, path, write)
}

// WriteIn is Write for a file within a root, which it does not leave.
func WriteIn(root *os.Root, name string, write func(io.Writer) error) error {
	return replace(root, name, write)
}

// files is what is needed of a file system.
type files interface {
	OpenFile(name string, flag int, mode os.FileMode) (*os.File, error)
	Open(name string) (*os.File, error)
	Rename(from, to string) error
	Remove(name string) error
}

// system is all of the file system.
type system struct{}

func (system) OpenFile(name string, flag int, mode os.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag, mode)
}
func (system) Open(name string) (*os.File, error) { return os.Open(name) }
func (system) Rename(from, to string) error       { return os.Rename(from, to) }
func (system) Remove(name string) error           { return os.Remove(name) }

func replace(in files, path string, write func(io.Writer) error) error {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	tmp, name, err := temporary(in, dir, base)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	renamed := false
	defer func() { // Runs on a panic in write as well.
		if !renamed {
			tmp.Close()
			in.Remove(name)
		}
	}()
	if err := fill(tmp, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := in.Rename(name, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	renamed = true
	if err := SyncDir(in, dir); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// temporary creates the file that is going to take the place of base in dir.
func temporary(in files, dir, base string) (f *os.File, name string, err error) {
	for range 1000 {
		name = filepath.Join(dir, fmt.Sprintf(".%s.tmp-%d", base, rand.Uint32()))
		f, err = in.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return f, name, err
}

// fill writes, syncs and closes tmp. The sync comes before the rename: otherwise a power cut may keep
// the new name and lose the data.
func fill(tmp *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(tmp, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := tmp.Chmod(0o644); err != nil { // it was made with 0600.
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	return tmp.Close()
}

// SyncDir makes what was made, renamed or removed in a folder last through a power cut. Windows cannot sync a folder and does not need
// it; file systems that cannot are left alone.
func SyncDir(in interface {
	Open(name string) (*os.File, error)
}, dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := in.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) { // as fsync(2) has it
		return err
	}
	return nil
}
