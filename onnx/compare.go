package onnx

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Runtime runs an exported file. The image and the output are [batch, 3, height, width], which dims holds.
type Runtime interface {
	Run(image []float32, dims ...int) ([]float32, error)
}

// Applier makes of every picture another one of its size: a gan.Model, for example.
type Applier interface {
	Apply(ctx context.Context, pictures []*imageio.Image) ([]*imageio.Image, error)
}

// Size is that of a batch of pictures.
type Size struct{ Batch, Height, Width int }

// Compare gives both pictures of noise and shapes, and returns the largest difference of a value of the outputs, which are in [-1,1]. The
// runtime has loaded what was exported from the other's generator.
func Compare(ctx context.Context, a Applier, r Runtime, sizes ...Size) (float64, error) {
	largest := 0.0
	for _, s := range sizes {
		pictures, tensor := testPictures(s)
		want, err := a.Apply(ctx, pictures)
		if err != nil {
			return 0, err
		}
		got, err := r.Run(tensor, s.Batch, 3, s.Height, s.Width)
		if err != nil {
			return 0, fmt.Errorf("a batch of %d pictures of %dx%d: %w", s.Batch, s.Width, s.Height, err)
		}
		for i, w := range planes(want) {
			d := math.Abs(float64(got[i] - w))
			if !(d <= largest) { // NaN as well
				largest = d
			}
		}
	}
	return largest, nil
}

// testPictures returns pictures, and the same as a file takes them.
func testPictures(s Size) ([]*imageio.Image, []float32) {
	rng := rand.New(rand.NewPCG(uint64(s.Height), uint64(s.Width)))
	pictures := make([]*imageio.Image, s.Batch)
	for i := range pictures {
		coarse := imageio.New(7, 5)
		for j := range coarse.Pix {
			coarse.Pix[j] = rng.Float32()
		}
		pictures[i] = coarse.Resize(s.Width, s.Height)
		for j, v := range pictures[i].Pix {
			pictures[i].Pix[j] = min(max(v+0.2*(rng.Float32()-0.5), 0), 1)
		}
	}
	return pictures, planes(pictures)
}

// planes returns pictures of one size as [batch, 3, height, width] in [-1,1].
func planes(pictures []*imageio.Image) []float32 {
	var out []float32
	for _, p := range pictures {
		values := make([]float32, len(p.Pix))
		p.ToTensor(values)
		for channel := range 3 {
			for i := channel; i < len(values); i += 3 {
				out = append(out, values[i])
			}
		}
	}
	return out
}

// Tolerance is the largest difference that Compare may find in a file that is as it should be.
func Tolerance(half bool) float64 {
	if half {
		return 1e-2
	}
	return 1e-4
}
