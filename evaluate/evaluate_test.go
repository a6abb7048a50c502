package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/scene"
)

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := cpu.New("threads=2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// noise is a generator whose adapters are noise that follows from the prompt.
type noise struct{ base *lora.Base }

func (g noise) Close() {}

func (g noise) Adapter(_ context.Context, prompt string) ([][]float32, error) {
	h := fnv.New64a()
	h.Write([]byte(prompt))
	rng := rand.New(rand.NewPCG(1, h.Sum64()))
	adapter := g.base.Layout.Initial()
	for _, values := range adapter {
		for i := range values {
			values[i] = float32(0.02 * rng.NormFloat64())
		}
	}
	return adapter, nil
}

func testOptions(t testing.TB) Options {
	t.Helper()
	base, err := tiny.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Config: DefaultConfig(), Models: Models{Base: base, Mean: base.Layout.Initial(), Zoo: map[string][][]float32{}, ID: "noise"}}
	o.Models.Open = func(compute.Backend) (Generator, error) { return noise{base}, nil }
	for _, c := range concept.Seen()[:5] {
		o.Models.Zoo[c.ID], _ = noise{base}.Adapter(t.Context(), c.ID)
	}
	c := &o.Config
	c.Concepts, c.Pictures, c.Pairs, c.TestScenes, c.TrainScenes, c.Batch, c.Search = 2, 2, 4, 6, 8, 2, 2
	c.Reference = Reference{Steps: 6, LRs: []float64{1e-3, 1e-2}}
	c.Match.Concepts, c.Match.Steps, c.Match.Tries = 2, 4, []int{0, 1, 2}
	c.Match.LRs, c.Match.Beta1s, c.Match.WarmLRs = []float64{1e-3, 1e-2}, []float64{0.5}, []float64{1e-3, 1e-2}
	c.Race.Concepts, c.Race.LRs, c.Race.Search, c.Race.Adapter = 2, []float64{2e-4, 1e-2}, 1, 2
	c.Race.SetSteps(12)
	return o
}

// testPhotos writes pictures into the folders train and test.
func testPhotos(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for part, n := range map[string]int{trainFolder: 4, testFolder: 3} {
		if err := os.Mkdir(filepath.Join(dir, part), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			s := scene.New(uint64(i+100*len(part)), 24, 20)
			if err := imageio.WriteFile(filepath.Join(dir, part, string(rune('a'+i))+".png"), s.Image); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	o := testOptions(t)
	o.Photos, o.Cache = testPhotos(t), filepath.Join(t.TempDir(), "cache")
	backend := testBackend(t)
	first, err := Run(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	checkReport(t, first)
	checkKeys(t, first)
	files := modified(t, o.Cache)
	second, err := Run(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	for path, when := range modified(t, o.Cache) {
		if files[path] != when {
			t.Errorf("%s was made again", path)
		}
	}
	first.Seconds, second.Seconds = 0, 0
	if a, b := encode(t, first), encode(t, second); a != b {
		t.Errorf("results differ with the cache:\n%s\n%s", a, b)
	}
}

// checkReport holds a report to what must be so.
func checkReport(t *testing.T, r *Report) {
	t.Helper()
	if len(r.Groups) != 4 || len(r.Rows) != 8 || r.Groups[concept.Pair].Concepts != 2 {
		t.Errorf("%d groups, %d concepts", len(r.Groups), len(r.Rows))
	}
	for _, row := range r.Rows {
		for _, v := range []float64{row.Zero, row.Mean, row.Nearest, row.Shuffled, row.Generated, row.Trained} {
			if !(v > 3 && v < 60) {
				t.Errorf("%+v", row)
			}
		}
		if row.Zero != row.Mean || row.Zero == row.Generated || row.Generated == row.Shuffled || row.Trained == row.Zero {
			t.Errorf("%+v", row)
		}
	}
	for _, row := range r.Photos.Rows {
		if c, err := concept.Find(row.Concept); err != nil || c.NeedsMasks {
			t.Errorf("%s is measured on photos: %v", row.Concept, err)
		}
	}
	if r.Match.Concepts != 2 || r.Speedup.Concepts != 2 || !(r.Speedup.Published > 0) || !(r.Speedup.Best > 0) {
		t.Errorf("%+v, %+v", r.Match, r.Speedup)
	}
	for _, row := range r.Speedup.Rows {
		if row.Curve[0].Phase != phaseGenerated || row.Curve[0].Steps != 0 || row.Published.Scratch <= 0 || row.Published.Ours <= 0 {
			t.Errorf("%+v", row)
		}
		checkScratch(t, row.Published, row.Scratch.Published, 4)
		checkScratch(t, row.Best, row.Scratch.Best, r.Speedup.BestLR.Batch)
	}
	if tried := r.Speedup.Tried; len(tried) != 6 || tried[0].Loss != gan.LossLSGAN || tried[5] != (Candidate{1e-2, 0.5, gan.LossNone, 1, tried[5].PSNR, false}) {
		t.Errorf("recipes %+v", tried)
	}
}

// checkScratch holds a training from scratch to what must be so.
func checkScratch(t *testing.T, o Outcome, curve []Point, batch int) {
	t.Helper()
	end := curve[len(curve)-1]
	if len(curve) != min(scratchPoints, end.Steps) || end.Steps*batch != 12*2 || end.PSNR != o.Quality || end.Seconds != o.Scratch {
		t.Errorf("the curve from scratch %+v, the end %+v", curve, o)
	}
	if !(o.Near > 0 && o.Near <= o.Scratch && o.NearSpeedup <= o.Speedup) {
		t.Errorf("near the end after %g of %g s", o.Near, o.Scratch)
	}
}

// checkKeys looks for the names that readers of the JSON rely on.
func checkKeys(t *testing.T, r *Report) {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(encode(t, r)), &v); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, prefix := range []string{"groups.", "photos.groups."} {
		for _, g := range []string{"a", "c", "d"} {
			for _, key := range []string{"zero", "mean", "nearest", "shuffled", "generated", "trained", "share", "win_rate", "win_rate_other", "trained_win_rate", "wins.nearest", "wins.nearest_other", "n"} {
				keys = append(keys, prefix+g+"."+key)
			}
		}
	}
	for _, key := range append(keys, "groups.b.share", "speedup.published", "speedup.best", "speedup.n", "speedup.reached.best",
		"speedup.over_reached.published", "speedup.near.best", "speedup.best_lr.loss", "speedup.tried", "config.warm", "config.warm_from",
		"steps_to_match.median", "steps_to_match.within_10", "machine.cpus", "base", "generator", "config.pairs", "seconds") {
		var at any = v
		for part := range strings.SplitSeq(key, ".") {
			m, _ := at.(map[string]any)
			at = m[part]
		}
		if at == nil {
			t.Errorf("%s is missing", key)
		}
	}
}

func encode(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// modified returns when the files of a folder were written.
func modified(t testing.TB, dir string) map[string]time.Time {
	t.Helper()
	files := map[string]time.Time{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var info fs.FileInfo
			info, err = d.Info()
			files[path] = info.ModTime()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTable(t *testing.T) {
	row := Row{Group: concept.Pair, Scores: Scores{Zero: 10, Generated: 19, Trained: 20}}
	r := &Report{Config: DefaultConfig(), Quality: summarise([]Row{row}, Candidate{LR: 0.012, Edge: true})}
	r.Match = summariseMatches([]MatchRow{{Steps: Never}}, matchRates{})
	races := []RaceRow{{Published: Outcome{Speedup: 40, Reached: true, NearSpeedup: 25}, Best: Outcome{Speedup: 8}}}
	r.Speedup = summariseRaces(races, 2e-4, []Candidate{{LR: 2e-3, Loss: gan.LossNone, Batch: 1, PSNR: 20}, {LR: 1e-3, Loss: gan.LossLSGAN, PSNR: 19}})
	var b bytes.Buffer
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"90 %", "more than were tried", "40.0", "8.0", "1 of 1", "0 of 1", "25.0", "L1 alone, rate 0.002, 1 a step",
		"trained adapters on scenes: the best learning rate, 0.012, is at the edge", "recipe from scratch: the best learning rate, 0.002,",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := testOptions(t)
	o.Progress = func(what, _ string) func(int, int) {
		return func(int, int) {
			if strings.HasPrefix(what, "trained") {
				cancel()
			}
		}
	}
	if _, err := Run(ctx, testBackend(t), o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestBadOptions(t *testing.T) {
	unseen := concept.Unseen(concept.Pair)[0].ID
	for _, v := range []struct {
		want   string
		change func(*Options)
	}{
		{"zoo has no adapters", func(o *Options) { o.Models.Zoo = nil }},
		{unseen, func(o *Options) { o.Models.Zoo[unseen] = o.Models.Mean }},
		{"no concept is called", func(o *Options) { o.Models.Zoo["nonsense"] = o.Models.Mean }},
		{"no part", func(o *Options) { o.Parts = []Part{"beauty"} }},
		{"no folder of photos", func(o *Options) { o.Parts = []Part{PartPhotos} }},
		{"pairs: 0", func(o *Options) { o.Config.Pairs = 0 }},
		{"test scenes: 1", func(o *Options) { o.Config.TestScenes = 1 }},
		{"not among those to search", func(o *Options) { o.Config.Race.Published = 1e-4 }},
		{"recipes from scratch: 0", func(o *Options) { o.Config.Race.Recipes = nil }},
		{"L1 loss alone", func(o *Options) { o.Config.Warm.Loss = gan.LossLSGAN }},
		{"photos to test with", func(o *Options) { o.Parts, o.Photos = []Part{PartPhotos}, t.TempDir() }},
	} {
		o := testOptions(t)
		v.change(&o)
		if _, err := Run(t.Context(), testBackend(t), o); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("wanted an error with %q: %v", v.want, err)
		}
	}
}

// TestMeter compares the meter's programs with the long way round.
func TestMeter(t *testing.T) {
	o, backend := testOptions(t), testBackend(t)
	b := o.Models.Base
	s, err := newScenes(t.Context(), o.Config, tiny.Size)
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.exam(t.Context(), asks(1)[0])
	if err != nil {
		t.Fatal(err)
	}
	adapter, _ := noise{b}.Adapter(t.Context(), "x")
	generator, err := b.Apply(&lora.Adapter{Values: adapter})
	if err != nil {
		t.Fatal(err)
	}
	model, err := gan.NewModel(backend, generator)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	want := 0.0
	for i := range e.pairs.Len() {
		source, target, err := e.pairs.Pair(i)
		if err != nil {
			t.Fatal(err)
		}
		out, err := model.Apply(t.Context(), []*imageio.Image{source})
		if err != nil {
			t.Fatal(err)
		}
		want += metrics.PSNR(out[0], target) / float64(e.pairs.Len())
	}
	for adapters, values := range map[bool][][]float32{true: adapter, false: generator.Values} {
		m, err := newMeter(backend, b, adapters, o.Config.Pictures)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.psnr(values, e)
		if err != nil || math.Abs(got-want) > 1e-4 {
			t.Errorf("%g dB, wanted %g: %v", got, want, err)
		}
		if _, err := m.psnr(values[1:], e); err == nil {
			t.Error("a tensor is missing, and nothing is said")
		}
		m.close()
	}
}

func TestMeanPSNR(t *testing.T) {
	if got := meanPSNR([]float32{4, 0.4}); !near(math.Round(got*1e5)/1e5, 5) {
		t.Errorf("0 and 10 dB have the mean %g", got)
	}
	if got := meanPSNR([]float32{0}); got != metrics.Equal {
		t.Errorf("equal pictures have %g dB", got)
	}
	if got := meanPSNR([]float32{float32(math.NaN()), float32(math.Inf(1))}); got != 0 {
		t.Errorf("no numbers have %g dB", got)
	}
}

// TestSharedPhotos: a photo to test with is not to be one to train with.
func TestSharedPhotos(t *testing.T) {
	o := testOptions(t)
	o.Photos, o.Parts = testPhotos(t), []Part{PartPhotos}
	m, err := imageio.ReadFile(filepath.Join(o.Photos, testFolder, "b.png"), imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := imageio.WriteFile(filepath.Join(o.Photos, trainFolder, "other.png"), m); err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), testBackend(t), o)
	if err == nil || !strings.Contains(err.Error(), "b.png") || !strings.Contains(err.Error(), "other.png") {
		t.Errorf("error %v", err)
	}
}

// TestNoPhotos: an evaluation on photos says so if no concept is for photos.
func TestNoPhotos(t *testing.T) {
	o := testOptions(t)
	o.Photos = testPhotos(t)
	l, err := newLab(t.Context(), testBackend(t), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	l.asks = slices.DeleteFunc(asks(0), func(a ask) bool { return !a.NeedsMasks })[:2]
	if _, err := l.onPhotos(t.Context()); err == nil || !strings.Contains(err.Error(), "to photos") {
		t.Errorf("error %v", err)
	}
}

func TestGrid(t *testing.T) {
	o := testOptions(t)
	o.Photos = testPhotos(t)
	g := GridOptions{Concepts: 2, Seconds: 0.01, Side: 48, Scratch: BestScratch()}
	o.Config.Warm.Batch, g.Scratch.Batch = 1, 3
	m, err := Grid(t.Context(), testBackend(t), o, g)
	if err != nil {
		t.Fatal(err)
	}
	if m.W != 4+5*(48+4) || m.H < 2*48 || m.H > 6*48 { // a title has a line or two
		t.Errorf("a grid of %dx%d", m.W, m.H)
	}
	g.Concepts = -1
	if _, err := Grid(t.Context(), testBackend(t), o, g); err == nil || !strings.Contains(err.Error(), "-1 concepts") {
		t.Errorf("pictures of -1 concepts: error %v", err)
	}
}
