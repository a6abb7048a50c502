package gan

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/nn"
)

// adversarial returns how far the discriminator's logits are from "all real" or "all generated".
func adversarial(loss string, logits *Node, real bool) *Node {
	switch loss {
	case LossVanilla: // binary cross-entropy: -log sigmoid(z) = softplus(-z), -log(1 - sigmoid(z)) = softplus(z)
		if real {
			logits = Neg(logits)
		}
		return ReduceAllMean(softplus(logits))
	case LossLSGAN: // Mao et al., arXiv 1611.04076: squared distance to 1 or 0
		if real {
			logits = AddScalar(logits, -1.0)
		}
		return ReduceAllMean(Square(logits))
	}
	panic("gan: unknown loss " + loss)
}

// softplus is log(1 + exp(x)) without overflow; its slope is the logistic function.
func softplus(x *Node) *Node {
	forward := func(x *Node) *Node {
		return Add(MaxScalar(x, 0.0), Log1P(Exp(Neg(Abs(x)))))
	}
	return nn.WithGradient(x, forward, func(_, v *Node) *Node { return Mul(v, Sigmoid(x)) })
}

// L1 is the mean absolute difference of two images. Its slope at 0 is 0, as PyTorch has it; that of GoMLX's Abs is 1.
func L1(a, b *Node) *Node {
	d := Sub(a, b)
	return ReduceAllMean(Mul(d, StopGradient(Sign(d))))
}
