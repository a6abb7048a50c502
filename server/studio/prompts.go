package studio

import (
	"context"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/server/api"
)

// promptIndex finds the built-in edits that a prompt names.
type promptIndex struct{ exprs map[string]string } // by the words of prompts

// newPromptIndex takes a moment.
func newPromptIndex(ctx context.Context) (*promptIndex, error) {
	x := &promptIndex{exprs: map[string]string{}}
	for _, c := range concept.All() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for _, text := range append(c.Phrasings(), c.HeldOut()...) {
			if key := promptKey(concept.Tokens(text)); x.exprs[key] == "" {
				x.exprs[key] = c.Expr
			}
		}
	}
	concept.Nearest("a photo", 1) // which makes an index of its own
	return x, nil
}

// promptKey joins words except those that add no meaning.
func promptKey(words []string) string {
	kept := slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return w == "a" || w == "an" || w == "the" || w == "please"
	})
	return strings.Join(kept, " ")
}

// edit returns the edits that a prompt names: as a whole, or as one thing "of" another ("a woodcut of a desert").
func (x *promptIndex) edit(prompt string) (expr string, ok bool) {
	words := concept.Tokens(prompt)
	if expr, ok = x.exprs[promptKey(words)]; ok {
		return expr, true
	}
	for i, w := range words {
		if w != "of" {
			continue
		}
		style, ok := x.exprs[promptKey(words[:i])]
		scene, okScene := x.exprs[promptKey(words[i+1:])]
		if ok && okScene {
			return scene + "+" + style, true
		}
	}
	return "", false
}

// Know fills in which built-in edits the prompt of an effect names, or else what is known that is most like it.
func (s *Studio) Know(ctx context.Context, e *api.Effect) error {
	x, err := s.prompts.get(ctx)
	if err != nil {
		return err
	}
	var ok bool
	if e.Edit, ok = x.edit(e.Prompt); !ok {
		e.Nearest, err = s.Nearest(ctx, e.Prompt, 3)
	}
	return err
}

// Nearest returns what is known that is most like a prompt.
func (s *Studio) Nearest(ctx context.Context, prompt string, n int) ([]api.Suggestion, error) {
	if _, err := s.prompts.get(ctx); err != nil {
		return nil, err
	}
	list := []api.Suggestion{}
	for _, c := range concept.Nearest(prompt, n) {
		list = append(list, api.Suggestion{Prompt: c.Phrasings()[0], Edit: c.Expr})
	}
	return list, nil
}
