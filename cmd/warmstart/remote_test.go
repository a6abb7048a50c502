package main

import (
	"bytes"
	"encoding/json"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/client"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/api"
)

// asPNG encodes a picture.
func asPNG(t *testing.T, m *imageio.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.EncodePNG(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestApplyAtServer: a picture goes to the server as it is, or as PNG if it is too long, and one that cannot go or is refused is left out.
func TestApplyAtServer(t *testing.T) {
	small, result := asPNG(t, imageio.New(40, 30)), asPNG(t, imageio.New(7, 5))
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, imageio.New(40, 30).ToImage(), nil); err != nil {
		t.Fatal(err)
	}
	const limit = 2000 // bytes
	noisy, noise := imageio.New(40, 30), rand.New(rand.NewPCG(1, 1))
	for i := range noisy.Pix {
		noisy.Pix[i] = noise.Float32()
	}
	long := append(bytes.Clone(photo.Bytes()), make([]byte, limit)...)
	files := map[string]struct {
		content, sent []byte // nil: nothing is sent
		skipped       string
	}{
		"photo.jpg":   {photo.Bytes(), photo.Bytes(), ""},
		"small.png":   {small, small, ""},
		"long.jpg":    {long, small, ""},
		"noisy.png":   {asPNG(t, noisy), nil, "bytes as PNG, the server takes at most 2000: scale the picture down first"},
		"wide.png":    {asPNG(t, imageio.New(101, 3)), nil, "101x3 pixels, the server makes at most 100"},
		"refused.png": {asPNG(t, imageio.New(1, 1)), asPNG(t, imageio.New(1, 1)), "not this one"},
		"damaged.png": {[]byte("hello"), nil, "not a PNG, JPEG or WebP picture"},
	}
	in, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	sent := map[string]bool{} // by content
	for name, f := range files {
		if err := os.WriteFile(filepath.Join(in, name), f.content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	answer := http.StatusRequestEntityTooLarge
	posts := make(chan []byte, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/v1/status":
			json.NewEncoder(w).Encode(api.Status{Limits: api.Limits{Side: 100, PictureBytes: limit}})
		case "/v1/effects":
			json.NewEncoder(w).Encode(api.Effects{Effects: []api.Effect{{ID: "x", Name: "sepia"}}})
		default:
			body, _ := io.ReadAll(r.Body)
			posts <- body
			if bytes.Equal(body, files["refused.png"].sent) {
				w.WriteHeader(answer)
				json.NewEncoder(w).Encode(api.Error{Error: api.Message{Message: "not this one"}})
				return
			}
			w.Write(result)
		}
	}))
	defer server.Close()
	at, err := client.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	c := &applyCmd{Model: "sepia", Pictures: []string{in}, Out: out}
	if err := c.runAt(t.Context(), &ui{json: true, out: &stdout, err: &stderr}, at); err != nil {
		t.Fatal(err)
	}
	for len(posts) > 0 {
		sent[string(<-posts)] = true
	}
	var told applyResult
	if err := json.Unmarshal(stdout.Bytes(), &told); err != nil || len(told.Written) != 3 || len(told.Skipped) != 4 {
		t.Errorf("%s %v", stdout.String(), err)
	}
	for name, f := range files {
		if f.sent != nil && !sent[string(f.sent)] {
			t.Errorf("%s was not sent as it should be", name)
		}
		if f.skipped != "" && !strings.Contains(strings.Join(told.Skipped, "\n"), filepath.Join(in, name)+": ") || !strings.Contains(stderr.String(), f.skipped) {
			t.Errorf("%s is not told to be skipped: %s", name, stderr.String())
		}
		m, err := imageio.ReadFile(filepath.Join(out, strings.TrimSuffix(name, filepath.Ext(name))+".png"), imageio.Limits{})
		if (err == nil) != (f.skipped == "") || err == nil && m.W != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
	answer = http.StatusConflict // about the effect: no other picture can be done either
	if err := c.runAt(t.Context(), &ui{json: true, out: io.Discard, err: io.Discard}, at); err == nil || !strings.Contains(err.Error(), "not this one") {
		t.Errorf("error %v", err)
	}
}
