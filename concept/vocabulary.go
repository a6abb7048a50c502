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
	words := fields(prompt)
	for i, w := range words {
		if british, ok := american[w]; ok {
			words[i] = british
		}
	}
	return words
}

// fields is Tokens as the prompt spells them.
func fields(prompt string) []string {
	return strings.FieldsFunc(strings.ToLower(prompt), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// common is the share of concepts from which on a word says nothing about which one is meant ("make", "photo").
const common = 0.2

// index holds the words of the training wordings, each of which has a number.
type index struct {
	words    []string       // by number
	numbers  map[string]int // of words in any spelling that wordings have
	rarity   []float64      // of every word: ln(common*concepts/those with it), 0 for common words
	concepts []Concept      // the seen ones
	said     [][]int32      // the numbers of each one's words
}

var buildIndex = sync.OnceValue(func() *index {
	x := &index{numbers: map[string]int{}, concepts: Seen()}
	var last []int // the concept, counted from 1, that a word was last seen in
	for i, c := range x.concepts {
		var said []int32
		for _, wording := range c.Phrasings() {
			for _, field := range fields(wording) {
				n := x.number(field)
				if n == len(last) {
					last, x.rarity = append(last, 0), append(x.rarity, 0)
				}
				if last[n] != i+1 {
					last[n] = i + 1
					x.rarity[n]++
					said = append(said, int32(n))
				}
			}
		}
		x.said = append(x.said, said)
	}
	for i, n := range x.rarity {
		x.rarity[i] = max(0, math.Log(common*float64(len(x.concepts))/n))
	}
	return x
})

// number returns that of a word of a wording.
func (x *index) number(field string) int {
	if n, known := x.numbers[field]; known {
		return n
	}
	word := field
	if british, ok := american[field]; ok {
		word = british
	}
	n, known := x.numbers[word]
	if !known {
		n = len(x.words)
		x.words = append(x.words, word)
		x.numbers[word] = n
	}
	x.numbers[field] = n
	return n
}

// Nearest returns the k seen concepts whose words are most like those of a prompt, best first: shared words
// count by their rarity, and for unknown words those that resemble them count in part.
func Nearest(prompt string, k int) []Concept {
	x := buildIndex()
	score := make([]float64, len(x.concepts))
	for _, token := range Tokens(prompt) {
		alike := x.alike(token)
		for i, words := range x.said {
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

// alike returns how much each word counts as the token: only itself if it is known, else what resembles it.
func (x *index) alike(token string) []float64 {
	count := make([]float64, len(x.words))
	if n, known := x.numbers[token]; known {
		count[n] = x.rarity[n]
		return count
	}
	for n, w := range x.words {
		count[n] = resemblance(token, w) * x.rarity[n]
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
