package pairs_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/pairs"
)

// gradients makes n pairs of 8x8 pixels. A of pair i holds (x, y, i) in steps of 1/255, B the same in reverse
// order of channels: every sample tells where it comes from.
func gradients(t *testing.T, n int) *pairs.Set {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		m := imageio.New(16, 8)
		for y := range 8 {
			for x := range 8 {
				r, g, b := float32(x)/255, float32(y)/255, float32(i)/255
				m.Set(x, y, r, g, b)
				m.Set(8+x, y, b, g, r)
			}
		}
		put(t, m, dir, "train", fmt.Sprintf("%03d.png", i))
	}
	set, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func batches(t *testing.T, set *pairs.Set, o pairs.BatchOptions) *pairs.Batches {
	t.Helper()
	b, err := pairs.NewBatches(set, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// level undoes the scaling to [-1,1].
func level(v float32) int { return int((v+1)*127.5 + 0.5) }

func TestBatchAugments(t *testing.T) {
	const n, crop = 5, 6
	b := batches(t, gradients(t, n), pairs.BatchOptions{Batch: 2, Crop: crop, Flip: true, Seed: 3})
	flips, lefts, tops := map[bool]int{}, map[int]int{}, map[int]int{}
	for step := range 50 {
		x, y, err := b.Batch(step)
		if err != nil {
			t.Fatal(err)
		}
		for j := range 2 {
			plane := x[j*crop*crop*3:][:crop*crop*3]
			left, right, top := level(plane[0]), level(plane[3*(crop-1)]), level(plane[1])
			flip := left > right
			flips[flip]++
			lefts[min(left, right)]++
			tops[top]++
			for row := range crop {
				for col := range crop {
					wantX := left + col
					if flip {
						wantX = left - col
					}
					at := 3 * (row*crop + col)
					in, out := plane[at:][:3], y[j*crop*crop*3+at:][:3]
					if level(in[0]) != wantX || level(in[1]) != top+row || level(in[2]) >= n {
						t.Fatalf("step %d sample %d pixel (%d, %d) is %v", step, j, col, row, in)
					}
					if in[0] != out[2] || in[1] != out[1] || in[2] != out[0] {
						t.Fatalf("step %d sample %d: target %v is not that of input %v", step, j, out, in)
					}
				}
			}
		}
	}
	if len(flips) != 2 || len(lefts) != 3 || len(tops) != 3 {
		t.Errorf("100 samples: flips %v, left edges %v, upper edges %v; want 2, 3 and 3 kinds", flips, lefts, tops)
	}
}

func TestBatchIsPureFunctionOfStep(t *testing.T) {
	set := gradients(t, 7)
	o := pairs.BatchOptions{Batch: 3, Crop: 5, Flip: true, Seed: 1}
	forward := batches(t, set, o)
	var want [][]float32
	for step := range 12 {
		x, y, err := forward.Batch(step)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, slices.Concat(x, y))
	}
	backward := batches(t, set, o)
	for step := 11; step >= 0; step-- {
		x, y, err := backward.Batch(step)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(slices.Concat(x, y), want[step]) {
			t.Errorf("step %d differs when read in another order", step)
		}
	}
	o.Seed = 2
	x, y, err := batches(t, set, o).Batch(0)
	if err != nil || slices.Equal(slices.Concat(x, y), want[0]) {
		t.Errorf("another seed gives the same batch (%v)", err)
	}
}

func TestBatchEpochs(t *testing.T) {
	const n = 6
	b := batches(t, gradients(t, n), pairs.BatchOptions{Batch: 4, Crop: 8, Seed: 9})
	var seen []int
	for step := range 6 { // four epochs
		x, _, err := b.Batch(step)
		if err != nil {
			t.Fatal(err)
		}
		for j := range 4 {
			seen = append(seen, level(x[j*8*8*3+2]))
		}
	}
	orders := map[string]bool{}
	for epoch := range slices.Chunk(seen, n) {
		orders[fmt.Sprint(epoch)] = true
		if sorted := slices.Sorted(slices.Values(epoch)); !slices.Equal(sorted, []int{0, 1, 2, 3, 4, 5}) {
			t.Errorf("epoch shows %v, want each pair once", epoch)
		}
	}
	if len(orders) < 2 {
		t.Errorf("all epochs have the order %v", orders)
	}
}

func TestBatchErrors(t *testing.T) {
	set := gradients(t, 1)
	for _, o := range []pairs.BatchOptions{{Batch: 0, Crop: 8}, {Batch: 1, Crop: 0}, {Batch: 1, Crop: 9}} {
		if _, err := pairs.NewBatches(set, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	if _, err := pairs.NewBatches(&pairs.Set{Size: 8}, pairs.BatchOptions{Batch: 1, Crop: 8}); err == nil {
		t.Error("empty set: no error")
	}
	if _, _, err := batches(t, set, pairs.BatchOptions{Batch: 1, Crop: 8}).Batch(-1); err == nil {
		t.Error("step -1: no error")
	}
}

func TestBatchDoesNotAllocate(t *testing.T) {
	b := batches(t, gradients(t, 50), pairs.BatchOptions{Batch: 4, Crop: 6, Flip: true})
	step := 0
	perStep := testing.AllocsPerRun(9, func() {
		if _, _, err := b.Batch(step); err != nil {
			t.Fatal(err)
		}
		step++
	})
	if perStep > 0 {
		t.Errorf("%v allocations a step", perStep)
	}
}
