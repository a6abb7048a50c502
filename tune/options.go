package tune

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// What training starts from.
const (
	Generated = "generated" // an adapter's values, from a weight generator or an earlier training
	Zero      = "zero"      // the adapter that changes nothing: the base itself
	Weights   = "weights"   // a generator's values, from an earlier training of all weights
	Scratch   = "scratch"   // all weights of a generator like the base, drawn by the seed
)

// Options tell Run what to do.
type Options struct {
	Base *lora.Base
	From string // Generated, Zero, Weights or Scratch
	// Start holds the values of an adapter of the base's layout for Generated, and of a generator with the base's network for Weights.
	Start [][]float32
	// AllWeights trains all weights of the generator that the adapter gives, after the adapter has had its share of the budget
	// (Settings.AdapterShare). Weights and Scratch have no adapter.
	AllWeights bool
	// Discriminator holds weights to start the discriminator with, if there is one; nil: drawn by the seed.
	Discriminator [][]float32
	Settings      Settings

	Train gan.Batches // of Settings.Batch pairs of the base's size
	// Quality are the pairs that the quality is measured on, of any size; none: it isn't measured.
	Quality []gan.Sample

	// One of Steps and Seconds is the budget. A number of steps gives the same bits each time. Seconds are the time
	// of compiling and training; from that of the first steps follows how many steps there will be, so they
	// differ from run to run.
	Steps   int
	Seconds float64
	// Until ends the training once the quality is that many dB; 0: never.
	Until float64
	// EvalEvery is the number of steps between measurements of the quality; 0: few, first often and then rarely.
	EvalEvery int
	// Progress, if not nil, is called with every point of the curve.
	Progress func(Point)
}

// Settings are what the course of a training depends on besides its data and its budget.
type Settings struct {
	Batch int `json:"batch"` // pairs per step
	// LR is the learning rate of the adapter, or of all weights from scratch; AllLR is that of all weights from a warm start.
	LR    float64 `json:"lr"`
	AllLR float64 `json:"all_lr"`
	// AdapterShare is the share of the budget that the adapter gets before all weights are trained, if they are.
	AdapterShare float64 `json:"adapter_share"`
	// Decay is the share of the steps, the last ones, in which the rate falls linearly to 0.
	Decay    float64 `json:"decay"`
	Beta1    float64 `json:"beta1"`     // Adam's
	Loss     string  `json:"loss"`      // beside L1: gan.LossNone, gan.LossLSGAN or gan.LossVanilla
	LambdaL1 float64 `json:"lambda_l1"` // weight of the L1 loss beside the adversarial one
	DiscLR   float64 `json:"disc_lr"`   // the discriminator's learning rate
	Seed     uint64  `json:"seed"`      // of weights that are drawn
}

// DefaultSettings returns the settings to begin with: for a warm start a high rate without warm-up, from scratch what pix2pix
// published, with the L1 loss alone in either case.
//
// Those of a warm start were chosen on six seen concepts over a trained base, with 100 pairs of 64x64 pixels each, from adapters that were
// mixed with 30 % of the nearest other concept's: 21.93 dB PSNR on other scenes, before training. In the time of 30 steps of four
// pairs, which gave 24.73 dB, 56 steps of two gave 24.82 and 104 steps of one 24.96 (the adapter, at a rate of 2e-3 and beta1 0.9). Then,
// with steps of one pair:
//
//	                                              34 steps   104 steps   400 steps
//	adapter, beta1 0.9, LR 2e-3                      24.35       24.96
//	adapter, beta1 0.5, LR 3e-3                      24.77       25.07       25.44 (LR 2e-3)
//	all weights, beta1 0.5, AllLR 1e-3               25.10       25.43       25.99
//	all weights, beta1 0.5, AllLR 1.5e-3             25.20       25.51       26.12
//	the adapter for the first 15 % of the latter     25.08       25.36       25.99
func DefaultSettings(from string) Settings {
	s := Settings{
		Batch: 1, LR: 3e-3, AllLR: 1.5e-3, Decay: 0.6, Beta1: 0.5, Loss: gan.LossNone, LambdaL1: 100, DiscLR: 2e-4, Seed: 1,
	}
	if from == Scratch {
		s.LR, s.Decay = 2e-4, 0.5
	}
	return s
}

// Adversarial returns the settings to begin with where a discriminator is trained as well: from scratch what pix2pix published; for a warm
// start, which is over soon, a discriminator that has more to say and learns sooner. Nine seen concepts with 64 pairs each, all weights from
// what the generator makes of their prompts, 256 other scenes, geometric mean of the FID (features of our own) and mean PSNR:
//
//	L1 loss alone, 200 steps                                           0.65    26.6 dB
//	400 steps, LambdaL1 20, DiscLR 1e-3, a new discriminator           0.42    26.7 dB
//	likewise, from the shipped discriminator (Options.Discriminator)   0.17    26.5 dB
//	likewise, LambdaL1 10                                              0.18    26.3 dB
//	likewise, LambdaL1 40                                              0.24    26.4 dB
//
// With pix2pix's 100 and 2e-4 and a new discriminator, 200 steps leave the FID about where L1 alone does.
func Adversarial(from string) Settings {
	s := DefaultSettings(from)
	s.Loss = gan.LossLSGAN
	if from != Scratch {
		s.LambdaL1, s.DiscLR = 20, 1e-3
	}
	return s
}

// Training returns the configuration of training an adapter over a base for a number of steps, at a constant rate.
func (s Settings) Training(b *lora.Base, steps int) gan.Config {
	c := b.Training(steps)
	c.DecaySteps, c.Batch, c.Beta1, c.Loss, c.LambdaL1, c.LR, c.DiscLR, c.Seed = 0, s.Batch, s.Beta1, s.Loss, s.LambdaL1, s.LR, s.DiscLR, s.Seed
	return c
}

// hasAdapter tells whether the training has to do with adapters.
func (o *Options) hasAdapter() bool { return o.From == Generated || o.From == Zero }

// Adapter tells whether the training ends with an adapter rather than with all weights.
func (o *Options) Adapter() bool { return o.hasAdapter() && !o.AllWeights }

// check returns an error that names the first option that makes no sense; the rest is for gan to judge.
func (o *Options) check() error {
	s := o.Settings
	switch {
	case o.Base == nil:
		return errors.New("tune: there is no base")
	case o.Train == nil:
		return errors.New("tune: there are no pairs to train on")
	case !slices.Contains([]string{Generated, Zero, Weights, Scratch}, o.From):
		return fmt.Errorf("tune from %q: use %s, %s, %s or %s", o.From, Generated, Zero, Weights, Scratch)
	case (o.From == Generated || o.From == Weights) != (o.Start != nil):
		return fmt.Errorf("tune: values to start from are for %q and %q, and needed there", Generated, Weights)
	case !nn.Finite(o.Start...):
		return errors.New("tune: the values to start from are not finite")
	case (o.Steps > 0) == (o.Seconds > 0) || o.Steps < 0 || !(o.Seconds >= 0 && o.Seconds <= 1e7):
		return fmt.Errorf("tune: a budget of %d steps and %g seconds: give one of them", o.Steps, o.Seconds)
	case o.Until < 0 || math.IsNaN(o.Until) || o.Until > 0 && len(o.Quality) == 0:
		return errors.New("tune until a quality: it must be positive, and there must be pairs to measure it on")
	case !(s.AdapterShare >= 0 && s.AdapterShare <= 1):
		return fmt.Errorf("tune: the adapter's share %g is outside 0 to 1", s.AdapterShare)
	case !(s.Decay >= 0 && s.Decay <= 1):
		return fmt.Errorf("tune: the share of steps with a falling rate %g is outside 0 to 1", s.Decay)
	}
	return nil
}

// Point is a point of the curve of a training.
type Point struct {
	Seconds float64 `json:"seconds"` // of compiling and training so far
	Step    int     `json:"step"`    // steps done
	L1      float64 `json:"l1"`      // the smoothed training loss; 0 before the first step
	PSNR    float64 `json:"psnr"`    // mean over the pairs for quality, in dB; 0 if there are none
}

// Result is what a training ends with.
type Result struct {
	// Adapter holds the adapter's values; nil if all weights were trained.
	Adapter [][]float32
	// Generator is the trained generator; where an adapter was trained, the base with it.
	Generator *gan.Weights
	// Discriminator holds the discriminator's weights, to start another training with; nil if there is none.
	Discriminator [][]float32
	// Curve begins before the first step and ends with what is returned.
	Curve   []Point
	Steps   int     // done
	Seconds float64 // of compiling and training, without measuring the quality
	Reached bool    // whether the quality of Options.Until was reached
}

// Before returns the quality at the start, and After at the end, in dB; 0 if there were no pairs to measure it on.
func (r *Result) Before() float64 { return r.Curve[0].PSNR }

// After is described with Before.
func (r *Result) After() float64 { return r.Curve[len(r.Curve)-1].PSNR }

// InterruptedError tells that the context was cancelled. What Run returns beside it is the best so far by PSNR, and
// against a discriminator the newest.
type InterruptedError struct {
	Step, Kept int // steps done, and those that led to what is kept
	cause      error
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("interrupted after %d steps; the weights after %d of them are kept", e.Step, e.Kept)
}

// Unwrap returns the context's error.
func (e *InterruptedError) Unwrap() error { return e.cause }

// DivergedError tells that the loss exploded. What Run returns beside it is from before.
type DivergedError struct {
	Step, Kept int        // steps done, and those that led to what is kept
	Losses     gan.Losses // of the last step
}

func (e *DivergedError) Error() string {
	kept := ""
	if e.Kept > 0 {
		kept = fmt.Sprintf("; the weights after %d steps are good", e.Kept)
	}
	return fmt.Sprintf("training diverged at step %d (losses %+v)%s: lower the learning rate", e.Step, e.Losses, kept)
}
