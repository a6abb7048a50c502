package steplog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.jsonl")
	type record struct {
		Step int `json:"step"`
	}
	write := func(after int, steps ...int) {
		t.Helper()
		l, err := Open(path, after)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for _, s := range steps {
			if err := l.Write(record{s}); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(0, 1, 2, 3)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"step":`) // a process was killed here
	f.Close()
	write(2, 3, 4)
	want := "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%q, error %v, wanted %q", got, err, want)
	}
}

// TestLongLines: a record may be of any length, and one of unknown end is kept if it is whole.
func TestLongLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.jsonl")
	long := `{"step":1,"text":"` + strings.Repeat("x", 1<<17) + `"}`
	if err := os.WriteFile(path, []byte(long+"\n"+`{"step":2}`), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := Open(path, 2)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if got, err := os.ReadFile(path); err != nil || string(got) != long+"\n"+`{"step":2}`+"\n" {
		t.Errorf("%d bytes are left, error %v, wanted both records", len(got), err)
	}
}
