package evaluate

import "github.com/warmstart-ml/warmstart/concept"

// Point is a point of a training's curve.
type Point struct {
	Seconds float64 `json:"seconds,omitempty"` // so far
	Steps   int     `json:"steps"`             // so far, of all phases
	PSNR    float64 `json:"psnr"`
	Phase   string  `json:"phase,omitempty"` // "generated", "adapter" or "all weights"
}

// Never is the number of steps where none of those that were tried was enough.
const Never = -1

// Matches tells how many steps from generated weights equal many from the zero adapter.
type Matches struct {
	Concepts int `json:"n"`
	// Median is that of the numbers of steps; Never if it is beyond the highest number tried.
	Median   float64    `json:"median"`
	Within10 float64    `json:"within_10"` // the share of concepts that need at most 10
	Zero     Candidate  `json:"zero"`      // how the zero adapter was trained
	Warm     Candidate  `json:"warm"`      // how generated weights were
	Rows     []MatchRow `json:"concepts"`
}

// MatchRow is a concept's steps to match.
type MatchRow struct {
	Concept string        `json:"concept"`
	Group   concept.Group `json:"group"`
	Prompt  string        `json:"prompt"`
	Target  float64       `json:"target"` // quality to match, in dB
	Steps   int           `json:"steps"`  // the first number tried that is enough, or Never
	Tries   []Point       `json:"tries"`
}

func summariseMatches(rows []MatchRow, rates matchRates) *Matches {
	m := &Matches{Concepts: len(rows), Zero: rates.Zero, Warm: rates.Warm, Rows: rows}
	const beyond = 1e9
	var steps []float64
	for _, r := range rows {
		if r.Steps == Never {
			steps = append(steps, beyond)
			continue
		}
		steps = append(steps, float64(r.Steps))
		m.Within10 += one(r.Steps <= 10) / float64(len(rows))
	}
	if m.Median = median(steps); m.Median >= beyond/2 {
		m.Median = Never
	}
	return m
}

// Speedup tells how much sooner than pix2pix from scratch its quality is reached.
type Speedup struct {
	Published float64 `json:"published"` // geometric mean against the published learning rate
	Best      float64 `json:"best"`      // and against the best one found
	Concepts  int     `json:"n"`
	Reached   struct {
		Published int `json:"published"` // concepts on which the quality was reached
		Best      int `json:"best"`
	} `json:"reached"`
	PublishedLR float64   `json:"published_lr"`
	BestLR      Candidate `json:"best_lr"`
	Rows        []RaceRow `json:"concepts"`
}

// RaceRow is a concept's race.
type RaceRow struct {
	Concept   string        `json:"concept"`
	Group     concept.Group `json:"group"`
	Prompt    string        `json:"prompt"`
	Published Outcome       `json:"published"`
	Best      Outcome       `json:"best"`
	Curve     []Point       `json:"curve"` // from the text
}

// Outcome compares the times to a quality.
type Outcome struct {
	Quality float64 `json:"quality"` // from scratch, at the end, in dB
	Scratch float64 `json:"scratch"` // seconds
	// Ours are the seconds from the text to the quality; to the end of the curve where it wasn't reached.
	Ours    float64 `json:"ours"`
	Steps   int     `json:"steps"` // of tuning
	Phase   string  `json:"phase"` // in which it was reached
	Reached bool    `json:"reached"`
	Speedup float64 `json:"speedup"` // Scratch / Ours, reached or not
}

// outcome finds where a curve reaches the quality of a training from scratch.
func outcome(scratch finish, curve []Point) Outcome {
	o := Outcome{Quality: scratch.PSNR, Scratch: scratch.Seconds}
	for _, p := range curve {
		o.Ours, o.Steps, o.Phase = p.Seconds, p.Steps, p.Phase
		if o.Reached = p.PSNR >= scratch.PSNR; o.Reached {
			break
		}
	}
	if o.Ours > 0 {
		o.Speedup = o.Scratch / o.Ours
	}
	return o
}

func summariseRaces(rows []RaceRow, published float64, best Candidate) *Speedup {
	s := &Speedup{Concepts: len(rows), PublishedLR: published, BestLR: best, Rows: rows}
	var p, b []float64
	for _, r := range rows {
		p, b = append(p, r.Published.Speedup), append(b, r.Best.Speedup)
		s.Reached.Published += int(one(r.Published.Reached))
		s.Reached.Best += int(one(r.Best.Reached))
	}
	s.Published, s.Best = geomean(p), geomean(b)
	return s
}
