package weightgen

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/textenc"
	"github.com/warmstart-ml/warmstart/zoo"
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
			t, err := NewTrainer(cputest.New(b, "threads=2"), c, data)
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
	w := drawnWeights(m)
	path := filepath.Join(b.TempDir(), "w")
	if err := w.WriteFile(path); err != nil {
		b.Fatal(err)
	}
	backend := cputest.New(b, "threads=2")
	b.ResetTimer()
	var read, compile, run, warm time.Duration
	for range b.N {
		t0 := time.Now()
		w, err := ReadWeightsFile(path)
		if err != nil {
			b.Fatal(err)
		}
		t1 := time.Now()
		g, err := NewGenerator(backend, w, data.Layout, data.Mask)
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

// BenchmarkRefineStep measures the second stage at its default sizes, with pictures that are there already.
func BenchmarkRefineStep(b *testing.B) {
	config, err := gan.Preset("mini")
	if err != nil {
		b.Fatal(err)
	}
	base := drawnBase(b, config, lora.DefaultConfig())
	concepts := concept.Seen()
	z, code := randomZoo(b, base, concepts, zoo.BlockSize)
	data, err := NewDataset(z, code)
	if err != nil {
		b.Fatal(err)
	}
	c, err := DefaultConfig(NetworkDiT)
	if err != nil {
		b.Fatal(err)
	}
	m, err := newModel(c, data.Layout, textenc.NewVocabulary(data.Prompts))
	if err != nil {
		b.Fatal(err)
	}
	pictures, err := corpus.New(b.Context(), corpus.Config{Size: config.Size, Scenes: 4, First: corpus.TrainScenes})
	if err != nil {
		b.Fatal(err)
	}
	o := RefineOptions{
		Config: DefaultRefineConfig(), Weights: drawnWeights(m), Base: base, Code: code, Pictures: pictures, Concepts: concepts[:8],
	}
	o.Config.Pairs = 4
	r, err := newRefiner(cputest.New(b, "threads=2"), o, fresh(o.Weights.Values))
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	var generate, tasks, update time.Duration
	for step := range b.N + 2 {
		if step == 2 {
			b.ResetTimer()
			generate, tasks, update = 0, 0, 0
		}
		visits := r.visits(r.step)
		t0 := time.Now()
		if err := r.generate(visits); err != nil {
			b.Fatal(err)
		}
		t1 := time.Now()
		if err := r.show(visits); err != nil {
			b.Fatal(err)
		}
		if err := r.engine.Run(r.tasks); err != nil {
			b.Fatal(err)
		}
		t2 := time.Now()
		if _, err := r.run(); err != nil {
			b.Fatal(err)
		}
		generate, tasks, update = generate+t1.Sub(t0), tasks+t2.Sub(t1), update+time.Since(t2)
	}
	for name, d := range map[string]time.Duration{"generate": generate, "tasks": tasks, "update": update} {
		b.ReportMetric(float64(d.Microseconds())/float64(b.N)/1000, name+"-ms/op")
	}
	b.ReportMetric(float64(data.Blocks), "blocks")
}
