package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/diskfull"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/dataset"
	"github.com/warmstart-ml/warmstart/server/jobs"
	"github.com/warmstart-ml/warmstart/server/lane"
	"github.com/warmstart-ml/warmstart/server/shelf"
	"github.com/warmstart-ml/warmstart/textenc"
)

// failure is an error with the status of the answer.
type failure struct {
	status int
	error
}

func (f failure) Unwrap() error { return f.error }

// fail makes a failure.
func fail(status int, format string, args ...any) error {
	return failure{status, fmt.Errorf(format, args...)}
}

// statusGone is what logs and metrics show for a request whose client went away.
const statusGone = 499

// byError are the statuses of errors from elsewhere, tried in order.
var byError = []struct {
	error
	status int
}{
	{os.ErrDeadlineExceeded, http.StatusRequestTimeout},
	{shelf.ErrUnknown, http.StatusNotFound},
	{shelf.ErrFull, http.StatusConflict},
	{shelf.ErrOtherBase, http.StatusConflict},
	{shelf.ErrNoAdapter, http.StatusConflict},
	{shelf.ErrPrompt, http.StatusUnprocessableEntity},
	{jobs.ErrUnknown, http.StatusNotFound},
	{jobs.ErrConflict, http.StatusConflict},
	{jobs.ErrInvalid, http.StatusUnprocessableEntity},
	{jobs.ErrBusy, http.StatusTooManyRequests},
	{lane.ErrBusy, http.StatusTooManyRequests},
	{dataset.ErrUnknown, http.StatusNotFound},
	{dataset.ErrBusy, http.StatusTooManyRequests},
	{dataset.ErrFull, http.StatusConflict},
	{dataset.ErrTooLarge, http.StatusRequestEntityTooLarge},
	{dataset.ErrInvalid, http.StatusUnprocessableEntity},
	{pairs.ErrNone, http.StatusUnprocessableEntity},
	{imageio.ErrTooLarge, http.StatusRequestEntityTooLarge},
	{imageio.ErrFormat, http.StatusUnsupportedMediaType},
	{context.Canceled, http.StatusServiceUnavailable}, // the server ends: a client that went away is told from it
}

// status returns the status of the answer to a request that failed.
func status(err error) int {
	var f failure
	var large *http.MaxBytesError
	var prompt *textenc.PromptError
	switch {
	case errors.As(err, &f):
		return f.status
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &prompt):
		return http.StatusUnprocessableEntity
	case diskfull.Is(err):
		return http.StatusInsufficientStorage
	}
	for _, e := range byError {
		if errors.Is(err, e.error) {
			return e.status
		}
	}
	return http.StatusInternalServerError
}

// message is what the client is told: no paths, and nothing about what is wrong inside.
func message(err error, status int) string {
	var large *http.MaxBytesError
	switch {
	case status == http.StatusInsufficientStorage:
		return "the server's disk is full: free some space there, then try again"
	case status == http.StatusRequestTimeout:
		return "the request came too slowly"
	case status == http.StatusInternalServerError:
		return "the server failed: its log says why"
	case status == http.StatusServiceUnavailable:
		return "the server is shutting down: try again later"
	case errors.As(err, &large):
		return fmt.Sprintf("the request has more than %d bytes, the most that are allowed here", large.Limit)
	}
	return err.Error()
}

// answerError writes the answer to a request that failed.
func (s *Server) answerError(w http.ResponseWriter, r *http.Request, err error) {
	code := status(err)
	// A read that times out ends the context as well as a client that goes away does.
	if r.Context().Err() != nil && s.ending.Err() == nil && code != http.StatusRequestTimeout {
		w.Header().Set("Connection", "close")
		w.WriteHeader(statusGone) // nobody reads it
		return
	}
	var path *fs.PathError
	if code == http.StatusInternalServerError || errors.As(err, &path) {
		s.o.Log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	h := w.Header()
	if code == http.StatusTooManyRequests {
		h.Set("Retry-After", "1")
	}
	if code == http.StatusRequestTimeout || code == http.StatusRequestEntityTooLarge {
		h.Set("Connection", "close") // the rest of the request is not read
	}
	for name := range h { // those of the picture or file that there isn't
		if strings.HasPrefix(name, "Content-") && name != "Content-Security-Policy" || name == "Etag" {
			h.Del(name)
		}
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(api.Error{Error: api.Message{Message: message(err, code)}})
}
