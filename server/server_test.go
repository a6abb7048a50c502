package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/onnx"
	"github.com/warmstart-ml/warmstart/server/api"
)

// Tiny ones.
var (
	models        *warmstart.Models
	discriminator *gan.Discriminator
)

func TestMain(m *testing.M) {
	if err := makeModels(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func makeModels() error {
	dir, err := os.MkdirTemp("", "warmstart-server")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	backend, err := cpu.New("threads=1")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	if err := tiny.WriteModels(backend, dir, 1); err != nil {
		return err
	}
	if models, err = warmstart.Load(dir); err != nil {
		return err
	}
	if discriminator, err = warmstart.LoadDiscriminator(dir, models.Base.Generator.Config); err != nil {
		return err
	}
	for i := range discriminator.Values[0] {
		discriminator.Values[0][i] *= -1 // it is not to be what a new one is drawn as
	}
	return nil
}

// site is a server under test.
type site struct {
	t *testing.T
	*Server
	url   string
	token string
	stop  func() // ends it as a signal does
}

// start starts a server on a folder. It is closed at the end of the test, or by stop.
func start(t *testing.T, change func(*Options)) *site {
	t.Helper()
	o := Options{Models: models, Backend: cputest.New(t, "threads=2"), Data: t.TempDir(), Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.Handler())
	stop := sync.OnceFunc(func() {
		s.end()
		h.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return &site{t: t, Server: s, url: h.URL, token: o.Token, stop: stop}
}

// reply is an answer.
type reply struct {
	*http.Response
	body []byte
}

// do sends a request. A body that is no reader is sent as JSON.
func (s *site) do(method, path string, body any, header ...string) reply {
	s.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		r = b
	case []byte:
		r = bytes.NewReader(b)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(text)
		header = append([]string{"Content-Type", "application/json"}, header...)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{res, b}
}

// want checks the status of an answer, and of an error that it tells a sentence.
func (r reply) want(t *testing.T, status int, text string) reply {
	t.Helper()
	if r.StatusCode != status || !strings.Contains(string(r.body), text) {
		t.Fatalf("%s %s: status %d, wanted %d with %q: %.500s", r.Request.Method, r.Request.URL.Path, r.StatusCode, status, text, r.body)
	}
	if status >= 400 {
		var e api.Error
		if err := json.Unmarshal(r.body, &e); err != nil || e.Error.Message == "" {
			t.Errorf("%s: no error as JSON: %.200s", r.Request.URL.Path, r.body)
		}
	}
	return r
}

// into decodes an answer.
func into[T any](t *testing.T, r reply) (v T) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %.300s", err, r.body)
	}
	return v
}

// effectOf makes an effect of a prompt.
func (s *site) effectOf(prompt string) api.Effect {
	s.t.Helper()
	return into[api.Effect](s.t, s.do("POST", "/v1/effects", api.NewEffect{Prompt: prompt}).want(s.t, http.StatusCreated, ""))
}

// followJob reads a job's events to their end.
func (s *site) followJob(id string) (points []api.Point, last api.Job) {
	s.t.Helper()
	r := s.do("GET", "/v1/jobs/"+id+"/events", nil, "Accept", "application/x-ndjson").want(s.t, http.StatusOK, "")
	d := json.NewDecoder(bytes.NewReader(r.body))
	for {
		var e api.Event
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			return points, last
		} else if err != nil {
			s.t.Fatal(err)
		}
		switch e.Type {
		case "point":
			points = append(points, *e.Point)
		case "state":
			last = *e.Job
		}
	}
}

// TestDocument: the document has the routes that there are, with their parameters.
func TestDocument(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    *[]any
			Parameters  []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(api.Document, &doc); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range (&Server{}).routes() {
		op, ok := doc.Paths[r.path][strings.ToLower(r.method)]
		if !ok {
			t.Errorf("%s %s is not in the document", r.method, r.path)
			continue
		}
		delete(doc.Paths[r.path], strings.ToLower(r.method))
		if (op.Security != nil) != r.open {
			t.Errorf("%s %s: needs no token: %t", r.method, r.path, r.open)
		}
		params := map[string]bool{}
		for _, p := range op.Parameters {
			params[p.In+" "+p.Name] = true
		}
		for _, name := range r.params {
			if !params["query "+name] {
				t.Errorf("%s %s: the parameter %s is not in the document", r.method, r.path, name)
			}
			delete(params, "query "+name)
		}
		for p := range params {
			if strings.HasPrefix(p, "query ") || p == "path id" && !strings.Contains(r.path, "{id}") {
				t.Errorf("%s %s: the parameter %s is in the document only", r.method, r.path, p)
			}
		}
		if ids[op.OperationID] || op.OperationID == "" {
			t.Errorf("%s %s: operation %q", r.method, r.path, op.OperationID)
		}
		ids[op.OperationID] = true
	}
	for path, left := range doc.Paths {
		for method := range left {
			t.Errorf("%s %s is in the document only", method, path)
		}
	}
}

// TestWay goes the whole way: a prompt, a picture, a training, a file.
func TestWay(t *testing.T) {
	s := start(t, nil)
	e := into[api.Effect](t, s.do("POST", "/v1/effects", api.NewEffect{Prompt: "a sepia photo", Sample: "lake", Side: 32}).want(t, http.StatusCreated, "data:image/jpeg"))
	if !strings.HasPrefix(e.Edit, "sepia") || e.Steps != 0 || e.Version != 1 || e.Kind != api.KindAdapter || e.Base != models.Base.Hash {
		t.Errorf("%+v", e)
	}
	picture := s.do("GET", "/v1/samples/lake?side=48&format=png", nil).want(t, http.StatusOK, "PNG").body
	out := s.do("POST", "/v1/effects/"+e.ID+"/apply?format=png", picture, "Content-Type", "image/png").want(t, http.StatusOK, "PNG").body
	if bytes.Equal(out, picture) {
		t.Error("the effect does nothing")
	}
	j := into[api.Job](t, s.do("POST", "/v1/jobs", api.NewJob{Kind: "tune", Effect: e.ID, Steps: 5}).want(t, http.StatusAccepted, ""))
	points, last := s.followJob(j.ID)
	if last.State != api.Done || len(points) < 2 || points[len(points)-1].Tuned.Step != 5 || points[0].Tuned.Step != 0 {
		t.Errorf("%+v after %d points", last, len(points))
	}
	tuned := into[api.Effect](t, s.do("GET", "/v1/effects/"+e.ID, nil).want(t, http.StatusOK, ""))
	if tuned.Steps != 5 || tuned.Version != 2 || tuned.PSNR != points[len(points)-1].Tuned.PSNR {
		t.Errorf("%+v", tuned)
	}
	s.do("GET", "/v1/effects/"+e.ID+"/adapter", nil).want(t, http.StatusOK, "warmstart/adapter")
	s.do("GET", "/v1/effects/"+e.ID+"/weights", nil).want(t, http.StatusOK, "warmstart/generator")
	full := s.do("GET", "/v1/effects/"+e.ID+"/onnx", nil).want(t, http.StatusOK, "a sepia photo")
	half := s.do("GET", "/v1/effects/"+e.ID+"/onnx?precision=float16", nil).want(t, http.StatusOK, "a sepia photo")
	if _, err := onnx.Check(full.body); err != nil || len(half.body) >= len(full.body) {
		t.Errorf("%d and %d bytes, %v", len(full.body), len(half.body), err)
	}
	if d := full.Header.Get("Content-Disposition"); d != `attachment; filename="a-sepia-photo.onnx"` {
		t.Error(d)
	}
	s.do("DELETE", "/v1/effects/"+e.ID, nil).want(t, http.StatusNoContent, "")
	s.do("GET", "/v1/effects/"+e.ID, nil).want(t, http.StatusNotFound, "no such effect")
}
