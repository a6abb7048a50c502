package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/contention"
	"github.com/warmstart-ml/warmstart/internal/page"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/metrics"
)

// corners makes features of the colours of a picture's corners.
type corners struct{}

func (corners) Name() string { return "corners" }

func (corners) Features(ctx context.Context, pictures []*imageio.Image) (*metrics.Features, error) {
	f := &metrics.Features{Extractor: "corners", Dim: 6}
	for _, p := range pictures {
		for _, at := range []int{0, p.W*p.H - 1} {
			for c := range 3 {
				f.Values = append(f.Values, float64(p.Pix[3*at+c]))
			}
		}
	}
	return f, ctx.Err()
}

func testContest(t testing.TB) ContestOptions {
	t.Helper()
	o := testOptions(t)
	c := QuickContest()
	c.Config = o.Config
	c.TestScenes, c.Samples, c.Steps = 10, 8, 2
	c.ZeroLRs, c.ZeroAllLRs = []float64{1e-3, 1e-2}, []float64{1e-3}
	c.Race.Concepts, c.Race.Adapter = 3, 0
	return ContestOptions{Config: c, Models: o.Models, Extractor: corners{}}
}

func TestContest(t *testing.T) {
	o := testContest(t)
	o.Cache = filepath.Join(t.TempDir(), "cache")
	backend := testBackend(t)
	first, err := RunContest(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	checkContest(t, first)
	files := modified(t, o.Cache)
	second, err := RunContest(t.Context(), backend, o)
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
	for _, r := range []interface {
		WriteTable(io.Writer) error
		Page() (*page.Page, error)
	}{second, second.Curves()} {
		p, err := r.Page()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Write(t.TempDir(), r); err != nil {
			t.Error(err)
		}
		if err := r.WriteTable(&bytes.Buffer{}); err != nil {
			t.Error(err)
		}
	}
}

// checkContest holds a report to what must be so.
func checkContest(t *testing.T, r *ContestReport) {
	t.Helper()
	if len(r.Rows) != 3 || r.Partial || r.Speedup.Concepts != 3 || !(r.Speedup.Published > 0) || r.Speedup.Spread.Best.Min > r.Speedup.Spread.Best.Max {
		t.Errorf("%d rows, partial %v, %+v", len(r.Rows), r.Partial, r.Speedup)
	}
	groups := map[concept.Group]bool{}
	for _, row := range r.Rows {
		groups[row.Group] = true
		if len(row.Methods) != len(methodNames) || len(row.Pictures) != len(methodNames)+1 || row.Nearest == "" {
			t.Errorf("%d methods, %d pictures, nearest %q", len(row.Methods), len(row.Pictures), row.Nearest)
		}
		for name, m := range row.Methods {
			if !(m.FID >= 0 && m.PSNR > 3 && m.SSIM > -1 && m.SSIM < 1) {
				t.Errorf("%s: %+v", name, m)
			}
			if trained := m.Steps > 0; (m.Seconds > 0) != (trained || name == MethodGenerated || name == MethodShuffled) {
				t.Errorf("%s: %d steps in %g s", name, m.Steps, m.Seconds)
			}
		}
		if row.Methods[MethodZero] == row.Methods[MethodGenerated] || row.Methods["zero_adapter"].Steps < r.Config.Steps {
			t.Errorf("%+v", row.Methods)
		}
		for _, m := range curveMethods {
			curve := row.Curves[m.method]
			if len(curve) == 0 || !slices.IsSortedFunc(curve, func(a, b Point) int { return int(math.Copysign(1, a.Seconds-b.Seconds)) }) {
				t.Errorf("%s: curve %+v", m.method, curve)
			}
		}
		if p := row.Curves[MethodGenerated][0]; p.Phase != phaseGenerated || !(p.Seconds > 0 && p.Start > 0) {
			t.Errorf("generated: %+v", p)
		}
	}
	if len(groups) != 3 {
		t.Errorf("concepts of %d groups", len(groups))
	}
	checkContestKeys(t, r)
}

// checkContestKeys looks for the names that readers of the JSON rely on.
func checkContestKeys(t *testing.T, r *ContestReport) {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(encode(t, r)), &v); err != nil {
		t.Fatal(err)
	}
	keys := []string{"speedup.published", "speedup.best", "speedup.work.best", "speedup.fid.published", "speedup.spread.best.median", "extractor", "config.samples", "better.generated_all.scratch.both", "concepts"}
	for _, m := range methodNames {
		for _, key := range []string{"fid", "kid", "psnr", "ssim", "seconds"} {
			keys = append(keys, "methods."+m.method+"."+key)
		}
	}
	for _, key := range keys {
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

// TestContestInterrupted: what is done is reported and kept.
func TestContestInterrupted(t *testing.T) {
	o := testContest(t)
	o.Models.Zoo = nil // which leaves out the nearest concept
	o.Cache = t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(what, _ string) func(int, int) {
		return func(done, _ int) {
			if what == "concepts" && done == 1 {
				cancel()
			}
		}
	}
	backend := testBackend(t)
	r, err := RunContest(ctx, backend, o)
	if !errors.Is(err, context.Canceled) || r == nil || !r.Partial || len(r.Rows) != 1 || r.Wanted != 3 {
		t.Fatalf("interrupted: %v", err)
	}
	if _, there := r.Methods[MethodNearest]; there || r.Rows[0].Nearest != "" {
		t.Error("a nearest concept without a zoo")
	}
	var b bytes.Buffer
	if err := r.WriteTable(&b); err != nil || !strings.Contains(b.String(), "Partial: interrupted after 1 of 3") {
		t.Error(b.String())
	}
	o.Progress = nil
	whole, err := RunContest(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Partial || len(whole.Rows) != 3 || encode(t, whole.Rows[0]) != encode(t, r.Rows[0]) {
		t.Error("the first row was measured again")
	}
}

func TestBadContests(t *testing.T) {
	for _, v := range []struct {
		want   string
		change func(*ContestOptions)
	}{
		{"network to make features", func(o *ContestOptions) { o.Extractor = nil }},
		{"need 8 or more", func(o *ContestOptions) { o.Config.Samples = 3 }},
		{"there are 10 test scenes", func(o *ContestOptions) { o.Config.Samples = 11 }},
		{"0 steps", func(o *ContestOptions) { o.Config.Steps = 0 }},
		{"zero adapter", func(o *ContestOptions) { o.Config.ZeroLRs = nil }},
		{"pairs: 0", func(o *ContestOptions) { o.Config.Pairs = 0 }},
	} {
		o := testContest(t)
		v.change(&o)
		if _, err := RunContest(t.Context(), testBackend(t), o); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("wanted an error with %q: %v", v.want, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	r := &ContestReport{Config: DefaultContest(), Best: Candidate{LR: 0.004, Edge: true}, Load: contention.Shares{Others: 1}}
	if got := r.warnings(); len(got) != 2 || !strings.Contains(got[0], "100 % of one CPU") || !strings.Contains(got[1], "recipe from scratch: the best learning rate, 0.004, is at the edge") {
		t.Errorf("%q", got)
	}
	r.Config = QuickContest()
	if got := r.warnings(); len(got) != 2 || !strings.HasPrefix(got[1], "Few learning rates") {
		t.Errorf("%q", got)
	}
}

func TestArrivals(t *testing.T) {
	scratch := finish{Seconds: 60, PSNR: 22, Curve: []Point{{FID: 50}, {FID: 30}}}
	curve := []Point{{Seconds: 0.5, Start: 0.5, PSNR: 20, FID: 40}, {Seconds: 2, Start: 1, Steps: 10, PSNR: 23, FID: 35}, {Seconds: 6, Start: 1, Steps: 30, PSNR: 23, FID: 29}}
	if got, want := toPSNR(scratch, curve), (arrival{22, 60, 2, 1, 10, true, 20, 30}); got != want {
		t.Errorf("to PSNR %+v, wanted %+v", got, want)
	}
	if got, want := toFID(scratch, curve), (arrival{30, 60, 6, 1, 30, true, 60.0 / 7, 10}); got != want {
		t.Errorf("to FID %+v, wanted %+v", got, want)
	}
	if got := toFID(scratch, curve[:2]); got.Reached || got.Speedup != 1 || got.Work != 1 {
		t.Errorf("not reached: %+v", got)
	}
}

func TestSpreadOf(t *testing.T) {
	if got, want := spreadOf([]float64{16, 1, 2, 8, 4}), (Spread{1, 2, 4, 8, 16}); got != want {
		t.Errorf("%+v", got)
	}
	if got := spreadOf([]float64{1, 16}); got.Median != 4 {
		t.Errorf("%+v", got)
	}
	if got, want := spreadOf([]float64{7}), (Spread{7, 7, 7, 7, 7}); got != want {
		t.Errorf("%+v", got)
	}
}

func TestAverage(t *testing.T) {
	curves := [][]Point{{{Seconds: 1, PSNR: 10, FID: 4}, {Seconds: 4, PSNR: 20}}, {{Seconds: 2, PSNR: 30, FID: 2}, {Seconds: 16, PSNR: 40}}}
	grid := logGrid(curves)
	if grid[0] != 2 || grid[len(grid)-1] != 16 {
		t.Errorf("times %g to %g", grid[0], grid[len(grid)-1])
	}
	means := average(curves, []float64{2, 4, 16}, func(p Point) float64 { return p.Seconds })
	if want := []Mean{{2, 20, 3}, {4, 25, 1}, {16, 30, 0}}; !slices.Equal(means, want) {
		t.Errorf("%v, wanted %v", means, want)
	}
	if m, ok := at(means, 5); !ok || m.X != 4 {
		t.Errorf("at 5: %v", m)
	}
	if _, ok := at(means, 1); ok {
		t.Error("before it began")
	}
	if got := union(curves, func(p Point) float64 { return p.Seconds }); !slices.Equal(got, []float64{1, 2, 4, 16}) {
		t.Errorf("places %v", got)
	}
}

func TestCurveCells(t *testing.T) {
	curves := map[string][]Mean{MethodGenerated: {{0.2, 20, 3}, {1, 21.25, 2.5}, {4, 22, 0.5}}, MethodScratch: {{5, 18, 4}}}
	head, lines := cells(curves, []float64{0.1, 1, 3, 10, 30}, "s")
	if !slices.Equal(head[1:], []string{"0.1 s", "1 s", "3 s", "10 s", "30 s"}) || !slices.Equal(lines[0][1:], []string{"-", "21.2 (2.5)", "21.2 (2.5)", "22.0 (0.5)", "-"}) ||
		!slices.Equal(lines[2][1:], []string{"-", "-", "-", "18.0 (4)", "-"}) {
		t.Errorf("%q, %q", head, lines)
	}
}

// TestJury compares the jury's pictures and scores with the long way round.
func TestJury(t *testing.T) {
	o, backend := testContest(t), testBackend(t)
	s, err := newScenes(t.Context(), o.Config.Config, tiny.Size)
	if err != nil {
		t.Fatal(err)
	}
	s.config.Pictures = 10
	j, err := newJury(backend, o.Models.Base, corners{}, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	p, err := j.panel(t.Context(), s, asks(1)[0])
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := j.outputs(o.Models.Base.Generator.Values, p)
	if err != nil || len(outputs) != 10 {
		t.Fatalf("%d pictures: %v", len(outputs), err)
	}
	m, err := newMeter(backend, o.Models.Base, false, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	want, err := m.psnr(o.Models.Base.Generator.Values, p.exam)
	if err != nil {
		t.Fatal(err)
	}
	score, err := j.score(t.Context(), outputs, p)
	if err != nil || math.Abs(score.PSNR-want) > 1e-4 {
		t.Errorf("%g dB, wanted %g: %v", score.PSNR, want, err)
	}
	fid, psnr, err := j.glance(t.Context(), o.Models.Base.Generator.Values, p)
	if err != nil || fid != score.FID || psnr != score.PSNR {
		t.Errorf("at a glance %g, %g: %v", fid, psnr, err)
	}
	perfect, err := j.score(t.Context(), p.targets, p)
	if err != nil || perfect.FID > 1e-6 || math.Abs(perfect.PSNR-metrics.Equal) > 1e-9 || perfect.SSIM < 1-1e-9 {
		t.Errorf("of the targets themselves: %+v, %v", perfect, err)
	}
}
