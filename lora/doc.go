// Package lora holds adapters: small sets of weights that turn one base generator into a generator of one effect (LoRA, Hu et al.,
// arXiv 2106.09685).
//
// An adapter changes every kernel and matrix W of the base to W + A B, where A [inputs, rank] leads from the values
// that an output sums over (height, width and channels of a kernel's window) to a few, and B [rank, outputs] from there
// to the outputs. Biases and the scales and shifts of norms get an offset. An adapter starts as the base itself: B and
// offsets are zero.
//
// A is frozen and shared by all adapters of a base: random with orthonormal columns, a function of the seed that the
// base's file holds. So an adapter is B and offsets alone, adding the values of two adapters adds what they do to the
// weights, and there is one set of values for each such change, where ordinary LoRA has (A R)(R^-1 B) for every
// invertible R. [Config].TrainA gives ordinary LoRA for comparison; [Layout.Canonical] then picks one of these
// factorisations.
//
// A [Base] is a generator with the [Layout] of its adapters. To train an adapter, give its Parametrization to package
// gan; to use one, Apply it.
package lora
