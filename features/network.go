package features

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// halvings is how often the network halves pictures, as a factor.
const halvings = 8

// network is convolutions on three scales, whose last layer is averaged over the picture.
type network struct {
	params nn.Params
	convs  []nn.Conv2D
	norms  []nn.LayerNorm
	head   nn.Dense // features to logits
}

func newNetwork(c Config, labels int) *network {
	n := &network{}
	in := 3
	add := func(out, size, stride int) {
		name := fmt.Sprintf("conv%d", len(n.convs)+1)
		he := nn.Init{Std: math.Sqrt(2 / float64(size*size*in))} // He et al., arXiv 1502.01852
		n.convs = append(n.convs, n.params.Conv2D(name, in, out, size, stride, size/2, true, he))
		n.norms = append(n.norms, n.params.LayerNorm(fmt.Sprintf("norm%d", len(n.convs)), out))
		in = out
	}
	for scale := range 3 {
		add((scale+1)*c.Width, 3, 2)
		add((scale+1)*c.Width, 3, 1)
	}
	add(c.Features, 1, 1)
	n.head = n.params.Dense("head", c.Features, labels, false, nn.Init{Std: 1 / math.Sqrt(float64(c.Features))})
	// A picture has two of the labels or so: logits start from there.
	n.head.Bias = n.params.Add("head.bias", nn.Init{Mean: math.Log(2 / float64(labels))}, labels)
	return n
}

// features maps pictures [batch, size, size, rgb] in [-1,1] to [batch, features], none of which is negative.
func (n *network) features(e *nn.Env, x *Node) *Node {
	for i, conv := range n.convs {
		x = nn.ReLU(n.norms[i].Apply(e, conv.Apply(e, x)))
	}
	return ReduceMean(x, 1, 2)
}

// logits maps pictures to [batch, labels].
func (n *network) logits(e *nn.Env, x *Node) *Node { return n.head.Apply(e, n.features(e, x)) }

// loss is the binary cross-entropy of labels y in {0,1}, summed over the labels and averaged over the batch.
func loss(logits, y *Node) *Node {
	forward := func(z *Node) *Node { // -log sigmoid(z) for 1, -log(1 - sigmoid(z)) for 0, without overflow
		return Sub(Add(MaxScalar(z, 0.0), Log1P(Exp(Neg(Abs(z))))), Mul(z, y))
	}
	each := nn.WithGradient(logits, forward, func(_, v *Node) *Node { return Mul(v, Sub(Sigmoid(logits), y)) })
	return MulScalar(ReduceAllSum(each), 1/float64(y.Shape().Dimensions[0]))
}
