package pairs_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/teacher"
)

func chain(t *testing.T, expr string) teacher.Chain {
	t.Helper()
	c, err := teacher.Parse(expr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// small are options for ten scenes of 16x16.
func small(t *testing.T, dir string) pairs.Options {
	return pairs.Options{Dir: dir, Edit: chain(t, "sepia"), N: 10, Size: 16, Layout: pairs.Apart, Seed: 7, Val: 0.1, Test: 0.2}
}

// tree reads every file below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func mustMake(t *testing.T, o pairs.Options) pairs.Result {
	t.Helper()
	result, err := pairs.Make(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestMakeScenes(t *testing.T) {
	for _, layout := range []pairs.Layout{pairs.SideBySide, pairs.Apart} {
		t.Run(string(layout), func(t *testing.T) {
			o := small(t, filepath.Join(t.TempDir(), "new", "folder"))
			o.Layout = layout
			calls := 0
			o.Progress = func(done, total int) {
				calls++
				if done != calls || total != 10 {
					t.Errorf("progress %d of %d at call %d", done, total, calls)
				}
			}
			result := mustMake(t, o)
			wantSplits := map[pairs.Split]int{pairs.Train: 7, pairs.Val: 1, pairs.Test: 2}
			if diff := cmp.Diff(pairs.Result{Made: 10, Splits: wantSplits}, result); diff != "" || calls != 10 {
				t.Errorf("%d progress calls, result %s", calls, diff)
			}
			if got, err := pairs.Detect(o.Dir); got != layout || err != nil {
				t.Errorf("detected %s, %v", got, err)
			}
			set, err := pairs.Load(context.Background(), o.Dir, pairs.LoadOptions{Split: pairs.Test, Size: 16})
			if err != nil || set.Len() != 2 || len(set.Skipped) > 0 {
				t.Fatalf("loaded %+v, %v", set, err)
			}
			checkEdit(t, o, set)
		})
	}
}

// checkEdit holds that the target of a set's pairs is the edit of its input.
func checkEdit(t *testing.T, o pairs.Options, set *pairs.Set) {
	t.Helper()
	for i := range set.Len() {
		a, b := set.Pair(i)
		want, err := o.Edit.Apply(teacher.Source{Image: a}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range want.Pix {
			if d := v - b.Pix[k]; d > 0.01 || d < -0.01 {
				t.Fatalf("pair %s sample %d: target %v, want %v", set.Names[i], k, b.Pix[k], v)
			}
		}
	}
}

func TestMakeManifest(t *testing.T) {
	o := small(t, t.TempDir())
	mustMake(t, o)
	f, err := os.Open(filepath.Join(o.Dir, pairs.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := pairs.ParseManifest(f)
	if err != nil || len(records) != 10 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	seeds := map[uint64]bool{}
	for i, r := range records {
		seeds[r.Seed] = true
		if r.Name != fmt.Sprintf("%06d", i) || r.Source != "scene" || r.Edit != "sepia" || r.Seed >= 1<<53 {
			t.Errorf("record %+v", r)
		}
		for _, side := range []string{"A", "B"} {
			if _, err := os.Stat(filepath.Join(o.Dir, side, string(r.Split), r.Name+".png")); err != nil {
				t.Error(err)
			}
		}
	}
	if len(seeds) != 10 {
		t.Errorf("%d different seeds, want 10", len(seeds))
	}
}

// The same options give the same bytes, whatever the threads and interruptions; a larger N adds pairs.
func TestMakeIsDeterministicAndResumes(t *testing.T) {
	whole := small(t, t.TempDir())
	whole.Threads = 1
	mustMake(t, whole)
	want := tree(t, whole.Dir)

	o := small(t, t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	o.Threads = 4
	o.Progress = func(done, _ int) {
		if done == 3 {
			cancel()
		}
	}
	if _, err := pairs.Make(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, pairs.ManifestName)); err == nil {
		t.Error("an interrupted run wrote a manifest")
	}
	o.Progress = nil
	result := mustMake(t, o)
	if result.Kept < 3 || result.Made+result.Kept != 10 {
		t.Errorf("resumed: %+v", result)
	}
	if diff := cmp.Diff(want, tree(t, o.Dir)); diff != "" {
		t.Error("resumed run differs from an unbroken one")
	}

	// Damage and loss are repaired.
	for name, text := range map[string]string{"A/train/000000.png": "rubbish", "B/test/000002.png": ""} {
		if _, ok := want[name]; !ok {
			t.Fatalf("no file %s", name)
		}
		putText(t, text, o.Dir, name)
	}
	if result = mustMake(t, o); result.Made != 2 || result.Kept != 8 {
		t.Errorf("repaired: %+v", result)
	}
	if diff := cmp.Diff(want, tree(t, o.Dir)); diff != "" {
		t.Error("repaired folder differs")
	}

	o.N = 12
	if result = mustMake(t, o); result.Made != 2 || result.Kept != 10 {
		t.Errorf("grown: %+v", result)
	}
	grown := tree(t, o.Dir)
	for name, content := range want {
		if name != pairs.ManifestName && grown[name] != content {
			t.Errorf("growing changed %s", name)
		}
	}
}

// A smaller N than before takes nothing away, so it is counted and listed: what trains on the folder reads it. What is damaged or was
// never listed is put right.
func TestMakeFewer(t *testing.T) {
	for _, layout := range []pairs.Layout{pairs.SideBySide, pairs.Apart} {
		o := small(t, t.TempDir())
		o.Layout = layout
		all := mustMake(t, o)
		whole := tree(t, o.Dir)
		few := o
		few.N = 3
		few.Progress = func(_, total int) {
			if total != 10 {
				t.Errorf("%s: progress to %d", layout, total)
			}
		}
		result := mustMake(t, few)
		if diff := cmp.Diff(pairs.Result{Kept: 10, Splits: all.Splits}, result); diff != "" {
			t.Errorf("%s: %s", layout, diff)
		}
		if diff := cmp.Diff(whole, tree(t, o.Dir)); diff != "" {
			t.Errorf("%s: fewer pairs changed the folder", layout)
		}
		lines := strings.SplitAfter(whole[pairs.ManifestName], "\n")
		putText(t, strings.Join(lines[:2], ""), o.Dir, pairs.ManifestName)
		folder := map[pairs.Layout]string{pairs.SideBySide: "train", pairs.Apart: "B/train"}[layout]
		putText(t, "rubbish", o.Dir, folder, "000009.png")
		put(t, flat(32, 16, 0), o.Dir, folder, "77.png")
		if result := mustMake(t, few); result.Made != 1 || result.Kept != 9 {
			t.Errorf("%s, damaged: %+v", layout, result)
		}
		if err := os.Remove(filepath.Join(o.Dir, folder, "77.png")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, tree(t, o.Dir)); diff != "" {
			t.Errorf("%s: the damaged folder differs: %s", layout, diff)
		}
	}
}

// A killed process leaves a folder that the same call completes to the same bytes.
func TestMakeKilled(t *testing.T) {
	if dir := os.Getenv("PAIRS_KILL_DIR"); dir != "" {
		o := small(t, dir)
		o.N = 400
		mustMake(t, o)
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestMakeKilled$")
	cmd.Env = append(os.Environ(), "PAIRS_KILL_DIR="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if files, _ := filepath.Glob(filepath.Join(dir, "B/train/*.png")); len(files) >= 2 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // Killed, or done on a fast machine: both must do.
	o := small(t, dir)
	if result := mustMake(t, o); result.Kept == 0 {
		t.Errorf("resumed: %+v, want some kept", result)
	}
	whole := small(t, t.TempDir())
	mustMake(t, whole)
	got := tree(t, dir)
	for name, content := range tree(t, whole.Dir) {
		if name == pairs.ManifestName && strings.HasPrefix(got[name], content) {
			continue // pairs beyond the ten may have been made before
		}
		if got[name] != content {
			t.Errorf("%s differs from an unbroken run", name)
		}
	}
}

func TestMakeErrors(t *testing.T) {
	badPhotos, noPhotos, full := t.TempDir(), t.TempDir(), t.TempDir()
	putText(t, "rubbish", badPhotos, "a.png")
	putText(t, "precious", full, "thesis.txt")
	for _, c := range []struct {
		name   string
		change func(o *pairs.Options)
		want   string
	}{
		{"no folder", func(o *pairs.Options) { o.Dir = "" }, "no folder"},
		{"no edit", func(o *pairs.Options) { o.Edit = nil }, "no edit"},
		{"tiny", func(o *pairs.Options) { o.Size = 15 }, "outside 16 to 2048"},
		{"huge", func(o *pairs.Options) { o.Size = 1 << 20 }, "outside 16 to 2048"},
		{"negative", func(o *pairs.Options) { o.N = -1 }, "-1 pairs"},
		{"layout", func(o *pairs.Options) { o.Layout = "ba" }, `layout "ba"`},
		{"fractions", func(o *pairs.Options) { o.Val, o.Test = 0.5, 0.5 }, "leave some for training"},
		{"negative fraction", func(o *pairs.Options) { o.Val = -0.1 }, "at least 0"},
		{"missing photos", func(o *pairs.Options) { o.Photos = filepath.Join(noPhotos, "no") }, "no such file"},
		{"no photos", func(o *pairs.Options) { o.Photos = noPhotos }, "holds no PNG, JPEG or WebP"},
		{"bad photos", func(o *pairs.Options) { o.Photos = badPhotos }, "none of the 1 photos"},
		{"masks", func(o *pairs.Options) { o.Photos, o.Edit = badPhotos, chain(t, "snow") }, "needs the masks of scenes"},
		{"folder in use", func(o *pairs.Options) { o.Dir = full }, "not empty"},
		{"folder is a file", func(o *pairs.Options) { o.Dir = filepath.Join(full, "thesis.txt") }, "thesis.txt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := small(t, t.TempDir())
			c.change(&o)
			if _, err := pairs.Make(context.Background(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to contain %q", err, c.want)
			}
		})
	}
	if got := tree(t, full); len(got) != 1 {
		t.Errorf("a refused folder was written to: %v", got)
	}
}

// A pair that cannot be written ends the run with the file's name, not with a hole in the data.
func TestMakeCannotWrite(t *testing.T) {
	o := small(t, t.TempDir())
	blocked := filepath.Join(o.Dir, "B/train/000000.png")
	mustMake(t, o)
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(blocked, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := pairs.Make(context.Background(), o); err == nil || !strings.Contains(filepath.ToSlash(err.Error()), "B/train/000000.png") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func BenchmarkBatch(b *testing.B) {
	dir := b.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "train"), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := imageio.WriteFile(filepath.Join(dir, "train/a.png"), imageio.New(144, 72)); err != nil {
		b.Fatal(err)
	}
	set, err := pairs.Load(context.Background(), dir, pairs.LoadOptions{Split: pairs.Train, Size: 72})
	if err != nil {
		b.Fatal(err)
	}
	batches, err := pairs.NewBatches(set, pairs.BatchOptions{Batch: 4, Crop: 64, Flip: true})
	if err != nil {
		b.Fatal(err)
	}
	for step := 0; b.Loop(); step++ {
		if _, _, err := batches.Batch(step); err != nil {
			b.Fatal(err)
		}
	}
}
