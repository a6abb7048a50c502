package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Adam is the optimiser of Kingma and Ba (arXiv 1412.6980), computed as PyTorch does.
type Adam struct {
	Beta1, Beta2, Epsilon float64
}

// Scalars returns the two numbers that change with the step (counted from 1) for learning rate lr: the step
// size lr/(1-beta1^step) and the second moment's correction 1/sqrt(1-beta2^step).
func (a Adam) Scalars(step int, lr float64) (size, correction float32) {
	size = float32(lr / (1 - math.Pow(a.Beta1, float64(step))))
	return size, float32(1 / math.Sqrt(1-math.Pow(a.Beta2, float64(step))))
}

// Apply returns the new weights and the new first and second moments for the gradient; size and correction
// are scalar nodes with the values of Scalars.
func (a Adam) Apply(weight, m, v, gradient, size, correction *Node) (newWeight, newM, newV *Node) {
	newM = Add(MulScalar(m, a.Beta1), MulScalar(gradient, 1-a.Beta1))
	newV = Add(MulScalar(v, a.Beta2), MulScalar(Square(gradient), 1-a.Beta2))
	denominator := AddScalar(Mul(Sqrt(newV), correction), a.Epsilon)
	return Sub(weight, Div(Mul(newM, size), denominator)), newM, newV
}

// Update applies the step to a list of parameters: both state and result are their weights, first and second moments.
func (a Adam) Update(state [][]*Node, gradients []*Node, size, correction *Node) [][]*Node {
	out := make([][]*Node, 3)
	for i, d := range gradients {
		w, m, v := a.Apply(state[0][i], state[1][i], state[2][i], d, size, correction)
		out[0], out[1], out[2] = append(out[0], w), append(out[1], m), append(out[2], v)
	}
	return out
}
