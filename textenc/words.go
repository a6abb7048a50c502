package textenc

import (
	"fmt"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/nn"
)

// Size is the size of a [Words] encoder.
type Size struct {
	Tokens int // the most words in a prompt
	Width  int // of its vectors; a multiple of Heads
	Layers int
	Heads  int // of its attention
}

// Words is a Transformer encoder over a prompt's words, with learnt positions and pre-normalised layers.
//
// Words that name a colour are all the same word to it, beside the colour's red, green and blue: what it learns of some colours holds for
// those in between, by whatever name. Likewise, every word knows how much less or more than usual its clause asks for, and its vector is
// scaled by that: what weakens some edits weakens others too, of which no weak form was ever seen.
type Words struct {
	vocabulary        *Vocabulary
	size              Size
	embedding, places nn.Ref // [features, width], [tokens, width]
	amount            nn.Ref // [amounts, width]
	layers            []layer
	norm              nn.LayerNorm
}

type layer struct {
	norm1, norm2 nn.LayerNorm
	attention    nn.Attention
	mlp          MLP
}

// NewWords declares the encoder's parameters, whose names start with "text.".
func NewWords(p *nn.Params, v *Vocabulary, s Size) *Words {
	w := &Words{
		vocabulary: v, size: s,
		embedding: p.Add("text.words", nn.Init{Std: 0.5}, v.Len()+concept.NumColourFeatures+numAmounts, s.Width),
		amount:    p.Add("text.amounts", nn.Init{}, numAmounts, s.Width),
		places:    p.Add("text.places", nn.Init{Std: 0.1}, s.Tokens, s.Width),
	}
	for i := range s.Layers {
		name := fmt.Sprintf("text.layer%d.", i+1)
		w.layers = append(w.layers, layer{
			norm1: p.LayerNorm(name+"norm1", s.Width), attention: p.Attention(name+"attention", s.Width, s.Width, s.Heads, FanIn(s.Width)),
			norm2: p.LayerNorm(name+"norm2", s.Width), mlp: NewMLP(p, name+"mlp", s.Width, FanIn(4*s.Width)),
		})
	}
	w.norm = p.LayerNorm("text.norm", s.Width)
	return w
}

// Shape implements Encoder: a row has one number per word of the vocabulary, those that describe a colour, and those that say how much.
func (w *Words) Shape() (tokens, features int) {
	return w.size.Tokens, w.vocabulary.Len() + concept.NumColourFeatures + numAmounts
}

// Encode implements Encoder.
func (w *Words) Encode(prompt string, rows, mask []float32) (unknown []string, err error) {
	read := w.vocabulary.read(prompt)
	telling := slices.ContainsFunc(read.words, func(t token) bool { return t.isColour || !t.isAmount && !w.vocabulary.common[t.id] })
	if !telling || len(read.words) > w.size.Tokens {
		return read.unknown, &PromptError{Prompt: prompt, Unknown: read.unknown, Known: len(read.words), Most: w.size.Tokens}
	}
	clear(rows)
	clear(mask)
	_, features := w.Shape()
	for i, t := range read.words {
		row := rows[i*features:][:features]
		if t.isColour {
			f := concept.ColourFeatures(t.colour)
			copy(row[w.vocabulary.Len():], f[:])
		} else {
			row[t.id] = 1
		}
		copy(row[features-numAmounts:], t.amounts[:])
		mask[i] = 1
	}
	return read.unknown, nil
}

// Forward implements Encoder. A product with the rows looks the words up: backends have fast products,
// but not all of them have fast look-ups with a gradient.
func (w *Words) Forward(e *nn.Env, rows, mask *Node) *Node {
	x := DotGeneral(rows, []int{2}, nil, e.At(w.embedding), []int{0}, nil) // [batch, tokens, width]
	x = Add(x, ExpandLeftToRank(e.At(w.places), 3))
	for _, l := range w.layers {
		y := l.norm1.Apply(e, x)
		x = Add(x, Attend(e, l.attention, y, y, mask))
		x = Add(x, l.mlp.Apply(e, l.norm2.Apply(e, x)))
	}
	dims := rows.Shape().Dimensions
	amounts := SliceAxis(rows, 2, AxisRange(dims[2]-numAmounts, dims[2]))
	scale := DotGeneral(amounts, []int{2}, nil, e.At(w.amount), []int{0}, nil)
	return Mul(w.norm.Apply(e, x), AddScalar(scale, 1))
}

// FanIn returns the distribution that keeps the variance of in inputs.
func FanIn(in int) nn.Init { return nn.Init{Std: 1 / math.Sqrt(float64(in))} }

// MLP is a Transformer's two-layer perceptron with a hidden layer of four times its width.
type MLP struct{ Up, Down nn.Dense }

// NewMLP declares name.up and name.down; down starts from the distribution last.
func NewMLP(p *nn.Params, name string, width int, last nn.Init) MLP {
	return MLP{Up: p.Dense(name+".up", width, 4*width, true, FanIn(width)), Down: p.Dense(name+".down", 4*width, width, true, last)}
}

// Apply maps x [..., width] to the same shape.
func (m MLP) Apply(e *nn.Env, x *Node) *Node {
	return m.Down.Apply(e, nn.GELU(m.Up.Apply(e, x)))
}

// Attend is a.Apply with a mask [batch, contextPositions] of 1 for the positions of context that x may attend
// to and 0 for the others. Where all are 0, it attends to all.
func Attend(e *nn.Env, a nn.Attention, x, context, mask *Node) *Node {
	split := func(t *Node) *Node { // [batch, positions, heads, channels/heads]
		d := t.Shape().Dimensions
		return Reshape(t, d[0], d[1], a.Heads, d[2]/a.Heads)
	}
	q, k, v := split(a.Query.Apply(e, x)), split(a.Key.Apply(e, context)), split(a.Value.Apply(e, context))
	q = MulScalar(q, 1/math.Sqrt(float64(q.Shape().Dimensions[3])))
	scores := DotGeneral(q, []int{3}, []int{0, 2}, k, []int{3}, []int{0, 2}) // [batch, heads, positions, contextPositions]
	// Far below every score, so that its exponential is 0.
	shut := MulScalar(AddScalar(mask, -1), 1e9)
	d := mask.Shape().Dimensions
	p := Softmax(Add(scores, Reshape(shut, d[0], 1, 1, d[1])), -1)
	y := DotGeneral(p, []int{3}, []int{0, 1}, v, []int{1}, []int{0, 2}) // [batch, heads, positions, channels/heads]
	return a.Out.Apply(e, Reshape(TransposeAllAxes(y, 0, 2, 1, 3), x.Shape().Dimensions...))
}
