// Package teacher makes the target pictures that image-to-image networks learn from: it holds the
// built-in edits, their parameters, and the expression language that chains them
// ("autumn+pencil-sketch:strength=0.7").
//
// An edit is a pure function of the picture, its parameters and a seed: the same arguments give the same
// bits in every run. Sizes are fractions of the picture's short side, so that an edit looks alike at 64 and
// at 1024 pixels. Random texture (grain, rain, stars) comes from the seed alone.
package teacher

import (
	"fmt"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
)

// MinSide is the smallest width and height, in pixels, that edits accept.
const MinSide = 16

// Kind says what an edit changes.
type Kind string

// The kinds of edit.
const (
	Colour  Kind = "colour"  // colour and tone of every pixel
	Texture Kind = "texture" // drawing, painting, printing, lenses and old media
	Scenery Kind = "scene"   // weather, season, light, place
)

// Param is one setting of an edit.
type Param struct {
	Name string
	Unit string // "" for a plain number
	Help string
	// Min, Max and Default bound a number. For a choice they are indices into Choices.
	Min, Max, Default float64
	Choices           []string // names to choose from; nil for a number
}

// Edit is one built-in change of a picture.
type Edit struct {
	Name  string // as written in expressions: "pencil-sketch"
	Title string // as said in a sentence: "pencil sketch"
	Kind  Kind
	// Params always starts with "strength": 0 leaves the picture as it is, 1 is the whole edit.
	Params []Param
	// NeedsMasks is set where the edit has to know what is sky, tree or water: it needs Source.Scene.
	NeedsMasks bool
	apply      func(c *canvas)
}

// Source is what an edit may look at.
type Source struct {
	// Image is the picture to edit; it is not changed.
	Image *imageio.Image
	// Scene holds masks, depth and light of the same size; nil for a photo.
	Scene *scene.Scene
}

// FromScene returns the source of a procedural scene.
func FromScene(s *scene.Scene) Source { return Source{Image: s.Image, Scene: s} }

// Edits returns all built-in edits, ordered by family.
func Edits() []Edit {
	all := slices.Concat(toneEdits(), tintEdits(), drawEdits(), paintEdits(), printEdits(), tileEdits(),
		blurEdits(), retroEdits(), weatherEdits(), seasonEdits(), lightEdits())
	strength := num("strength", "", "0 leaves the picture as it is, 1 is the whole edit", 0, 1, 1)
	for i := range all {
		all[i].Params = append([]Param{strength}, all[i].Params...)
	}
	return all
}

// Find returns the edit of that name. The error for an unknown name lists the nearest ones.
func Find(name string) (Edit, error) {
	all := Edits()
	names := make([]string, len(all))
	for i, e := range all {
		if e.Name == name {
			return e, nil
		}
		names[i] = e.Name
	}
	return Edit{}, fmt.Errorf("no edit is called %q; nearest: %s", name, strings.Join(closest(name, names, 3), ", "))
}

// num describes a numeric setting.
func num(name, unit, help string, lo, hi, def float64) Param {
	return Param{Name: name, Unit: unit, Help: help, Min: lo, Max: hi, Default: def}
}

// size describes a length as a fraction of the picture's short side.
func size(name, help string, lo, hi, def float64) Param {
	return num(name, "of the short side", help, lo, hi, def)
}

// angle describes a direction in degrees.
func angle(help string, def float64) Param { return num("angle", "degrees", help, -180, 180, def) }

// pick describes a choice by name; def has to be one of them.
func pick(name, help, def string, choices []string) Param {
	return Param{Name: name, Help: help, Max: float64(len(choices) - 1), Default: float64(slices.Index(choices, def)), Choices: choices}
}

// colour describes a choice among the named colours.
func colour(name, help, def string) Param { return pick(name, help, def, colourNames()) }

// closest returns the n candidates with the smallest edit distance; one that contains the word or is
// contained in it counts as near.
func closest(word string, candidates []string, n int) []string {
	cost := func(c string) int {
		d := 2 * levenshtein(word, c)
		if word != "" && (strings.Contains(c, word) || strings.Contains(word, c)) {
			d = min(d, 3)
		}
		return d
	}
	sorted := slices.Clone(candidates)
	slices.SortStableFunc(sorted, func(a, b string) int { return cost(a) - cost(b) })
	return sorted[:min(n, len(sorted))]
}

// levenshtein counts the insertions, deletions and replacements of bytes between two words.
func levenshtein(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
