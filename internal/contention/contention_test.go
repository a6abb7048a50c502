package contention

import (
	"strings"
	"testing"
)

func TestShares(t *testing.T) {
	s := Begin().End()
	if s.Others < 0 || s.Stolen < 0 {
		t.Errorf("%+v", s)
	}
	if w := (Shares{Others: 0.1, Stolen: 0.05}).Warning(); w != "" {
		t.Errorf("a quiet machine: %s", w)
	}
	if w := (Shares{Others: 1.5}).Warning(); !strings.Contains(w, "150 %") {
		t.Errorf("a busy one: %q", w)
	}
}

func TestNumbers(t *testing.T) {
	if v := numbers(" 12 x 3"); len(v) != 3 || v[0] != 12 || v[1] != 0 || v[2] != 3 {
		t.Errorf("%v", v)
	}
}
