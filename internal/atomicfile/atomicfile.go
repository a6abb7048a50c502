// Package atomicfile replaces files in one step: readers see the old content or the new one, never
// a part, whatever fails or is killed in between.
package atomicfile

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Write creates or replaces the file at path with what write writes. The content goes to a temporary
// file in the same folder (a rename works within one file system only), is synced and renamed, and the
// folder is synced. If write, the disk or the rename fails, path is left as it was and the temporary
// file is removed; only a killed process can leave one behind (".NAME.tmp-*"), and nothing reads it.
//
// The file gets the mode 0644. The writer is buffered; Write flushes it.
func Write(path string, write func(io.Writer) error) error {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	tmp, err := os.CreateTemp(dir, "."+base+".tmp-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	renamed := false
	defer func() { // Runs on a panic in write as well.
		if !renamed {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	if err := fill(tmp, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	renamed = true
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
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
	if err := tmp.Chmod(0o644); err != nil { // os.CreateTemp makes it 0600.
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	return tmp.Close()
}

// syncDir makes the rename itself durable. Windows cannot sync a folder and does not need it.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
