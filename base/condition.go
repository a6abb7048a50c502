package base

import (
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/nn"
)

// condition makes adapters of concepts: a residual perceptron on the sum of vectors for a concept's features. What it learns of an ingredient
// in one concept serves all that have it, and the adapters of like concepts stay alike, which is what a weight generator can learn. It
// is left behind when the base is done; the adapters that it ends with are where a zoo begins.
type condition struct {
	params   nn.Params
	features map[string]int
	words    nn.Ref // [features, width]
	layers   []conditionLayer
	norm     nn.LayerNorm
	out      nn.Dense // to an adapter's values
}

type conditionLayer struct {
	norm     nn.LayerNorm
	up, down nn.Dense
}

const conditionLayers = 2

// conditionScale is what the last layer's outputs are multiplied by. Adam moves every weight by about the learning rate, and the hundreds that a value
// of an adapter is the sum of move together: without the factor, adapters jump about at rates from which the layers before learn well.
const conditionScale = 0.05

// newCondition declares the parameters for the features of the given concepts and adapters of n values.
func newCondition(concepts []concept.Concept, width, n int) *condition {
	c := &condition{features: map[string]int{}}
	var names []string
	for _, k := range concepts {
		for _, f := range k.Features() {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	for i, name := range slices.Compact(names) {
		c.features[name] = i
	}
	fan := nn.Init{Std: 1 / math.Sqrt(float64(width))}
	c.words = c.params.Add("features", nn.Init{Std: 0.5}, len(c.features), width)
	for i := range conditionLayers {
		name := "layer" + string(rune('1'+i))
		c.layers = append(c.layers, conditionLayer{
			norm: c.params.LayerNorm(name+".norm", width),
			up:   c.params.Dense(name+".up", width, 2*width, true, fan),
			down: c.params.Dense(name+".down", 2*width, width, true, nn.Init{Std: 0.5 / math.Sqrt(2*float64(width))}),
		})
	}
	c.norm = c.params.LayerNorm("norm", width)
	c.out = c.params.Dense("out", width, n, true, nn.Init{}) // zero: training starts from the identity
	return c
}

// encode writes a concept's features as a row, zeros for those that it lacks.
func (c *condition) encode(k concept.Concept, row []float32) {
	clear(row)
	for _, f := range k.Features() {
		row[c.features[f.Name]] = f.Value
	}
}

// forward maps rows [concepts, features] to adapters [concepts, values].
func (c *condition) forward(e *nn.Env, rows *Node) *Node {
	h := DotGeneral(rows, []int{1}, nil, e.At(c.words), []int{0}, nil)
	for _, l := range c.layers {
		h = Add(h, l.down.Apply(e, nn.GELU(l.up.Apply(e, l.norm.Apply(e, h)))))
	}
	return MulScalar(c.out.Apply(e, c.norm.Apply(e, h)), conditionScale)
}
