package rounds

import (
	"slices"
	"testing"
)

func TestRounds(t *testing.T) {
	weights := []int{5, 3, 0, 7}
	r := New(7, weights)
	visits := map[Draw]bool{}
	var orders [][]int
	for round := range 4 {
		count := make([]int, len(weights))
		var order []int
		for n := range r.Len() {
			d := r.At(round*r.Len() + n)
			count[d.Thing]++
			order = append(order, d.Thing)
			if visits[d] {
				t.Errorf("%+v was drawn twice", d)
			}
			visits[d] = true
			if least := round * weights[d.Thing]; d.Visit < least || d.Visit >= least+weights[d.Thing] {
				t.Errorf("round %d: %+v", round, d)
			}
		}
		if !slices.Equal(count, weights) {
			t.Errorf("round %d draws %v, wanted %v", round, count, weights)
		}
		orders = append(orders, order)
	}
	if slices.Equal(orders[0], orders[1]) && slices.Equal(orders[1], orders[2]) {
		t.Error("all rounds have the same order")
	}
}

func TestFunctionOfTheNumber(t *testing.T) {
	forward, backward := New(1, []int{2, 1, 4}), New(1, []int{2, 1, 4})
	var want []Draw
	for n := range 30 {
		want = append(want, forward.At(n))
	}
	for n := 29; n >= 0; n-- {
		if got := backward.At(n); got != want[n] {
			t.Errorf("draw %d is %+v, then %+v", n, want[n], got)
		}
	}
}
