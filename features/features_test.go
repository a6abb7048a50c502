package features

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/safetensors"
)

func tinyConfig() Config {
	return Config{Size: 16, Width: 4, Hidden: 8, Batch: 4, Steps: 6, Warmup: 2, LR: 3e-3, Photos: 0.5, Seed: 1}
}

func tinyCorpus(t testing.TB, first uint64) *corpus.Corpus {
	t.Helper()
	k, err := corpus.New(t.Context(), corpus.Config{Size: 16, Scenes: 5, First: first})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// train trains a tiny network in a folder.
func train(ctx context.Context, t testing.TB, dir, threads string, c Config) (*Weights, error) {
	t.Helper()
	return Train(ctx, cputest.New(t, threads), Options{
		Config: c, Pictures: tinyCorpus(t, corpus.TrainScenes), Test: tinyCorpus(t, corpus.DevScenes), Dir: dir, SaveEvery: time.Nanosecond,
	})
}

func TestDefaultConfig(t *testing.T) {
	c := DefaultConfig()
	if err := c.check(); err != nil {
		t.Error(err)
	}
	n := newNetwork(c, len(Labels())).params.Size()
	if n > 300_000 {
		t.Errorf("%d weights", n)
	}
	if c.dim() < 128 || c.dim() > 256 {
		t.Errorf("%d features", c.dim())
	}
}

func TestCheck(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"size": func(c *Config) { c.Size = 20 }, "width": func(c *Config) { c.Width = 0 }, "hidden": func(c *Config) { c.Hidden = 0 },
		"batch": func(c *Config) { c.Batch = -1 }, "steps": func(c *Config) { c.Steps = 0 }, "warmup": func(c *Config) { c.Warmup = c.Steps + 1 },
		"lr": func(c *Config) { c.LR = -1 }, "photos": func(c *Config) { c.Photos = 1.5 },
	} {
		c := tinyConfig()
		spoil(&c)
		if err := c.check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestRate(t *testing.T) {
	c := tinyConfig()
	c.Steps, c.Warmup, c.LR = 12, 2, 1
	for step, want := range map[int]float64{0: 0.5, 1: 1, 2: 1, 7: 0.5} {
		if got := c.rate(step); got < want-1e-12 || got > want+1e-12 {
			t.Errorf("step %d: %v, wanted %v", step, got, want)
		}
	}
	if last := c.rate(11); last <= 0 || last > 0.03 {
		t.Errorf("the last is %v", last)
	}
}

// The network learns from seen concepts alone, and from each label as often.
func TestDraws(t *testing.T) {
	labels := Labels()
	if !slices.Contains(labels, "fog") || !slices.IsSorted(labels) || len(slices.Compact(slices.Clone(labels))) != len(labels) {
		t.Errorf("labels %q", labels)
	}
	d, err := newData(tinyConfig(), tinyCorpus(t, corpus.TrainScenes), labels)
	if err != nil {
		t.Fatal(err)
	}
	round := len(labels) + unedited
	count, plain := map[string]int{}, 0
	for _, e := range d.examples(0, 3*round) {
		if !e.edited {
			plain++
			continue
		}
		if !e.concept.IsSeen() {
			t.Errorf("%s is drawn", e.concept.ID)
		}
		for _, name := range ingredients(e.concept) {
			count[name]++
		}
	}
	if plain != 3*unedited {
		t.Errorf("%d pictures are not edited, wanted %d", plain, 3*unedited)
	}
	for _, name := range labels {
		if count[name] < 3 {
			t.Errorf("%s comes %d times in 3 rounds", name, count[name])
		}
	}
	if a, b := d.examples(round, 5), d.examples(0, round+5)[round:]; !slices.EqualFunc(a, b, func(a, b example) bool {
		return a.number == b.number && a.concept.ID == b.concept.ID
	}) {
		t.Error("examples depend on where they are begun")
	}
}

// Pictures are the concept's edits, with the concept's labels.
func TestFill(t *testing.T) {
	labels := Labels()
	d, err := newData(tinyConfig(), tinyCorpus(t, corpus.TrainScenes), labels)
	if err != nil {
		t.Fatal(err)
	}
	grayscale, err := concept.Find("grayscale")
	if err != nil {
		t.Fatal(err)
	}
	n := 16 * 16 * 3
	x, y := make([]float32, 3*n), make([]float32, 3*len(labels))
	y[0] = 9 // of an earlier step
	if err := d.fill(t.Context(), []example{{number: 1}, {2, true, grayscale}, {3, true, grayscale}}, x, y); err != nil {
		t.Fatal(err)
	}
	grey := func(x []float32) bool {
		for i := 0; i < len(x); i += 3 {
			if x[i] != x[i+1] || x[i] != x[i+2] {
				return false
			}
		}
		return true
	}
	if grey(x[:n]) || !grey(x[n:2*n]) || !grey(x[2*n:]) || slices.Equal(x[n:2*n], x[2*n:]) {
		t.Error("pictures are not one as it is and two in black and white")
	}
	for i := range 3 {
		for j, name := range labels {
			want := float32(0)
			if i > 0 && name == "grayscale" {
				want = 1
			}
			if got := y[i*len(labels)+j]; got != want {
				t.Errorf("picture %d: %s is %v, wanted %v", i, name, got, want)
			}
		}
	}
}

// What was done to pictures can be learnt: a small network soon does better than chance on pictures that it doesn't learn from.
func TestLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := tinyConfig()
	c.Steps, c.Warmup, c.Batch, c.Width, c.Hidden = 150, 10, 32, 12, 48
	var accuracy []float64
	_, err := Train(t.Context(), cputest.New(t, ""), Options{
		Config: c, Pictures: tinyCorpus(t, corpus.TrainScenes), Test: tinyCorpus(t, corpus.DevScenes), Dir: t.TempDir(),
		observe: func(r record) {
			if r.Accuracy != nil {
				accuracy = append(accuracy, *r.Accuracy)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	chance := 2 / float64(len(Labels()))
	if last := accuracy[len(accuracy)-1]; len(accuracy) != 10 || last < 3*chance {
		t.Errorf("accuracies of %v, chance is about %.3f", accuracy, chance)
	}
}

func TestResumeGivesTheSameBits(t *testing.T) {
	whole, parts, c := t.TempDir(), t.TempDir(), tinyConfig()
	if _, err := train(t.Context(), t, whole, "threads=2", c); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := train(cputest.Countdown(t.Context(), 3), t, parts, "threads=1", c); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
	}
	if _, err := train(t.Context(), t, parts, "threads=1", c); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{checkpoint.File, WeightsFile} {
		x, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil {
			t.Fatal(err)
		}
		if y, err := os.ReadFile(filepath.Join(parts, name)); err != nil || !bytes.Equal(x, y) {
			t.Errorf("%s differs from that of an unbroken run (error %v)", name, err)
		}
	}
	c.LR *= 2
	if _, err := train(t.Context(), t, parts, "", c); err == nil || !strings.Contains(err.Error(), "another config") {
		t.Errorf("other settings: error %v", err)
	}
	c.LR /= 2
	_, err := Train(t.Context(), cputest.New(t, ""), Options{
		Config: c, Pictures: tinyCorpus(t, corpus.DevScenes), Test: tinyCorpus(t, corpus.DevScenes), Dir: parts,
	})
	if err == nil || !strings.Contains(err.Error(), "another pictures") {
		t.Errorf("other pictures: error %v", err)
	}
}

func TestDivergence(t *testing.T) {
	c := tinyConfig()
	c.LR, c.Warmup = 1e30, 0
	if _, err := train(t.Context(), t, t.TempDir(), "", c); err == nil || !strings.Contains(err.Error(), "diverged at step") {
		t.Errorf("error %v", err)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	w, err := train(t.Context(), t, dir, "", tinyConfig())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadWeights(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if read.Name() != w.Name() || read.Config != w.Config || read.Step != w.Config.Steps || !slices.Equal(read.Labels, Labels()) {
		t.Errorf("%+v was read back as %+v", w, read)
	}
	other := *w
	other.Values = slices.Clone(w.Values)
	other.Values[2] = slices.Clone(other.Values[2])
	other.Values[2][0]++
	if other.Name() == w.Name() {
		t.Error("other weights have the same name")
	}
	if b, err = os.ReadFile(filepath.Join(dir, checkpoint.File)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadWeights(bytes.NewReader(b), int64(len(b))); err == nil || !strings.Contains(err.Error(), "not a file of a feature network") {
		t.Errorf("a checkpoint: error %v", err)
	}
}

func TestExtractor(t *testing.T) {
	w, err := train(t.Context(), t, t.TempDir(), "", tinyConfig())
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.Extractor(cputest.New(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var _ metrics.Extractor = e
	black, white := imageio.New(16, 16), imageio.New(30, 20)
	for i := range white.Pix {
		white.Pix[i] = 1
	}
	f, err := e.Features(t.Context(), []*imageio.Image{black, white, black, white, black})
	if err != nil {
		t.Fatal(err)
	}
	if f.Len() != 5 || f.Dim != w.Config.dim() || f.Extractor != w.Name() {
		t.Fatalf("%d times %d features of %s", f.Len(), f.Dim, f.Extractor)
	}
	row := func(i int) []float64 { return f.Values[i*f.Dim:][:f.Dim] }
	if !slices.Equal(row(0), row(4)) || !slices.Equal(row(1), row(3)) || slices.Equal(row(0), row(1)) || slices.Min(f.Values) < 0 {
		t.Errorf("features %v", f.Values)
	}
}

func TestFound(t *testing.T) {
	for _, c := range []struct {
		logits, y []float32
		right, n  int
	}{
		{[]float32{3, 1, 2, 0}, []float32{1, 0, 1, 0}, 2, 2},
		{[]float32{3, 1, 2, 0}, []float32{1, 1, 0, 0}, 1, 2},
		{[]float32{3, 1, 2, 0}, []float32{0, 0, 0, 1}, 0, 1},
		{[]float32{3, 1, 2, 0}, []float32{0, 0, 0, 0}, 0, 0},
	} {
		if right, n := found(c.logits, c.y); right != c.right || n != c.n {
			t.Errorf("%v, %v: %d of %d", c.logits, c.y, right, n)
		}
	}
}

// FuzzMetadata feeds a file's text entries to their parser.
func FuzzMetadata(f *testing.F) {
	good := (&Weights{Config: tinyConfig(), Labels: []string{"fog", "noir"}, Step: 3}).metadata(formatWeights)
	f.Add(good["format"], good["version"], good["config"], good["labels"], good["step"])
	f.Add(formatWeights, formatVersion, `{"size":16,"width":-1}`, "", "x")
	f.Fuzz(func(t *testing.T, format, version, config, labels, step string) {
		m := map[string]string{"format": format, "version": version, "config": config, "labels": labels, "step": step}
		w, err := parse(m, formatWeights)
		if err != nil {
			return
		}
		if err := w.Config.check(); err != nil || len(w.Labels) == 0 || w.Step < 0 {
			t.Errorf("accepted: %+v (%v)", w, err)
		}
		if again, err := parse(w.metadata(formatWeights), formatWeights); err != nil || again.Config != w.Config || !slices.Equal(again.Labels, w.Labels) {
			t.Errorf("%+v was read back as %+v, error %v", w, again, err)
		}
	})
}

// A file without tensors, or with those of another network, is refused.
func TestFileRefuses(t *testing.T) {
	w, err := train(t.Context(), t, t.TempDir(), "", tinyConfig())
	if err != nil {
		t.Fatal(err)
	}
	w.Config.Width++
	var b bytes.Buffer
	file := &safetensors.File{Metadata: w.metadata(formatWeights)}
	for i, p := range newNetwork(tinyConfig(), len(w.Labels)).params.List() {
		file.Tensors = append(file.Tensors, safetensors.Float32("weights/"+p.Name, p.Dims, w.Values[i]))
	}
	if err := safetensors.Write(&b, file); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadWeights(&b, int64(b.Len())); err == nil || !strings.Contains(err.Error(), `tensor "weights/conv1.weight" is missing or not F32 [3 3 3 3]`) {
		t.Errorf("error %v", err)
	}
}
