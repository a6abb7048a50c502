package evaluate

import (
	"context"
	"math"
)

// Candidate is a way to train, and the mean quality that it led to on the concepts it was tried on, in dB.
type Candidate struct {
	LR    float64 `json:"lr"`
	Beta1 float64 `json:"beta1,omitempty"` // Adam's; 0 where there is no choice
	PSNR  float64 `json:"psnr"`
	// Edge tells that a higher or a lower rate might be better still: none was tried.
	Edge bool `json:"edge,omitempty"`
}

// best returns the candidate with the highest quality. Candidates are ordered by their rate.
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

// search tries each candidate on each of some concepts.
func search(ctx context.Context, list []Candidate, some []ask, tick func(), try func(Candidate, ask) (float64, error)) (Candidate, error) {
	for _, a := range some {
		for i := range list {
			if err := ctx.Err(); err != nil {
				return Candidate{}, err
			}
			psnr, err := try(list[i], a)
			if err != nil {
				return Candidate{}, err
			}
			list[i].PSNR += psnr / float64(len(some))
			tick()
		}
	}
	return best(list), nil
}
