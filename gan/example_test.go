package gan_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute/gobackend"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
)

// inverted serves one grey pair: a picture and its negative.
type inverted struct{ values int }

func (d inverted) Batch(int) (x, y []float32, err error) {
	x, y = make([]float32, d.values), make([]float32, d.values)
	for i := range x {
		x[i] = float32(i%7)/3.5 - 1
		y[i] = -x[i]
	}
	return x, y, nil
}

// Train a (tiny) generator, and apply it to a picture of another size.
func ExampleTrain() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	backend, err := gobackend.New("") // or package cpu's, which is far faster
	if err != nil {
		panic(err)
	}
	config, err := gan.Preset("mini")
	if err != nil {
		panic(err)
	}
	config.Width, config.Size, config.Batch = 4, 16, 1
	config = config.WithSteps(4)

	summary, err := gan.Train(context.Background(), backend, gan.Options{
		Config: config, Dir: dir, Data: inverted{16 * 16 * 3},
	})
	if err != nil {
		panic(err)
	}
	model, _, err := gan.Load(backend, filepath.Join(dir, gan.WeightsFile))
	if err != nil {
		panic(err)
	}
	defer model.Close()
	out, err := model.Apply(context.Background(), []*imageio.Image{imageio.New(50, 30)})
	if err != nil {
		panic(err)
	}
	fmt.Println(summary.Steps, "steps;", out[0].W, "x", out[0].H, "pixels")
	// Output: 4 steps; 50 x 30 pixels
}
