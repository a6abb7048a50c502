package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// LockFile is the file in a run's folder that Lock locks.
const LockFile = ".lock"

// ErrLocked tells that another process has a lock.
var ErrLocked = errors.New("another training is at work there")

// Lock claims dir, which exists, for the training of this process: two that write to one folder would mix up their logs
// and checkpoints. The claim ends with unlock or with the process, however that ends. Files that a killed process left
// half-written are removed.
func Lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w: wait for its end, stop it, or choose another folder", dir, err)
	}
	removeTemporary(dir)
	return func() { f.Close() }, nil // the file stays: who removed it could remove the one of the next training
}

// removeTemporary removes what atomicfile left, as well as it can.
func removeTemporary(dir string) {
	items, _ := os.ReadDir(dir)
	for _, item := range items {
		if name := item.Name(); strings.HasPrefix(name, ".") && strings.Contains(name, ".tmp-") {
			os.Remove(filepath.Join(dir, name))
		}
	}
}
