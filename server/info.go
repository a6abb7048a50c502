package server

import (
	"net/http"
	"runtime"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/dataset"
	"github.com/warmstart-ml/warmstart/server/jobs"
	"github.com/warmstart-ml/warmstart/server/picture"
	"github.com/warmstart-ml/warmstart/server/shelf"
)

// health tells that the server answers.
func (s *Server) health(w http.ResponseWriter, _ *http.Request, _ query) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte("ok\n"))
	return ignore(err)
}

// document sends the OpenAPI document.
func (s *Server) document(w http.ResponseWriter, _ *http.Request, _ query) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(api.Document)
	return ignore(err)
}

// status tells what the server is and how busy it is.
func (s *Server) status(w http.ResponseWriter, _ *http.Request, _ query) error {
	base, count := s.o.Models.Base, s.jobs.Count()
	n := 0
	for _, t := range base.Generator.Values {
		n += len(t)
	}
	return writeJSON(w, http.StatusOK, api.Status{
		Version: s.o.Version, Ready: s.studio.Ready(), Base: base.Hash, Size: s.studio.Size(), Weights: n,
		Values: base.Layout.Params.Size(), Threads: runtime.GOMAXPROCS(0), ORT: s.ort != nil,
		Effects: s.shelf.Len(), Running: count[api.Running], Queued: count[api.Queued],
		Limits: api.Limits{
			Prompt: warmstart.MaxPrompt, PictureBytes: picture.Limits.MaxBytes, PicturePixels: picture.Limits.MaxPixels, Side: maxSide,
			PairsBytes: dataset.MaxBytes, Pairs: dataset.MaxPairs, Effects: shelf.MaxEffects, QueuedJobs: jobs.MaxQueued,
		},
	})
}

// suggestions lists prompts that are known to work.
func (s *Server) suggestions(w http.ResponseWriter, r *http.Request, q query) error {
	n, text := q.number("n", 1, 50, 8), q.text("q", "")
	if q.err != nil {
		return q.err
	}
	if len(text) > warmstart.MaxPrompt {
		return fail(http.StatusUnprocessableEntity, "the text has %d bytes, at most %d are allowed", len(text), warmstart.MaxPrompt)
	}
	list, err := s.studio.Suggest(r.Context(), text, n)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.Suggestions{Suggestions: list})
}
