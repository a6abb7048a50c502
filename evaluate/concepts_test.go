package evaluate

import (
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/concept"
)

func TestAsks(t *testing.T) {
	all := asks(0)
	n := 0
	for _, g := range concept.Groups() {
		n += len(concept.Unseen(g))
	}
	if len(all) != n {
		t.Errorf("%d asks for %d unseen concepts", len(all), n)
	}
	prompts := map[string]bool{}
	for _, a := range all {
		phrasings, held := a.Phrasings(), a.HeldOut()
		switch {
		case a.Group == concept.Wording && (!slices.Contains(held, a.prompt) || slices.Contains(phrasings, a.prompt)):
			t.Errorf("%s: %q is no held-out wording", a.ID, a.prompt)
		case a.Group != concept.Wording && (a.IsSeen() || !slices.Contains(phrasings, a.prompt)):
			t.Errorf("%s, seen: %v: %q", a.ID, a.IsSeen(), a.prompt)
		}
		prompts[a.prompt] = true
	}
	if len(prompts) < n*9/10 {
		t.Errorf("%d prompts for %d concepts", len(prompts), n)
	}
	for _, g := range concept.Groups() {
		if few := ofGroup(asks(3), g); len(few) != 3 {
			t.Errorf("%d of group %s, wanted 3", len(few), g)
		}
	}
}

func TestSpread(t *testing.T) {
	all := asks(0)
	for _, n := range []int{1, 2, 10, 16, 24} {
		some := spread(all, n)
		ids := map[string]bool{}
		counts := map[concept.Group]int{}
		for _, a := range some {
			ids[a.ID] = true
			counts[a.Group]++
		}
		if len(some) != n || len(ids) != n {
			t.Errorf("%d of %d concepts, %d different", len(some), n, len(ids))
		}
		for g, k := range counts {
			if k > (n+3)/4 {
				t.Errorf("%d of %d concepts are of group %s", k, n, g)
			}
		}
		rest := others(all, some)
		if len(rest) != len(all)-n {
			t.Errorf("%d others beside %d of %d", len(rest), n, len(all))
		}
	}
	if len(spread(all, 0)) != len(all) || len(others(all, all)) != len(all) {
		t.Error("0 stands for all")
	}
	if got := evenly([]int{0, 1, 2, 3, 4, 5}, 3); !slices.Equal(got, []int{1, 3, 5}) {
		t.Errorf("evenly: %v", got)
	}
}

func TestShuffled(t *testing.T) {
	for _, all := range [][]ask{asks(0), asks(2)} {
		taken := map[int]bool{}
		for i, j := range shuffled(all) {
			if i == j || all[i].Group != all[j].Group {
				t.Errorf("%s of group %s gets the prompt of %s of group %s", all[i].ID, all[i].Group, all[j].ID, all[j].Group)
			}
			taken[j] = true
		}
		if len(taken) != len(all) {
			t.Errorf("%d of %d prompts are used", len(taken), len(all))
		}
	}
}
