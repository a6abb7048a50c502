// Package metrics says how alike pictures are.
package metrics

import (
	"math"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Equal is the PSNR that equal pictures are given, in dB: infinity would spoil every mean.
const Equal = 99

// PSNR is the peak signal-to-noise ratio of two pictures of one size, in dB, over all samples.
func PSNR(a, b *imageio.Image) float64 {
	sum := 0.0
	for i, v := range a.Pix {
		d := float64(v - b.Pix[i])
		sum += d * d
	}
	if sum == 0 {
		return Equal
	}
	return -10 * math.Log10(sum/float64(len(a.Pix)))
}
