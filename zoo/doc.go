// Package zoo holds the dataset of weights: for every seen concept the adapter that training over one base ended with, how they are cut
// into blocks of equal size, and their normalisation.
//
// [Build] trains the adapters and keeps them in a folder; [Open] reads it. A [Worker] trains single adapters. [Blocks] cuts an adapter,
// and a [Code] makes what a weight generator learns from it: blocks with about zero mean and unit variance.
//
// Values of adapters in a zoo are rounded to multiples of 2^-16 and their amount is below 128. So are the means of a code, whose
// scales are powers of two: then no step of cutting, normalising and back rounds anything, and adapters return bit for bit.
package zoo
