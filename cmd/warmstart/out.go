package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// emptyOut refuses an empty -o, of whatever verb: it would stand for the folder that one is in, or for a file without a name.
func emptyOut(command *kong.Context) error {
	for _, f := range command.Flags() {
		if f.Name == "out" && f.Target.String() == "" && (f.Required || f.Default != "") {
			return errors.New("-o is empty: name a file or folder for the result")
		}
	}
	return nil
}

// ready makes the folder that a file is to lie in, and finds out whether the file can be written: before work that would be lost otherwise.
func ready(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Try(path)
}

// writeFile writes a file, and the folder that it is to lie in.
func writeFile(path string, content []byte) error {
	if err := ready(path); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, content)
}
