package keep

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCache(t *testing.T) {
	c, made := Folder(filepath.Join(t.TempDir(), "new")), 0
	get := func(key int) float64 {
		t.Helper()
		v, err := Remember(c, "kind", "name", key, func() (float64, error) { made++; return float64(key) / 3, nil })
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for range 2 {
		if get(1) != 1.0/3 || made != 1 {
			t.Errorf("made %d times", made)
		}
	}
	if get(2) != 2.0/3 || made != 2 {
		t.Errorf("made %d times", made)
	}
	path, _, err := c.Path("kind", "name", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []string{"", "{", `{"key":[1,"kind",2],"result":5}`, `{"key":[1,"kind",1],"result":"x"}`} {
		if err := os.WriteFile(path+".json", []byte(damage), 0o644); err != nil {
			t.Fatal(err)
		}
		before := made
		if get(1) != 1.0/3 || made != before+1 {
			t.Errorf("%q is taken for a result", damage)
		}
	}
	if _, err := Remember(c, "kind", "name", 3, func() (int, error) { return 0, errors.New("no") }); err == nil {
		t.Error("an error is lost")
	}
	c, made = "", 0
	if get(1); get(1) != 1.0/3 || made != 2 {
		t.Error("a result was kept nowhere")
	}
}

// TestPath: what was kept by an earlier release is found.
func TestPath(t *testing.T) {
	path, text, err := Folder("dir").Path("kind", "name", struct{ A int }{1})
	if err != nil || string(text) != `[1,"kind",{"A":1}]` || path != filepath.Join("dir", "kind", "name-b4eae3eed5e5526b") {
		t.Errorf("%s, %s: %v", path, text, err)
	}
}
