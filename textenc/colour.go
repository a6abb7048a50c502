package textenc

import (
	"sync"

	"golang.org/x/image/colornames"

	"github.com/warmstart-ml/warmstart/teacher"
)

// knownColours returns the sRGB values, 0 to 1, of words that name a colour: those of the built-in edits, and those of CSS.
var knownColours = sync.OnceValue(func() map[string][3]float32 {
	known := map[string][3]float32{"rebeccapurple": {0x66 / 255., 0x33 / 255., 0x99 / 255.}} // CSS has it beside the names of SVG
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
