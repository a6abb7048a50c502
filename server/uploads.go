package server

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"

	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/dataset"
)

func (s *Server) listPairs(w http.ResponseWriter, _ *http.Request, _ query) error {
	return writeJSON(w, http.StatusOK, api.PairsList{Pairs: s.pairs.List()})
}

// newPairs takes in pairs: a zip file, or a form with pictures.
func (s *Server) newPairs(w http.ResponseWriter, r *http.Request, q query) error {
	name := q.text("name", "pairs")
	if err := checkName(name); err != nil {
		return err
	}
	if r.ContentLength > dataset.MaxBytes {
		return &http.MaxBytesError{Limit: dataset.MaxBytes}
	}
	r.Body = http.MaxBytesReader(w, r.Body, dataset.MaxBytes)
	fill, err := filler(r)
	if err != nil {
		return err
	}
	receive := func(to io.Writer) error {
		read := readWithin(w, pairsTime)
		_, err := io.Copy(to, r.Body)
		read(err)
		return err
	}
	p, err := s.pairs.Add(r.Context(), name, receive, fill)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/pairs/"+p.ID)
	return writeJSON(w, http.StatusCreated, p)
}

// filler returns what takes in an upload of the request's type.
func filler(r *http.Request) (func(*dataset.Intake, *os.File) error, error) {
	switch t := mediaType(r); t {
	case "application/zip", "application/x-zip-compressed":
		return (*dataset.Intake).Zip, nil
	case "multipart/form-data":
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || params["boundary"] == "" {
			return nil, fail(http.StatusBadRequest, "the form cannot be read: its Content-Type has no boundary")
		}
		return func(in *dataset.Intake, f *os.File) error { return in.Form(multipart.NewReader(f, params["boundary"])) }, nil
	default:
		return nil, fail(http.StatusUnsupportedMediaType, "the request is of type %q: send application/zip or multipart/form-data", t)
	}
}

func (s *Server) pairsOf(w http.ResponseWriter, r *http.Request, _ query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	p, err := s.pairs.Get(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, p)
}

// removePairs deletes pairs that no job needs.
func (s *Server) removePairs(w http.ResponseWriter, r *http.Request, _ query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if s.jobs.Uses(id) {
		return fail(http.StatusConflict, "a job trains on these pairs: cancel it or wait for its end")
	}
	if err := s.pairs.Remove(id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
