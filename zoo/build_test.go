package zoo

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
)

// tinyCorpus has a few scenes.
var tinyCorpus = sync.OnceValues(func() (*corpus.Corpus, error) {
	return corpus.New(context.Background(), corpus.Config{Size: 16, Scenes: 12, First: corpus.TrainScenes})
})

// tinyOptions build a zoo of four concepts in a new folder.
func tinyOptions(t testing.TB) Options {
	t.Helper()
	pictures, err := tinyCorpus()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Dir: t.TempDir(), Base: tinyBase(t, 1), Pictures: pictures, Concepts: concept.Seen()[:4], Workers: 1,
		Config: Config{Steps: 6, Batch: 2, LR: 6e-3, Pairs: 8, Held: 2, Seed: 1},
	}
}

func build(t testing.TB, o Options) *Zoo {
	t.Helper()
	z, err := Build(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// contents returns all files below a folder, except locks.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name()[0] == '.' {
			return err
		}
		b, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func compareFolders(t testing.TB, what, got, want string) {
	t.Helper()
	a, b := contents(t, got), contents(t, want)
	if !slices.Equal(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))) {
		t.Fatalf("%s: files %v, wanted %v", what, slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
	}
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

func TestBuild(t *testing.T) {
	o := tinyOptions(t)
	z := build(t, o)
	if len(z.Entries) != len(o.Concepts) || len(z.Adapters) != len(o.Concepts) {
		t.Fatalf("%d entries and %d adapters", len(z.Entries), len(z.Adapters))
	}
	for i, e := range z.Entries {
		c := o.Concepts[i]
		if e.ID != c.ID || e.Prompt != c.Phrasings()[0] || e.PSNR <= 0 || e.Start != e.Identity {
			t.Errorf("entry %d: %+v", i, e)
		}
		if e.Flag == "" && (e.L1 <= 0 || sameBits(z.Adapters[i], o.Base.Layout.Initial())) {
			t.Errorf("%s was not trained: %+v", e.ID, e)
		}
	}
	again, err := Open(o.Dir, o.Base)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again.Entries, z.Entries) || !slices.EqualFunc(again.Adapters, z.Adapters, sameBits) {
		t.Error("the zoo that is read differs from the one that was built")
	}
	n, problems, err := Verify(o.Dir, o.Base)
	if err != nil || len(problems) > 0 || n != len(z.Entries) {
		t.Errorf("%d adapters; %v; %v", n, problems, err)
	}
	if _, err := Open(o.Dir, tinyBase(t, 2)); err == nil || !strings.Contains(err.Error(), o.Base.Hash) {
		t.Errorf("another base: %v", err)
	}
	if _, err := Open(t.TempDir(), o.Base); err == nil || !strings.Contains(err.Error(), "holds no zoo") {
		t.Errorf("an empty folder: %v", err)
	}
}

// TestBuildIsDeterministic: neither the number of workers nor interruptions nor damage leave a trace.
func TestBuildIsDeterministic(t *testing.T) {
	o := tinyOptions(t)
	start := slices.Concat(o.Base.Layout.Initial()...)
	for i := range start {
		start[i] = float32(i%7-3) / 100
	}
	o.Start = map[string][]float32{o.Concepts[1].ID: start}
	z := build(t, o)
	if z.Entries[1].Start == z.Entries[1].Identity || z.Entries[0].Start != z.Entries[0].Identity {
		t.Errorf("starts: %+v", z.Entries[:2])
	}

	two := o
	two.Dir, two.Workers = t.TempDir(), 2
	build(t, two)
	compareFolders(t, "two workers", two.Dir, o.Dir)

	stopped := o
	stopped.Dir = t.TempDir()
	for adapters := range len(o.Concepts) {
		buildUntil(t, stopped, adapters)
	}
	build(t, stopped)
	compareFolders(t, "resumed", stopped.Dir, o.Dir)

	damage(t, filepath.Join(o.Dir, filepath.FromSlash(z.Entries[0].File)))
	if err := os.Rename(filepath.Join(o.Dir, z.Entries[2].File), filepath.Join(o.Dir, z.Entries[3].File)); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	o.Progress = &said
	build(t, o)
	if !strings.Contains(said.String(), "2 adapters cannot be used") {
		t.Errorf("about the damaged adapters it says %q", said.String())
	}
	compareFolders(t, "repaired", o.Dir, two.Dir)
}

// buildUntil builds a zoo until some adapters are there, which is in the middle of the next one.
func buildUntil(t *testing.T, o Options, adapters int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			files, _ := os.ReadDir(filepath.Join(o.Dir, AdaptersDir))
			if len(files) >= adapters {
				cancel()
			}
		}
	}()
	z, err := Build(ctx, o)
	if err == nil {
		return // it was quicker
	}
	if z != nil || !errors.Is(err, context.Canceled) {
		t.Fatalf("after the interruption: %v, %v", z, err)
	}
	n, problems, err := Verify(o.Dir, o.Base)
	if n < len(o.Concepts) {
		refused(t, o, "its building was interrupted")
		problems = slices.DeleteFunc(problems, func(p error) bool { return strings.Contains(p.Error(), "its building was interrupted") })
	}
	if err != nil || n < adapters || n == 0 && len(problems) > 1 || n > 0 && len(problems) > 0 {
		t.Errorf("%d adapters after the interruption; %v; %v", n, problems, err)
	}
}

// refused checks that the zoo cannot be opened.
func refused(t *testing.T, o Options, why string) {
	t.Helper()
	if _, err := Open(o.Dir, o.Base); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("error %v, wanted %q", err, why)
	}
}

// damage flips a bit in the middle of a file.
func damage(t testing.TB, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-20] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBuildRefuses(t *testing.T) {
	seen := concept.Seen()
	for name, c := range map[string]struct {
		change func(o *Options)
		want   string
	}{
		"an unseen concept":    {func(o *Options) { o.Concepts = append(o.Concepts, concept.Unseen(concept.Triple)[0]) }, "unseen concept"},
		"one in disguise":      {func(o *Options) { o.Concepts = []concept.Concept{{ID: concept.Unseen(concept.Pair)[0].ID}} }, "unseen concept"},
		"a concept of no book": {func(o *Options) { o.Concepts = []concept.Concept{{ID: "x"}} }, "no concept"},
		"a concept twice":      {func(o *Options) { o.Concepts = append(o.Concepts, seen[0]) }, "twice"},
		"a short start":        {func(o *Options) { o.Start = map[string][]float32{seen[0].ID: {1}} }, "starts from 1 values"},
		"a start beyond limits": {func(o *Options) {
			o.Start = map[string][]float32{seen[0].ID: slices.Repeat([]float32{128}, o.Base.Layout.Params.Size())}
		}, "start of"},
		"nothing held back": {func(o *Options) { o.Config.Held = 0 }, "held"},
		"too few pictures":  {func(o *Options) { o.Config.Pairs = 100 }, "100 pairs"},
	} {
		o := tinyOptions(t)
		c.change(&o)
		if _, err := Build(context.Background(), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBuildKeepsItsRecipe: adapters of different recipes are not mixed.
func TestBuildKeepsItsRecipe(t *testing.T) {
	o := tinyOptions(t)
	o.Concepts = o.Concepts[:1]
	build(t, o)
	for want, change := range map[string]func(o *Options){
		"configuration":        func(o *Options) { o.Config.LR /= 2 },
		"base":                 func(o *Options) { o.Base = tinyBase(t, 2) },
		"values to start from": func(o *Options) { o.Start = map[string][]float32{"fog": make([]float32, 3)} },
	} {
		other := o
		change(&other)
		if _, err := Build(context.Background(), other); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), o.Dir) {
			t.Errorf("another %s: %v", want, err)
		}
	}
	more := o
	more.Concepts = concept.Seen()[:2]
	if z := build(t, more); len(z.Entries) != 2 {
		t.Errorf("%d entries after another concept was added", len(z.Entries))
	}
}
