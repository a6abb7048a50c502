package evaluate

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/zoo"
)

// recall is a generator that knows the zoo by heart: it answers with the adapter of the concept whose words are nearest.
type recall struct{ l *lab }

func (g recall) Close() {}

func (g recall) Adapter(_ context.Context, prompt string) ([][]float32, error) {
	adapter, _, err := g.l.nearest(prompt, "")
	return adapter, err
}

func testNovelty(t testing.TB) NoveltyOptions {
	t.Helper()
	o := testOptions(t)
	base := o.Models.Base
	blocks, err := zoo.NewBlocks(base.Layout, 64)
	if err != nil {
		t.Fatal(err)
	}
	var adapters [][][]float32
	for _, c := range concept.Seen()[:12] {
		o.Models.Zoo[c.ID], _ = noise{base}.Adapter(t.Context(), c.ID)
		adapters = append(adapters, o.Models.Zoo[c.ID])
	}
	return NoveltyOptions{Models: o.Models, Code: zoo.Fit(blocks, base.Hash, adapters), Concepts: 2, Scenes: 2}
}

func TestNovelty(t *testing.T) {
	o, backend := testNovelty(t), testBackend(t)
	r, err := RunNovelty(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	g := r.Groups[newConcepts]
	if r.Adapters != 12 || len(r.Rows) != 8 || g.Concepts != 6 || len(r.Training.Weights) != 12 || !slices.IsSorted(r.Training.Pictures) {
		t.Errorf("%d adapters, %d rows, %+v", r.Adapters, len(r.Rows), g)
	}
	// Noise is as far from noise as noise from noise.
	if ratio := g.Weights / median(r.Training.Weights); ratio < 0.9 || ratio > 1.2 || g.NearWeights > 0.5 || g.Between > g.Weights {
		t.Errorf("noise: %+v where training adapters are at %g", g, median(r.Training.Weights))
	}
	o.Models.Open = func(compute.Backend) (Generator, error) { return recall{&lab{o: Options{Models: o.Models}}}, nil }
	if r, err = RunNovelty(t.Context(), backend, o); err != nil {
		t.Fatal(err)
	}
	g = r.Groups[newConcepts]
	if g.Weights != 0 || g.Pictures != 0 || g.NearWeights < 0.99 || !strings.HasPrefix(g.verdict(), "Memorisation:") {
		t.Errorf("recall: %+v, %s", g, g.verdict())
	}
	p, err := r.Page()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.TempDir(), r); err != nil {
		t.Error(err)
	}
	var b bytes.Buffer
	if err := r.WriteTable(&b); err != nil || !strings.Contains(b.String(), "Memorisation:") {
		t.Error(b.String())
	}
}

func TestVerdicts(t *testing.T) {
	for _, v := range []struct {
		group NoveltyGroup
		want  string
	}{
		{NoveltyGroup{NearPictures: 0.6}, "Memorisation: "}, {NoveltyGroup{NearWeights: 0.6}, "Memorisation in part"},
		{NoveltyGroup{BeatsZoo: 0.4}, "little gain"}, {NoveltyGroup{BeatsZoo: 0.6}, "but better"},
	} {
		if got := v.group.verdict(); !strings.Contains(got, v.want) {
			t.Errorf("%+v: %s", v.group, got)
		}
	}
}

func TestBadNovelty(t *testing.T) {
	for want, change := range map[string]func(*NoveltyOptions){
		"0 adapters": func(o *NoveltyOptions) { o.Models.Zoo = nil }, "0 scenes": func(o *NoveltyOptions) { o.Scenes = 0 },
		"-1 concepts": func(o *NoveltyOptions) { o.Concepts = -1 }, "no normalisation": func(o *NoveltyOptions) { o.Code = nil },
	} {
		o := testNovelty(t)
		change(&o)
		if _, err := RunNovelty(t.Context(), testBackend(t), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("wanted an error with %q: %v", want, err)
		}
	}
}

func TestDistances(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	points := make([][]float32, 20)
	for i := range points {
		for range 5 {
			points[i] = append(points[i], rng.Float32())
		}
	}
	got, err := amongEachOther(t.Context(), points, func() {})
	if err != nil {
		t.Fatal(err)
	}
	var want []float64
	for i, p := range points {
		near := nearestTo(points, p, 2) // the first one is p itself
		if near[0] != (place{i, 0}) {
			t.Errorf("point %d is nearest to %+v", i, near[0])
		}
		want = append(want, near[1].d)
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("%v, wanted %v", got, want)
	}
	a, b := []float32{0, 0}, []float32{4, 0}
	for _, v := range []struct {
		x    []float32
		want float64 // times the root of 2
	}{{[]float32{1, 3}, 3}, {[]float32{-3, 4}, 5}, {[]float32{7, 4}, 5}} {
		if got := toSegment(v.x, a, b) * math.Sqrt2; math.Abs(got-v.want) > 1e-6 {
			t.Errorf("%v is at %g from the line, wanted %g", v.x, got, v.want)
		}
	}
	if got := toSegment([]float32{3, 4}, a, a) * math.Sqrt2; math.Abs(got-5) > 1e-6 {
		t.Errorf("from a point %g", got)
	}
}

func TestDistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 3, 4, 255, 1000} {
		var a, b []float32
		sum := 0.0
		for range n {
			x, y := rng.Float32(), rng.Float32()
			a, b, sum = append(a, x), append(b, y), sum+float64(x-y)*float64(x-y)
		}
		if got, want := distance(a, b), math.Sqrt(sum/float64(n)); math.Abs(got-want) > 1e-6 {
			t.Errorf("%d values: %g, wanted %g", n, got, want)
		}
	}
}

func TestHalved(t *testing.T) {
	x := make([]float32, 2*4*4*3)
	for i := range x {
		x[i] = float32(i)
	}
	half := halved(x, 4)
	if len(half) != 2*2*2*3 || half[0] != (0+3+12+15)/4.0 || half[12+3] != (48+6+48+9+48+18+48+21)/4.0 {
		t.Errorf("%v", half)
	}
}
