package pairs_test

import (
	"context"
	"fmt"
	"os"

	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/teacher"
)

// Ten landscapes and their sepia versions are made, read back and served to training.
func Example() {
	dir, err := os.MkdirTemp("", "pairs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	sepia, err := teacher.Parse("sepia")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	made, err := pairs.Make(ctx, pairs.Options{Dir: dir, Edit: sepia, N: 10, Size: 32, Layout: pairs.Apart, Test: 0.2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.Splits[pairs.Train], "to train on,", made.Splits[pairs.Test], "to test with")

	set, err := pairs.Load(ctx, dir, pairs.LoadOptions{Split: pairs.Train, Size: 32})
	if err != nil {
		fmt.Println(err)
		return
	}
	batches, err := pairs.NewBatches(set, pairs.BatchOptions{Batch: 4, Crop: 28, Flip: true, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, y, err := batches.Batch(0)
	fmt.Println(len(x) == 4*28*28*3, len(y) == len(x), err)
	// Output:
	// 8 to train on, 2 to test with
	// true true <nil>
}
