package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/picture"
	"github.com/warmstart-ml/warmstart/server/shelf"
	"github.com/warmstart-ml/warmstart/server/studio"
	"github.com/warmstart-ml/warmstart/textenc"
)

// Sides of previews, in pixels.
const (
	minSide     = 16
	previewSide = 256
	maxPreview  = 512
)

func (s *Server) listEffects(w http.ResponseWriter, _ *http.Request, _ query) error {
	return writeJSON(w, http.StatusOK, api.Effects{Effects: s.shelf.List()})
}

// newEffect makes an effect of a prompt, in one step.
func (s *Server) newEffect(w http.ResponseWriter, r *http.Request, _ query) error {
	var in api.NewEffect
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if err := checkNew(&in); err != nil {
		return err
	}
	a, unknown, err := s.studio.Generate(r.Context(), client(r), in.Prompt)
	var meaningless *textenc.PromptError
	if errors.As(err, &meaningless) {
		return s.withNearest(r.Context(), in.Prompt, err)
	}
	if err != nil {
		return err
	}
	e := api.Effect{Name: in.Name, Prompt: in.Prompt, Strength: 1, Unknown: unknown}
	if err := s.studio.Know(r.Context(), &e); err != nil {
		return err
	}
	return s.add(w, r, e, shelf.Weights{Adapter: a.Values}, in)
}

// checkNew refuses what makes no effect.
func checkNew(in *api.NewEffect) error {
	const status = http.StatusUnprocessableEntity
	switch {
	case len(in.Prompt) > warmstart.MaxPrompt:
		return fail(status, "the prompt has %d bytes, at most %d are allowed: shorten it", len(in.Prompt), warmstart.MaxPrompt)
	case in.Side != 0 && (in.Side < minSide || in.Side > maxPreview):
		return fail(status, "side must be from %d to %d pixels", minSide, maxPreview)
	case in.Sample != "" && !studio.HasSample(in.Sample):
		return fail(status, "there is no sample %.40q", in.Sample)
	}
	if in.Name == "" {
		in.Name = short(in.Prompt)
	}
	if in.Side == 0 {
		in.Side = previewSide
	}
	return checkName(in.Name)
}

// withNearest adds to an error about a prompt what is known that is most like it.
func (s *Server) withNearest(ctx context.Context, prompt string, err error) error {
	list, errNearest := s.studio.Nearest(ctx, prompt, 3)
	if errNearest != nil || len(list) == 0 {
		return err
	}
	var quoted []string
	for _, n := range list {
		quoted = append(quoted, strconv.Quote(n.Prompt))
	}
	return fmt.Errorf("%w; what is known is like %s", err, strings.Join(quoted, ", "))
}

// add keeps a new effect and answers with it, and with a preview if one is asked for.
func (s *Server) add(w http.ResponseWriter, r *http.Request, e api.Effect, weights shelf.Weights, in api.NewEffect) error {
	e, err := s.shelf.Add(e, weights)
	if err != nil {
		return err
	}
	if in.Sample != "" {
		out, err := s.show(r, e.ID, in.Sample, in.Side, nil)
		if err != nil {
			return err
		}
		if e.Preview, err = picture.DataURL(out); err != nil {
			return err
		}
	}
	w.Header().Set("Location", "/v1/effects/"+e.ID)
	return writeJSON(w, http.StatusCreated, e)
}

// blendEffects mixes two effects into a new one.
func (s *Server) blendEffects(w http.ResponseWriter, r *http.Request, _ query) error {
	var in api.Blend
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if !(in.Weight >= 0 && in.Weight <= 1) {
		return fail(http.StatusUnprocessableEntity, "weight must be from 0, which is all of a, to 1, which is all of b")
	}
	a, weightsA, err := s.shelf.Weights(in.A)
	if err != nil {
		return err
	}
	b, weightsB, err := s.shelf.Weights(in.B)
	if err != nil {
		return err
	}
	if in.Name == "" {
		in.Name = short(a.Name) + " + " + short(b.Name)
	}
	if err := checkName(in.Name); err != nil {
		return err
	}
	mixed, err := shelf.Mix(s.o.Models.Base, weightsA, weightsB, a.Strength, b.Strength, in.Weight)
	if err != nil {
		return err
	}
	e := api.Effect{Name: in.Name, Prompt: both(a.Prompt, b.Prompt), Strength: 1, Blend: &api.Blend{A: in.A, B: in.B, Weight: in.Weight}}
	return s.add(w, r, e, mixed, api.NewEffect{})
}

// both is the prompt of a blend: that of each, shortened where the two are longer than a prompt may be. Blends of blends would double it
// every time.
func both(a, b string) string {
	const room = warmstart.MaxPrompt - len(", ")
	a = cut(a, max(room/2, room-len(b)))
	return a + ", " + cut(b, room-len(a))
}

// cut shortens a text to so many bytes, and shows that.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimSpace(text[:end]) + "…"
}

func (s *Server) effect(w http.ResponseWriter, r *http.Request, _ query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	e, err := s.shelf.Get(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, e)
}

// changeEffect renames an effect or sets its strength.
func (s *Server) changeEffect(w http.ResponseWriter, r *http.Request, _ query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var in api.EffectChange
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if in.Name != nil {
		if err := checkName(*in.Name); err != nil {
			return err
		}
	}
	if in.Strength != nil && !validStrength(*in.Strength) {
		return fail(http.StatusUnprocessableEntity, "strength must be from 0 to 2")
	}
	e, err := s.shelf.Change(id, func(e *api.Effect) {
		if in.Name != nil {
			e.Name = *in.Name
		}
		if in.Strength != nil {
			e.Strength = *in.Strength
		}
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, e)
}

// removeEffect deletes an effect and cancels its jobs.
func (s *Server) removeEffect(w http.ResponseWriter, r *http.Request, _ query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.jobs.CancelEffect(id); err != nil {
		return err
	}
	if err := s.shelf.Remove(id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// maxName is the length of the longest name, in characters.
const maxName = 100

// checkName refuses names that can't be shown in a line.
func checkName(name string) error {
	ok := utf8.ValidString(name) && strings.TrimSpace(name) == name && name != "" && utf8.RuneCountInString(name) <= maxName &&
		!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) })
	if !ok {
		return fail(http.StatusUnprocessableEntity, "a name has 1 to %d characters that can be seen, and no spaces around them", maxName)
	}
	return nil
}

// short makes a name of a prompt.
func short(prompt string) string {
	words := strings.Join(strings.FieldsFunc(prompt, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }), " ")
	if r := []rune(words); len(r) > 48 {
		return strings.TrimSpace(string(r[:47])) + "…"
	}
	return words
}

// show applies an effect to a sample.
func (s *Server) show(r *http.Request, id, sample string, side int, strength *float64) (*imageio.Image, error) {
	in, err := s.studio.Sample(sample, side)
	if err != nil {
		return nil, fail(http.StatusNotFound, "%w", err)
	}
	n, err := s.shelf.Network(id, strength)
	if err != nil {
		return nil, err
	}
	return s.studio.Apply(r.Context(), client(r), n.Key, n.Values, in)
}
