package ablation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/evaluate"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := cpu.New("threads=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// testZoo has adapters of noise.
func testZoo(t testing.TB, n int) *zoo.Zoo {
	t.Helper()
	base, err := tiny.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	z := &zoo.Zoo{Base: base}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range concept.Seen()[:n] {
		a := base.Layout.Initial()
		for _, values := range a {
			for i := range values {
				values[i] = float32(math.Round(0.05*rng.NormFloat64()*(1<<16)) / (1 << 16)) // zoos hold multiples of that
			}
		}
		z.Entries, z.Adapters = append(z.Entries, zoo.Entry{ID: c.ID}), append(z.Adapters, a)
	}
	return z
}

func testOptions(t testing.TB, name string) Options {
	t.Helper()
	k, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Kind: k, Config: DefaultConfig(), Zoo: testZoo(t, 10), Dir: t.TempDir()}
	c := &o.Config
	c.Steps, c.RefineSteps = 1, 1
	e := &c.Evaluate
	e.Concepts, e.Pictures, e.Pairs, e.TestScenes, e.TrainScenes, e.Batch, e.Search = 1, 1, 2, 2, 2, 1, 1
	e.Reference = evaluate.Reference{Steps: 1, LRs: []float64{1e-3}}
	return o
}

// TestVariants: everything but one thing is equal.
func TestVariants(t *testing.T) {
	z := testZoo(t, 60)
	want := map[string]int{"block-size": 5, "grouping": 3, "steps": 5, "target": 6, "network": 2, "zoo-size": 3, "stage": 4}
	for _, k := range Kinds() {
		list, err := k.variants(DefaultConfig(), z)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != want[k.Name] {
			t.Errorf("%s has %d variants", k.Name, len(list))
		}
		names := map[string]bool{}
		for _, v := range list {
			names[v.name] = true
			blocks, err := zoo.NewGroupedBlocks(z.Base.Layout, v.training.size, v.training.grouping)
			if err != nil {
				t.Errorf("%s, %s: %v", k.Name, v.name, err)
				continue
			}
			if v.name == "whole" && blocks.Count() != 1 {
				t.Errorf("the whole adapter in %d blocks", blocks.Count())
			}
			if first := list[0].training.config; k.Name != "network" && (v.training.config.Batch != first.Batch || v.training.config.LR != first.LR || v.training.config.Seed != first.Seed) {
				t.Errorf("%s, %s: %+v", k.Name, v.name, v.training.config)
			}
		}
		if len(names) != len(list) {
			t.Errorf("%s: names %v", k.Name, names)
		}
	}
	if _, err := Find("beauty"); err == nil || !strings.Contains(err.Error(), "block-size") {
		t.Errorf("an ablation of beauty: %v", err)
	}
}

func TestRun(t *testing.T) {
	o, backend := testOptions(t, "zoo-size"), testBackend(t)
	o.Zoo = testZoo(t, 30) // of which 25 make a variant
	first, err := Run(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Rows) != 2 || first.Learnt != 27 || first.Held != 3 || first.Rows[0].Adapters != 25 || first.Concepts != 4 || first.Partial || len(first.Pictures) != 4 {
		t.Errorf("report %+v", first)
	}
	for _, row := range first.Rows {
		if !(row.PSNR["a"] > 3 && row.PSNR[allGroups] > 3 && row.WeightsError > 0 && row.Seconds > 0 && row.Generate > 0 && row.Params > 0) {
			t.Errorf("row %+v", row)
		}
	}
	// Noise is about as far from zero as it is large, and as far from other noise as both are.
	if c := first.Controls; c.WeightsMean < 0.4 || c.WeightsMean > 2.5 || c.WeightsOther < 1.5*c.WeightsMean {
		t.Errorf("controls %+v", c)
	}
	second, err := Run(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Report{first, second} {
		r.Seconds = 0
		for i := range r.Rows {
			r.Rows[i].Generate = 0
		}
	}
	a, _ := json.Marshal(first)
	b, _ := json.Marshal(second)
	if !bytes.Equal(a, b) {
		t.Errorf("results differ with the folder:\n%s\n%s", a, b)
	}
	p, err := first.Page()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.TempDir(), first); err != nil {
		t.Error(err)
	}
}

// TestStage does the one kind that has a second stage, with an interruption before its last row.
func TestStage(t *testing.T) {
	o := testOptions(t, "stage")
	backend := testBackend(t)
	if _, err := Run(t.Context(), backend, o); err == nil || !strings.Contains(err.Error(), "no pictures") {
		t.Errorf("without pictures: %v", err)
	}
	var err error
	if o.Pictures, err = corpus.New(t.Context(), corpus.Config{Size: tiny.Size, Scenes: 16, First: corpus.TrainScenes}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.Say = func(format string, args ...any) {
		if strings.HasPrefix(fmt.Sprintf(format, args...), "4 of 4") {
			cancel()
		}
	}
	r, err := Run(ctx, backend, o)
	if !errors.Is(err, context.Canceled) || r == nil || !r.Partial || len(r.Rows) != 3 {
		t.Fatalf("interrupted: %v, %+v", err, r)
	}
	var table bytes.Buffer
	if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "Partial: interrupted") {
		t.Error(table.String())
	}
	o.Say = nil
	if r, err = Run(t.Context(), backend, o); err != nil || r.Partial || len(r.Rows) != 4 || r.Rows[3].RefineSteps != 1 {
		t.Errorf("gone on with: %v, %+v", err, r)
	}
}

func TestBadOptions(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"no folder":                 func(o *Options) { o.Dir = "" },
		"0 and 1 steps":             func(o *Options) { o.Config.Steps = 0 },
		"the zoo has 2 adapters":    func(o *Options) { o.Zoo = testZoo(t, 2) },
		"unknown network \"brain\"": func(o *Options) { o.Config.Network = "brain" },
	} {
		o := testOptions(t, "steps")
		change(&o)
		if _, err := Run(t.Context(), testBackend(t), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("wanted an error with %q: %v", want, err)
		}
	}
}

func TestHoldBack(t *testing.T) {
	z := &zoo.Zoo{}
	for i, c := range concept.Seen()[:600] {
		z.Entries, z.Adapters = append(z.Entries, zoo.Entry{ID: c.ID}), append(z.Adapters, [][]float32{{float32(i)}})
	}
	learn, held := holdBack(z)
	if len(held.Entries) != heldMost || len(learn.Entries) != 600-heldMost {
		t.Errorf("%d held back of %d", len(held.Entries), len(z.Entries))
	}
	for _, e := range held.Entries {
		if c, _ := concept.Find(e.ID); len(c.Parts()) < 2 {
			t.Errorf("%s is held back, and is no combination", e.ID)
		}
		if slices.Contains(learn.Entries, e) {
			t.Errorf("%s is held back and learnt from", e.ID)
		}
	}
}

// row has a quality on two concepts.
func row(name string, x, a, b float64) Row {
	q := &evaluate.Quality{Rows: []evaluate.Row{{Scores: evaluate.Scores{Generated: a}}, {Scores: evaluate.Scores{Generated: b}}}}
	q.All.Generated, q.All.Concepts = (a+b)/2, 2
	r := Row{Name: name, Label: name, X: x, quality: q}
	r.PSNR, r.Share = qualities(q)
	return r
}

func TestFindings(t *testing.T) {
	for _, v := range []struct {
		ablation string
		rows     []Row
		want     string
	}{
		{"block-size", []Row{row("64", 64, 18, 20.2), row("256", 256, 20, 22), row("whole", 9, 10, 30)}, "Best on unseen concepts is 256 with 21.00 dB (0 % of the way), from which whole cannot be told apart (20.00 dB); behind it is 64 by 1.90 ± 0.10 dB."},
		{"target", []Row{row("x0", 0, 20, 22)}, "nothing to compare"},
		{"zoo-size", []Row{row("25", 25, 10, 12), row("50", 50, 13, 15), row("100", 100, 14, 16)}, "goes from 11.00 to 15.00 dB, +2.00 dB with each doubling, and still +1.00 with the last one: more concepts would help"},
		{"zoo-size", []Row{row("25", 25, 10, 12), row("50", 50, 10, 12)}, "have stopped to help"},
	} {
		r := &Report{Ablation: v.ablation, Rows: v.rows}
		for i := range r.Rows {
			r.Rows[i].Behind, r.Rows[i].BehindError = behind(r.best(), r.Rows[i])
		}
		if got := r.finding(); !strings.Contains(got, v.want) {
			t.Errorf("%s: %s\nwanted %s", v.ablation, got, v.want)
		}
	}
}

func TestLogged(t *testing.T) {
	dir := t.TempDir()
	log := "{\"step\":1,\"seconds\":1}\n{\"step\":2,\"seconds\":3}\n{\"step\":3,\"seconds\":0.5}\n{\"step\":4,\"seconds\":2}\n"
	if err := os.WriteFile(filepath.Join(dir, "log.jsonl"), []byte(log), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := logged(dir); got != 5 {
		t.Errorf("%g seconds", got)
	}
	if got := logged(t.TempDir()); got != 0 {
		t.Errorf("%g seconds of nothing", got)
	}
}

// TestUnknownPrompt: who has seen few concepts answers with the mean adapter.
func TestUnknownPrompt(t *testing.T) {
	z, backend := testZoo(t, 3), testBackend(t)
	code, err := z.Code(64)
	if err != nil {
		t.Fatal(err)
	}
	data, err := weightgen.NewDataset(z, code)
	if err != nil {
		t.Fatal(err)
	}
	c, err := weightgen.DefaultConfig(weightgen.NetworkDiT)
	if err != nil {
		t.Fatal(err)
	}
	c.Width, c.TextWidth, c.Layers, c.Heads, c.Batch, c.Steps, c.Warmup = 16, 16, 1, 2, 1, 1, 0
	r, err := weightgen.Train(t.Context(), backend, weightgen.Options{Config: c, Data: data, Run: weightgen.Run{Dir: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := weightgen.NewGenerator(backend, r.Weights, weightgen.LayoutOf(code), code.Blocks.Mask())
	if err != nil {
		t.Fatal(err)
	}
	m := &maker{Generator: g, code: code}
	defer m.Close()
	got, err := m.Adapter(t.Context(), "xylophone zebra")
	if err != nil || m.unknown != 1 || !slices.EqualFunc(got, code.Blocks.Join(code.Mean), slices.Equal) {
		t.Errorf("%d unknown prompts: %v", m.unknown, err)
	}
}
