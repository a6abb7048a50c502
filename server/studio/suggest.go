package studio

import (
	"context"

	"github.com/warmstart-ml/warmstart/server/api"
)

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
	x, err := s.prompts.get(ctx)
	if err != nil {
		return nil, err
	}
	list := []api.Suggestion{}
	for _, prompt := range suggestions[:min(n, len(suggestions))] {
		edit, _ := x.edit(prompt)
		list = append(list, api.Suggestion{Prompt: prompt, Edit: edit})
	}
	return list, nil
}
