package textenc

import (
	"strings"

	"github.com/warmstart-ml/warmstart/concept"
)

// numAmounts is the number of numbers that say how much is asked for: how much less than usual, and how much more.
const numAmounts = 2

// amount is a word that says how much of an edit is asked for.
type amount struct {
	which int     // of the numbers: less or more
	value float32 // 1 for "slightly" and for "strongly"
}

// Numbers of an amount.
const (
	less = iota
	more
)

// amountWords maps words to what they ask for.
var amountWords = amounts(map[amount]string{
	{less, 1.5}: "barely trace hardly faint faintly",
	{less, 1}:   "slightly slight bit little hint touch subtle subtly mild mildly lightly weak weakly gently",
	{less, 0.5}: "moderately moderate somewhat",
	{more, 0.5}: "noticeably decidedly pronounced",
	{more, 1}:   "very extremely strong strongly heavy heavily lot much intense intensely extreme really super totally",
})

func amounts(words map[amount]string) map[string]amount {
	of := map[string]amount{}
	for a, list := range words {
		for _, w := range strings.Fields(list) {
			of[w] = a
		}
	}
	return of
}

// clauseWords begin a new clause.
var clauseWords = map[string]bool{
	"with": true, "in": true, "on": true, "under": true, "through": true, "at": true, "then": true, "but": true, "while": true, "and": true, "of": true,
}

// clause is a part of a prompt in which words that say how much speak of all others.
type clause struct {
	words   []string
	amounts [numAmounts]float32
}

// clauses cuts a prompt at punctuation and before words that begin something new: "a strongly tinted photo | of a misty lake | with a hint of grain".
// "Of" begins nothing after an amount, and "and" nothing between two colours.
func clauses(prompt string) (all []clause) {
	for _, part := range strings.FieldsFunc(prompt, func(r rune) bool { return strings.ContainsRune(",;:.!?()", r) }) {
		words := concept.Tokens(part)
		c := clause{}
		for i, w := range words {
			if i > 0 && clauseWords[w] && !joins(words, i) {
				all, c = append(all, c), clause{}
			}
			c.words = append(c.words, w)
			if a, ok := amountWords[w]; ok {
				c.amounts[a.which] = max(c.amounts[a.which], a.value)
			}
		}
		if len(c.words) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// joins tells whether a word that can begin a clause joins its neighbours instead.
func joins(words []string, i int) bool {
	switch words[i] {
	case "of":
		_, amount := amountWords[words[i-1]]
		return amount
	case "and":
		colours := knownColours()
		_, left := colours[words[i-1]]
		if i+1 == len(words) {
			return false
		}
		_, right := colours[words[i+1]]
		return left && right
	}
	return false
}
