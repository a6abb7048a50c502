package weightgen

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/textenc"
)

// dit is a diffusion Transformer (Peebles and Xie, arXiv 2212.09748) over the blocks of an adapter, with
// cross-attention to the prompt as in PixArt (arXiv 2310.00426). Gates and the last layer start at 0, so that it
// predicts 0 at first. The output of cross-attention does not, as it does in PixArt: with that, four layers took 1,000
// steps for what two layers learn here in 400 (on the zoo described at DefaultConfig).
//
// Its last layer has a matrix for each block: the values of different blocks have nothing in common, and one matrix
// [width, size] for all would keep them in one subspace of width dimensions.
type dit struct {
	in       nn.Dense
	layers   []ditLayer
	norm     nn.LayerNorm
	modulate nn.Dense
	out      nn.Ref // [blocks, width, size]
	outBias  nn.Ref // [blocks, size]
}

type ditLayer struct {
	modulate            nn.Dense // to shift, scale and gate, of attention and MLP
	norm1, norm2, norm3 nn.LayerNorm
	self, cross         nn.Attention
	mlp                 textenc.MLP
}

func newDiT(p *nn.Params, c Config, l Layout) *dit {
	w, zero := c.Width, nn.Init{}
	d := &dit{in: p.Dense("in", l.Size, w, true, textenc.FanIn(l.Size))}
	for i := range c.Layers {
		name := fmt.Sprintf("layer%d.", i+1)
		d.layers = append(d.layers, ditLayer{
			modulate: p.Dense(name+"modulate", w, 6*w, true, zero),
			norm1:    p.LayerNorm(name+"norm1", w), self: p.Attention(name+"self", w, w, c.Heads, textenc.FanIn(w)),
			norm2: p.LayerNorm(name+"norm2", w), cross: p.Attention(name+"cross", w, c.TextWidth, c.Heads, textenc.FanIn(c.TextWidth)),
			norm3: p.LayerNorm(name+"norm3", w), mlp: textenc.NewMLP(p, name+"mlp", w, textenc.FanIn(4*w)),
		})
	}
	d.norm = p.LayerNorm("norm", w)
	d.modulate = p.Dense("modulate", w, 2*w, true, zero)
	d.out, d.outBias = p.Add("out.weight", zero, l.Blocks, w, l.Size), p.Add("out.bias", zero, l.Blocks, l.Size)
	return d
}

func (d *dit) forward(e *nn.Env, x *Node, c condition) *Node {
	x = Add(d.in.Apply(e, x), ExpandLeftToRank(c.index, 3)) // [batch, blocks, width]
	whole := silu(Add(c.time, c.prompt))
	for _, l := range d.layers {
		m := modulation(e, l.modulate, whole, 6)
		y := shifted(l.norm1.Apply(e, x), m[0], m[1])
		x = Add(x, Mul(m[2], l.self.Apply(e, y, y)))
		x = Add(x, textenc.Attend(e, l.cross, l.norm2.Apply(e, x), c.context, c.mask))
		x = Add(x, Mul(m[5], l.mlp.Apply(e, shifted(l.norm3.Apply(e, x), m[3], m[4]))))
	}
	m := modulation(e, d.modulate, whole, 2)
	x = shifted(d.norm.Apply(e, x), m[0], m[1])
	y := DotGeneral(x, []int{2}, []int{1}, e.At(d.out), []int{1}, []int{0}) // [blocks, batch, size]
	return Add(TransposeAllAxes(y, 1, 0, 2), ExpandLeftToRank(e.At(d.outBias), 3))
}

// modulation returns n nodes [batch, 1, width] that depend on the condition as a whole [batch, width].
func modulation(e *nn.Env, l nn.Dense, whole *Node, n int) []*Node {
	y := l.Apply(e, whole)
	dims := y.Shape().Dimensions
	parts := make([]*Node, n)
	for i := range parts {
		width := dims[1] / n
		parts[i] = Reshape(SliceAxis(y, 1, AxisRange(i*width, (i+1)*width)), dims[0], 1, width)
	}
	return parts
}

func shifted(x, shift, scale *Node) *Node { return Add(Mul(x, AddScalar(scale, 1)), shift) }
