package server

import (
	"net/http"

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
	var fill func(*dataset.Intake) error
	switch t := mediaType(r); t {
	case "application/zip", "application/x-zip-compressed":
		fill = func(in *dataset.Intake) error { return in.Zip(r.Body) }
	case "multipart/form-data":
		form, err := r.MultipartReader()
		if err != nil {
			return fail(http.StatusBadRequest, "the form cannot be read: %w", err)
		}
		fill = func(in *dataset.Intake) error { return in.Form(form) }
	default:
		return fail(http.StatusUnsupportedMediaType, "the request is of type %q: send application/zip or multipart/form-data", t)
	}
	read := readWithin(w, pairsTime)
	p, err := s.pairs.Add(r.Context(), name, fill)
	read(err)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/pairs/"+p.ID)
	return writeJSON(w, http.StatusCreated, p)
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
