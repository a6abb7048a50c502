package evaluate

import "github.com/warmstart-ml/warmstart/concept"

// Point is a point of a training's curve.
type Point struct {
	Seconds float64 `json:"seconds,omitempty"` // so far
	Steps   int     `json:"steps"`             // so far, of all phases
	PSNR    float64 `json:"psnr"`
	Phase   string  `json:"phase,omitempty"` // "generated", "adapter" or "all weights"
	// In contests the seconds are those of the work, and Start those of reading models and compiling beside it.
	Start float64 `json:"start,omitempty"`
	FID   float64 `json:"fid,omitempty"`
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

// Speedup tells how much sooner than a training from scratch its quality is reached: than pix2pix as published, and than the best recipe
// found. Means are geometric ones over the concepts.
type Speedup struct {
	Published float64 `json:"published"`
	Best      float64 `json:"best"`
	Concepts  int     `json:"n"`
	// Reached are the numbers of concepts on which the quality was reached, and OverReached the means over these; 0 if there are none.
	// On the others the times are those at which both sides ended, which says too much for this one.
	Reached     Reached `json:"reached"`
	OverReached Versus  `json:"over_reached"`
	// Near is against the time at which the training from scratch itself first came near its own final quality.
	Near        Versus      `json:"near"`
	PublishedLR float64     `json:"published_lr"`
	BestLR      Candidate   `json:"best_lr"` // the best recipe,
	Tried       []Candidate `json:"tried"`   // and all that were tried
	Rows        []RaceRow   `json:"concepts"`
}

// Reached counts concepts.
type Reached struct {
	Published int `json:"published"`
	Best      int `json:"best"`
}

// Versus are speed-ups.
type Versus struct {
	Published float64 `json:"published"`
	Best      float64 `json:"best"`
}

// RaceRow is a concept's race.
type RaceRow struct {
	Concept   string        `json:"concept"`
	Group     concept.Group `json:"group"`
	Prompt    string        `json:"prompt"`
	Published Outcome       `json:"published"`
	Best      Outcome       `json:"best"`
	Curve     []Point       `json:"curve"` // from the text
	// Scratch are the curves from scratch.
	Scratch struct {
		Published []Point `json:"published"`
		Best      []Point `json:"best"`
	} `json:"scratch"`
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
	// Near are the seconds after which the training from scratch was first seen within 0.1 dB of its own final quality. Ours is still the
	// time to all of that.
	Near        float64 `json:"near"`
	NearSpeedup float64 `json:"near_speedup"` // Near / Ours
}

// finish is where a training from scratch ended, and its way there.
type finish struct {
	Seconds float64     `json:"seconds"`
	PSNR    float64     `json:"psnr"`
	Curve   []Point     `json:"curve"`
	values  [][]float32 // of the generator
}

// nearBy is how near to its final quality a training has all but ended, in dB.
const nearBy = 0.1

// near returns the seconds after which a training was first seen near its final quality.
func (f finish) near() float64 {
	for _, p := range f.Curve {
		if p.PSNR >= f.PSNR-nearBy {
			return p.Seconds
		}
	}
	return f.Seconds
}

// outcome finds where a curve reaches the quality of a training from scratch.
func outcome(scratch finish, curve []Point) Outcome {
	o := Outcome{Quality: scratch.PSNR, Scratch: scratch.Seconds, Near: scratch.near()}
	for _, p := range curve {
		o.Ours, o.Steps, o.Phase = p.Seconds, p.Steps, p.Phase
		if o.Reached = p.PSNR >= scratch.PSNR; o.Reached {
			break
		}
	}
	if o.Ours > 0 {
		o.Speedup, o.NearSpeedup = o.Scratch/o.Ours, o.Near/o.Ours
	}
	return o
}

func summariseRaces(rows []RaceRow, published float64, tried []Candidate) *Speedup {
	s := &Speedup{Concepts: len(rows), PublishedLR: published, BestLR: best(tried), Tried: tried, Rows: rows}
	for _, side := range []struct {
		outcome            func(RaceRow) Outcome
		all, reached, near *float64
		count              *int
	}{
		{func(r RaceRow) Outcome { return r.Published }, &s.Published, &s.OverReached.Published, &s.Near.Published, &s.Reached.Published},
		{func(r RaceRow) Outcome { return r.Best }, &s.Best, &s.OverReached.Best, &s.Near.Best, &s.Reached.Best},
	} {
		var all, reached, near []float64
		for _, r := range rows {
			o := side.outcome(r)
			all, near = append(all, o.Speedup), append(near, o.NearSpeedup)
			if o.Reached {
				reached = append(reached, o.Speedup)
			}
		}
		*side.all, *side.reached, *side.near, *side.count = geomean(all), geomean(reached), geomean(near), len(reached)
	}
	return s
}
