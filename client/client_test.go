package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
)

// against returns a client of a server with a handler.
func against(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	c, err := New(s.URL+"/", "secret")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNew(t *testing.T) {
	for _, address := range []string{"", "localhost:7788", "ftp://x", "http://", "http://user@x", "http://x/?a=b", "http://x/#y", "http://a b"} {
		if _, err := New(address, ""); err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:7788") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestRequests: every call asks for what the document says.
func TestRequests(t *testing.T) {
	var got string
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), body))
		if r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get(api.ClientHeader) != "me" {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte("{}"))
	}).Named("me")
	half, name := 0.5, "x"
	ctx := t.Context()
	for _, call := range []struct {
		want string
		do   func() error
	}{
		{"GET /v1/status", func() error { _, err := c.Status(ctx); return err }},
		{"GET /v1/suggestions?n=3&q=a+b", func() error { _, err := c.Suggestions(ctx, "a b", 3); return err }},
		{"GET /v1/samples", func() error { _, err := c.Samples(ctx); return err }},
		{"GET /v1/samples/a%2Fb?side=32", func() error { _, err := c.Sample(ctx, "a/b", 32); return err }},
		{`POST /v1/effects application/json {"prompt":"p"}`, func() error { _, err := c.NewEffect(ctx, api.NewEffect{Prompt: "p"}); return err }},
		{`POST /v1/effects/blend application/json {"a":"x","b":"y","weight":0}`, func() error { _, err := c.Blend(ctx, api.Blend{A: "x", B: "y"}); return err }},
		{"GET /v1/effects", func() error { _, err := c.Effects(ctx); return err }},
		{"GET /v1/effects/x", func() error { _, err := c.Effect(ctx, "x"); return err }},
		{`PATCH /v1/effects/x application/json {"name":"x"}`, func() error { _, err := c.ChangeEffect(ctx, "x", api.EffectChange{Name: &name}); return err }},
		{"DELETE /v1/effects/..%2Fx", func() error { return c.RemoveEffect(ctx, "../x") }},
		{"GET /v1/effects/x/adapter", func() error { _, err := c.Adapter(ctx, "x"); return err }},
		{"GET /v1/effects/x/weights", func() error { _, err := c.Weights(ctx, "x"); return err }},
		{"POST /v1/effects/x/apply? application/octet-stream pic", func() error { _, err := c.Apply(ctx, "x", []byte("pic"), ApplyOptions{}); return err }},
		{"POST /v1/effects/x/apply?format=png&side=9&strength=0.5 application/octet-stream pic", func() error {
			_, err := c.Apply(ctx, "x", []byte("pic"), ApplyOptions{Strength: &half, Side: 9, PNG: true})
			return err
		}},
		{"GET /v1/pairs", func() error { _, err := c.Pairs(ctx); return err }},
		{"DELETE /v1/pairs/x", func() error { return c.RemovePairs(ctx, "x") }},
		{`POST /v1/jobs application/json {"kind":"tune","effect":"x"}`, func() error { _, err := c.NewJob(ctx, api.NewJob{Kind: "tune", Effect: "x"}); return err }},
		{"GET /v1/jobs", func() error { _, err := c.Jobs(ctx); return err }},
		{"GET /v1/jobs/x", func() error { _, err := c.Job(ctx, "x"); return err }},
		{"POST /v1/jobs/x/stop", func() error { _, err := c.Stop(ctx, "x"); return err }},
		{"POST /v1/jobs/x/continue", func() error { _, err := c.Continue(ctx, "x"); return err }},
		{"POST /v1/jobs/x/cancel", func() error { _, err := c.Cancel(ctx, "x"); return err }},
	} {
		if err := call.do(); err != nil || got != call.want {
			t.Errorf("%s\nwanted %s, %v", got, call.want, err)
		}
	}
}

// TestErrors: what a server says is wrong is told, and what is no server is noticed.
func TestErrors(t *testing.T) {
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/effects/told":
			w.WriteHeader(http.StatusConflict)
			w.Write([]byte(`{"error":{"message":"no way"}}`))
		case "/v1/effects/html":
			w.WriteHeader(http.StatusBadGateway)
			w.Write([]byte(`<html>`))
		case "/v1/effects/page":
			w.Write([]byte(`<html>`))
		case "/v1/effects/damaged":
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`{"id":3}`))
		case "/v1/effects/away":
			http.Redirect(w, r, "http://evil.example/", http.StatusFound)
		}
	})
	for id, want := range map[string]string{
		"told": "no way", "html": "is it warmstart serve?", "page": "is it warmstart serve?", "damaged": "the server's answer", "away": "302 Found",
	} {
		if _, err := c.Effect(t.Context(), id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", id, err)
		}
	}
	var e *Error
	if _, err := c.Effect(t.Context(), "told"); !errors.As(err, &e) || e.Status != http.StatusConflict {
		t.Errorf("error %v", err)
	}
	gone, _ := New("http://127.0.0.1:1", "")
	if _, err := gone.Status(t.Context()); err == nil || errors.As(err, &e) && e.Status == 0 {
		t.Errorf("error %v", err)
	}
}

// TestBusy: a busy server is asked again, but not for ever, and not by who is impatient.
func TestBusy(t *testing.T) {
	asked := 0
	free := 3
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != "picture" {
			t.Errorf("try %d has the body %q", asked, body)
		}
		if asked++; asked < free {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	if _, err := c.Apply(t.Context(), "x", []byte("picture"), ApplyOptions{}); err != nil || asked != 3 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	var e *Error
	if asked = 0; !errors.As(errorOf(c.Impatient().Apply(t.Context(), "x", []byte("picture"), ApplyOptions{})), &e) || asked != 1 {
		t.Errorf("asked %d times, %v", asked, e)
	}
	asked, free = 0, 100
	if !errors.As(errorOf(c.Apply(t.Context(), "x", []byte("picture"), ApplyOptions{})), &e) || asked != attempts {
		t.Errorf("asked %d times, %v", asked, e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := errorOf(c.Apply(ctx, "x", []byte("picture"), ApplyOptions{})); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// errorOf is the error of a call with two results.
func errorOf[T any](_ T, err error) error { return err }

// TestFollow: where a stream breaks off, the next begins after the last point that came.
func TestFollow(t *testing.T) {
	var asked []string
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		e := json.NewEncoder(w)
		switch len(asked) {
		case 1:
			e.Encode(api.Event{Type: "state", Job: &api.Job{State: api.Running}})
			e.Encode(api.Event{Type: "point", Point: &api.Point{Number: 1}})
			e.Encode(api.Event{Type: "point", Point: &api.Point{Number: 2}})
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			e.Encode(api.Event{Type: "point", Point: &api.Point{Number: 3}})
			e.Encode(api.Event{Type: "state", Job: &api.Job{State: api.Done}})
		case 4:
			w.WriteHeader(http.StatusNotFound)
		default:
			w.Write([]byte("nonsense\n"))
		}
	})
	var points []int
	j, err := c.Follow(t.Context(), "x", func(p api.Point) { points = append(points, p.Number) })
	if err != nil || j.State != api.Done || fmt.Sprint(points) != "[1 2 3]" || fmt.Sprint(asked) != "[after=0 after=2 after=2]" {
		t.Errorf("%+v, %v, points %v, asked for %v", j, err, points, asked)
	}
	var e *Error
	if _, err := c.Follow(t.Context(), "x", func(api.Point) {}); !errors.As(err, &e) || e.Status != http.StatusNotFound {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Follow(ctx, "x", func(api.Point) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// TestUpload: pictures go as they are, and what lies beside them stays here.
func TestUpload(t *testing.T) {
	refuse := false
	var got []byte
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		if refuse {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			w.Write([]byte(`{"error":{"message":"too much"}}`))
			return
		}
		got, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"id":"x","train":1}`))
	})
	dir := fstest.MapFS{
		"A/train/1.png": {Data: bytes.Repeat([]byte("a"), 1000)}, "B/train/1.png": {Data: []byte("b")}, "manifest.jsonl": {Data: []byte("secret")},
		".git/x.png": {Data: []byte("secret")}, "A/.x.png": {Data: []byte("secret")},
	}
	p, err := c.UploadPairs(t.Context(), "a b", dir)
	if err != nil || p.Train != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if !bytes.Contains(got, bytes.Repeat([]byte("a"), 1000)) || bytes.Contains(got, []byte("secret")) {
		t.Errorf("sent %q", got)
	}
	refuse = true
	dir["A/train/2.png"] = &fstest.MapFile{Data: make([]byte, 20<<20)} // more than the connection holds
	if _, err := c.UploadPairs(t.Context(), "x", dir); err == nil || !strings.Contains(err.Error(), "too much") && !strings.Contains(err.Error(), "the server") {
		t.Errorf("error %v", err)
	}
}
