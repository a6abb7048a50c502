package metrics

import (
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
)

func TestSSIM(t *testing.T) {
	for _, c := range readReference(t).SSIM {
		a, b := picture(c.First, c.W, c.H), picture(c.Second, c.W, c.H)
		if got := SSIM(a, b); !near(got, c.SSIM, 1e-12) {
			t.Errorf("%s, %s, %dx%d: %v, wanted %v", c.First, c.Second, c.W, c.H, got, c.SSIM)
		}
		if there, back := SSIM(a, b), SSIM(b, a); !near(there, back, 1e-12) {
			t.Errorf("%v there, %v back", there, back)
		}
	}
}

func TestSSIMOfOtherSizes(t *testing.T) {
	for _, b := range []*imageio.Image{imageio.New(12, 11), imageio.New(11, 12), imageio.New(10, 11)} {
		a := imageio.New(11, 11)
		if b.W < 11 {
			a = b
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for %dx%d", b.W, b.H)
				}
			}()
			SSIM(a, b)
		}()
	}
}
