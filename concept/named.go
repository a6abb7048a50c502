package concept

import (
	"slices"
	"strings"
	"sync"
)

// Named returns the chain of edits that a prompt names in words that are known for it, as teacher.Parse reads it: as a whole, or as
// one thing "of" another ("a woodcut of a desert").
func Named(prompt string) (expr string, ok bool) {
	by := wordings()
	words := Tokens(prompt)
	if expr, ok = by[plain(words)]; ok {
		return expr, true
	}
	for i, w := range words {
		if w != "of" {
			continue
		}
		style, ok := by[plain(words[:i])]
		scene, okScene := by[plain(words[i+1:])]
		if ok && okScene {
			return scene + "+" + style, true
		}
	}
	return "", false
}

// wordings holds the edits of all wordings of all concepts. The first concept that has a wording keeps it.
var wordings = sync.OnceValue(func() map[string]string {
	by := map[string]string{}
	for _, c := range All() {
		for _, text := range slices.Concat(c.Phrasings(), c.HeldOut()) {
			if key := plain(Tokens(text)); by[key] == "" {
				by[key] = c.Expr
			}
		}
	}
	return by
})

// plain joins words except those that add no meaning.
func plain(words []string) string {
	kept := slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return w == "a" || w == "an" || w == "the" || w == "please"
	})
	return strings.Join(kept, " ")
}
