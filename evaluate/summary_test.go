package evaluate

import (
	"math"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/concept"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestSummary(t *testing.T) {
	rows := []Row{
		{Concept: "x", Group: concept.Pair, NearestConcept: "x", Scores: Scores{Zero: 10, Mean: 12, Nearest: 14, Other: 13, Shuffled: 9, Generated: 18, Trained: 20}, Share: 0.8},
		{Concept: "y", Group: concept.Pair, NearestConcept: "x", Scores: Scores{Zero: 20, Mean: 12, Nearest: 26, Other: 23, Shuffled: 9, Generated: 24, Trained: 30}, Share: 0.4},
		{Concept: "z", Group: concept.Triple, NearestConcept: "x", Scores: Scores{Zero: 10, Mean: 12, Nearest: 14, Other: 18, Shuffled: 19, Generated: 18, Trained: 20}, Share: 0.8},
	}
	q := summarise(rows, Candidate{LR: 1})
	a := q.Groups[concept.Pair]
	if a.Concepts != 2 || a.Zero != 15 || a.Generated != 21 || a.Trained != 25 || !near(a.Share, 0.6) || !near(a.MedianShare, 0.6) {
		t.Errorf("group a: %+v", a)
	}
	if a.WinRate != 0.5 || a.Wins != (Wins{Nearest: 0.5, Other: 1, Mean: 1, Shuffled: 1}) || a.OwnNearest != 0.5 ||
		a.WinRateOther != 1 || a.TrainedWins != 1 {
		t.Errorf("group a: %+v", a)
	}
	if b := q.Groups[concept.Triple]; b.Concepts != 1 || b.WinRate != 0 || b.WinRateOther != 0 || b.TrainedWins != 1 || b.Wins != (Wins{Nearest: 1, Mean: 1}) {
		t.Errorf("group b: %+v", b)
	}
	if len(q.Groups) != 2 || q.All.Concepts != 3 || !near(q.All.WinRate, 1.0/3) || !near(q.All.Zero, 40.0/3) {
		t.Errorf("%d groups, all: %+v", len(q.Groups), q.All)
	}
	if s := share(Scores{Zero: 3, Generated: 4, Trained: 3}); s != 0 {
		t.Errorf("a share of no way at all is %g", s)
	}
}

func TestMatches(t *testing.T) {
	rows := func(steps ...int) (rows []MatchRow) {
		for _, s := range steps {
			rows = append(rows, MatchRow{Steps: s})
		}
		return rows
	}
	for _, v := range []struct {
		steps          []int
		median, within float64
	}{
		{[]int{0, 3, 20}, 3, 2.0 / 3},
		{[]int{0, 3, 10, 20}, 6.5, 0.75},
		{[]int{1, Never, 2}, 2, 2.0 / 3},
		{[]int{1, Never}, Never, 0.5},
		{[]int{Never}, Never, 0},
	} {
		if m := summariseMatches(rows(v.steps...), matchRates{}); m.Median != v.median || !near(m.Within10, v.within) {
			t.Errorf("%v: median %g, within ten %g", v.steps, m.Median, m.Within10)
		}
	}
}

func TestOutcome(t *testing.T) {
	curve := []Point{
		{Seconds: 0.5, PSNR: 20, Phase: phaseGenerated}, {Seconds: 1, Steps: 5, PSNR: 22, Phase: phaseAdapter},
		{Seconds: 2, Steps: 9, PSNR: 21, Phase: phaseAll}, {Seconds: 12, Steps: 99, PSNR: 23, Phase: phaseAll},
	}
	for _, v := range []struct {
		quality float64
		want    Outcome
	}{
		{19, Outcome{Ours: 0.5, Phase: phaseGenerated, Reached: true, Speedup: 20, NearSpeedup: 8}},
		{22, Outcome{Ours: 1, Steps: 5, Phase: phaseAdapter, Reached: true, Speedup: 10, NearSpeedup: 4}},
		{24, Outcome{Ours: 12, Steps: 99, Phase: phaseAll, Speedup: 10.0 / 12, NearSpeedup: 4.0 / 12}},
	} {
		v.want.Quality, v.want.Scratch, v.want.Near = v.quality, 10, 4
		scratch := finish{10, v.quality, []Point{{Seconds: 2, PSNR: v.quality - 0.2}, {Seconds: 4, PSNR: v.quality - 0.09}, {Seconds: 10, PSNR: v.quality}}, nil}
		if got := outcome(scratch, curve); got != v.want {
			t.Errorf("%g dB: %+v, wanted %+v", v.quality, got, v.want)
		}
	}
}

func TestRaces(t *testing.T) {
	rows := []RaceRow{
		{Published: Outcome{Speedup: 4, NearSpeedup: 1, Reached: true}, Best: Outcome{Speedup: 0.5, NearSpeedup: 0.5}},
		{Published: Outcome{Speedup: 9, NearSpeedup: 4, Reached: true}, Best: Outcome{Speedup: 2, NearSpeedup: 2, Reached: true}},
	}
	s := summariseRaces(rows, 2e-4, []Candidate{{LR: 1e-3, PSNR: 20}, {LR: 2e-3, PSNR: 21}})
	if !near(s.Published, 6) || !near(s.Best, 1) || s.Reached != (Reached{2, 1}) || s.BestLR.LR != 2e-3 || !s.BestLR.Edge {
		t.Errorf("summary %+v", s)
	}
	if !near(s.OverReached.Published, 6) || !near(s.OverReached.Best, 2) || !near(s.Near.Published, 2) || !near(s.Near.Best, 1) {
		t.Errorf("summary %+v", s)
	}
	// None reached: JSON has no NaN.
	if s := summariseRaces([]RaceRow{{Published: Outcome{Speedup: 1}}}, 2e-4, s.Tried); s.OverReached != (Versus{}) || s.Reached != (Reached{}) {
		t.Errorf("summary %+v", s)
	}
}

func TestBest(t *testing.T) {
	list := []Candidate{{LR: 1, PSNR: 3}, {LR: 2, PSNR: 5}, {LR: 4, PSNR: 4}}
	if b := best(list); b.LR != 2 || b.Edge {
		t.Errorf("best: %+v", b)
	}
	list[2].PSNR = 6
	if b := best(list); b.LR != 4 || !b.Edge {
		t.Errorf("best: %+v", b)
	}
	if b := best(list[:1]); b.Edge {
		t.Errorf("the only one is at the edge: %+v", b)
	}
}

func TestStops(t *testing.T) {
	var got []int
	for n := 0; n < 640; n = nextStop(n) {
		got = append(got, n)
	}
	if want := []int{0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480}; !slices.Equal(got, want) {
		t.Errorf("stops %v, wanted %v", got, want)
	}
}
