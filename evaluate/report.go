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
	Wins    Wins    `json:"wins"`
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
	g := Group{Concepts: len(rows)}
	each := 1 / float64(len(rows))
	var shares []float64
	for _, r := range rows {
		for _, v := range []struct {
			sum   *float64
			value float64
		}{
			{&g.Zero, r.Zero}, {&g.Mean, r.Mean}, {&g.Nearest, r.Nearest}, {&g.Other, r.Other}, {&g.Shuffled, r.Shuffled},
			{&g.Generated, r.Generated}, {&g.Trained, r.Trained},
			{&g.Wins.Nearest, one(r.Generated > r.Nearest)}, {&g.Wins.Other, one(r.Generated > r.Other)}, {&g.Wins.Mean, one(r.Generated > r.Mean)},
			{&g.Wins.Shuffled, one(r.Generated > r.Shuffled)},
			{&g.WinRate, one(r.Generated > max(r.Nearest, r.Mean, r.Shuffled))}, {&g.OwnNearest, one(r.NearestConcept == r.Concept)},
		} {
			*v.sum += v.value * each
		}
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
