package shelf

import (
	"fmt"
	"io"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/server/api"
)

// Weights are what an effect consists of: an adapter's values, or those of all weights of a generator.
type Weights struct {
	Adapter [][]float32
	All     [][]float32
}

// Kind returns api.KindAdapter or api.KindWeights.
func (w Weights) Kind() string {
	if w.Adapter != nil {
		return api.KindAdapter
	}
	return api.KindWeights
}

// At returns the weights that have the effect of a strength when they are used as they are.
func (w Weights) At(b *lora.Base, strength float64) (Weights, error) {
	if strength == 1 {
		return w, nil
	}
	if w.Adapter != nil {
		mixed, err := b.Layout.Mix(lora.Part{Values: w.Adapter, Weight: float32(strength)})
		return Weights{Adapter: mixed}, err
	}
	return Weights{All: mix(b.Generator.Values, w.All, float32(strength))}, nil
}

// network returns a generator's weights at a strength: 0 is the base, 1 what was made, and more goes on in that direction.
func (w Weights) network(b *lora.Base, strength float64) ([][]float32, error) {
	w, err := w.At(b, strength)
	if err != nil || w.Adapter == nil {
		return w.All, err
	}
	return b.Layout.Merge(b.Generator.Values, w.Adapter), nil
}

// mix returns (1-t) a + t b.
func mix(a, b [][]float32, t float32) [][]float32 {
	out := make([][]float32, len(a))
	for i := range a {
		out[i] = make([]float32, len(a[i]))
		for j, v := range a[i] {
			out[i][j] = v + float32(t*(b[i][j]-v))
		}
	}
	return out
}

// Mix returns (1-weight) of a and weight of b, each at its strength. Two adapters make an adapter.
func Mix(base *lora.Base, a, b Weights, strengthA, strengthB, weight float64) (Weights, error) {
	if a.Adapter != nil && b.Adapter != nil {
		mixed, err := base.Layout.Mix(
			lora.Part{Values: a.Adapter, Weight: float32((1 - weight) * strengthA)},
			lora.Part{Values: b.Adapter, Weight: float32(weight * strengthB)})
		return Weights{Adapter: mixed}, err
	}
	wholeA, err := a.network(base, strengthA)
	if err != nil {
		return Weights{}, err
	}
	wholeB, err := b.network(base, strengthB)
	if err != nil {
		return Weights{}, err
	}
	return Weights{All: mix(wholeA, wholeB, float32(weight))}, nil
}

// encode writes the file of an effect's weights.
func (w Weights) encode(out io.Writer, b *lora.Base, e api.Effect) error {
	if w.Adapter != nil {
		return (&lora.Adapter{Values: w.Adapter, Info: info(e)}).Encode(out, b)
	}
	return generator(w.All, b, e).Encode(out)
}

// info is what the file of an adapter tells of it.
func info(e api.Effect) lora.Info {
	i := lora.Info{Prompt: e.Prompt, Steps: e.Steps}
	if e.PSNR != 0 {
		i.Metrics = map[string]float64{"psnr": e.PSNR}
	}
	return i
}

// generator is a network with what its file tells of it.
func generator(values [][]float32, b *lora.Base, e api.Effect) *gan.Weights {
	return &gan.Weights{
		Config: b.Generator.Config, Step: e.Steps, Values: values, Metadata: map[string]string{"prompt": e.Prompt},
	}
}

// decode reads the file of an effect's weights.
func decode(r io.Reader, size int64, b *lora.Base, kind string) (Weights, error) {
	if kind == api.KindAdapter {
		a, err := lora.DecodeAdapter(r, size, b)
		if err != nil {
			return Weights{}, err
		}
		return Weights{Adapter: a.Values}, nil
	}
	g, err := gan.DecodeWeights(r, size)
	if err != nil {
		return Weights{}, err
	}
	base := b.Generator.Values
	if len(g.Values) != len(base) {
		return Weights{}, fmt.Errorf("%d tensors, wanted %d", len(g.Values), len(base))
	}
	for i := range base {
		if len(g.Values[i]) != len(base[i]) {
			return Weights{}, fmt.Errorf("tensor %d has %d values, wanted %d", i, len(g.Values[i]), len(base[i]))
		}
	}
	return Weights{All: g.Values}, nil
}
