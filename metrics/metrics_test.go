package metrics

import (
	"math"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
)

func TestPSNR(t *testing.T) {
	a, b := imageio.New(4, 4), imageio.New(4, 4)
	if got := PSNR(a, b); got != Equal {
		t.Errorf("%g dB for equal pictures", got)
	}
	for i := range b.Pix {
		b.Pix[i] = a.Pix[i] + 0.1
	}
	if got := PSNR(a, b); math.Abs(got-20) > 1e-4 { // a tenth of the peak: -20 log10(0.1)
		t.Errorf("%g dB, wanted 20", got)
	}
}
