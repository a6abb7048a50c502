package weightgen

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// attributes of the synthetic concepts, one word of each.
var attributes = [3][]string{
	{"red", "green", "blue", "golden", "grey"}, {"foggy", "snowy", "sunny", "rainy", "stormy"},
	{"photo", "sketch", "painting", "mosaic", "engraving"},
}

var frames = []string{"a %s %s %s", "%s, %s %s", "make it a %s %s %s please", "turn this into a %s and %s %s"}

// syntheticZoo makes an adapter for every combination of attributes: a nonlinear function of random vectors that
// belong to the words, different for each block. Every fifth combination is held out, and so is one wording of
// the others.
func syntheticZoo(blocks, size int) (train *Dataset, held []Held) {
	layout := Layout{Blocks: blocks, Size: size, Schema: "synthetic"}
	mask := make([]bool, blocks*size)
	for i := range mask {
		mask[i] = i < len(mask)-size/2 // the last block is half padding
	}
	empty := func() *Dataset { return &Dataset{Layout: layout, Mask: mask} }
	train, adapters, wordings := empty(), empty(), empty()
	add := func(d *Dataset, adapter []float32, prompts []string) {
		d.Adapters, d.Prompts = append(d.Adapters, adapter), append(d.Prompts, prompts)
	}
	directions := wordDirections(blocks * size)
	for i := range 125 {
		words := [3]string{attributes[0][i%5], attributes[1][i/5%5], attributes[2][i/25]}
		adapter := make([]float32, blocks*size)
		for j := range adapter {
			a, b, c := directions[words[0]][j], directions[words[1]][j], directions[words[2]][j]
			adapter[j] = float32(1.3 * math.Tanh(0.7*(a+b+c)+0.3*a*b))
		}
		var prompts []string
		for _, f := range frames {
			prompts = append(prompts, fmt.Sprintf(f, words[0], words[1], words[2]))
		}
		if (i+i/5+2*(i/25))%5 == 0 {
			add(adapters, adapter, prompts)
			continue
		}
		add(train, adapter, prompts[:3])
		add(wordings, adapter, prompts[3:])
	}
	return train, []Held{{"combinations", adapters}, {"wordings", wordings}}
}

func wordDirections(n int) map[string][]float64 {
	rng := rand.New(rand.NewPCG(7, 7))
	directions := map[string][]float64{}
	for _, words := range attributes {
		for _, w := range words {
			v := make([]float64, n)
			for i := range v {
				v[i] = rng.NormFloat64()
			}
			directions[w] = v
		}
	}
	return directions
}

// testConfig is a small network of the given kind.
func testConfig(network string) Config {
	c := Config{
		Network: network, Width: 32, Heads: 2, Tokens: 8, TextWidth: 32, TextLayers: 1,
		Schedule: ScheduleLinear, Target: TargetX0, Terminal: 0.5, Drop: 0.1,
		Batch: 16, Optimiser: Optimiser{Steps: 300, Warmup: 20, LR: 3e-3, WeightDecay: 0.01, EMA: 0.98}, Seed: 1,
	}
	if network == NetworkDiT {
		c.Layers = 2
	}
	return c
}
