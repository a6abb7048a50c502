package extractor

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// layer is a part of a network.
type layer func(e *nn.Env, x *Node) *Node

// inception is the network of Szegedy et al. (arXiv 1512.00567) up to its last pool, as the TensorFlow model of 2015-12-05 has it, which FID is
// defined by. From torchvision's it differs in pools: means don't count the padding, and the last block has a maximum. Names of layers
// are those of PyTorch.
type inception struct {
	params  nn.Params
	convs   []convolution
	narrow  int // divides all numbers of channels: 1, and more in tests
	forward layer
}

// convolution is a layer with its batch norm folded in, and a ReLU. Weights are [height, width, in, out].
type convolution struct {
	name         string
	weight, bias nn.Ref
}

// Sizes of InceptionV3.
const (
	inceptionSize = 299
	inceptionDim  = 2048
)

func newInception(narrow int) *inception {
	n := &inception{narrow: narrow}
	n.forward = sequence(
		n.conv("Conv2d_1a_3x3", 3*narrow, 32, 3, 3, 2, false), n.conv("Conv2d_2a_3x3", 32, 32, 3, 3, 1, false),
		n.conv("Conv2d_2b_3x3", 32, 64, 3, 3, 1, true), maxHalf,
		n.conv("Conv2d_3b_1x1", 64, 80, 1, 1, 1, false), n.conv("Conv2d_4a_3x3", 80, 192, 3, 3, 1, false), maxHalf,
		n.blockA("Mixed_5b", 192, 32), n.blockA("Mixed_5c", 256, 64), n.blockA("Mixed_5d", 288, 64),
		n.blockB("Mixed_6a", 288),
		n.blockC("Mixed_6b", 128), n.blockC("Mixed_6c", 160), n.blockC("Mixed_6d", 160), n.blockC("Mixed_6e", 192),
		n.blockD("Mixed_7a", 768),
		n.blockE("Mixed_7b", 1280, meanSame), n.blockE("Mixed_7c", 2048, maxSame),
		func(_ *nn.Env, x *Node) *Node { return ReduceMean(x, 1, 2) },
	)
	return n
}

// conv declares a convolution. With same, its output has as many pixels as its input, over the stride.
func (n *inception) conv(name string, in, out, height, width, stride int, same bool) layer {
	in, out = in/n.narrow, out/n.narrow
	c := convolution{name: name, weight: n.params.Add(name+".weight", nn.Init{}, height, width, in, out), bias: n.params.Add(name+".bias", nn.Init{}, out)}
	n.convs = append(n.convs, c)
	w := nn.Window{Strides: []int{stride, stride}}
	if same {
		w.Pads = [][2]int{{height / 2, height / 2}, {width / 2, width / 2}}
	}
	return func(e *nn.Env, x *Node) *Node {
		return nn.ReLU(Add(nn.Conv(x, e.At(c.weight), w), ExpandLeftToRank(e.At(c.bias), 4)))
	}
}

// one declares a convolution with a kernel of 1 by 1.
func (n *inception) one(name string, in, out int) layer { return n.conv(name, in, out, 1, 1, 1, false) }

// same declares a convolution that keeps the number of pixels.
func (n *inception) same(name string, in, out, height, width int) layer {
	return n.conv(name, in, out, height, width, 1, true)
}

// half declares a convolution with a kernel of 3 by 3 and stride 2.
func (n *inception) half(name string, in, out int) layer {
	return n.conv(name, in, out, 3, 3, 2, false)
}

// sequence is one layer after the other.
func sequence(layers ...layer) layer {
	return func(e *nn.Env, x *Node) *Node {
		for _, l := range layers {
			x = l(e, x)
		}
		return x
	}
}

// branches is layers side by side, with their channels one behind the other.
func branches(layers ...layer) layer {
	return func(e *nn.Env, x *Node) *Node {
		var parts []*Node
		for _, l := range layers {
			parts = append(parts, l(e, x))
		}
		return Concatenate(parts, 3)
	}
}

// blockA returns 224 channels and those of its pool.
func (n *inception) blockA(name string, in, pool int) layer {
	name += "."
	return branches(
		n.one(name+"branch1x1", in, 64),
		sequence(n.one(name+"branch5x5_1", in, 48), n.same(name+"branch5x5_2", 48, 64, 5, 5)),
		sequence(n.one(name+"branch3x3dbl_1", in, 64), n.same(name+"branch3x3dbl_2", 64, 96, 3, 3), n.same(name+"branch3x3dbl_3", 96, 96, 3, 3)),
		sequence(meanSame, n.one(name+"branch_pool", in, pool)),
	)
}

// blockB halves images and adds 480 channels.
func (n *inception) blockB(name string, in int) layer {
	name += "."
	return branches(
		n.half(name+"branch3x3", in, 384),
		sequence(n.one(name+"branch3x3dbl_1", in, 64), n.same(name+"branch3x3dbl_2", 64, 96, 3, 3), n.half(name+"branch3x3dbl_3", 96, 96)),
		maxHalf,
	)
}

// blockC maps 768 channels to as many, with the given number inside.
func (n *inception) blockC(name string, inside int) layer {
	const in, out = 768, 192
	name += "."
	return branches(
		n.one(name+"branch1x1", in, out),
		sequence(n.one(name+"branch7x7_1", in, inside), n.same(name+"branch7x7_2", inside, inside, 1, 7), n.same(name+"branch7x7_3", inside, out, 7, 1)),
		sequence(n.one(name+"branch7x7dbl_1", in, inside),
			n.same(name+"branch7x7dbl_2", inside, inside, 7, 1), n.same(name+"branch7x7dbl_3", inside, inside, 1, 7),
			n.same(name+"branch7x7dbl_4", inside, inside, 7, 1), n.same(name+"branch7x7dbl_5", inside, out, 1, 7)),
		sequence(meanSame, n.one(name+"branch_pool", in, out)),
	)
}

// blockD halves images and adds 512 channels.
func (n *inception) blockD(name string, in int) layer {
	name += "."
	return branches(
		sequence(n.one(name+"branch3x3_1", in, 192), n.half(name+"branch3x3_2", 192, 320)),
		sequence(n.one(name+"branch7x7x3_1", in, 192), n.same(name+"branch7x7x3_2", 192, 192, 1, 7),
			n.same(name+"branch7x7x3_3", 192, 192, 7, 1), n.half(name+"branch7x7x3_4", 192, 192)),
		maxHalf,
	)
}

// blockE returns 2048 channels.
func (n *inception) blockE(name string, in int, pool layer) layer {
	name += "."
	return branches(
		n.one(name+"branch1x1", in, 320),
		sequence(n.one(name+"branch3x3_1", in, 384),
			branches(n.same(name+"branch3x3_2a", 384, 384, 1, 3), n.same(name+"branch3x3_2b", 384, 384, 3, 1))),
		sequence(n.one(name+"branch3x3dbl_1", in, 448), n.same(name+"branch3x3dbl_2", 448, 384, 3, 3),
			branches(n.same(name+"branch3x3dbl_3a", 384, 384, 1, 3), n.same(name+"branch3x3dbl_3b", 384, 384, 3, 1))),
		sequence(pool, n.one(name+"branch_pool", in, 192)),
	)
}
