package evaluate

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/contention"
	"github.com/warmstart-ml/warmstart/internal/page"
)

// Methods of a contest: ways to a network. Those that start from an adapter are there untuned, and with the endings of endingsOf.
const (
	MethodInput       = "input"        // the pictures as they are
	MethodScratch     = "scratch"      // pix2pix from scratch, as published
	MethodScratchBest = "scratch_best" // the best recipe found from scratch
	MethodZero        = "zero"         // the base alone
	MethodMean        = "mean"         // the zoo's mean adapter
	MethodNearest     = "nearest"      // the zoo's adapter of the concept whose words are most like the prompt's
	MethodShuffled    = "shuffled"     // what the generator makes of another concept's prompt
	MethodGenerated   = "generated"    // what the generator makes of the prompt
)

// Endings of the names of methods that start from an adapter: how it is tuned.
const (
	endAdapter = "_adapter"  // the adapter alone, with the L1 loss
	endAll     = "_all"      // all weights, with the L1 loss
	endGAN     = "_gan"      // all weights, against a discriminator that has been through other tunings
	endGANCold = "_gan_cold" // all weights, against one that begins with random weights
	endE2GAN   = "_e2gan"    // the adapter alone, against one that begins with random weights, with pix2pix's weights of the losses
)

// endingsOf returns those of a method.
func endingsOf(method string) []string {
	switch method {
	case MethodGenerated:
		return []string{endAdapter, endAll, endGAN}
	case MethodZero:
		return []string{endAdapter, endAll, endE2GAN, endGAN, endGANCold}
	}
	return []string{endAdapter, endAll}
}

// ContestReport is what a contest found.
type ContestReport struct {
	Machine     Machine `json:"machine"`
	Version     string  `json:"version,omitempty"` // of the program; the caller knows
	Base        string  `json:"base"`              // hash
	Generator   string  `json:"generator"`         // hash
	Extractor   string  `json:"extractor"`         // the network that FID and KID are made with
	TestScenes  string  `json:"test_scenes"`       // corpus.Corpus.ID
	TrainScenes string  `json:"train_scenes"`
	Seconds     float64 `json:"seconds"` // of this call; what the cache knew took none
	// Partial tells that the contest was interrupted before all of the Wanted concepts were done.
	Partial bool              `json:"partial,omitempty"`
	Wanted  int               `json:"wanted"`
	Config  ContestConfig     `json:"config"`
	Load    contention.Shares `json:"load"` // mean over the concepts of what others used of the machine

	Speedup ContestSpeedup    `json:"speedup"`
	Methods map[string]Method `json:"methods"` // means over the concepts
	// Better has the shares of concepts on which a method, the first name, is better than another, the second.
	Better map[string]map[string]Better `json:"better"`
	Best   Candidate                    `json:"best"`  // recipe from scratch,
	Tried  []Candidate                  `json:"tried"` // and all that were tried
	Zero   zeroRates                    `json:"zero"`  // rates of tuning from the zero adapter
	Rows   []ContestRow                 `json:"concepts"`
}

// Method is how good a way to a network is, and how long it takes: the work alone, without compiling, reading and measuring.
type Method struct {
	Score
	Seconds float64 `json:"seconds"`
	Steps   int     `json:"steps,omitempty"` // of training
}

// Better are shares of concepts.
type Better struct {
	FID  float64 `json:"fid"`
	KID  float64 `json:"kid"`
	Both float64 `json:"both"` // FID and KID
	PSNR float64 `json:"psnr"`
	SSIM float64 `json:"ssim"`
}

// ContestRow is a concept.
type ContestRow struct {
	Concept    string            `json:"concept"`
	Group      concept.Group     `json:"group"`
	Prompt     string            `json:"prompt"`
	Nearest    string            `json:"nearest,omitempty"` // concept of the zoo
	Methods    map[string]Method `json:"methods"`
	ToPSNR     Arrivals          `json:"to_psnr"`
	ToFID      Arrivals          `json:"to_fid"`
	Contention contention.Shares `json:"load"`
	// Curves are those of MethodScratch and MethodScratchBest; of MethodGenerated, with all weights tuned; and of MethodZero, with the
	// adapter tuned. ContestReport.Curves has them in JSON.
	Curves map[string][]Point `json:"-"`
	// Pictures are what methods make of the first test picture, and the target.
	Pictures map[string]*imageio.Image `json:"-"`
}

const pictureTarget = "target"

// Arrivals are the times from the text to what trainings from scratch end with.
type Arrivals struct {
	Published arrival `json:"published"`
	Best      arrival `json:"best"`
}

// arrival is the time to a quality.
type arrival struct {
	Quality float64 `json:"quality"` // at the end from scratch: dB, or FID
	Scratch float64 `json:"scratch"` // seconds
	// Ours are the seconds from the text to the quality, or to the end of the curve where it wasn't reached; Start are those of reading models
	// and compiling, beside them.
	Ours    float64 `json:"ours"`
	Start   float64 `json:"start"`
	Steps   int     `json:"steps"` // of tuning
	Reached bool    `json:"reached"`
	// Speedup is Scratch / (Ours + Start), and Work Scratch / Ours; at most 1 where the quality wasn't reached.
	Speedup float64 `json:"speedup"`
	Work    float64 `json:"work"`
}

func versus(published, best finish, to func(finish) arrival) Arrivals {
	return Arrivals{Published: to(published), Best: to(best)}
}

// toPSNR finds where a curve reaches the PSNR at the end of a training from scratch.
func toPSNR(f finish, curve []Point) arrival {
	return arrive(arrival{Quality: f.PSNR, Scratch: f.Seconds}, curve, func(p Point) bool { return p.PSNR >= f.PSNR })
}

// toFID finds where it reaches its FID.
func toFID(f finish, curve []Point) arrival {
	return arrive(arrival{Quality: f.fid(), Scratch: f.Seconds}, curve, func(p Point) bool { return p.FID <= f.fid() })
}

func arrive(a arrival, curve []Point, there func(Point) bool) arrival {
	for _, p := range curve {
		a.Ours, a.Start, a.Steps = p.Seconds, p.Start, p.Steps
		if a.Reached = there(p); a.Reached {
			break
		}
	}
	if a.Ours > 0 {
		a.Speedup, a.Work = a.Scratch/(a.Ours+a.Start), a.Scratch/a.Ours
	}
	if !a.Reached {
		a.Speedup, a.Work = min(a.Speedup, 1), min(a.Work, 1)
	}
	return a
}

// ContestSpeedup tells how much sooner than pix2pix from scratch, as published and in the best way found, its PSNR is reached. The time from the text
// includes reading the models and compiling, that from scratch is the steps' alone. Means are geometric ones over all concepts; one on which
// it wasn't reached counts as 1 at most.
type ContestSpeedup struct {
	Published float64 `json:"published"`
	Best      float64 `json:"best"`
	Concepts  int     `json:"n"`
	Reached   Reached `json:"reached"`
	// Work leaves out reading the models and compiling on this side as well.
	Work   Versus `json:"work"`
	Spread struct {
		Published Spread `json:"published"`
		Best      Spread `json:"best"`
	} `json:"spread"`
	// FID is the same for the FID from scratch.
	FID struct {
		Versus
		Reached Reached `json:"reached"`
	} `json:"fid"`
}

// Spread is how speed-ups lie.
type Spread struct {
	Min    float64 `json:"min"`
	Lower  float64 `json:"lower_quartile"`
	Median float64 `json:"median"`
	Upper  float64 `json:"upper_quartile"`
	Max    float64 `json:"max"`
}

func spreadOf(values []float64) Spread {
	s := slices.Sorted(slices.Values(values))
	at := func(share float64) float64 {
		x := share * float64(len(s)-1)
		i := int(x)
		return s[i] * math.Pow(s[min(i+1, len(s)-1)]/s[i], x-float64(i)) // between two, on a logarithmic scale
	}
	return Spread{at(0), at(0.25), at(0.5), at(0.75), at(1)}
}

// finish computes what follows from the rows.
func (r *ContestReport) finish(begun time.Time) {
	r.Seconds = time.Since(begun).Seconds()
	n := float64(len(r.Rows))
	for _, row := range r.Rows {
		r.Load.Others += row.Contention.Others / n
		r.Load.Stolen += row.Contention.Stolen / n
	}
	r.Methods = meanMethods(r.Rows)
	r.Better = compareMethods(r.Rows)
	published, best := arrivalsOf(r.Rows, func(r ContestRow) arrival { return r.ToPSNR.Published }), arrivalsOf(r.Rows, func(r ContestRow) arrival { return r.ToPSNR.Best })
	s := &r.Speedup
	s.Concepts, s.Published, s.Best = len(r.Rows), published.speedup, best.speedup
	s.Reached, s.Work = Reached{published.reached, best.reached}, Versus{published.work, best.work}
	s.Spread.Published, s.Spread.Best = published.spread, best.spread
	published, best = arrivalsOf(r.Rows, func(r ContestRow) arrival { return r.ToFID.Published }), arrivalsOf(r.Rows, func(r ContestRow) arrival { return r.ToFID.Best })
	s.FID.Versus, s.FID.Reached = Versus{published.speedup, best.speedup}, Reached{published.reached, best.reached}
}

// arrivals sum up those of all concepts.
type arrivals struct {
	speedup, work float64 // geometric means
	reached       int
	spread        Spread
}

func arrivalsOf(rows []ContestRow, of func(ContestRow) arrival) (s arrivals) {
	var all, works []float64
	for _, row := range rows {
		a := of(row)
		all, works = append(all, a.Speedup), append(works, a.Work)
		s.reached += int(one(a.Reached))
	}
	s.speedup, s.work, s.spread = geomean(all), geomean(works), spreadOf(all)
	return s
}

func meanMethods(rows []ContestRow) map[string]Method {
	means := map[string]Method{}
	n := float64(len(rows))
	for name := range rows[0].Methods {
		var m Method
		steps := 0.0
		for _, row := range rows {
			v := row.Methods[name]
			m.FID += v.FID / n
			m.KID += v.KID / n
			m.KIDStd += v.KIDStd / n
			m.PSNR += v.PSNR / n
			m.SSIM += v.SSIM / n
			m.Seconds += v.Seconds / n
			steps += float64(v.Steps) / n
		}
		m.Steps = int(math.Round(steps))
		means[name] = m
	}
	return means
}

// oursTuned are what generated weights are tuned to.
var oursTuned = []string{MethodGenerated + endAdapter, MethodGenerated + endAll, MethodGenerated + endGAN}

// compareMethods compares what the generator leads to with all else.
func compareMethods(rows []ContestRow) map[string]map[string]Better {
	all := map[string]map[string]Better{}
	names := slices.Collect(maps.Keys(rows[0].Methods))
	for _, ours := range append([]string{MethodGenerated}, oursTuned...) {
		all[ours] = map[string]Better{}
		for _, other := range names {
			if other == ours {
				continue
			}
			var b Better
			for _, row := range rows {
				x, y := row.Methods[ours], row.Methods[other]
				fid, kid := x.FID < y.FID, x.KID < y.KID
				for _, v := range []struct {
					share *float64
					is    bool
				}{{&b.FID, fid}, {&b.KID, kid}, {&b.Both, fid && kid}, {&b.PSNR, x.PSNR > y.PSNR}, {&b.SSIM, x.SSIM > y.SSIM}} {
					*v.share += one(v.is) / float64(len(rows))
				}
			}
			all[ours][other] = b
		}
	}
	return all
}

// keptRow is a row as the cache has it, with all of it.
type keptRow struct {
	ContestRow
	Curves   map[string][]Point
	Pictures map[string]page.Shot
}

func (r ContestRow) keep() keptRow {
	k := keptRow{r, r.Curves, map[string]page.Shot{}}
	for name, m := range r.Pictures {
		k.Pictures[name] = page.Shot{Image: m}
	}
	return k
}

func (k keptRow) restore() ContestRow {
	r := k.ContestRow
	r.Curves, r.Pictures = k.Curves, map[string]*imageio.Image{}
	for name, s := range k.Pictures {
		r.Pictures[name] = s.Image
	}
	return r
}
