package textenc

import (
	"strings"

	"github.com/warmstart-ml/warmstart/concept"
)

// numAmounts is the number of numbers that say how much is asked for: whether less than usual, and whether more.
const numAmounts = 2

// amountWords say how much of an edit is asked for: 0 for less than usual, 1 for more.
var amountWords = map[string]int{
	"slightly": 0, "slight": 0, "bit": 0, "little": 0, "hint": 0, "touch": 0, "subtle": 0, "subtly": 0, "faint": 0, "faintly": 0, "mild": 0, "mildly": 0,
	"somewhat": 0, "lightly": 0, "barely": 0, "weak": 0, "weakly": 0, "gently": 0,
	"very": 1, "extremely": 1, "strong": 1, "strongly": 1, "heavy": 1, "heavily": 1, "lot": 1, "much": 1, "intense": 1, "intensely": 1, "extreme": 1,
	"really": 1, "super": 1, "totally": 1,
}

// clauseWords begin a new clause.
var clauseWords = map[string]bool{
	"with": true, "in": true, "on": true, "under": true, "through": true, "at": true, "then": true, "but": true, "while": true, "and": true, "of": true,
}

// clause is a part of a prompt in which words that say how much speak of all others.
type clause struct {
	words   []string
	amounts [numAmounts]bool
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
				c.amounts[a] = true
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
