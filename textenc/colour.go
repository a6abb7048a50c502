package textenc

import (
	"sync"

	"golang.org/x/image/colornames"

	"github.com/warmstart-ml/warmstart/teacher"
)

// colourFeatures is the number of numbers that describe a colour: that it is one, its red, green and blue, and their products. Of these,
// linear layers can make any quadratic function of the colour.
const colourFeatures = 10

// knownColours returns the sRGB values, 0 to 1, of words that name a colour: those of the built-in edits, and those of CSS.
var knownColours = sync.OnceValue(func() map[string][3]float32 {
	known := map[string][3]float32{}
	for name, c := range colornames.Map {
		known[name] = [3]float32{float32(c.R) / 255, float32(c.G) / 255, float32(c.B) / 255}
	}
	for name, c := range teacher.Colours() {
		known[name] = c
	}
	return known
})

// taughtColours are the colours of the built-in edits.
var taughtColours = sync.OnceValue(teacher.Colours)

// describeColour writes a colour's features.
func describeColour(c [3]float32, features []float32) {
	r, g, b := 2*c[0]-1, 2*c[1]-1, 2*c[2]-1
	copy(features, []float32{1, r, g, b, r * r, g * g, b * b, r * g, r * b, g * b})
}
