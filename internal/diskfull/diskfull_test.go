package diskfull

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"testing"
)

func TestIs(t *testing.T) {
	numbers := []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}
	if runtime.GOOS == "windows" {
		numbers = []syscall.Errno{112, 39}
	}
	for _, full := range numbers {
		for _, err := range []error{full, &fs.PathError{Op: "write", Path: "x", Err: full}, errors.Join(os.ErrClosed, fmt.Errorf("save: %w", full))} {
			if !Is(err) {
				t.Errorf("%v is not told to be a full disk", err)
			}
		}
	}
	for _, err := range []error{nil, os.ErrPermission, errors.New("no space left on device"), syscall.EIO} {
		if Is(err) {
			t.Errorf("%v is told to be a full disk", err)
		}
	}
}
