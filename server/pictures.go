package server

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/jobs"
	"github.com/warmstart-ml/warmstart/server/picture"
	"github.com/warmstart-ml/warmstart/server/shelf"
	"github.com/warmstart-ml/warmstart/server/studio"
)

// defaultSide is the width or height of what apply makes unless more is asked for.
const defaultSide = 1024

func (s *Server) listSamples(w http.ResponseWriter, _ *http.Request, _ query) error {
	return writeJSON(w, http.StatusOK, api.Samples{Samples: studio.Samples()})
}

// sample sends a picture to try effects on. It is always the same.
func (s *Server) sample(w http.ResponseWriter, r *http.Request, q query) error {
	side, format := q.number("side", minSide, maxPreview, previewSide), q.format()
	if q.err != nil {
		return q.err
	}
	m, err := s.studio.Sample(r.PathValue("id"), side)
	if err != nil {
		return fail(http.StatusNotFound, "%w", err)
	}
	w.Header().Set("Cache-Control", "private, max-age=86400")
	return sendPicture(w, m, format)
}

// preview sends what an effect makes of a sample. It is the same until the effect's version or strength changes.
func (s *Server) preview(w http.ResponseWriter, r *http.Request, q query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	side, format, strength := q.number("side", minSide, maxPreview, previewSide), q.format(), q.strength()
	sample := q.text("sample", studio.Samples()[0].ID)
	if q.err != nil {
		return q.err
	}
	e, err := s.shelf.Get(id)
	if err != nil {
		return err
	}
	if strength == nil {
		strength = &e.Strength
	}
	tag := fmt.Sprintf("\"%s-%d-%g-%s-%d-%s\"", id, e.Version, *strength, sample, side, format)
	w.Header().Set("Cache-Control", "private, no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	m, err := s.show(r, id, sample, side, strength)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", tag)
	return sendPicture(w, m, format)
}

// applyEffect applies an effect, or its mixture with another, to the picture in the request.
func (s *Server) applyEffect(w http.ResponseWriter, r *http.Request, q query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	strength := q.strength()
	other, weight := q.text("with", ""), q.share("weight")
	if other == "" {
		return s.apply(w, r, q, func() (shelf.Network, error) { return s.shelf.Network(id, strength) })
	}
	if strength != nil {
		q.fail("strength", "possible together with another effect: each is mixed in at its own")
	}
	return s.apply(w, r, q, func() (shelf.Network, error) { return s.shelf.Mixture(id, other, weight) })
}

// applyJob applies what a job has trained so far.
func (s *Server) applyJob(w http.ResponseWriter, r *http.Request, q query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	side := q.text("of", jobs.SideTuned)
	if side != jobs.SideTuned && side != jobs.SideScratch {
		q.fail("of", jobs.SideTuned+" or "+jobs.SideScratch)
	}
	return s.apply(w, r, q, func() (shelf.Network, error) { return s.jobs.Network(id, side) })
}

// apply applies a network to the picture in the request.
func (s *Server) apply(w http.ResponseWriter, r *http.Request, q query, network func() (shelf.Network, error)) error {
	side, format := q.number("side", minSide, maxSide, defaultSide), q.format()
	if q.err != nil {
		return q.err
	}
	n, err := network()
	if err != nil {
		return err
	}
	release, err := s.decoder.Hold(r.Context(), r.ContentLength)
	if err != nil {
		return err
	}
	defer release()
	encoded, err := s.readPicture(w, r)
	if err != nil {
		return err
	}
	in, done, err := s.decoder.Decode(r.Context(), encoded, side)
	if err != nil {
		return pictureError(r, err)
	}
	defer done()
	out, err := s.studio.Apply(r.Context(), client(r), n.Key, n.Values, in)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return sendPicture(w, out, format)
}

// pictureError gives an error about a picture its status.
func pictureError(r *http.Request, err error) error {
	if code := status(err); r.Context().Err() != nil || code != http.StatusInternalServerError {
		return fmt.Errorf("the picture: %w", err)
	}
	return fail(http.StatusUnprocessableEntity, "the picture: %w", err)
}

// sendPicture answers with a picture.
func sendPicture(w http.ResponseWriter, m *imageio.Image, format picture.Format) error {
	var b bytes.Buffer
	if err := format.Encode(&b, m); err != nil {
		return err
	}
	w.Header().Set("Content-Type", format.ContentType())
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, err := w.Write(b.Bytes())
	return ignore(err)
}
