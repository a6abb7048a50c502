package loadtest_test

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/server"
	"github.com/warmstart-ml/warmstart/server/loadtest"
)

// TestLoad: a server under load fails at nothing.
func TestLoad(t *testing.T) {
	dir, backend := t.TempDir(), cputest.New(t, "threads=2")
	if err := tiny.WriteModels(backend, dir, 1); err != nil {
		t.Fatal(err)
	}
	models, err := warmstart.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	const token = "a token that nobody knows"
	s, err := server.New(server.Options{
		Models: models, Backend: backend, Data: t.TempDir(), Token: token, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		h.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	o := loadtest.Options{URL: h.URL, Token: token, Clients: 12, Duration: 3 * time.Second, Side: 32, Seed: 1}
	r, err := loadtest.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failures > 0 {
		t.Errorf("%d failures: %q", r.Failures, r.Messages)
	}
	for _, kind := range []string{"generate", "remove"} { // others may not be done in time
		if r.Kinds[kind] == nil || r.Kinds[kind].Done == 0 {
			t.Errorf("no %s: %+v", kind, r)
		}
	}
	o.Duration = time.Second / 2
	if stream, err := loadtest.Webcam(t.Context(), o); err != nil || stream.Frames == 0 || stream.PerS <= 0 {
		t.Errorf("%+v, %v", stream, err)
	}
	o.Token = "another"
	if _, err := loadtest.Run(t.Context(), o); err == nil {
		t.Error("no error without the token")
	}
}
