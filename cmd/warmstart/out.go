package main

import (
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// ready makes the folder that a file is to lie in, and finds out whether the file can be written: before work that would be lost otherwise.
func ready(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Try(path)
}
