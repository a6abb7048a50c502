package evaluate

import (
	"slices"

	"github.com/warmstart-ml/warmstart/concept"
)

// ask is an unseen concept and the prompt that asks for it.
type ask struct {
	concept.Concept
	prompt string
}

// asks returns n concepts of each group, spread over it, or all of them if n is 0. The i-th is asked for in the i-th of its wordings,
// and so on round; those of group concept.Wording in a wording that nothing was trained on.
func asks(n int) []ask {
	var list []ask
	for _, g := range concept.Groups() {
		var group []ask
		for i, c := range concept.Unseen(g) {
			wordings := c.Phrasings()
			if g == concept.Wording {
				wordings = c.HeldOut()
			}
			group = append(group, ask{c, wordings[i%len(wordings)]})
		}
		list = append(list, evenly(group, n)...)
	}
	return list
}

// evenly returns n items with equal distances, or all of them if n is 0 or there are no more.
func evenly[T any](items []T, n int) []T {
	if n == 0 || n >= len(items) {
		return items
	}
	var some []T
	for i := range n {
		some = append(some, items[(2*i+1)*len(items)/(2*n)])
	}
	return some
}

// spread returns n asks, as equally many of each group as can be and spread over it; all of them if n is 0.
func spread(all []ask, n int) []ask {
	if n == 0 || n >= len(all) {
		return all
	}
	var some []ask
	groups := concept.Groups()
	for i, g := range groups {
		if share := (n + len(groups) - 1 - i) / len(groups); share > 0 {
			some = append(some, evenly(ofGroup(all, g), share)...)
		}
	}
	return some
}

func ofGroup(all []ask, g concept.Group) []ask {
	return slices.DeleteFunc(slices.Clone(all), func(a ask) bool { return a.Group != g })
}

// others returns the asks that are not among some, or all if there are no others.
func others(all, some []ask) []ask {
	taken := map[string]bool{}
	for _, a := range some {
		taken[a.ID] = true
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(a ask) bool { return taken[a.ID] })
	if len(rest) == 0 {
		return all
	}
	return rest
}

// shuffled returns for each ask the index of another one of its group, whose prompt takes the place of its own: half the group further
// on. An ask that is alone in its group gets its own.
func shuffled(all []ask) []int {
	groups := map[concept.Group][]int{}
	for i, a := range all {
		groups[a.Group] = append(groups[a.Group], i)
	}
	other := make([]int, len(all))
	for _, members := range groups {
		for i, at := range members {
			other[at] = members[(i+(len(members)+1)/2)%len(members)]
		}
	}
	return other
}
