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
	"strings"
	"syscall"
)

// Write creates or replaces the file at path with what write writes. The content goes to a temporary
// file in the same folder (a rename works within one file system only), is synced and renamed, and the
// folder is synced. If write, the disk or the rename fails, path is left as it was and the temporary
// file is removed; only a killed process can leave one behind (".NAME.tmp-*"), and nothing reads it.
//
// The file keeps the mode of the one that it replaces; a new one gets what the umask leaves of 0666. Where
// path is a symbolic link, the file that it leads to is replaced. A device, pipe or socket stays what it is:
// the content goes into it, and what fails halfway is written halfway.
//
// The writer is buffered; Write flushes it.
func Write(path string, write func(io.Writer) error) error {
	file, replaced, err := follow(path)
	switch {
	case err != nil:
	case replaced:
		err = replace(system{}, file, write)
	default:
		err = into(file, write)
	}
	return named(path, err)
}

// WriteFile is Write for content that is there already.
func WriteFile(path string, content []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Try returns the error that Write would end with because of where path is: its folder is missing or not
// writable, or it is a folder itself. What takes long asks before it begins. Nothing is left behind.
func Try(path string) error {
	file, replaced, err := follow(path)
	if err != nil || !replaced { // to open a pipe would be to wait for its reader
		return named(path, err)
	}
	f, name, err := temporary(system{}, file, newMode)
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(name))
	}
	return named(path, err)
}

// WriteIn is Write for a file within a root, which it does not leave: it follows no links, but replaces them.
func WriteIn(root *os.Root, name string, write func(io.Writer) error) error {
	return named(name, replace(root, name, write))
}

// named says in an error what was to be written, and leaves out the temporary file, of which its reader knows nothing.
func named(path string, err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &l):
		err = l.Err
	case errors.As(err, &p) && (p.Path == path || strings.Contains(filepath.Base(p.Path), infix)):
		err = p.Err
	}
	return fmt.Errorf("write %s: %w", path, err)
}

// follow finds the file that path leads to, whether or not something is at the end of its links, and whether
// it is to be replaced: devices, pipes and sockets are not.
func follow(path string) (file string, replaced bool, err error) {
	// The system knows where /dev/stdout leads, which links alone don't tell.
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "", false, errors.New("it is a folder")
	} else if err == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0 {
		return path, false, nil
	}
	const most = 40 // links in a row, as on Linux
	for range most {
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, true, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", false, err
		}
		if !filepath.IsAbs(to) && !os.IsPathSeparator(to[0]) {
			dir, _ := filepath.Split(path)
			to = dir + to // not Join, which takes "link/.." for nothing
		}
		path = to
	}
	return "", false, errors.New("too many symbolic links")
}

// files is what is needed of a file system.
type files interface {
	OpenFile(name string, flag int, mode os.FileMode) (*os.File, error)
	Open(name string) (*os.File, error)
	Lstat(name string) (os.FileInfo, error)
	Rename(from, to string) error
	Remove(name string) error
}

// system is all of the file system.
type system struct{}

func (system) OpenFile(name string, flag int, mode os.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag, mode)
}
func (system) Open(name string) (*os.File, error)     { return os.Open(name) }
func (system) Lstat(name string) (os.FileInfo, error) { return os.Lstat(name) }
func (system) Rename(from, to string) error           { return os.Rename(from, to) }
func (system) Remove(name string) error               { return os.Remove(name) }

// newMode is the mode of new files, less the umask.
const newMode fs.FileMode = 0o666

func replace(in files, path string, write func(io.Writer) error) error {
	mode, old := newMode, false
	if info, err := in.Lstat(path); err == nil && info.Mode().IsRegular() {
		mode, old = info.Mode().Perm(), true
	}
	tmp, name, err := temporary(in, path, mode)
	if err != nil {
		return err
	}
	renamed := false
	defer func() { // Runs on a panic in write as well.
		if !renamed {
			tmp.Close()
			in.Remove(name)
		}
	}()
	if err := fill(tmp, write); err != nil {
		return err
	}
	if old { // the umask was taken off
		if err := tmp.Chmod(mode); err != nil {
			return err
		}
	}
	// Without this a power cut may keep the new name and lose the data.
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := in.Rename(name, path); err != nil {
		return err
	}
	renamed = true
	dir, _ := filepath.Split(path)
	return SyncDir(in, dir)
}

// into writes into what is no file.
func into(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close() // on a panic in write as well
	return errors.Join(fill(f, write), f.Close())
}

// fill writes and flushes.
func fill(f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// infix is in the names of temporary files.
const infix = ".tmp-"

// temporary creates the file that is going to take the place of path.
func temporary(in files, path string, mode fs.FileMode) (f *os.File, name string, err error) {
	dir, base := filepath.Split(path)
	for range 1000 {
		name = fmt.Sprintf("%s.%s%s%d", dir, base, infix, rand.Uint32())
		f, err = in.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return f, name, err
}

// SyncDir makes what was made, renamed or removed in a folder, "" for the current one, last through a power cut. Windows cannot sync a
// folder and does not need it; file systems that cannot are left alone.
func SyncDir(in interface {
	Open(name string) (*os.File, error)
}, dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	if dir == "" {
		dir = "."
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
