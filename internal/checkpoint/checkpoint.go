// Package checkpoint keeps the two newest states of a training in its folder, so that one of them is whole
// whenever the process or the machine is cut off.
package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Files in a run's folder.
const (
	File     = "checkpoint.safetensors"          // the newest state of the training
	Previous = "checkpoint.previous.safetensors" // the one before
)

// Save writes a state into dir: to a new file that then takes the place of File, which is kept as Previous.
func Save(dir string, state *safetensors.File) error {
	current := filepath.Join(dir, File)
	fresh := current + ".new"
	err := atomicfile.Write(fresh, func(w io.Writer) error { return safetensors.Write(w, state) })
	if err != nil && Exists(dir) {
		return fmt.Errorf("%w: the previous checkpoint is untouched; free some space and resume", err)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(current, filepath.Join(dir, Previous)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, current); err != nil {
		return err
	}
	// Makes the renames last through a power cut. Not every system can sync a folder, and without it a cut
	// only brings back the older of two whole checkpoints.
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
	return nil
}

// Newest returns what read makes of the newest whole checkpoint in dir. If File is damaged, Previous is read and
// notice says so. Without any, the error is fs.ErrNotExist.
func Newest[T any](dir string, read func(path string) (T, error)) (state T, notice string, err error) {
	current, previous := filepath.Join(dir, File), filepath.Join(dir, Previous)
	state, err = read(current)
	if err == nil || !errors.Is(err, safetensors.ErrDamaged) && !errors.Is(err, fs.ErrNotExist) {
		return state, "", err
	}
	state, errPrevious := read(previous)
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(errPrevious, fs.ErrNotExist):
		return state, "", fmt.Errorf("%s holds no checkpoint: name the folder of a training run: %w", dir, fs.ErrNotExist)
	case errPrevious == nil && errors.Is(err, fs.ErrNotExist): // cut off between Save's two renames
		return state, "", nil
	case errPrevious == nil:
		return state, fmt.Sprintf("%v: using %s, the checkpoint before", err, previous), nil
	case errors.Is(errPrevious, fs.ErrNotExist):
		return state, "", fmt.Errorf("%w: there is no previous checkpoint to go back to: restore the file or train anew in another folder", err)
	}
	return state, "", fmt.Errorf("%w; and %w: restore one of them or train anew in another folder", err, errPrevious)
}

// Exists reports whether dir holds a checkpoint.
func Exists(dir string) bool {
	for _, name := range []string{File, Previous} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}
