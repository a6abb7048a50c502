package textenc

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/concept"
)

// Vocabulary is a sorted set of words. A word's ID is its place.
type Vocabulary struct {
	words  []string
	common []bool // for each word, whether it is too common to tell what is asked for, like "a" or "photo"
	ids    map[string]int
}

// A word is common if it occurs with more than a quarter of the concepts, in a set large enough to say that.
const (
	commonShare = 4
	fewConcepts = 8
)

// NewVocabulary returns the vocabulary of the words in the wordings of concepts.
func NewVocabulary(wordings [][]string) *Vocabulary {
	count := map[string]int{} // the concepts that a word occurs with
	for _, texts := range wordings {
		words := concept.Tokens(strings.Join(texts, " "))
		slices.Sort(words)
		for _, w := range slices.Compact(words) {
			count[w]++
		}
	}
	v := vocabularyOf(slices.Sorted(maps.Keys(count)))
	for i, w := range v.words {
		v.common[i] = count[w] > max(len(wordings)/commonShare, fewConcepts)
	}
	return v
}

func vocabularyOf(sorted []string) *Vocabulary {
	v := &Vocabulary{words: sorted, common: make([]bool, len(sorted)), ids: make(map[string]int, len(sorted))}
	for i, w := range sorted {
		v.ids[w] = i
	}
	return v
}

// vocabularyJSON is how a vocabulary is written.
type vocabularyJSON struct {
	Words  []string `json:"words"`
	Common []string `json:"common"` // some of Words
}

// ParseVocabulary reads what String wrote.
func ParseVocabulary(text string) (*Vocabulary, error) {
	var j vocabularyJSON
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	if len(j.Words) == 0 {
		return nil, errors.New("vocabulary: it has no words")
	}
	for i, w := range j.Words {
		if tokens := concept.Tokens(w); len(tokens) != 1 || tokens[0] != w {
			return nil, fmt.Errorf("vocabulary: %q is not a word", w)
		}
		if i > 0 && j.Words[i-1] >= w {
			return nil, fmt.Errorf("vocabulary: %q is out of order", w)
		}
	}
	v := vocabularyOf(j.Words)
	for _, w := range j.Common {
		id, ok := v.ids[w]
		if !ok {
			return nil, fmt.Errorf("vocabulary: the common word %q is not among its words", w)
		}
		v.common[id] = true
	}
	return v, nil
}

// String returns the words as JSON.
func (v *Vocabulary) String() string {
	j := vocabularyJSON{Words: v.words, Common: []string{}}
	for i, w := range v.words {
		if v.common[i] {
			j.Common = append(j.Common, w)
		}
	}
	text, _ := json.Marshal(j) // strings: cannot fail
	return string(text)
}

// Len returns the number of words.
func (v *Vocabulary) Len() int { return len(v.words) }

// token is a word that can be encoded.
type token struct {
	id       int // of other words than colours
	isColour bool
	colour   [3]float32
	isAmount bool                // says how much, not what
	amounts  [numAmounts]float32 // that its clause has
}

// reading is a prompt's words in order.
type reading struct {
	words   []token
	unknown []string
}

// read looks up a prompt's words. Words of the vocabulary are colours if the built-in edits have them, others if CSS has: "snow" is a colour
// there, and a concept here.
func (v *Vocabulary) read(prompt string) (r reading) {
	for _, c := range clauses(prompt) {
		for _, word := range c.words {
			id, known := v.ids[word]
			colour, isColour := taughtColours()[word]
			if !known && !isColour {
				colour, isColour = knownColours()[word]
			}
			_, isAmount := amountWords[word]
			if known || isColour {
				r.words = append(r.words, token{id, isColour, colour, isAmount, c.amounts})
			} else if !isAmount {
				r.unknown = append(r.unknown, word)
			}
		}
	}
	return r
}

// IDs returns the IDs of a prompt's words in order, and the words that are not in the vocabulary.
func (v *Vocabulary) IDs(prompt string) (ids []int, unknown []string) {
	for _, w := range concept.Tokens(prompt) {
		if id, ok := v.ids[w]; ok {
			ids = append(ids, id)
		} else {
			unknown = append(unknown, w)
		}
	}
	return ids, unknown
}
