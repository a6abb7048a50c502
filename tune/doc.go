// Package tune is ordinary pix2pix training that is over soon: it starts from an adapter that is nearly right already.
//
// [Run] trains an adapter over a base, or all weights of the generator that it gives, or, to compare with, all weights of a fresh
// generator. The budget is a number of steps, a time, or a quality.
package tune
