package weightgen

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/textenc"
)

// zooSized returns random adapters of the default size for all seen concepts.
func zooSized() *Dataset {
	const blocks, size = 110, 256
	d := &Dataset{Layout: Layout{Blocks: blocks, Size: size, Schema: "benchmark"}, Mask: make([]bool, blocks*size)}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range d.Mask {
		d.Mask[i] = i%size < 128
	}
	for _, c := range concept.Seen() {
		a := make([]float32, blocks*size)
		for i := range a {
			if d.Mask[i] {
				a[i] = float32(rng.NormFloat64())
			}
		}
		d.Adapters, d.Prompts = append(d.Adapters, a), append(d.Prompts, c.Phrasings())
	}
	return d
}

func BenchmarkStep(b *testing.B) {
	data := zooSized()
	for _, network := range []string{NetworkDiT, NetworkUNet1D} {
		b.Run(network, func(b *testing.B) {
			c, err := DefaultConfig(network)
			if err != nil {
				b.Fatal(err)
			}
			t, err := NewTrainer(testBackend(b), c, data)
			if err != nil {
				b.Fatal(err)
			}
			defer t.Close()
			t.Step()
			b.ResetTimer()
			var draw time.Duration
			for range b.N {
				begun := time.Now()
				t.draw()
				draw += time.Since(begun)
				if _, err := t.Step(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(draw.Microseconds())/float64(b.N)/1000, "draw-ms/op")
			tokens, words := t.model.Encoder.Shape()
			b.ReportMetric(float64(tokens*words), "row-values")
			b.ReportMetric(float64(t.model.Params.Size()), "params")
		})
	}
}

// BenchmarkGenerate measures what a process needs to make its first adapter.
func BenchmarkGenerate(b *testing.B) {
	data := zooSized()
	c, err := DefaultConfig(NetworkDiT)
	if err != nil {
		b.Fatal(err)
	}
	m, err := newModel(c, data.Layout, textenc.NewVocabulary(data.Prompts))
	if err != nil {
		b.Fatal(err)
	}
	w := &Weights{Model: m}
	for _, p := range m.Params.List() {
		w.Values = append(w.Values, make([]float32, p.Size()))
	}
	path := filepath.Join(b.TempDir(), "w")
	if err := w.WriteFile(path); err != nil {
		b.Fatal(err)
	}
	backend := testBackend(b)
	b.ResetTimer()
	var read, compile, run, warm time.Duration
	for range b.N {
		t0 := time.Now()
		w, err := ReadWeightsFile(path)
		if err != nil {
			b.Fatal(err)
		}
		t1 := time.Now()
		g, err := NewGenerator(backend, w, data.Layout)
		if err != nil {
			b.Fatal(err)
		}
		t2 := time.Now()
		g.Generate(b.Context(), "a foggy day", Sampling{})
		t3 := time.Now()
		g.Generate(b.Context(), "a foggy day", Sampling{})
		t4 := time.Now()
		g.Close()
		read, compile, run, warm = read+t1.Sub(t0), compile+t2.Sub(t1), run+t3.Sub(t2), warm+t4.Sub(t3)
	}
	for name, d := range map[string]time.Duration{"read": read, "compile": compile, "run": run, "warm": warm} {
		b.ReportMetric(float64(d.Microseconds())/float64(b.N)/1000, fmt.Sprintf("%s-ms/op", name))
	}
}
