package server

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/warmstart-ml/warmstart/onnx"
	"github.com/warmstart-ml/warmstart/server/api"
)

// adapter sends an effect's adapter as a file.
func (s *Server) adapter(w http.ResponseWriter, r *http.Request, _ query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	a, e, err := s.shelf.Adapter(id)
	if err != nil {
		return err
	}
	return sendFile(w, e, ".safetensors", func(out io.Writer) error { return a.Encode(out, s.o.Models.Base) })
}

// weights sends an effect's whole network as a file.
func (s *Server) weights(w http.ResponseWriter, r *http.Request, _ query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	g, e, err := s.shelf.Generator(id)
	if err != nil {
		return err
	}
	return sendFile(w, e, ".generator.safetensors", g.Encode)
}

// onnx sends an effect's whole network as an ONNX file, which has been checked.
func (s *Server) onnx(w http.ResponseWriter, r *http.Request, q query) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	precision := q.text("precision", "float32")
	if precision != "float32" && precision != "float16" {
		q.fail("precision", "float32 or float16")
		return q.err
	}
	g, e, err := s.shelf.Generator(id)
	if err != nil {
		return err
	}
	m, err := onnx.Export(g, onnx.Options{Half: precision == "float16", Title: e.Name, Prompt: e.Prompt, Version: s.o.Version})
	if err != nil {
		return err
	}
	file, err := m.Encode()
	if err != nil {
		return err
	}
	if _, err := onnx.Check(file); err != nil {
		return err
	}
	return sendFile(w, e, ".onnx", func(out io.Writer) error { _, err := out.Write(file); return err })
}

// sendFile answers with a file that is named like the effect.
func sendFile(w http.ResponseWriter, e api.Effect, extension string, encode func(io.Writer) error) error {
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", fileName(e.Name)+extension))
	h.Set("Cache-Control", "no-store")
	_, err := w.Write(b.Bytes())
	return ignore(err)
}

// ignore is for errors of writing an answer: the client went away.
func ignore(error) error { return nil }

// fileName is a name as that of a file: lower-case letters, digits and hyphens.
func fileName(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
	joined := strings.Join(words, "-")
	if joined == "" {
		return "effect"
	}
	return joined[:min(len(joined), 60)]
}
