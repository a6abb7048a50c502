package zoo

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math"
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

// TestFlags: what training does not improve keeps its start.
func TestFlags(t *testing.T) {
	good := tinyOptions(t)
	good.Concepts, good.Config.Steps, good.Config.LR = good.Concepts[:1], 60, 2e-2
	trained := build(t, good)
	starts := map[string][]float32{}
	for i, e := range trained.Entries {
		starts[e.ID] = slices.Concat(trained.Adapters[i]...)
	}
	atLimit := map[string][]float32{}
	for id, values := range starts {
		atLimit[id] = slices.Clone(values)
		for i := range trained.Adapters[0][0] { // some of them grow in the first step
			atLimit[id][i] = limit - unit
		}
	}
	for name, c := range map[string]struct {
		lr    float64
		start map[string][]float32
		flag  string
	}{
		"no training": {0, starts, ""},
		"wild steps":  {1, starts, FlagPoor},
		"too large":   {1, atLimit, FlagDiverged},
	} {
		o := good
		o.Dir, o.Start, o.Config.LR, o.Config.Steps = t.TempDir(), c.start, c.lr, 3
		z := build(t, o)
		for i, e := range z.Entries {
			if e.Flag != c.flag || e.Retried != (c.flag != "") || e.PSNR != e.Start || !slices.Equal(slices.Concat(z.Adapters[i]...), c.start[e.ID]) {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if n, problems, err := Verify(o.Dir, o.Base); err != nil || len(problems) > 0 || n != len(z.Entries) {
			t.Errorf("%s: %d adapters; %v; %v", name, n, problems, err)
		}
	}
}

func TestWorker(t *testing.T) {
	o := tinyOptions(t)
	w, err := NewWorker(o.Base, o.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	pairs, err := o.Pictures.Pairs(o.Concepts[0], corpus.Choice{Pairs: 8, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	train := func(c Config) ([][]float32, float64) {
		t.Helper()
		values, loss, err := w.Train(ctx, nil, pairs.Batches(c.Batch, c.Seed), c)
		if err != nil {
			t.Fatal(err)
		}
		return values, loss
	}
	few, _ := train(o.Config)
	long := o.Config
	long.Steps, long.LR = 40, 2e-2
	_, lossLong := train(long)
	again, lossFew := train(o.Config)
	if !sameBits(few, again) {
		t.Error("a training depends on the one before")
	}
	if lossLong >= lossFew {
		t.Errorf("L1 %g after 40 steps, %g after 6", lossLong, lossFew)
	}

	nan := o.Base.Layout.Initial()
	nan[0][0] = float32(math.NaN())
	if _, _, err := w.Train(ctx, nan, pairs.Batches(2, 1), o.Config); !errors.Is(err, ErrDiverged) {
		t.Errorf("from NaN: %v", err)
	}
	last := o.Config
	last.Steps, last.LR = 1, 1e39 // infinite in float32
	if _, _, err := w.Train(ctx, nil, pairs.Batches(2, 1), last); !errors.Is(err, ErrDiverged) {
		t.Errorf("to values that are not finite, in the last step: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := w.Train(cancelled, nil, pairs.Batches(2, 1), o.Config); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	other := o.Config
	other.Batch = 3
	if _, _, err := w.Train(ctx, nil, pairs.Batches(3, 1), other); err == nil {
		t.Error("the batch can be changed")
	}
	if after, _ := train(o.Config); !sameBits(few, after) {
		t.Error("the worker is not the same after errors")
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
