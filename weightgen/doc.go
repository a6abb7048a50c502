// Package weightgen learns to write the weights of adapters from prompts: a diffusion model over blocks of
// weights, conditioned on a prompt and on each block's index in the adapter (after Gong et al., "Efficient
// Training with Denoised Neural Weights", arXiv 2407.11966).
//
// An adapter is a matrix of Blocks rows of Size values each, normalised per row to about zero mean and unit
// variance over a zoo of adapters; a mask tells values from padding. [Train] learns from a [Dataset] of adapters
// and wordings, and [Generator] makes an adapter from a prompt, in one step or in several. [Refine] is a second stage: it
// trains a generator as it samples in one step, through the frozen base, on the pictures that its adapters lead to.
//
// Two networks are there. "unet1d" is the paper's: a one-dimensional U-Net that sees one block at a time. "dit" is
// a diffusion Transformer with the blocks of an adapter as its tokens, so that they can agree with each other.
//
// Symbols, as in Ho et al. (arXiv 2006.11239) and Salimans and Ho (arXiv 2202.00512):
//
//	x0       the clean blocks
//	eps      standard normal noise
//	a, s     sqrt(ᾱ_t) and sqrt(1-ᾱ_t) at time t of 0…T-1
//	x        the noisy blocks a x0 + s eps
//	v        a eps - s x0
package weightgen
