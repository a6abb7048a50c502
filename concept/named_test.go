package concept

import (
	"testing"

	"github.com/warmstart-ml/warmstart/teacher"
)

func TestNamed(t *testing.T) {
	for prompt, want := range map[string]string{
		"a pencil sketch":                    "pencil-sketch",
		"Pencil sketch, please!":             "pencil-sketch",
		"a pencil sketch of a foggy day":     "fog+pencil-sketch",
		"a woodcut of a desert":              "desert+woodcut",
		"a night of fireworks":               "fireworks",
		"a polaroid of a night of fireworks": "fireworks+polaroid",
		"a pencil sketch of a bandersnatch":  "",
		"of":                                 "",
		"":                                   "",
	} {
		expr, ok := Named(prompt)
		if expr != want || ok != (want != "") {
			t.Errorf("%q: %q, %t", prompt, expr, ok)
		}
		if _, err := teacher.Parse(expr); ok && err != nil {
			t.Error(err)
		}
	}
	for _, c := range All()[:100] {
		if expr, ok := Named(c.Phrasings()[0]); !ok || expr != c.Expr {
			t.Errorf("%s: %q, %t", c.ID, expr, ok)
		}
	}
}
