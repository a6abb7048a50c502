package gan

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// Network is an image network: its parameters and its forward pass.
type Network struct {
	Params nn.Params
	// Forward maps images [batch, height, width, channels] with values in [-1,1].
	Forward func(e *nn.Env, x *Node) *Node
	// Unit returns what a height (or width) in pixels has to be rounded up to a multiple of, so that Forward
	// returns an image of the size it got. Nil for discriminators.
	Unit func(pixels int) int
}

// Extended returns the size that pictures of a size are extended to for a generator.
func (n *Network) Extended(height, width int) (h, w int) {
	up := func(pixels int) int {
		unit := n.Unit(pixels)
		return (pixels + unit - 1) / unit * unit
	}
	return up(height), up(width)
}

// initial is the weights' first distribution of pix2pix (Isola et al., arXiv 1611.07004, section 6.2).
var initial = nn.Init{Std: 0.02}

// resNet is the generator of Johnson et al. (arXiv 1603.08155) in the form that pix2pix's PyTorch
// implementation made the usual one: 7x7, two convolutions with stride 2, residual blocks of width 4w, two
// transposed convolutions, 7x7, tanh; instance norm without parameters.
func resNet(width, blocks int) *Network {
	n := &Network{Unit: func(int) int { return 4 }}
	p, norm := &n.Params, nn.PlainInstanceNorm()
	conv := func(name string, in, out, size, stride, pad int) nn.Conv2D {
		return p.Conv2D(name, in, out, size, stride, pad, true, initial)
	}
	first := conv("first", 3, width, 7, 1, 0)
	down1 := conv("down1", width, 2*width, 3, 2, 1)
	down2 := conv("down2", 2*width, 4*width, 3, 2, 1)
	type pair struct{ a, b nn.Conv2D }
	var res []pair
	for i := range blocks {
		name := fmt.Sprintf("block%d.", i+1)
		res = append(res, pair{conv(name+"a", 4*width, 4*width, 3, 1, 0), conv(name+"b", 4*width, 4*width, 3, 1, 0)})
	}
	up1 := p.ConvTranspose2D("up1", 4*width, 2*width, 3, 2, 1, true, initial)
	up2 := p.ConvTranspose2D("up2", 2*width, width, 3, 2, 1, true, initial)
	last := conv("last", width, 3, 7, 1, 0)

	n.Forward = func(e *nn.Env, x *Node) *Node {
		act := func(x *Node) *Node { return nn.ReLU(norm.Apply(e, x)) }
		x = act(first.Apply(e, nn.ReflectPad(x, 3, 3)))
		x = act(down1.Apply(e, x))
		x = act(down2.Apply(e, x))
		for _, r := range res {
			y := act(r.a.Apply(e, nn.ReflectPad(x, 1, 1)))
			x = Add(x, norm.Apply(e, r.b.Apply(e, nn.ReflectPad(y, 1, 1))))
		}
		x = act(up1.Apply(e, x))
		x = act(up2.Apply(e, x))
		return Tanh(last.Apply(e, nn.ReflectPad(x, 3, 3)))
	}
	return n
}

// uNet is pix2pix's U-Net generator (section 6.1.1): depth 4x4 convolutions with stride 2 down to 1x1 for an
// image of 2^depth pixels, as many transposed ones back up, and a skip connection at every level. The three
// levels above the innermost have dropout 0.5 on their way up.
func uNet(width, depth int) *Network {
	n := &Network{Unit: func(int) int { return 1 << depth }}
	p, norm := &n.Params, nn.PlainInstanceNorm()
	downs, ups := make([]nn.Conv2D, depth), make([]nn.ConvTranspose2D, depth)
	channels := func(level int) int { return width * min(1<<level, 8) }
	for i := range depth {
		in, up := 3, 2*channels(i)
		if i > 0 {
			in = channels(i - 1)
		}
		if i == depth-1 {
			up = channels(i) // nothing is concatenated at the bottom
		}
		downs[i] = p.Conv2D(fmt.Sprintf("down%d", i+1), in, channels(i), 4, 2, 1, true, initial)
		ups[i] = p.ConvTranspose2D(fmt.Sprintf("up%d", i+1), up, in, 4, 2, 1, true, initial)
	}
	n.Forward = func(e *nn.Env, x *Node) *Node {
		skips := make([]*Node, depth)
		for i, down := range downs {
			if i > 0 {
				x = nn.LeakyReLU(x, 0.2)
			}
			x = down.Apply(e, x)
			if i > 0 && i < depth-1 { // not on the image, and not on a single pixel
				x = norm.Apply(e, x)
			}
			skips[i] = x
		}
		for i := depth - 1; i > 0; i-- {
			x = norm.Apply(e, ups[i].Apply(e, nn.ReLU(x)))
			if i >= depth-4 && i < depth-1 {
				x = e.Dropout(x, 0.5)
			}
			x = Concatenate([]*Node{skips[i-1], x}, -1)
		}
		return Tanh(ups[0].Apply(e, nn.ReLU(x)))
	}
	return n
}

// patchGAN is pix2pix's discriminator (section 6.1.2): it judges overlapping patches, of 70x70 pixels with 3
// layers and 34x34 with 2, and returns a logit for each. Its input has 6 channels: the source image and the
// real or generated target.
func patchGAN(width, layers int) *Network {
	n := &Network{}
	p, norm := &n.Params, nn.PlainInstanceNorm()
	convs := []nn.Conv2D{p.Conv2D("conv1", 6, width, 4, 2, 1, true, initial)}
	channels := width
	for i := 1; i <= layers; i++ {
		stride, out := 2, width*min(1<<i, 8)
		if i == layers {
			stride = 1
		}
		convs = append(convs, p.Conv2D(fmt.Sprintf("conv%d", i+1), channels, out, 4, stride, 1, true, initial))
		channels = out
	}
	last := p.Conv2D("last", channels, 1, 4, 1, 1, true, initial)
	n.Forward = func(e *nn.Env, x *Node) *Node {
		for i, c := range convs {
			x = c.Apply(e, x)
			if i > 0 {
				x = norm.Apply(e, x)
			}
			x = nn.LeakyReLU(x, 0.2)
		}
		return last.Apply(e, x)
	}
	return n
}
