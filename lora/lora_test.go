package lora

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/nn"
)

// tinyConfig is a generator of the kind of mini. Its kernels are small, and no two of a kernel's sizes are the same.
func tinyConfig() gan.Config {
	return gan.Config{
		Preset: "tiny", Generator: "mini", Width: 4, DiscWidth: 4, DiscLayers: 2, Size: 16, Batch: 2, Loss: gan.LossLSGAN,
		LambdaL1: 100, LR: 1e-2, DiscLR: 1e-3, Beta1: 0.5, Beta2: 0.999, Steps: 8, DecaySteps: 4, Seed: 3,
	}
}

// newBase makes a base of drawn weights.
func newBase(t testing.TB, g gan.Config, c Config) *Base {
	t.Helper()
	network, err := g.Network()
	if err != nil {
		t.Fatal(err)
	}
	w := &gan.Weights{Config: g}
	for i, p := range network.Params.List() {
		values := make([]float32, p.Size())
		network.Params.Draw(nn.Ref(i), g.Seed, values)
		w.Values = append(w.Values, values)
	}
	b, err := NewBase(w, c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// randomAdapter returns values far from zero.
func randomAdapter(l *Layout, seed uint64) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	values := l.Initial()
	for _, v := range values {
		for i := range v {
			v[i] += float32(rng.NormFloat64())
		}
	}
	return values
}

// transposing has transposed convolutions.
func transposing() gan.Config {
	c := tinyConfig()
	c.Generator, c.Depth = "unet", 3
	return c
}

func TestLayoutOfMini(t *testing.T) {
	c, err := gan.Preset("mini")
	if err != nil {
		t.Fatal(err)
	}
	b := newBase(t, c, DefaultConfig())
	if n := b.Layout.Params.Size(); n != 13667 {
		t.Errorf("an adapter of mini has %d values: adapt the comment at DefaultConfig", n)
	}
	for _, s := range b.Layout.slots {
		if s.offset == nn.None && s.b == nn.None {
			t.Errorf("%s has no adapter", s.param.Name)
		}
	}
}

func TestRanks(t *testing.T) {
	c := Config{Ranks: []Rank{{"stem.*", 0}, {"up*", 3}, {"*", 2}}}
	b := newBase(t, tinyConfig(), c)
	for name, rank := range map[string]int{"stem.weight": 0, "up1.weight": 3, "down1.weight": 2} {
		i := slices.IndexFunc(b.Layout.slots, func(s slot) bool { return s.param.Name == name })
		if got := b.Layout.slots[i].rank; got != rank {
			t.Errorf("%s: rank %d, wanted %d", name, got, rank)
		}
	}
	for _, bad := range []Rank{{"[", 1}, {"*", -1}, {"*", maxRank + 1}} {
		if _, err := NewLayout(&nn.Params{}, Config{Ranks: []Rank{bad}}); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestProjectionsAreOrthonormal(t *testing.T) {
	b := newBase(t, tinyConfig(), DefaultConfig())
	for _, s := range b.Layout.slots {
		for i := range s.rank {
			for j := range s.rank {
				sum := 0.0
				for k := range s.inputs() {
					sum += float64(s.projection[k*s.rank+i]) * float64(s.projection[k*s.rank+j])
				}
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(sum-want) > 1e-6 {
					t.Fatalf("%s: columns %d and %d have the product %g", s.param.Name, i, j, sum)
				}
			}
		}
	}
	other := DefaultConfig()
	other.Seed++
	if slices.Equal(newBase(t, tinyConfig(), other).Layout.slots[0].projection, b.Layout.slots[0].projection) {
		t.Error("another seed gave the same A")
	}
}

// TestWeightsEqualMerge compares the graph with the values, for all kinds of kernels.
func TestWeightsEqualMerge(t *testing.T) {
	for _, g := range []gan.Config{tinyConfig(), transposing()} {
		for _, c := range []Config{DefaultConfig(), {Ranks: []Rank{{"*", 3}}, TrainA: true}, {}} {
			b := newBase(t, g, c)
			adapter := randomAdapter(b.Layout, 1)
			got := runWeights(t, b, adapter)
			for i, want := range b.Layout.Merge(b.Generator.Values, adapter) {
				for j, v := range want {
					if math.Abs(float64(v-got[i][j])) > 1e-5 {
						t.Fatalf("%s %v: value %d of %s is %g in the graph, %g merged", g.Generator, c, j, b.Layout.slots[i].param.Name, got[i][j], v)
					}
				}
			}
		}
	}
}

// runWeights computes Layout.Weights.
func runWeights(t *testing.T, b *Base, adapter [][]float32) [][]float32 {
	t.Helper()
	backend := cputest.New(t, "")
	network, err := b.Generator.Config.Network()
	if err != nil {
		t.Fatal(err)
	}
	program, err := nn.Compile(backend, "weights", func(g *Graph) []*Node {
		return b.Layout.Weights(network.Params.Inputs(g, "base/"), b.Layout.Params.Inputs(g, "adapter/"))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	var in []compute.Buffer
	for _, v := range append(slices.Clone(b.Generator.Values), adapter...) {
		_, shapes := program.Inputs()
		buffer, err := backend.BufferFromFlatData(0, v, shapes[len(in)])
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, buffer)
	}
	out, err := program.Run(in, make([]bool, len(in)))
	if err != nil {
		t.Fatal(err)
	}
	var values [][]float32
	for _, o := range out {
		v, err := nn.Values(o)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// TestMergeTransposed: an input channel reaches an output channel at the same place of the window whatever the order of a kernel's axes.
func TestMergeTransposed(t *testing.T) {
	var params nn.Params
	params.Conv2D("plain", 2, 3, 2, 1, 0, false, nn.Init{})
	params.ConvTranspose2D("transposed", 2, 3, 2, 1, 0, false, nn.Init{})
	l, err := NewLayout(&params, Config{Ranks: []Rank{{"*", 8}}})
	if err != nil {
		t.Fatal(err)
	}
	l.slots[1].projection = l.slots[0].projection
	adapter := randomAdapter(l, 2)
	adapter[1] = adapter[0]
	zeros := [][]float32{make([]float32, 24), make([]float32, 24)}
	merged := l.Merge(zeros, adapter)
	for window := range 4 {
		for in := range 2 {
			for out := range 3 {
				a, b := merged[0][(window*2+in)*3+out], merged[1][(window*3+out)*2+in]
				if a != b || a == 0 {
					t.Fatalf("window %d, %d to %d: %g and %g", window, in, out, a, b)
				}
			}
		}
	}
}

func TestMergeKeepsTheBase(t *testing.T) {
	b := newBase(t, tinyConfig(), DefaultConfig())
	before := b.Hash
	merged := b.Layout.Merge(b.Generator.Values, randomAdapter(b.Layout, 3))
	if after := hash(b.Generator, b.Layout); after != before {
		t.Error("merging changed the base")
	}
	for i, same := range b.Layout.Merge(b.Generator.Values, b.Layout.Initial()) {
		if !slices.Equal(same, b.Generator.Values[i]) {
			t.Errorf("a new adapter changes %s", b.Layout.slots[i].param.Name)
		}
		if slices.Equal(merged[i], b.Generator.Values[i]) {
			t.Errorf("a random adapter leaves %s as it is", b.Layout.slots[i].param.Name)
		}
	}
}

func TestMix(t *testing.T) {
	b := newBase(t, tinyConfig(), DefaultConfig())
	l := b.Layout
	x, y := randomAdapter(l, 4), randomAdapter(l, 5)
	mixed, err := l.Mix(Part{x, 0.25}, Part{y, 2})
	if err != nil {
		t.Fatal(err)
	}
	base := b.Generator.Values
	mx, my, got := l.Merge(base, x), l.Merge(base, y), l.Merge(base, mixed)
	for i := range got {
		for j := range got[i] {
			want := base[i][j] + 0.25*(mx[i][j]-base[i][j]) + 2*(my[i][j]-base[i][j])
			if math.Abs(float64(got[i][j]-want)) > 1e-4 {
				t.Fatalf("%s: %g, wanted %g", l.slots[i].param.Name, got[i][j], want)
			}
		}
	}
	if whole, _ := l.Mix(Part{x, 1}); !slices.Equal(whole[0], x[0]) {
		t.Error("strength 1 changes an adapter")
	}
	if _, err := l.Mix(Part{x[1:], 1}); err == nil {
		t.Error("an adapter without its first tensor was mixed")
	}
}

func TestCanonical(t *testing.T) {
	c := Config{Ranks: []Rank{{"*", 3}}, TrainA: true}
	b := newBase(t, tinyConfig(), c)
	l := b.Layout
	x := randomAdapter(l, 6)
	half, err := l.Mix(Part{x, 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Mix(Part{x, 1}, Part{half, 1}); err == nil || !strings.Contains(err.Error(), "frozen") {
		t.Errorf("blending adapters with trained A: error %v", err)
	}
	// The same product in other factors: (A R) (R^-1 B) with R = diag(2, -4, 0.5).
	y := make([][]float32, len(x))
	for i := range x {
		y[i] = slices.Clone(x[i])
	}
	factors := []float32{2, -4, 0.5}
	for _, s := range l.slots {
		if s.a == nn.None {
			continue
		}
		for i := range y[s.a] {
			y[s.a][i] *= factors[i%s.rank]
		}
		for i := range y[s.b] {
			y[s.b][i] /= factors[i/s.outputs()]
		}
	}
	cx, cy := l.Canonical(x), l.Canonical(y)
	for i := range cx {
		for j := range cx[i] {
			if math.Abs(float64(cx[i][j]-cy[i][j])) > 1e-4 {
				t.Fatalf("%s: %g and %g", l.Params.List()[i].Name, cx[i][j], cy[i][j])
			}
		}
	}
	want, got := l.Merge(b.Generator.Values, x), l.Merge(b.Generator.Values, cx)
	for i := range want {
		for j := range want[i] {
			if math.Abs(float64(want[i][j]-got[i][j])) > 1e-4 {
				t.Fatalf("%s: the canonical form gives %g, wanted %g", l.slots[i].param.Name, got[i][j], want[i][j])
			}
		}
	}
	for i, v := range l.Merge(b.Generator.Values, l.Canonical(l.Initial())) { // products of rank 0
		if !slices.Equal(v, b.Generator.Values[i]) {
			t.Errorf("the canonical form of a new adapter changes %s", l.slots[i].param.Name)
		}
	}
}
