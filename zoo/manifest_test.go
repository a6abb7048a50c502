package zoo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/concept"
)

// TestOpenChecksTheList: a zoo is whole, or from before its size was noted; and it has each concept once.
func TestOpenChecksTheList(t *testing.T) {
	o := tinyOptions(t)
	o.Concepts, o.Config.Steps = o.Concepts[:2], 1
	entries := build(t, o).Entries
	write := func(list []Entry) {
		t.Helper()
		if err := writeManifest(o.Dir, list); err != nil {
			t.Fatal(err)
		}
	}
	write(entries[:1])
	refused(t, o, "1 of 2 adapters")
	write(append(entries, entries[0]))
	refused(t, o, "twice")
	r, err := readRecipe(o.Dir)
	if err != nil || r.Concepts != 2 {
		t.Fatalf("%+v; %v", r, err)
	}
	r.Concepts = 0
	if err := r.write(o.Dir); err != nil {
		t.Fatal(err)
	}
	write(entries[:1])
	if z, err := Open(o.Dir, o.Base); err != nil || len(z.Entries) != 1 {
		t.Errorf("without a number: %v", err)
	}
	if z := build(t, o); len(z.Entries) != 2 {
		t.Errorf("%d adapters", len(z.Entries))
	}
	if r, err := readRecipe(o.Dir); err != nil || r.Concepts != 2 {
		t.Errorf("built again: %+v; %v", r, err)
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	o := tinyOptions(t)
	z := build(t, o)
	file := func(i int) string { return filepath.Join(o.Dir, filepath.FromSlash(z.Entries[i].File)) }
	damage(t, file(0))
	if err := os.Remove(file(1)); err != nil {
		t.Fatal(err)
	}
	a, err := readAdapter(o.Dir, z.Entries[2].ID, o.Base)
	if err != nil {
		t.Fatal(err)
	}
	a.Metrics["psnr"]++
	if err := a.Write(file(2), o.Base); err != nil {
		t.Fatal(err)
	}
	a.Values[0][0] = unit / 2
	a.Concept = z.Entries[3].ID
	if err := a.Write(file(3), o.Base); err != nil {
		t.Fatal(err)
	}
	extra := filepath.Join(o.Dir, AdaptersDir, "extra.safetensors")
	if err := os.WriteFile(extra, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, problems, err := Verify(o.Dir, o.Base)
	if err != nil || len(problems) != 5 {
		t.Fatalf("%v; %v", problems, err)
	}
	for i, path := range []string{file(0), file(1), file(2), file(3), extra} {
		if !strings.Contains(problems[i].Error(), path) {
			t.Errorf("%v does not name %s", problems[i], path)
		}
	}
	if _, err := Open(o.Dir, o.Base); err == nil || !strings.Contains(err.Error(), file(0)) {
		t.Errorf("Open: %v", err)
	}
}

func TestManifestRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadManifest(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("no manifest: %v", err)
	}
	id := concept.Seen()[0].ID
	for text, want := range map[string]string{
		"{":                                      "damaged",
		`{"id":"` + id + `","colour":1}`:         "damaged",
		`{"id":"nothing"}`:                       "no concept",
		`{"id":"` + id + `","file":"../../etc"}`: "said to be in",
	} {
		if err := os.WriteFile(filepath.Join(dir, ManifestFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadManifest(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
