package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Attention is multi-head attention (Vaswani et al., arXiv 1706.03762, section 3.2).
type Attention struct {
	Query, Key, Value, Out Dense
	Heads                  int
}

// Attention declares name.query, name.key, name.value and name.out for queries of width channels and
// context of width contextChannels. Heads must divide channels.
func (p *Params) Attention(name string, channels, contextChannels, heads int, init Init) Attention {
	return Attention{
		Query: p.Dense(name+".query", channels, channels, false, init),
		Key:   p.Dense(name+".key", contextChannels, channels, false, init),
		Value: p.Dense(name+".value", contextChannels, channels, false, init),
		Out:   p.Dense(name+".out", channels, channels, true, init),
		Heads: heads,
	}
}

// Apply lets every position of x [batch, positions, channels] attend to all of
// context [batch, contextPositions, contextChannels]; with context = x it is self-attention.
func (a Attention) Apply(e *Env, x, context *Node) *Node {
	split := func(t *Node) *Node { // [batch, positions, heads, channels/heads]
		d := t.Shape().Dimensions
		return Reshape(t, d[0], d[1], a.Heads, d[2]/a.Heads)
	}
	q := split(a.Query.Apply(e, x))
	k := split(a.Key.Apply(e, context))
	v := split(a.Value.Apply(e, context))
	q = MulScalar(q, 1/math.Sqrt(float64(q.Shape().Dimensions[3])))
	scores := DotGeneral(q, []int{3}, []int{0, 2}, k, []int{3}, []int{0, 2})          // [batch, heads, positions, contextPositions]
	y := DotGeneral(softmax(scores), []int{3}, []int{0, 1}, v, []int{1}, []int{0, 2}) // [batch, heads, positions, channels/heads]
	return a.Out.Apply(e, Reshape(TransposeAllAxes(y, 0, 2, 1, 3), x.Shape().Dimensions...))
}

// softmax returns exp(x) / sum(exp(x)) over the last axis.
func softmax(x *Node) *Node {
	forward := func(x *Node) *Node {
		e := Exp(Sub(x, ReduceAndKeep(x, ReduceMax, -1)))
		return Div(e, ReduceAndKeep(e, ReduceSum, -1))
	}
	return WithGradient(x, forward, func(y, v *Node) *Node {
		return Mul(y, Sub(v, ReduceAndKeep(Mul(v, y), ReduceSum, -1)))
	})
}
