package tune

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/cputest"
)

// finish does all steps that are left.
func finish(t *testing.T, s *Session) *Result {
	t.Helper()
	for !s.Done() {
		if err := s.Step(); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Result()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSession: a session gives what Run gives, also if it is interrupted and gone on with.
func TestSession(t *testing.T) {
	base := tinyBase(t)
	all := options(base, 13)
	all.AllWeights, all.Settings.AdapterShare = true, 0
	scratch := options(base, 13)
	scratch.From = Scratch
	adversarial := all
	adversarial.Settings.Loss = gan.LossLSGAN
	for name, o := range map[string]Options{"adapter": options(base, 13), "all": all, "scratch": scratch, "adversarial": adversarial} {
		t.Run(name, func(t *testing.T) {
			backend := cputest.New(t, "threads=1")
			want := run1(t, o)
			s, err := NewSession(backend, o)
			if err != nil {
				t.Fatal(err)
			}
			for range 7 {
				if err := s.Step(); err != nil {
					t.Fatal(err)
				}
			}
			dir := t.TempDir()
			if err := s.Save(dir); err != nil {
				t.Fatal(err)
			}
			at := s.Point()
			whole := finish(t, s)
			s.Close()
			again, notice, err := ResumeSession(backend, o, dir, at.Seconds)
			if err != nil || notice != "" {
				t.Fatal(err, notice)
			}
			defer again.Close()
			if p := again.Point(); p.Step != 7 || math.Abs(p.Seconds-at.Seconds) > 1e-6 {
				t.Errorf("resumed at %+v, saved at %+v", p, at)
			}
			resumed := finish(t, again)
			for _, got := range []*Result{whole, resumed} {
				if got.Steps != 13 || (got.Adapter != nil) != (want.Adapter != nil) {
					t.Errorf("%d steps, an adapter: %t", got.Steps, got.Adapter != nil)
				}
				for i, v := range want.Generator.Values {
					if !slices.Equal(v, got.Generator.Values[i]) {
						t.Fatal("other weights than those of Run")
					}
				}
			}
		})
	}
}

// TestSessionSeconds: a budget of time ends, and what is left of it when a session is gone on with.
func TestSessionSeconds(t *testing.T) {
	o := options(tinyBase(t), 0)
	o.Seconds = 0.2
	backend := cputest.New(t, "threads=1")
	s, err := NewSession(backend, o)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Step(); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	if r := finish(t, s); r.Steps < 2 {
		t.Errorf("%d steps", r.Steps)
	}
	s.Close()
	for _, spent := range []float64{0.1, 5} {
		s, _, err := ResumeSession(backend, o, dir, spent)
		if err != nil {
			t.Fatal(err)
		}
		if done := s.Done(); done != (spent > o.Seconds) {
			t.Errorf("after %g of %g s: done is %t", spent, o.Seconds, done)
		}
		c := s.t.Config()
		if rate := c.Rate(s.t.StepsDone()); spent < o.Seconds && !(rate > 0.5) {
			t.Errorf("after half the time the rate is %g of the first", rate)
		}
		finish(t, s)
		s.Close()
	}
}

func TestSessionRefuses(t *testing.T) {
	base, backend := tinyBase(t), cputest.New(t, "threads=1")
	o := options(base, 10)
	o.AllWeights = true
	if _, err := NewSession(backend, o); err == nil || !strings.Contains(err.Error(), "share to 0") {
		t.Errorf("two phases: %v", err)
	}
	o = options(base, 10)
	if _, _, err := ResumeSession(backend, o, t.TempDir(), 0); err == nil {
		t.Error("resumed from nothing")
	}
	o.Base = nil
	if _, err := NewSession(backend, o); err == nil {
		t.Error("no base, no error")
	}
	o = options(base, 100)
	o.Settings.LR = 1e30
	s, err := NewSession(backend, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var diverged *DivergedError
	for !s.Done() {
		if err = s.Step(); err != nil {
			break
		}
	}
	if !errors.As(err, &diverged) {
		t.Errorf("error %v", err)
	}
}
