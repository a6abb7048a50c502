package zoo

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// randomLayout has a few tensors of random sizes.
func randomLayout(t testing.TB, rng *rand.Rand) *lora.Layout {
	t.Helper()
	var params nn.Params
	for i := range 1 + rng.IntN(5) {
		dims := []int{1 + rng.IntN(40)}
		for range rng.IntN(3) {
			dims = append(dims, 1+rng.IntN(6))
		}
		params.Add(fmt.Sprint("p", i), nn.Init{}, dims...)
	}
	l, err := lora.NewLayout(&params, lora.Config{Ranks: []lora.Rank{{Pattern: "*", Rank: 1 + rng.IntN(4)}}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// randomAdapters returns rounded adapters with means and deviations that differ, and now and then the largest values.
func randomAdapters(t testing.TB, l *lora.Layout, rng *rand.Rand, n int) [][][]float32 {
	t.Helper()
	means := l.Initial()
	for _, m := range means {
		for i := range m {
			m[i] = float32(rng.NormFloat64())
		}
	}
	var adapters [][][]float32
	for range n {
		a := l.Initial()
		for i, values := range a {
			for j := range values {
				values[j] = means[i][j] + float32(rng.NormFloat64()*math.Exp2(float64(i%5*3-9)))
				if rng.IntN(50) == 0 {
					values[j] = limit - unit
				}
				if rng.IntN(50) == 0 {
					values[j] = -limit + unit
				}
			}
		}
		a, err := round(a)
		if err != nil {
			t.Fatal(err)
		}
		adapters = append(adapters, a)
	}
	return adapters
}

// sameBits tells whether adapters are the same bit for bit.
func sameBits(a, b [][]float32) bool {
	return slices.EqualFunc(a, b, func(a, b []float32) bool {
		return slices.EqualFunc(a, b, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
	})
}

func TestBlocksAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		l := randomLayout(t, rng)
		b, err := NewGroupedBlocks(l, 1+rng.IntN(50), []Grouping{ByTensor, ByLayer, Whole}[rng.IntN(3)])
		if err != nil {
			t.Fatal(err)
		}
		a := randomAdapters(t, l, rng, 1)[0]
		blocks := b.Cut(a)
		if !sameBits(b.Join(blocks), a) {
			t.Fatalf("blocks of %d: Join is not the inverse of Cut", b.Size())
		}
		mask, flat, spans := b.Mask(), slices.Concat(a...), b.Spans()
		if len(blocks) != b.Count()*b.Size() || len(mask) != len(blocks) || len(spans) != b.Count() {
			t.Fatalf("%d blocks of %d: %d values, a mask of %d, %d spans", b.Count(), b.Size(), len(blocks), len(mask), len(spans))
		}
		for i, s := range spans {
			if !slices.Equal(blocks[i*b.Size():][:s[1]-s[0]], flat[s[0]:s[1]]) {
				t.Fatalf("block %d does not hold values %v", i, s)
			}
			for j := range b.Size() {
				if at := i*b.Size() + j; mask[at] != (j < s[1]-s[0]) || !mask[at] && blocks[at] != 0 {
					t.Fatalf("block %d with values %v: mask %v and value %g at %d", i, s, mask[at], blocks[at], j)
				}
			}
		}
	}
}

// TestGroupings checks by hand what blocks span.
func TestGroupings(t *testing.T) {
	var params nn.Params
	params.Add("a.weight", nn.Init{}, 5)
	params.Add("a.bias", nn.Init{}, 1)
	params.Add("b.bias", nn.Init{}, 2)
	l, err := lora.NewLayout(&params, lora.Config{})
	if err != nil {
		t.Fatal(err)
	}
	adapter := [][]float32{{1, 2, 3, 4, 5}, {6}, {7, 8}}
	schemas := map[string]bool{}
	for grouping, want := range map[Grouping][]float32{
		ByTensor: {1, 2, 3, 4, 5, 0, 0, 0, 6, 0, 0, 0, 7, 8, 0, 0},
		ByLayer:  {1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 0, 0},
		Whole:    {1, 2, 3, 4, 5, 6, 7, 8},
	} {
		b, err := NewGroupedBlocks(l, 4, grouping)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Cut(adapter); !slices.Equal(got, want) || b.Count() != len(want)/4 {
			t.Errorf("by %s: %v", grouping, got)
		}
		schemas[Fit(b, "hash", nil).Schema()] = true
	}
	if len(schemas) != 3 {
		t.Errorf("%d schemas", len(schemas))
	}
	if _, err := NewGroupedBlocks(l, 4, "mood"); err == nil {
		t.Error("blocks by mood")
	}
}

// TestBlocksKeepTensorsApart checks the layout by hand.
func TestBlocksKeepTensorsApart(t *testing.T) {
	var params nn.Params
	params.Add("a", nn.Init{}, 5)
	params.Add("b", nn.Init{}, 4)
	l, err := lora.NewLayout(&params, lora.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBlocks(l, 4)
	if err != nil {
		t.Fatal(err)
	}
	got := b.Cut([][]float32{{1, 2, 3, 4, 5}, {6, 7, 8, 9}})
	if want := []float32{1, 2, 3, 4, 5, 0, 0, 0, 6, 7, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("blocks %v, wanted %v", got, want)
	}
	for _, size := range []int{-1, 0, maxBlockSize + 1} {
		if _, err := NewBlocks(l, size); err == nil {
			t.Errorf("blocks of %d values are accepted", size)
		}
	}
	if l, err = lora.NewLayout(&nn.Params{}, lora.Config{}); err != nil {
		t.Fatal(err)
	}
	if _, err := NewBlocks(l, 4); err == nil {
		t.Error("an adapter without values is cut")
	}
}

func TestCodeIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		l := randomLayout(t, rng)
		b, err := NewBlocks(l, 1+rng.IntN(50))
		if err != nil {
			t.Fatal(err)
		}
		adapters := randomAdapters(t, l, rng, 1+rng.IntN(6))
		c := Fit(b, "hash", adapters)
		if err := c.check(); err != nil {
			t.Fatal(err)
		}
		for i, a := range append(adapters, randomAdapters(t, l, rng, 2)...) {
			if !sameBits(c.Decode(c.Encode(a)), a) {
				t.Fatalf("adapter %d is not restored", i)
			}
		}
	}
}

func TestCodeNormalises(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var params nn.Params
	params.Add("a", nn.Init{}, 40)
	params.Add("b", nn.Init{}, 30)
	l, err := lora.NewLayout(&params, lora.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBlocks(l, 32)
	if err != nil {
		t.Fatal(err)
	}
	var adapters [][][]float32
	for range 500 {
		a := l.Initial()
		for i, values := range a {
			for j := range values {
				values[j] = rounded(float64(j) + rng.NormFloat64()*[]float64{0.01, 3}[i])
			}
		}
		adapters = append(adapters, a)
	}
	c := Fit(b, "hash", adapters)
	for i, span := range b.Spans() {
		var sum, squares float64
		for _, a := range adapters {
			for _, v := range c.Encode(a)[i*b.size:][:span[1]-span[0]] {
				sum, squares = sum+float64(v), squares+float64(v*v)
			}
		}
		n := float64(len(adapters) * (span[1] - span[0]))
		if mean, variance := sum/n, squares/n; math.Abs(mean) > 1e-2 || variance < 0.48 || variance > 2.02 {
			t.Errorf("block %d: mean %g, variance %g", i, mean, variance)
		}
	}
}

func TestRounding(t *testing.T) {
	a, err := round([][]float32{{-1e-9, 1e-9, unit * 1.4, -unit * 1.6, 127.5}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{0, 0, unit, -2 * unit, 127.5}; !sameBits(a, [][]float32{want}) {
		t.Errorf("rounded to %v, wanted %v", a[0], want)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 128, -128, 127.999999} {
		if _, err := round([][]float32{{float32(v)}}); err == nil {
			t.Errorf("%g is accepted", v)
		}
	}
}

// sampleCode is a code of the tiny base.
func sampleCode(t testing.TB) (*Code, *lora.Base) {
	t.Helper()
	base := tinyBase(t, 1)
	b, err := NewBlocks(base.Layout, 32)
	if err != nil {
		t.Fatal(err)
	}
	return Fit(b, base.Hash, randomAdapters(t, base.Layout, rand.New(rand.NewPCG(9, 9)), 4)), base
}

func readCode(t *testing.T, path string, base *lora.Base) (*Code, error) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return DecodeCode(bytes.NewReader(b), int64(len(b)), base)
}

func TestCodeFile(t *testing.T) {
	c, base := sampleCode(t)
	path := filepath.Join(t.TempDir(), "blocks.safetensors")
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readCode(t, path, base)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, c) || got.Schema() != c.Schema() {
		t.Error("what is read is not what was written")
	}
	if _, err := readCode(t, path, tinyBase(t, 2)); err == nil || !strings.Contains(err.Error(), base.Hash) {
		t.Errorf("another base: %v", err)
	}
	c.Scale[0] *= 2
	if got.Schema() == c.Schema() {
		t.Error("another scale has the same schema")
	}
}

func TestGroupedCodeFile(t *testing.T) {
	base := tinyBase(t, 1)
	b, err := NewGroupedBlocks(base.Layout, 32, ByLayer)
	if err != nil {
		t.Fatal(err)
	}
	c := Fit(b, base.Hash, nil)
	path := filepath.Join(t.TempDir(), "blocks.safetensors")
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := readCode(t, path, base); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("what is read is not what was written: %v", err)
	}
}

func TestCodeFileRefuses(t *testing.T) {
	c, base := sampleCode(t)
	path := filepath.Join(t.TempDir(), "blocks.safetensors")
	for name, spoil := range map[string]func(*safetensors.File){
		"format":       func(f *safetensors.File) { f.Metadata["format"] = "warmstart/adapter" },
		"version":      func(f *safetensors.File) { f.Metadata["version"] = "2" },
		"block size":   func(f *safetensors.File) { f.Metadata["size"] = "many" },
		"wanted F32":   func(f *safetensors.File) { f.Metadata["size"] = "16" },
		"blocks by":    func(f *safetensors.File) { f.Metadata["grouping"] = "mood" },
		"blocks of 0":  func(f *safetensors.File) { f.Metadata["size"] = "0" },
		"missing":      func(f *safetensors.File) { f.Tensors = f.Tensors[1:] },
		"power of two": func(f *safetensors.File) { f.Tensors[1].F32[0] = 3 },
		"rounded mean": func(f *safetensors.File) { f.Tensors[0].F32[0] = 1.0 / (1 << 20) },
		"NaN":          func(f *safetensors.File) { f.Tensors[0].F32[0] = float32(math.NaN()) },
	} {
		if err := c.Write(path); err != nil {
			t.Fatal(err)
		}
		file, err := safetensors.ReadFile(path, safetensors.Options{})
		if err != nil {
			t.Fatal(err)
		}
		spoil(file)
		var buf bytes.Buffer
		if err := safetensors.Write(&buf, file); err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeCode(&buf, int64(buf.Len()), base); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeCode(f *testing.F) {
	c, base := sampleCode(f)
	path := filepath.Join(f.TempDir(), "blocks.safetensors")
	if err := c.Write(path); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := DecodeCode(bytes.NewReader(b), int64(len(b)), base); err == nil && got.check() != nil {
			t.Error("a code with values that it cannot have was read")
		}
	})
}
