// Package rounds draws things for training: in every round, each comes as often as it weighs, in an order of the round's own.
package rounds

import "math/rand/v2"

// Rounds draws things, which are numbered from 0. It is not safe for concurrent use.
type Rounds struct {
	seed    uint64
	weights []int
	places  []place // of a round, before they are shuffled

	round int // that order is of
	order []int
}

// place is one of a thing's places in a round.
type place struct{ thing, copy int }

// New returns rounds of things with the given weights, which are not negative and not all 0.
func New(seed uint64, weights []int) *Rounds {
	r := &Rounds{seed: seed, weights: weights, round: -1}
	for thing, n := range weights {
		for k := range n {
			r.places = append(r.places, place{thing, k})
		}
	}
	return r
}

// Len returns the number of draws in a round.
func (r *Rounds) Len() int { return len(r.places) }

// Draw is a thing that was drawn.
type Draw struct {
	Thing int
	Visit int // how often the thing is drawn before: different for every draw of it, 0, 1, 2 … over all rounds
}

// At returns draw n, counted from 0: a function of seed, weights and n alone. Draws in order are cheap.
func (r *Rounds) At(n int) Draw {
	if round := n / len(r.places); round != r.round {
		r.order, r.round = rand.New(rand.NewPCG(r.seed, uint64(round))).Perm(len(r.places)), round
	}
	p := r.places[r.order[n%len(r.places)]]
	return Draw{p.thing, r.round*r.weights[p.thing] + p.copy}
}
