package server

import (
	"net/http"

	"github.com/warmstart-ml/warmstart/server/api"
)

func (s *Server) listJobs(w http.ResponseWriter, _ *http.Request, _ query) error {
	return writeJSON(w, http.StatusOK, api.Jobs{Jobs: s.jobs.List()})
}

// newJob queues a training.
func (s *Server) newJob(w http.ResponseWriter, r *http.Request, _ query) error {
	var in api.NewJob
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	j, err := s.jobs.Submit(client(r), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/jobs/"+j.ID)
	return writeJSON(w, http.StatusAccepted, j)
}

func (s *Server) job(w http.ResponseWriter, r *http.Request, _ query) error {
	return s.answerJob(w, r, s.jobs.Get)
}

func (s *Server) stopJob(w http.ResponseWriter, r *http.Request, _ query) error {
	return s.answerJob(w, r, s.jobs.Stop)
}

func (s *Server) continueJob(w http.ResponseWriter, r *http.Request, _ query) error {
	return s.answerJob(w, r, s.jobs.Continue)
}

func (s *Server) cancelJob(w http.ResponseWriter, r *http.Request, _ query) error {
	return s.answerJob(w, r, s.jobs.Cancel)
}

// answerJob does something with a job and answers with it.
func (s *Server) answerJob(w http.ResponseWriter, r *http.Request, do func(id string) (api.Job, error)) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	j, err := do(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, j)
}
