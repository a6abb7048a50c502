package concept

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// american maps American spellings to those of the grammar.
var american = map[string]string{
	"color": "colour", "colors": "colours", "colored": "coloured", "colorful": "colourful", "gray": "grey",
	"grayscale": "greyscale", "watercolor": "watercolour", "watercolors": "watercolours", "center": "centre",
}

// Tokens splits a prompt into words: lower case, cut at whatever is neither letter nor digit, in British spelling.
func Tokens(prompt string) []string {
	words := strings.FieldsFunc(strings.ToLower(prompt), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for i, w := range words {
		if british, ok := american[w]; ok {
			words[i] = british
		}
	}
	return words
}

// common is the share of concepts from which on a word says nothing about which one is meant ("make", "photo").
const common = 0.2

// index holds the words of the training wordings.
type index struct {
	vocabulary []string
	rarity     map[string]float64 // of every word: ln(common*concepts/those with it), 0 for common words
	concepts   []Concept          // the seen ones
	words      [][]string         // of each of them, sorted
}

var buildIndex = sync.OnceValue(func() index {
	x := index{rarity: map[string]float64{}, concepts: Seen()}
	for _, c := range x.concepts {
		var words []string
		for _, wording := range c.Phrasings() {
			words = append(words, Tokens(wording)...)
		}
		slices.Sort(words)
		words = slices.Compact(words)
		x.words = append(x.words, words)
		for _, w := range words {
			x.rarity[w]++
		}
	}
	for w, n := range x.rarity {
		x.vocabulary = append(x.vocabulary, w)
		x.rarity[w] = max(0, math.Log(common*float64(len(x.concepts))/n))
	}
	slices.Sort(x.vocabulary)
	return x
})

// Vocabulary returns the sorted words of all wordings that models train on.
func Vocabulary() []string { return slices.Clone(buildIndex().vocabulary) }

// Nearest returns the k seen concepts whose words are most like those of a prompt, best first: shared words
// count by their rarity, and for unknown words those that resemble them count in part.
func Nearest(prompt string, k int) []Concept {
	x := buildIndex()
	score := make([]float64, len(x.concepts))
	for _, token := range Tokens(prompt) {
		alike := x.alike(token)
		for i, words := range x.words {
			best := 0.0
			for _, w := range words {
				best = max(best, alike[w])
			}
			score[i] += best
		}
	}
	// Of equals the one with fewer parts wins, then the earlier one.
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
		score[i] /= 2 + float64(len(x.concepts[i].parts))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	nearest := make([]Concept, max(0, min(k, len(order))))
	for i := range nearest {
		nearest[i] = x.concepts[order[i]]
	}
	return nearest
}

// alike returns how much each known word counts as the token: only itself if it is known, else what resembles it.
func (x index) alike(token string) map[string]float64 {
	if rarity, known := x.rarity[token]; known {
		return map[string]float64{token: rarity}
	}
	count := map[string]float64{}
	for _, w := range x.vocabulary {
		if s := resemblance(token, w) * x.rarity[w]; s > 0 {
			count[w] = s
		}
	}
	return count
}

// resemblance is the share of letter pairs that two words have in common, 0 to 1 (Dice's coefficient), squared.
func resemblance(a, b string) float64 {
	if len(a) < 2 || len(b) < 2 {
		return 0
	}
	common := 0
	for i := range len(a) - 1 {
		if strings.Contains(b, a[i:i+2]) {
			common++
		}
	}
	dice := 2 * float64(common) / float64(len(a)+len(b)-2)
	return min(1, dice*dice)
}
