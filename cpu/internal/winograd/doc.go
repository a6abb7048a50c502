// Package winograd convolves with 3x3 kernels at stride 1 with four times fewer multiplications than the definition
// needs: the algorithm F(4x4, 3x3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016).
//
// A 4x4 tile of the output comes from a 6x6 patch d of the input and the kernel g, as products of polynomials that are
// taken at 6 points in each direction ("frequencies" in the code):
//
//	y = Aᵀ [ Σ over cin (Bᵀ d B) ⊙ (G g Gᵀ) ] A
//
// so that the sum over input channels is one matrix product, [tiles, cin] · [cin, cout], for each of the 36 frequencies.
// The gradient of the input is the same with kernels turned by 180 degrees. The gradient of the kernels is the
// transpose: dg = Gᵀ [ Σ over tiles (Bᵀ d B) ⊙ (A dy Aᵀ) ] G.
//
// Channels lie next to each other, so the transforms work on vectors of channels and write rows that the micro-kernels of
// package kernel read in place. Symbols: V = Bᵀ d B, U = G g Gᵀ, Y = A dy Aᵀ, M the products before Aᵀ M A.
//
// # Points and precision
//
// Which points are used changes the rounding, not the work. The customary 0, ±1, ±2, ∞ are not the best: with
// 0, ±5/8, ±3/2, ∞ all coefficients of A and B are exact in float32 and errors are less than half as large, three times
// those of F(2x2, 3x3). Against float64, with normally distributed operands (go test -run Accuracy -v prints it;
// first the largest error over the largest element, then root mean squares):
//
//	channels summed over    y                dx               dw (16 tiles)
//	 32                     1.0e-6, 5.8e-7   1.0e-6, 5.9e-7   7.2e-7, 4.6e-7
//	128                     1.8e-6, 1.0e-6   2.3e-6, 1.1e-6   7.7e-7, 4.6e-7
//	512                     3.7e-6, 2.1e-6   3.9e-6, 1.9e-6   6.8e-7, 4.7e-7
//
// # Speed
//
// On a Zen 5 core (AVX-512, about 260 GFLOP/s in float32), counting the operations of direct convolution: 500 to 800
// GFLOP/s for 32 to 256 channels, where package kernel's direct convolution has 240 to 250 (go test -bench Conv).
package winograd
