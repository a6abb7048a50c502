package features

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// halvings is how often the network halves pictures, as a factor.
const halvings = 8

// network is convolutions, the first at full size and the others on three scales below. The last layer of each scale is averaged over the picture: these
// are the features, of what is fine as well as of what is large. Two layers on top of them tell edits apart.
type network struct {
	params       nn.Params
	convs        []nn.Conv2D
	norms        []nn.LayerNorm
	hidden, head nn.Dense // features to logits
}

// widths are those of the three scales' layers, in units of Config.Width.
var widths = [...]int{1, 2, 3}

func newNetwork(c Config, labels int) *network {
	n := &network{}
	in := 3
	add := func(out, stride int) {
		name := fmt.Sprintf("conv%d", len(n.convs)+1)
		he := nn.Init{Std: math.Sqrt(2 / float64(9*in))} // He et al., arXiv 1502.01852
		n.convs = append(n.convs, n.params.Conv2D(name, in, out, 3, stride, 1, true, he))
		n.norms = append(n.norms, n.params.LayerNorm(fmt.Sprintf("norm%d", len(n.convs)), out))
		in = out
	}
	add((c.Width+1)/2, 1)
	for _, w := range widths {
		add(w*c.Width, 2)
		add(w*c.Width, 1)
	}
	n.hidden = n.params.Dense("hidden", c.dim(), c.Hidden, true, nn.Init{Std: math.Sqrt(2 / float64(c.dim()))})
	n.head = n.params.Dense("head", c.Hidden, labels, false, nn.Init{Std: 1 / math.Sqrt(float64(c.Hidden))})
	// A picture has two of the labels or so: logits start from there.
	n.head.Bias = n.params.Add("head.bias", nn.Init{Mean: math.Log(2 / float64(labels))}, labels)
	return n
}

// dim returns the number of features of a picture.
func (c Config) dim() int {
	sum := 0
	for _, w := range widths {
		sum += w * c.Width
	}
	return sum
}

// features maps pictures [batch, size, size, rgb] in [-1,1] to [batch, dim], none of which is negative.
func (n *network) features(e *nn.Env, x *Node) *Node {
	var scales []*Node
	for i, conv := range n.convs {
		x = nn.ReLU(n.norms[i].Apply(e, conv.Apply(e, x)))
		if i > 0 && i%2 == 0 {
			scales = append(scales, ReduceMean(x, 1, 2))
		}
	}
	return Concatenate(scales, 1)
}

// logits maps pictures to [batch, labels].
func (n *network) logits(e *nn.Env, x *Node) *Node {
	return n.head.Apply(e, nn.ReLU(n.hidden.Apply(e, n.features(e, x))))
}

// loss is the binary cross-entropy of labels y in {0,1}, summed over the labels and averaged over the batch.
func loss(logits, y *Node) *Node {
	forward := func(z *Node) *Node { // -log sigmoid(z) for 1, -log(1 - sigmoid(z)) for 0, without overflow
		return Sub(Add(MaxScalar(z, 0.0), Log1P(Exp(Neg(Abs(z))))), Mul(z, y))
	}
	each := nn.WithGradient(logits, forward, func(_, v *Node) *Node { return Mul(v, Sub(Sigmoid(logits), y)) })
	return MulScalar(ReduceAllSum(each), 1/float64(y.Shape().Dimensions[0]))
}
