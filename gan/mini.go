package gan

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// tokensPerSide bounds the keys of mini's attention to 8x8, which is what a 64x64 training image has.
const tokensPerSide = 8

// mini is a generator after E2GAN (Gong et al., arXiv 2401.06127): down, down, two residual blocks, down, one
// Transformer block, up, one residual block, up, up, between a 3x3 stem and a 3x3 head. Differences that serve
// training on a CPU in seconds and application at any size:
//
//   - Features are added back at 1/4 and 1/2 of the size, and the stem's, which no norm has touched, are
//     concatenated before the head: fine lines and absolute colours need not pass the bottleneck.
//   - Upsampling is nearest neighbour and a 3x3 convolution, computed as one transposed convolution.
//   - Convolutions at 1/2 of the size and below pad by reflection. Zeros there tell the network how far away the
//     border is, which in a training image is never far: on large pictures, frames would appear.
//   - Attention looks at keys and values averaged over a grid of at most 8x8 cells (as in PVT v2,
//     arXiv 2106.13797, section 3.2): nothing changes at 64x64, cost grows with the number of pixels and not
//     with its square, and a large image has as many keys as those seen in training.
//
// All widths are multiples of 16 for widths that are multiples of 32.
func mini(width int) *Network {
	n := &Network{Unit: miniUnit}
	p := &n.Params
	conv := func(name string, in, out, stride int) block {
		return block{p.Conv2D(name, in, out, 3, stride, 0, false, miniInit(9*in)), p.InstanceNorm(name, out)}
	}
	up := func(name string, in, out int) upBlock {
		return upBlock{p.UpConv2D(name, in, out, false, miniInit(9*in)), p.InstanceNorm(name, out)}
	}
	res := func(name string, channels int) residual {
		return residual{conv(name+".a", channels, channels, 1), conv(name+".b", channels, channels, 1)}
	}
	half, full, double, deep := width/2, width, 2*width, 3*width
	stem := p.Conv2D("stem", 3, half, 3, 1, 1, true, miniInit(27))
	down1 := p.Conv2D("down1", half, full, 3, 2, 1, false, miniInit(9*half))
	norm1 := p.InstanceNorm("down1", full)
	down2 := conv("down2", full, double, 2)
	res1, res2 := res("res1", double), res("res2", double)
	down3 := conv("down3", double, deep, 2)
	transformer := newTransformer(p, "transformer", deep)
	up1, res3 := up("up1", deep, double), res("res3", double)
	up2, up3 := up("up2", double, full), up("up3", full, half)
	head := p.Conv2D("head", 2*half, half, 3, 1, 1, true, miniInit(9*2*half))
	last := p.Conv2D("last", half, 3, 3, 1, 1, true, initial)

	n.Forward = func(e *nn.Env, x *Node) *Node {
		s := nn.ReLU(stem.Apply(e, x))                   // [b, h, w, half]
		d1 := nn.ReLU(norm1.Apply(e, down1.Apply(e, s))) // [b, h/2, w/2, full]
		d2 := nn.ReLU(down2.apply(e, d1))                // [b, h/4, w/4, double]
		d2 = res2.apply(e, res1.apply(e, d2))            //
		y := nn.ReLU(down3.apply(e, d2))                 // [b, h/8, w/8, deep]
		y = transformer.apply(e, y)                      //
		y = Add(nn.ReLU(up1.apply(e, y)), d2)            // [b, h/4, w/4, double]
		y = res3.apply(e, y)                             //
		y = Add(nn.ReLU(up2.apply(e, y)), d1)            // [b, h/2, w/2, full]
		y = nn.ReLU(up3.apply(e, y))                     // [b, h, w, half]
		y = Concatenate([]*Node{y, s}, -1)               // [b, h, w, 2 half]
		y = nn.ReLU(head.Apply(e, y))                    // [b, h, w, half]
		return Tanh(last.Apply(e, y))                    // [b, h, w, 3]
	}
	return n
}

// block is a 3x3 convolution with reflection padding, followed by a norm.
type block struct {
	conv nn.Conv2D
	norm nn.InstanceNorm
}

func (b block) apply(e *nn.Env, x *Node) *Node {
	high := 1
	if b.conv.Stride == 2 {
		high = 0 // sizes are even: the last window ends with the image
	}
	return b.norm.Apply(e, b.conv.Apply(e, nn.ReflectPad(x, 1, high)))
}

// miniInit keeps the variance of a ReLU network's features (He et al., arXiv 1502.01852, equation 10).
func miniInit(fanIn int) nn.Init { return nn.Init{Std: math.Sqrt(2 / float64(fanIn))} }

// miniUnit: three halvings, and as many tokens per side as fill the cells of the attention's grid.
func miniUnit(pixels int) int { return 8 * cellSize((pixels+7)/8) }

// cellSize is the side of the attention's cells, in tokens, for a number of tokens per side.
func cellSize(tokens int) int { return (tokens + tokensPerSide - 1) / tokensPerSide }

type upBlock struct {
	conv nn.UpConv2D
	norm nn.InstanceNorm
}

func (b upBlock) apply(e *nn.Env, x *Node) *Node { return b.norm.Apply(e, b.conv.Apply(e, x)) }

type residual struct{ a, b block }

func (r residual) apply(e *nn.Env, x *Node) *Node {
	return Add(x, r.b.apply(e, nn.ReLU(r.a.apply(e, x))))
}

// transformer is a pre-norm Transformer block over the pixels of an image.
type transformer struct {
	norm1, norm2 nn.LayerNorm
	attention    nn.Attention
	wide, narrow nn.Dense
}

func newTransformer(p *nn.Params, name string, channels int) transformer {
	const headSize = 32
	plain := nn.Init{Std: 1 / math.Sqrt(float64(channels))}
	return transformer{
		norm1: p.LayerNorm(name+".norm1", channels), norm2: p.LayerNorm(name+".norm2", channels),
		attention: p.Attention(name+".attention", channels, channels, max(channels/headSize, 1), plain),
		wide:      p.Dense(name+".wide", channels, 2*channels, true, plain),
		narrow:    p.Dense(name+".narrow", 2*channels, channels, true, nn.Init{Std: 1 / math.Sqrt(2*float64(channels))}),
	}
}

func (t transformer) apply(e *nn.Env, x *Node) *Node {
	d := x.Shape().Dimensions
	b, h, w, c := d[0], d[1], d[2], d[3]
	ch, cw := cellSize(h), cellSize(w)
	x = Reshape(x, b, h*w, c)
	y := t.norm1.Apply(e, x)
	cells := y
	if ch*cw > 1 {
		cells = ReduceMean(Reshape(y, b, h/ch, ch, w/cw, cw, c), 2, 4)
		cells = Reshape(cells, b, (h/ch)*(w/cw), c)
	}
	x = Add(x, t.attention.Apply(e, y, cells))
	y = nn.GELU(t.wide.Apply(e, t.norm2.Apply(e, x)))
	return Reshape(Add(x, t.narrow.Apply(e, y)), b, h, w, c)
}
