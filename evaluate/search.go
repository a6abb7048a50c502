package evaluate

import (
	"context"
	"math"
)

// Candidate is a way to train, and the mean quality that it led to on the concepts it was tried on, in dB.
type Candidate struct {
	LR    float64 `json:"lr"`
	Beta1 float64 `json:"beta1,omitempty"` // Adam's; 0 where there is no choice
	Loss  string  `json:"loss,omitempty"`  // beside L1; "" where there is no choice
	Batch int     `json:"batch,omitempty"` // pairs per step; 0 where there is no choice
	PSNR  float64 `json:"psnr"`
	// Edge tells that a higher or a lower rate, where none was tried, might be better still.
	Edge bool `json:"edge,omitempty"`
}

// plain returns the way alone, without what it led to.
func (c Candidate) plain() Candidate {
	c.PSNR, c.Edge = 0, false
	return c
}

// best returns the candidate with the highest quality.
func best(list []Candidate) Candidate {
	top := list[0]
	for _, c := range list {
		if c.PSNR > top.PSNR {
			top = c
		}
	}
	lowest, highest := math.Inf(1), 0.0
	for _, c := range list {
		lowest, highest = min(lowest, c.LR), max(highest, c.LR)
	}
	top.Edge = lowest < highest && (top.LR == lowest || top.LR == highest)
	return top
}

// search tries each candidate on each of some concepts and fills in its quality.
func search(ctx context.Context, list []Candidate, some []ask, tick func(), try func(Candidate, ask) (float64, error)) error {
	for _, a := range some {
		for i := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			psnr, err := try(list[i], a)
			if err != nil {
				return err
			}
			list[i].PSNR += psnr / float64(len(some))
			tick()
		}
	}
	return nil
}
