package server

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/picture"
)

// Bounds of requests.
const (
	maxJSON     = 256 << 10 // bytes; a prompt may be far too long and still be told so
	jsonTime    = 10 * time.Second
	pictureTime = 30 * time.Second
	pairsTime   = 10 * time.Minute
	maxSide     = 8192 // pixels of a picture that is made
)

// readBody reads a request's body of at most so many bytes in at most that time.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, within time.Duration) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	read := readWithin(w, within)
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	read(err)
	return b, err
}

// readWithin sets the time in which the body has to come. When it has, read lifts that; if it hasn't, what is left of it gets a
// moment, for net/http reads on before it answers.
func readWithin(w http.ResponseWriter, within time.Duration) (read func(error)) {
	c := http.NewResponseController(w)
	c.SetReadDeadline(time.Now().Add(within)) // fails in tests only, where there is no connection
	return func(err error) {
		if err == nil {
			c.SetReadDeadline(time.Time{})
		} else {
			c.SetReadDeadline(time.Now().Add(time.Second))
		}
	}
}

// mediaType returns the request's.
func mediaType(r *http.Request) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// readJSON reads a value that the request's body holds, and nothing else.
func readJSON(w http.ResponseWriter, r *http.Request, value any) error {
	if t := mediaType(r); t != "application/json" {
		return fail(http.StatusUnsupportedMediaType, "the request is of type %q: send application/json", t)
	}
	text, err := readBody(w, r, maxJSON, jsonTime)
	if err != nil {
		return err
	}
	return decodeJSON(text, value)
}

// writeJSON answers with a value.
func writeJSON(w http.ResponseWriter, status int, value any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// readPicture reads a picture that is the request's body, scaled down to that side at most.
func (s *Server) readPicture(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	switch t := mediaType(r); t {
	case "image/jpeg", "image/png", "image/webp", "application/octet-stream":
	default:
		return nil, fail(http.StatusUnsupportedMediaType, "the request is of type %q: send a picture as image/jpeg, image/png or image/webp", t)
	}
	return readBody(w, r, picture.Limits.MaxBytes, pictureTime)
}

// pathID returns the ID in a request's path.
func pathID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !api.ID.MatchString(id) {
		return "", fail(http.StatusNotFound, "%.40q is no ID: there is nothing of that name", id)
	}
	return id, nil
}

// query reads a request's parameters. Unknown ones, and those given twice, are refused.
type query struct {
	values url.Values
	err    error
}

func readQuery(r *http.Request, known []string) query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return query{err: fail(http.StatusBadRequest, "the parameters of the address cannot be read: %w", err)}
	}
	for name, v := range values {
		if !slices.Contains(known, name) {
			return query{err: fail(http.StatusBadRequest, "there is no parameter %.40q here", name)}
		}
		if len(v) > 1 {
			return query{err: fail(http.StatusBadRequest, "the parameter %q is given twice", name)}
		}
	}
	return query{values: values}
}

func (q *query) fail(name, want string) {
	if q.err == nil {
		q.err = fail(http.StatusBadRequest, "the parameter %s=%.40q is not %s", name, q.values.Get(name), want)
	}
}

// text returns a parameter, or a default.
func (q *query) text(name, otherwise string) string {
	if v := q.values.Get(name); v != "" {
		return v
	}
	return otherwise
}

// number returns a whole number within bounds, or a default.
func (q *query) number(name string, lo, hi, otherwise int) int {
	text := q.values.Get(name)
	if text == "" {
		return otherwise
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < lo || v > hi {
		q.fail(name, "a number from "+strconv.Itoa(lo)+" to "+strconv.Itoa(hi))
	}
	return v
}

// strength returns the strength that is asked for, or nil.
func (q *query) strength() *float64 {
	text := q.values.Get("strength")
	if text == "" {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !validStrength(v) {
		q.fail("strength", "a number from 0 to 2")
	}
	return &v
}

// share returns a number from 0 to 1, or 0.5.
func (q *query) share(name string) float64 {
	text := q.values.Get(name)
	if text == "" {
		return 0.5
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0 && v <= 1) {
		q.fail(name, "a number from 0 to 1")
	}
	return v
}

func validStrength(v float64) bool { return v >= 0 && v <= 2 }

// format returns the format of the picture that is asked for.
func (q *query) format() picture.Format {
	f := picture.Format(q.text("format", string(picture.JPEG)))
	if f != picture.JPEG && f != picture.PNG {
		q.fail("format", "jpeg or png")
	}
	return f
}
