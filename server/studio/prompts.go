package studio

import (
	"context"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/server/api"
)

// learnPrompts makes the indices of package concept, which takes a moment.
func learnPrompts() {
	concept.Named("")
	concept.Nearest("a photo", 1)
}

// Know fills in which built-in edits the prompt of an effect names, or else what is known that is most like it.
func (s *Studio) Know(ctx context.Context, e *api.Effect) error {
	if _, err := s.prompts.get(ctx); err != nil {
		return err
	}
	var named bool
	var err error
	if e.Edit, named = concept.Named(e.Prompt); !named {
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

// suggestions are prompts to begin with, of all kinds. Each names built-in edits.
var suggestions = []string{
	"a watercolour painting", "a pencil sketch of a foggy day", "a winter landscape", "a starry night", "a comic book panel",
	"an oil painting of an autumn day", "a sepia photo", "a Japanese woodblock print", "an underwater world", "a thunderstorm",
	"a blueprint", "a charcoal drawing of a misty morning", "a vaporwave picture", "a landscape on Mars", "a polaroid of a sunset",
	"a pixel art image", "a night of northern lights", "an indigo and coral duotone", "a low poly image", "a woodcut of a desert",
}

// Suggest returns prompts like a text, or for "" some to begin with.
func (s *Studio) Suggest(ctx context.Context, text string, n int) ([]api.Suggestion, error) {
	if text != "" {
		return s.Nearest(ctx, text, n)
	}
	if _, err := s.prompts.get(ctx); err != nil {
		return nil, err
	}
	list := []api.Suggestion{}
	for _, prompt := range suggestions[:min(n, len(suggestions))] {
		edit, _ := concept.Named(prompt)
		list = append(list, api.Suggestion{Prompt: prompt, Edit: edit})
	}
	return list, nil
}
