package corpus

import (
	"context"
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/concept"
)

func TestSplit(t *testing.T) {
	k, err := New(context.Background(), Config{Size: 16, Scenes: 6, First: TrainScenes})
	if err != nil {
		t.Fatal(err)
	}
	all, err := k.Pairs(concept.Seen()[0], Choice{Pairs: 5, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := all.Make(1); err != nil {
		t.Fatal(err)
	}
	first, rest := all.Split(3)
	if first.Len() != 3 || rest.Len() != 2 {
		t.Fatalf("%d and %d pairs", first.Len(), rest.Len())
	}
	for i := range all.Len() {
		part, at := first, i
		if i >= 3 {
			part, at = rest, i-3
		}
		_, want, err := all.Pair(i)
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := part.Pair(at)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Pix, want.Pix) {
			t.Errorf("pair %d is another one in its part", i)
		}
	}
}
