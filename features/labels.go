package features

import (
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/concept"
)

// Labels returns the names of the ingredients that the network tells apart: those of seen concepts, in order.
func Labels() []string {
	var names []string
	for _, c := range concept.Seen() {
		names = append(names, ingredients(c)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ingredients returns the names of what a concept is made of, whatever their colours and strengths.
func ingredients(c concept.Concept) (names []string) {
	for _, f := range c.Features() {
		if name, ok := strings.CutPrefix(f.Name, "ingredient "); ok {
			names = append(names, name)
		}
	}
	return names
}
