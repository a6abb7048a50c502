package pairs_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warmstart-ml/warmstart/pairs"
)

func TestMakeRefusesOtherOptions(t *testing.T) {
	o := small(t, t.TempDir())
	mustMake(t, o)
	before := tree(t, o.Dir)
	for name, change := range map[string]func(o *pairs.Options){
		"edit":   func(o *pairs.Options) { o.Edit = chain(t, "vignette") },
		"seed":   func(o *pairs.Options) { o.Seed = 8 },
		"size":   func(o *pairs.Options) { o.Size = 32 },
		"layout": func(o *pairs.Options) { o.Layout = pairs.SideBySide },
		"test":   func(o *pairs.Options) { o.Test = 0.3 },
	} {
		other := o
		change(&other)
		if _, err := pairs.Make(context.Background(), other); err == nil || !strings.Contains(err.Error(), "other options") {
			t.Errorf("%s changed: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, tree(t, o.Dir)); diff != "" {
		t.Error("a refused run changed the folder")
	}
}

// A recipe that cannot be read is damaged: that is not to be taken for other options, which one could go on with.
func TestMakeDamagedRecipe(t *testing.T) {
	o := small(t, t.TempDir())
	mustMake(t, o)
	whole := tree(t, o.Dir)["pairs.json"]
	for name, c := range map[string]struct{ text, want string }{
		"empty":     {"", "pairs.json is damaged"},
		"cut short": {whole[:len(whole)/2], "pairs.json is damaged"},
		"not ours":  {"{}", "pairs.json is damaged"},
		"rubbish":   {"rubbish", "make the pairs anew in another folder"},
	} {
		putText(t, c.text, o.Dir, "pairs.json")
		_, err := pairs.Make(context.Background(), o)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Join(o.Dir, "pairs.json")) {
			t.Errorf("%s: error %v, want it to contain %q", name, err, c.want)
		}
	}
	putText(t, strings.ReplaceAll(whole, "\n", "\r\n"), o.Dir, "pairs.json") // what it says is what counts
	if result := mustMake(t, o); result.Kept != 10 {
		t.Errorf("with other line ends: %+v", result)
	}
}
