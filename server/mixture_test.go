package server

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/server/api"
)

// TestMixture: what a mixture shows before it is made is what it does afterwards.
func TestMixture(t *testing.T) {
	s := start(t, nil)
	var ids []string
	for _, prompt := range []string{"a sepia photo", "a winter landscape"} {
		e := into[api.Effect](t, s.do("POST", "/v1/effects", api.NewEffect{Prompt: prompt}).want(t, http.StatusCreated, ""))
		ids = append(ids, e.ID)
	}
	picture := s.do("GET", "/v1/samples/lake?side=48&format=png", nil).want(t, http.StatusOK, "PNG").body
	apply := func(id, query string) []byte {
		t.Helper()
		return s.do("POST", "/v1/effects/"+id+"/apply?format=png"+query, picture, "Content-Type", "image/png").want(t, http.StatusOK, "PNG").body
	}
	strength := 0.5
	s.do("PATCH", "/v1/effects/"+ids[1], api.EffectChange{Strength: &strength}).want(t, http.StatusOK, "")
	for weight, query := range map[float64]string{0.25: "&weight=0.25", 0.5: "", 1: "&weight=1"} {
		before := apply(ids[0], "&with="+ids[1]+query)
		made := into[api.Effect](t, s.do("POST", "/v1/effects/blend", api.Blend{A: ids[0], B: ids[1], Weight: weight}).want(t, http.StatusCreated, ""))
		if after := apply(made.ID, ""); !bytes.Equal(before, after) {
			t.Errorf("weight %g: the mixture does something else once it is made", weight)
		}
		if bytes.Equal(before, apply(ids[0], "")) {
			t.Errorf("weight %g: nothing is mixed in", weight)
		}
	}
	for range 11 { // its prompt would be more than a thousand times as long
		mixed := into[api.Effect](t, s.do("POST", "/v1/effects/blend", api.Blend{A: ids[0], B: ids[0], Weight: 0.5}).want(t, http.StatusCreated, ""))
		if ids[0] = mixed.ID; len(mixed.Prompt) > warmstart.MaxPrompt {
			t.Fatalf("a prompt of %d bytes", len(mixed.Prompt))
		}
	}
	for _, query := range []string{"?with=nothing", "?with=" + ids[1] + "&weight=1.5", "?with=" + ids[1] + "&weight=NaN", "?with=" + ids[1] + "&strength=1"} {
		r := s.do("POST", "/v1/effects/"+ids[0]+"/apply"+query, picture, "Content-Type", "image/png")
		if r.StatusCode != http.StatusBadRequest && r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", query, r.StatusCode)
		}
	}
}
