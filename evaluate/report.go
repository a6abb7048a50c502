package evaluate

import (
	"math"
	"runtime"
	"slices"

	"github.com/warmstart-ml/warmstart/concept"
)

// Report is what an evaluation found. Parts that were not wanted are nil.
type Report struct {
	Machine     Machine `json:"machine"`
	Version     string  `json:"version,omitempty"` // of the program; the caller knows
	Base        string  `json:"base"`              // hash
	Generator   string  `json:"generator"`         // hash
	TestScenes  string  `json:"test_scenes"`       // corpus.Corpus.ID
	TrainScenes string  `json:"train_scenes"`
	Seconds     float64 `json:"seconds"` // of this call; what the cache knew took none
	Config      Config  `json:"config"`

	*Quality
	Photos  *Quality `json:"photos,omitempty"`
	Match   *Matches `json:"steps_to_match,omitempty"`
	Speedup *Speedup `json:"speedup,omitempty"`
}

// Machine says what it was measured on.
type Machine struct {
	CPUs    int    `json:"cpus"`
	Threads int    `json:"threads"`
	Arch    string `json:"arch"`
	Go      string `json:"go"`
	// Features are those of the CPU that kernels use; the caller knows.
	Features []string `json:"features,omitempty"`
}

// ThisMachine describes the machine that the program runs on.
func ThisMachine() Machine {
	return Machine{CPUs: runtime.NumCPU(), Threads: runtime.GOMAXPROCS(0), Arch: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
}

// Scores are mean PSNRs over test pictures, in dB, without tuning.
type Scores struct {
	Zero    float64 `json:"zero"`    // of the base without an adapter
	Mean    float64 `json:"mean"`    // with the mean adapter of the zoo
	Nearest float64 `json:"nearest"` // with the zoo's adapter of the concept whose words are most like the prompt's
	// Other is Nearest among other concepts than the one that is asked for, which the zoo has in group d.
	Other     float64 `json:"nearest_other"`
	Shuffled  float64 `json:"shuffled"`  // with what the generator makes of another unseen concept's prompt
	Generated float64 `json:"generated"` // with what it makes of the concept's prompt
	Trained   float64 `json:"trained"`   // with an adapter trained on the concept's own pairs
}

// Row is a concept's quality.
type Row struct {
	Concept        string        `json:"concept"`
	Group          concept.Group `json:"group"`
	Prompt         string        `json:"prompt"`
	NearestConcept string        `json:"nearest_concept"`
	Scores
	Share float64 `json:"share"`
}

// controls returns the best of what generated weights must be better than: a nearest adapter's score, the mean one's and the shuffled one's.
func (s Scores) controls(nearest float64) float64 { return max(nearest, s.Mean, s.Shuffled) }

// Quality tells how good generated weights are without tuning.
type Quality struct {
	Groups map[concept.Group]Group `json:"groups"`
	All    Group                   `json:"all"`
	// Reference tells how the trained adapters were trained.
	Reference Candidate `json:"reference"`
	Rows      []Row     `json:"concepts"`
}

// Group sums up concepts.
type Group struct {
	Concepts int `json:"n"`
	Scores       // means over the concepts
	// Share is how far the generator gets on the way from the zero adapter to a trained one, of the means.
	Share       float64 `json:"share"`
	MedianShare float64 `json:"median_share"` // over the concepts
	// WinRate is the share of concepts on which generated weights are better than the nearest, the mean and the shuffled ones alike.
	WinRate float64 `json:"win_rate"`
	// WinRateOther is WinRate with the nearest among other concepts: without the adapter that the zoo has of the very concept in group d.
	WinRateOther float64 `json:"win_rate_other"`
	// TrainedWins is the share of concepts on which the trained adapter is better than what WinRate compares with: what training
	// itself has there. In group d that is mostly another trained adapter of the same concept.
	TrainedWins float64 `json:"trained_win_rate"`
	Wins        Wins    `json:"wins"`
	// OwnNearest is the share of concepts whose nearest is the concept itself, which the zoo has in group d.
	OwnNearest float64 `json:"own_nearest"`
}

// Wins are shares of concepts on which generated weights are better than others.
type Wins struct {
	Nearest  float64 `json:"nearest"`
	Other    float64 `json:"nearest_other"`
	Mean     float64 `json:"mean"`
	Shuffled float64 `json:"shuffled"`
}

// share returns how far the generator gets on the way from zero to trained.
func share(s Scores) float64 {
	way := s.Trained - s.Zero
	if way == 0 {
		return 0 // JSON has no infinity
	}
	return (s.Generated - s.Zero) / way
}

func summarise(rows []Row, reference Candidate) *Quality {
	q := &Quality{Groups: map[concept.Group]Group{}, All: groupOf(rows), Reference: reference, Rows: rows}
	for _, g := range concept.Groups() {
		own := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Group != g })
		if len(own) > 0 {
			q.Groups[g] = groupOf(own)
		}
	}
	return q
}

func groupOf(rows []Row) Group {
	mean := func(of func(Row) float64) float64 {
		sum := 0.0
		for _, r := range rows {
			sum += of(r)
		}
		return sum / float64(len(rows))
	}
	part := func(is func(Row) bool) float64 { return mean(func(r Row) float64 { return one(is(r)) }) }
	g := Group{
		Concepts: len(rows),
		Scores: Scores{
			Zero:      mean(func(r Row) float64 { return r.Zero }),
			Mean:      mean(func(r Row) float64 { return r.Mean }),
			Nearest:   mean(func(r Row) float64 { return r.Nearest }),
			Other:     mean(func(r Row) float64 { return r.Other }),
			Shuffled:  mean(func(r Row) float64 { return r.Shuffled }),
			Generated: mean(func(r Row) float64 { return r.Generated }),
			Trained:   mean(func(r Row) float64 { return r.Trained }),
		},
		WinRate:      part(func(r Row) bool { return r.Generated > r.controls(r.Nearest) }),
		WinRateOther: part(func(r Row) bool { return r.Generated > r.controls(r.Other) }),
		TrainedWins:  part(func(r Row) bool { return r.Trained > r.controls(r.Nearest) }),
		Wins: Wins{
			Nearest:  part(func(r Row) bool { return r.Generated > r.Nearest }),
			Other:    part(func(r Row) bool { return r.Generated > r.Other }),
			Mean:     part(func(r Row) bool { return r.Generated > r.Mean }),
			Shuffled: part(func(r Row) bool { return r.Generated > r.Shuffled }),
		},
		OwnNearest: part(func(r Row) bool { return r.NearestConcept == r.Concept }),
	}
	var shares []float64
	for _, r := range rows {
		shares = append(shares, r.Share)
	}
	g.Share, g.MedianShare = share(g.Scores), median(shares)
	return g
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// median returns the middle value, or the mean of the two in the middle.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// geomean returns the geometric mean of positive values; 0 if there are none.
func geomean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}
