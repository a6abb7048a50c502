package tune

import (
	"math"

	"github.com/warmstart-ml/warmstart/gan"
)

// phase is a part of the training with its own parameters to train.
type phase struct {
	config  gan.Config
	adapter bool    // the adapter is trained, not all weights
	last    bool    // no other phase follows
	until   float64 // when it is to end, in seconds since the start; 0: after the configuration's steps
}

// phases plans the training.
func (o *Options) phases() []*phase {
	share := 0.0 // of the first of two phases
	if o.AllWeights && o.hasAdapter() {
		share = o.Settings.AdapterShare
	}
	first := int(math.Round(share * float64(o.Steps)))
	var list []*phase
	if o.hasAdapter() && (!o.AllWeights || first > 0 || share*o.Seconds > 0) {
		p := &phase{adapter: true, config: o.config(o.Steps), until: o.Seconds}
		if o.AllWeights {
			p.config, p.until = o.config(first), share*o.Seconds
		}
		list = append(list, p)
	}
	if !o.hasAdapter() || o.AllWeights && share < 1 && (o.Steps == 0 || first < o.Steps) {
		p := &phase{config: o.config(o.Steps - first), until: o.Seconds}
		p.config.Base = ""
		if o.From != Scratch {
			p.config.LR = o.Settings.AllLR
		}
		list = append(list, p)
	}
	p := list[len(list)-1]
	p.last = true
	if p.until == 0 {
		p.config.DecaySteps = min(p.config.Steps, int(o.Settings.Decay*float64(o.Steps)))
	}
	return list
}

// unknownSteps stands for the number of steps until it is known.
const unknownSteps = 1 << 30

// config returns the configuration of a phase, at a constant rate.
func (o *Options) config(steps int) gan.Config {
	if o.Steps == 0 {
		steps = unknownSteps
	}
	return o.Settings.Training(o.Base, steps)
}

// plan fixes the number of steps of a phase that is to end at a certain time: after its first steps, and again where the
// rate begins to fall.
type plan struct {
	*phase
	decay float64 // Settings.Decay
	first float64 // when the first step was done
	falls int     // the step of the phase from which on the rate falls; 0 until it is known
}

// Steps that are measured: at most so many, in at most this share of the time that is left.
const (
	trialSteps = 8
	trialShare = 0.2
)

// stepsLeft returns how many steps fit into the seconds that are left, at the rate of those done. A clock may not have moved in them.
func stepsLeft(left float64, done int, took float64) int {
	return int(min(left*float64(done)/max(took, 1e-9), unknownSteps))
}

// update is called after each step, with the number of steps in all phases and the time.
func (p *plan) update(t *gan.Trainer, total int, now float64) error {
	done := t.StepsDone()
	switch {
	case p.until == 0:
		return nil
	case done == 1 && now < p.until:
		p.first = now // The first step is no measure: it sees its memory for the first time.
		return nil
	case p.falls == 0 && done < trialSteps && now < p.first+trialShare*(p.until-p.first):
		return nil
	case p.falls > 0 && done != p.falls:
		return nil
	}
	left := 0
	if now < p.until {
		left = stepsLeft(p.until-now, done-1, now-p.first)
	}
	c := t.Config()
	c.Steps, c.DecaySteps = done+left, 0
	switch {
	case p.last && p.falls == 0:
		c.DecaySteps = min(left, int(p.decay*float64(total+left)))
	case p.last:
		c.DecaySteps = left
	}
	p.falls = c.Steps - c.DecaySteps
	return t.Schedule(c)
}
