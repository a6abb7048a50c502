package concept

import (
	"fmt"
	"strings"

	"github.com/warmstart-ml/warmstart/teacher"
)

// Feature is a property of a concept, with its amount.
type Feature struct {
	Name  string
	Value float32
}

// Features returns what the concept consists of, such that concepts which have no setting in common still share what it is made of: which
// edits there are, and for each slot how far its edit goes and what its colours look like. They tell all concepts apart.
func (c Concept) Features() []Feature {
	colours := teacher.Colours()
	var list []Feature
	for _, p := range c.parts {
		list = append(list, Feature{"ingredient " + p.name, 1})
		if p.strength != normal {
			list = append(list, Feature{fmt.Sprintf("slot %d %s", p.slot, p.strength), 1})
		}
		if p.colour == "" {
			continue
		}
		for i, name := range strings.Split(p.colour, "/") {
			for j, v := range ColourFeatures(colours[name]) {
				list = append(list, Feature{fmt.Sprintf("slot %d colour %d.%d", p.slot, i+1, j), v})
			}
		}
	}
	return list
}

// NumColourFeatures is the number of numbers that describe a colour to a network.
const NumColourFeatures = 10

// ColourFeatures describes a colour, given by its red, green and blue from 0 to 1: a one, that there is a colour, its channels from -1 to 1, and
// their products. Of these, a linear layer makes any quadratic function of the colour.
func ColourFeatures(rgb [3]float32) [NumColourFeatures]float32 {
	r, g, b := 2*rgb[0]-1, 2*rgb[1]-1, 2*rgb[2]-1
	return [...]float32{1, r, g, b, r * r, g * g, b * b, r * g, r * b, g * b}
}
