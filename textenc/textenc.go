// Package textenc turns prompts into sequences of vectors that other networks attend to.
//
// An [Encoder] has two halves. Encode runs on the host: it writes a prompt as rows of numbers and a mask. Forward
// runs in the graph of the network that is conditioned: it maps the rows to vectors of that network's width,
// and its parameters are learnt with that network's. [Words] is the built-in encoder, whose rows are one-hot
// words; an encoder with frozen weights of its own would write its vectors as rows and only project them.
package textenc

import (
	"fmt"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// Encoder maps prompts to sequences of vectors.
type Encoder interface {
	// Shape returns the length of the sequences and the width of the rows that Encode writes.
	Shape() (tokens, features int)
	// Encode writes a prompt's rows [tokens, features], and into mask [tokens] 1 for each row in use and 0 for the
	// others. It returns the words that it does not know, which it skipped. The error is a *PromptError.
	Encode(prompt string, rows, mask []float32) (unknown []string, err error)
	// Forward maps rows [batch, tokens, features] with mask [batch, tokens] to vectors [batch, tokens, width].
	// Those that are masked out mean nothing.
	Forward(e *nn.Env, rows, mask *Node) *Node
}

// PromptError tells why a prompt cannot be encoded.
type PromptError struct {
	Prompt  string
	Unknown []string // the prompt's unknown words
	Known   int      // the number of known ones
	Most    int      // the largest number allowed
}

func (e *PromptError) Error() string {
	switch {
	case e.Known > e.Most:
		return fmt.Sprintf("the prompt has %d known words, at most %d are allowed: shorten it", e.Known, e.Most)
	case len(e.Unknown) == 0 && e.Known > 0:
		return "the prompt does not say what to do: name an edit, as in \"a sepia photo of a foggy day\""
	case len(e.Unknown) == 0:
		return "the prompt has no words: describe the edit, as in \"a sepia photo of a foggy day\""
	}
	const shown = 8 // prompts may be pages long
	words, more := e.Unknown, ""
	if len(words) > shown {
		words, more = words[:shown], ", …"
	}
	return fmt.Sprintf("the words of the prompt that matter are unknown (%s%s): describe the edit in other words", strings.Join(words, ", "), more)
}
