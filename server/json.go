package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// decodeJSON reads one value. Unknown fields, wrong types and whatever follows are refused.
func decodeJSON(text []byte, value any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(value); err != nil {
		return explainJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return failure{http.StatusBadRequest, errTrailing}
	}
	return nil
}

// explainJSON tells what is wrong with a value.
func explainJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return fail(http.StatusBadRequest, "the request is empty: send a JSON object")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fail(http.StatusBadRequest, "the JSON of the request is cut short")
	case errors.As(err, &wrong) && wrong.Field == "":
		return fail(http.StatusUnprocessableEntity, "the request is a JSON %s: send an object", wrong.Value)
	case errors.As(err, &wrong):
		return fail(http.StatusUnprocessableEntity, "the field %q cannot be a %s", wrong.Field, wrong.Value)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return fail(http.StatusUnprocessableEntity, "there is no field %.60s", strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return fail(http.StatusBadRequest, "the request is not JSON: %w", err)
}

// errTrailing tells of something behind a JSON value.
var errTrailing = errors.New("there is something behind the JSON value")
