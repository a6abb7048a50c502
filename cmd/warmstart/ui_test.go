package main

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

// full is a disk without any space.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestResultLost: a result that did not come through is an error, as JSON and as text of any length.
func TestResultLost(t *testing.T) {
	for _, json := range []bool{true, false} {
		for _, lines := range []int{1, 10_000} {
			u := &ui{json: json, out: full{}}
			err := u.result(lines, func(w io.Writer) {
				for range lines {
					fmt.Fprintln(w, "a line")
				}
			})
			if !errors.Is(err, errFull) || failure(io.Discard, err) != exitFailed {
				t.Errorf("json %t, %d lines: error %v", json, lines, err)
			}
		}
	}
}
