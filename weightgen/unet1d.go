package weightgen

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/textenc"
)

// levels is the number of the U-Net's resolutions: 256, 128 and 64 for blocks of 256 values.
const levels = 3

// unet1d is the paper's network: a one-dimensional U-Net over a single block, with a ResBlock and a Transformer
// block at each resolution on the way down and up, ResBlock, Transformer and ResBlock in the middle, and skip
// connections at all resolutions. The sum of the embeddings of index and time goes into every ResBlock, and the
// prompt into every Transformer block. Blocks of one batch know nothing of each other.
//
// Not published, and ours: width doubles at each halving; the positions of a block have learnt embeddings, without
// which convolutions could not tell them apart where the input is noise or nothing.
type unet1d struct {
	in, out conv1d
	places  nn.Ref // [size, width]
	norm    nn.LayerNorm
	downs   [levels]stage
	halve   [levels - 1]conv1d
	middle  stage
	last    resBlock
	ups     [levels]stage
	enlarge [levels - 1]conv1d
}

// stage is a ResBlock and a Transformer block.
type stage struct {
	res         resBlock
	transformer transformerBlock
}

func newUNet1D(p *nn.Params, c Config, l Layout) *unet1d {
	width := func(level int) int { return c.Width << level }
	u := &unet1d{in: newConv1D(p, "in", 1, c.Width, 3, textenc.FanIn(3)), places: p.Add("places", nn.Init{Std: 1}, l.Size, c.Width)}
	before := c.Width
	for i := range levels {
		u.downs[i] = newStage(p, fmt.Sprintf("down%d.", i+1), before, width(i), c)
		before = width(i)
		if i < levels-1 {
			u.halve[i] = newConv1D(p, fmt.Sprintf("down%d.halve", i+1), before, before, 3, textenc.FanIn(3*before))
		}
	}
	u.middle = newStage(p, "middle.", before, before, c)
	u.last = newResBlock(p, "middle.last.", before, before, c)
	for i := levels - 1; i >= 0; i-- {
		u.ups[i] = newStage(p, fmt.Sprintf("up%d.", i+1), before+width(i), width(i), c)
		before = width(i)
		if i > 0 {
			u.enlarge[i-1] = newConv1D(p, fmt.Sprintf("up%d.enlarge", i+1), before, before, 3, textenc.FanIn(3*before))
		}
	}
	u.norm = p.LayerNorm("norm", before)
	u.out = newConv1D(p, "out", before, 1, 3, nn.Init{})
	return u
}

func newStage(p *nn.Params, name string, in, out int, c Config) stage {
	return stage{res: newResBlock(p, name, in, out, c), transformer: newTransformerBlock(p, name, out, c)}
}

func (u *unet1d) forward(e *nn.Env, x *Node, c condition) *Node {
	d := x.Shape().Dimensions                                                               // batch, n, size
	emb := silu(Reshape(Add(ExpandAxes(c.time, 1), ExpandAxes(c.index, 0)), d[0]*d[1], -1)) // [batch*n, embedding]
	apply := func(s stage, x *Node) *Node { return s.transformer.apply(e, s.res.apply(e, x, emb), c) }

	x = u.in.apply(e, Reshape(x, d[0]*d[1], d[2], 1), 1) // [batch*n, positions, channels] from here on
	x = Add(x, ExpandLeftToRank(e.At(u.places), 3))
	var skips [levels]*Node
	for i, s := range u.downs {
		x = apply(s, x)
		skips[i] = x
		if i < levels-1 {
			x = u.halve[i].apply(e, x, 2)
		}
	}
	x = u.last.apply(e, apply(u.middle, x), emb)
	for i := levels - 1; i >= 0; i-- {
		x = apply(u.ups[i], Concatenate([]*Node{skips[i], x}, -1))
		if i > 0 {
			x = u.enlarge[i-1].apply(e, repeated(x), 1)
		}
	}
	return Reshape(u.out.apply(e, silu(u.norm.Apply(e, x)), 1), d...)
}

// repeated doubles x [batch, positions, channels] by repeating each position.
func repeated(x *Node) *Node {
	d := x.Shape().Dimensions
	return Reshape(BroadcastToDims(ExpandAxes(x, 2), d[0], d[1], 2, d[2]), d[0], 2*d[1], d[2])
}

// conv1d is a convolution along a block whose ends are padded with zeros.
type conv1d struct {
	weight, bias nn.Ref // [size, in, out], [out]
	size         int
}

func newConv1D(p *nn.Params, name string, in, out, size int, init nn.Init) conv1d {
	return conv1d{weight: p.Add(name+".weight", init, size, in, out), bias: p.Add(name+".bias", nn.Init{}, out), size: size}
}

// apply maps x [batch, positions, in] to [batch, positions/stride, out].
func (c conv1d) apply(e *nn.Env, x *Node, stride int) *Node {
	y := nn.Conv(x, e.At(c.weight), nn.SameWindow(1, stride, c.size/2, c.size/2))
	return Add(y, ExpandLeftToRank(e.At(c.bias), 3))
}

// resBlock is two convolutions beside a shortcut, with the embedding of time and index added in between.
type resBlock struct {
	norm1, norm2 nn.LayerNorm
	conv1, conv2 conv1d
	embedding    nn.Dense
	shortcut     *nn.Dense // where the width changes
}

func newResBlock(p *nn.Params, name string, in, out int, c Config) resBlock {
	width := c.embedding()
	r := resBlock{
		norm1: p.LayerNorm(name+"res.norm1", in), conv1: newConv1D(p, name+"res.conv1", in, out, 3, textenc.FanIn(3*in)),
		embedding: p.Dense(name+"res.embedding", width, out, true, textenc.FanIn(width)),
		norm2:     p.LayerNorm(name+"res.norm2", out), conv2: newConv1D(p, name+"res.conv2", out, out, 3, nn.Init{}),
	}
	if in != out {
		d := p.Dense(name+"res.shortcut", in, out, true, textenc.FanIn(in))
		r.shortcut = &d
	}
	return r
}

func (r resBlock) apply(e *nn.Env, x, emb *Node) *Node {
	y := r.conv1.apply(e, silu(r.norm1.Apply(e, x)), 1)
	y = Add(y, ExpandAxes(r.embedding.Apply(e, emb), 1))
	y = r.conv2.apply(e, silu(r.norm2.Apply(e, y)), 1)
	if r.shortcut != nil {
		x = r.shortcut.Apply(e, x)
	}
	return Add(x, y)
}

// transformerBlock is self-attention along a block, cross-attention to the prompt, and an MLP.
type transformerBlock struct {
	norm1, norm2, norm3 nn.LayerNorm
	self, cross         nn.Attention
	mlp                 textenc.MLP
}

func newTransformerBlock(p *nn.Params, name string, width int, c Config) transformerBlock {
	name += "transformer."
	return transformerBlock{
		norm1: p.LayerNorm(name+"norm1", width), self: p.Attention(name+"self", width, width, c.Heads, textenc.FanIn(width)),
		norm2: p.LayerNorm(name+"norm2", width), cross: p.Attention(name+"cross", width, c.TextWidth, c.Heads, textenc.FanIn(c.TextWidth)),
		norm3: p.LayerNorm(name+"norm3", width), mlp: textenc.NewMLP(p, name+"mlp", width, textenc.FanIn(4*width)),
	}
}

func (t transformerBlock) apply(e *nn.Env, x *Node, c condition) *Node {
	y := t.norm1.Apply(e, x)
	x = Add(x, t.self.Apply(e, y, y))
	// All blocks of an adapter have the same prompt: their positions attend to it together.
	d := x.Shape().Dimensions
	batch := c.context.Shape().Dimensions[0]
	y = Reshape(t.norm2.Apply(e, x), batch, d[0]/batch*d[1], d[2])
	x = Add(x, Reshape(textenc.Attend(e, t.cross, y, c.context, c.mask), d...))
	return Add(x, t.mlp.Apply(e, t.norm3.Apply(e, x)))
}
