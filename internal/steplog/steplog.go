// Package steplog writes a training's log: a file with one JSON object a step, in its order, whose field "step" counts from 1.
package steplog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// Log is an open log.
type Log struct{ file *os.File }

// Open opens the log at path to go on behind a step. The lines of later steps, which are about to be repeated, are removed, and so is
// what a killed process left unfinished.
func Open(path string, step int) (*Log, error) {
	if err := cut(path, step); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	return &Log{f}, err
}

// Write appends the record of a step.
func (l *Log) Write(record any) error {
	line, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	return nil
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

// cut reads the log whole: a file that is open cannot be replaced on Windows.
func cut(path string, step int) error {
	old, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		for line := range bytes.Lines(old) {
			var r struct{ Step int }
			if json.Unmarshal(line, &r) != nil || r.Step > step {
				return nil
			}
			if _, err := fmt.Fprintf(w, "%s\n", bytes.TrimRight(line, "\r\n")); err != nil {
				return err
			}
		}
		return nil
	})
}
