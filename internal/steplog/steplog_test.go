package steplog

import (
	"os"
	"path/filepath"
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
