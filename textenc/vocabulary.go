package textenc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/warmstart-ml/warmstart/concept"
)

// Vocabulary is a sorted set of words. A word's ID is its place.
type Vocabulary struct {
	words []string
	ids   map[string]int
}

// NewVocabulary returns the vocabulary of the words in texts.
func NewVocabulary(texts []string) *Vocabulary {
	var words []string
	for _, t := range texts {
		words = append(words, concept.Tokens(t)...)
	}
	slices.Sort(words)
	return vocabularyOf(slices.Compact(words))
}

func vocabularyOf(sorted []string) *Vocabulary {
	v := &Vocabulary{words: sorted, ids: make(map[string]int, len(sorted))}
	for i, w := range sorted {
		v.ids[w] = i
	}
	return v
}

// ParseVocabulary reads what String wrote.
func ParseVocabulary(text string) (*Vocabulary, error) {
	var words []string
	if err := json.Unmarshal([]byte(text), &words); err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	if len(words) == 0 {
		return nil, errors.New("vocabulary: it has no words")
	}
	for i, w := range words {
		if tokens := concept.Tokens(w); len(tokens) != 1 || tokens[0] != w {
			return nil, fmt.Errorf("vocabulary: %q is not a word", w)
		}
		if i > 0 && words[i-1] >= w {
			return nil, fmt.Errorf("vocabulary: %q is out of order", w)
		}
	}
	return vocabularyOf(words), nil
}

// String returns the words as a JSON array.
func (v *Vocabulary) String() string {
	text, _ := json.Marshal(v.words) // strings: cannot fail
	return string(text)
}

// Len returns the number of words.
func (v *Vocabulary) Len() int { return len(v.words) }

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
