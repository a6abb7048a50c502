package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/warmstart-ml/warmstart/internal/diskfull"
)

// How warmstart talks:
//
//   - The result goes to standard output and nothing else does: text for people, one JSON value with --json.
//   - Progress, notices and errors go to standard error. Notices and errors begin with "warmstart: ", in
//     lower case, without a full stop. A way out that the error itself doesn't tell follows as "hint: ".
//   - A progress bar is drawn on a terminal only; elsewhere progress is a line every few seconds.
//   - Bad input never shows a stack trace.

const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells report SIGINT
)

var errThreads = errors.New("--threads must be from 0 to 1024")

// ui is where a verb's words go.
type ui struct {
	json     bool
	out, err io.Writer
	terminal bool // err is one
}

func newUI(json bool) *ui {
	return &ui{json: json, out: os.Stdout, err: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd()))}
}

// notice tells something that is not the result.
func (u *ui) notice(format string, args ...any) {
	fmt.Fprintf(u.err, "warmstart: "+format+"\n", args...)
}

// skipped tells of inputs that were not used: the first few and how many.
func (u *ui) skipped(problems []error) {
	const most = 5
	for _, p := range problems[:min(most, len(problems))] {
		u.notice("skipped: %v", p)
	}
	if rest := len(problems) - most; rest > 0 {
		u.notice("skipped: %d more", rest)
	}
}

// result prints the result: value as JSON, or what text writes.
func (u *ui) result(value any, text func(w io.Writer)) error {
	if !u.json {
		w := bufio.NewWriter(u.out) // remembers the first error
		text(w)
		return w.Flush()
	}
	e := json.NewEncoder(u.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// progress returns a callback that shows how far some work is, with its rate and the time left.
func (u *ui) progress(what, unit string) func(done, total int) {
	if u.terminal {
		var bar *progressbar.ProgressBar
		return func(done, total int) {
			if bar == nil {
				bar = progressbar.NewOptions(total,
					progressbar.OptionSetWriter(u.err), progressbar.OptionSetDescription(what),
					progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
					progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
			}
			_ = bar.Set(done) // Only a closed terminal fails here.
		}
	}
	const every = 5 * time.Second
	begun := time.Now()
	last := begun
	return func(done, total int) {
		if now := time.Now(); now.Sub(last) >= every {
			last = now
			left := time.Duration(float64(now.Sub(begun)) / float64(max(done, 1)) * float64(total-done))
			u.notice("%s: %d of %d %s, %v left", what, done, total, unit, left.Round(time.Second))
		}
	}
}

// interrupted is what a verb returns after Ctrl-C, wrapped in a hint that tells how to go on.
type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }

// Unwrap makes it a context.Canceled.
func (interrupted) Unwrap() error { return context.Canceled }

// hinted is an error with a way out.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// misuse is an error about flags that make no sense, alone or together, which only their verb finds out.
type misuse struct{ error }

func misusef(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

// failure reports err, if any, and returns the exit code.
func failure(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code := exitFailed
	var m misuse
	switch {
	case errors.Is(err, context.Canceled):
		code = exitInterrupted
	case errors.As(err, &m):
		code = exitUsage
	}
	fmt.Fprintf(w, "warmstart: %v\n", err)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
	return code
}

// hintOf gives the way out of an error, or nothing.
func hintOf(err error) string {
	var h hinted
	switch {
	case diskfull.Is(err):
		return "free some space on that disk, then repeat the command (train: with --resume, if it had begun)"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return "choose another folder, or make this one accessible"
	case errors.As(err, &h):
		return h.hint
	}
	return ""
}

// usageError reports a command line that can't be understood.
func usageError(w io.Writer, err error) int {
	failure(w, hinted{err, "warmstart --help lists the verbs, warmstart VERB --help their flags"})
	return exitUsage
}
