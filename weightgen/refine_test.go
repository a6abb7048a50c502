package weightgen

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/rounds"
	"github.com/warmstart-ml/warmstart/internal/trainloop"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/textenc"
	"github.com/warmstart-ml/warmstart/zoo"
)

// tinyBase has drawn weights and adapters of rank 2.
func tinyBase(t testing.TB) *lora.Base {
	t.Helper()
	config, err := gan.Preset("mini")
	if err != nil {
		t.Fatal(err)
	}
	config.Width, config.Size = 4, 16
	return drawnBase(t, config, lora.Config{Seed: 1, Ranks: []lora.Rank{{Pattern: "*", Rank: 2}}})
}

func drawnBase(t testing.TB, config gan.Config, adapters lora.Config) *lora.Base {
	t.Helper()
	network, err := config.Network()
	if err != nil {
		t.Fatal(err)
	}
	b, err := lora.NewBase(&gan.Weights{Config: config, Values: drawn(&network.Params)}, adapters)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func drawn(p *nn.Params) (values [][]float32) {
	for i, q := range p.List() {
		v := make([]float32, q.Size())
		p.Draw(nn.Ref(i), 1, v)
		values = append(values, v)
	}
	return values
}

func drawnWeights(m *Model) *Weights { return &Weights{Model: m, Values: drawn(&m.Params)} }

// randomZoo has adapters of the given concepts, drawn at random.
func randomZoo(t testing.TB, b *lora.Base, concepts []concept.Concept, size int) (*zoo.Zoo, *zoo.Code) {
	t.Helper()
	z := &zoo.Zoo{Base: b}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range concepts {
		values := b.Layout.Initial()
		for _, v := range values {
			for i := range v {
				v[i] += float32(math.Round(rng.NormFloat64()*(1<<14))) / (1 << 16)
			}
		}
		z.Entries, z.Adapters = append(z.Entries, zoo.Entry{ID: c.ID}), append(z.Adapters, values)
	}
	code, err := z.Code(size)
	if err != nil {
		t.Fatal(err)
	}
	return z, code
}

// tinyRefine is a second stage that begins with fresh weights, which know the words of all seen concepts.
func tinyRefine(t testing.TB, dir string) RefineOptions {
	t.Helper()
	b := tinyBase(t)
	concepts := concept.Seen()[:5]
	_, code := randomZoo(t, b, concepts, 64)
	var prompts [][]string
	for _, c := range concept.Seen() {
		prompts = append(prompts, c.Phrasings())
	}
	c := shortConfig(NetworkDiT)
	c.Tokens = 32
	m, err := newModel(c, LayoutOf(code), textenc.NewVocabulary(prompts))
	if err != nil {
		t.Fatal(err)
	}
	pictures := func(first uint64) *corpus.Corpus {
		p, err := corpus.New(t.Context(), corpus.Config{Size: 16, Scenes: 5, First: first})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	return RefineOptions{
		Config: RefineConfig{
			Optimiser: Optimiser{Steps: 6, Warmup: 1, LR: 3e-3, WeightDecay: 0.01, EMA: 0.9}, Together: 2, Batch: 2, Pairs: 3, Seed: 1,
		},
		Weights: drawnWeights(m), Base: b, Code: code, Pictures: pictures(corpus.TrainScenes), Test: pictures(corpus.TestScenes), Concepts: concepts,
		Run: Run{Dir: dir, SaveEvery: time.Nanosecond, EvalEvery: 3},
	}
}

// TestRefineLearns: the pictures of the concepts that were learnt are better with their own adapters than with each other's.
func TestRefineLearns(t *testing.T) {
	o := tinyRefine(t, t.TempDir())
	o.Config.Steps, o.EvalEvery, o.SaveEvery, o.Config.LR = 200, 200, time.Hour, 1e-2
	var losses []float32
	o.observe = func(r Record) { losses = append(losses, r.Loss) }
	r, err := Refine(t.Context(), cputest.New(t, "threads=2"), o)
	if err != nil {
		t.Fatal(err)
	}
	if first, last := mean(losses[:10]), mean(losses[190:]); !(last < 0.75*first) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
	for _, g := range concept.Groups() {
		if q := r.Last.Quality[string(g)]; q.Concepts != galleryConcepts || !(min(q.Generated, q.Mean, q.Zero, q.Shuffled) > 5) {
			t.Errorf("group %s: %+v", g, q)
		}
	}
	if q := qualityOfSeen(t, o, r.Weights); !(q.Generated > max(q.Zero, q.Mean)+3 && q.Generated > q.Shuffled+1) {
		t.Errorf("what was learnt: %+v", q)
	}
	w, err := ReadWeightsFile(filepath.Join(o.Dir, WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(w.Values, r.Weights.Values, slices.Equal) || w.Refined == nil || *w.Refined != o.Config || w.Step != 200 {
		t.Errorf("the file says %+v, %d steps", w.Refined, w.Step)
	}
}

// qualityOfSeen evaluates weights on what they were trained on.
func qualityOfSeen(t *testing.T, o RefineOptions, w *Weights) Quality {
	t.Helper()
	backend := cputest.New(t, "threads=2")
	g, err := newGallery(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	v := group{name: "seen"}
	for _, c := range o.Concepts {
		p, err := o.Pictures.Pairs(c, corpus.Choice{Pairs: o.Config.Pairs, Seed: o.Config.Seed})
		if err != nil {
			t.Fatal(err)
		}
		v.prompts, v.pairs = append(v.prompts, c.Phrasings()[0]), append(v.pairs, p)
	}
	if err := g.controls(t.Context(), &v); err != nil {
		t.Fatal(err)
	}
	g.groups = []group{v}
	generator, err := NewGenerator(backend, w, w.Model.layout, o.Code.Blocks.Mask())
	if err != nil {
		t.Fatal(err)
	}
	defer generator.Close()
	q, err := g.quality(t.Context(), generator.weights)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", q)
	return q["seen"]
}

func TestRefineResumes(t *testing.T) {
	whole, parts := tinyRefine(t, t.TempDir()), tinyRefine(t, t.TempDir())
	one, err := cpu.New("threads=1") // nor may the number of threads matter
	if err != nil {
		t.Fatal(err)
	}
	defer one.Finalize()
	whole.Test = nil
	if _, err := Refine(t.Context(), one, whole); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	parts.observe = cancelAt(4, cancel)
	if _, err := Refine(ctx, cputest.New(t, "threads=2"), parts); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, wanted an interruption", err)
	}
	if _, err := Refine(t.Context(), cputest.New(t, "threads=2"), parts); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{checkpoint.File, WeightsFile} {
		if !bytes.Equal(readAll(t, filepath.Join(whole.Dir, name)), readAll(t, filepath.Join(parts.Dir, name))) {
			t.Errorf("%s differs from that of an unbroken run", name)
		}
	}
	log := readAll(t, filepath.Join(parts.Dir, trainloop.LogFile))
	if lines, evals := bytes.Count(log, []byte("\n")), bytes.Count(log, []byte(`"quality"`)); lines != 6 || evals != 2 {
		t.Errorf("%d lines in the log and %d evaluations", lines, evals)
	}
	parts.observe = func(Record) { t.Error("a step of a training that was done") }
	if _, err := Refine(t.Context(), cputest.New(t, "threads=2"), parts); err != nil {
		t.Error(err)
	}
}

func TestRefineRefuses(t *testing.T) {
	dir := t.TempDir()
	done := tinyRefine(t, dir)
	done.Test = nil
	if _, err := Refine(t.Context(), cputest.New(t, "threads=2"), done); err != nil {
		t.Fatal(err)
	}
	first := t.TempDir()
	data, _ := syntheticZoo(3, 64)
	interrupted(t, shortConfig(NetworkDiT), data, nil, first)
	for want, spoil := range map[string]func(o *RefineOptions){
		"unseen group a":   func(o *RefineOptions) { o.Concepts = append(slices.Clone(o.Concepts), concept.Unseen(concept.Pair)[3]) },
		"no concepts":      func(o *RefineOptions) { o.Concepts = []concept.Concept{} },
		"another folder":   func(o *RefineOptions) { o.Config.LR = 1 },
		"other adapters":   func(o *RefineOptions) { o.Weights.Values[3][0]++ },
		"together":         func(o *RefineOptions) { o.Config.Together = 0 },
		"other stage":      func(o *RefineOptions) { o.Dir = first },
		"use its own base": func(o *RefineOptions) { code := *o.Code; code.BaseHash = "x"; o.Code = &code },
		"for other blocks": func(o *RefineOptions) { _, o.Code = randomZoo(t, o.Base, o.Concepts[:2], 64) },
		"sample in one":    func(o *RefineOptions) { o.Weights.Model.config.Terminal = 0 },
		"for a base of 16": func(o *RefineOptions) { o.Test, _ = corpus.New(t.Context(), corpus.Config{Size: 32, Scenes: 1}) },
		"words of the prom": func(o *RefineOptions) {
			o.Weights.Model.Encoder = textenc.NewWords(&nn.Params{}, textenc.NewVocabulary([][]string{{"x"}}), textenc.Size{Tokens: 32, Width: 4, Heads: 1})
		},
	} {
		o := tinyRefine(t, dir)
		o.Test = nil
		spoil(&o)
		if _, err := Refine(t.Context(), cputest.New(t, "threads=2"), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, wanted one with %q", err, want)
		}
	}
}

// TestVisits: visits are functions of the step, and go on through a concept's pairs.
// choosy is an encoder that refuses the first prompts that it is given.
type choosy struct{ refused []*textenc.PromptError }

func (c *choosy) Shape() (tokens, features int)                         { return 4, 2 }
func (c *choosy) Forward(*nn.Env, *graph.Node, *graph.Node) *graph.Node { return nil }
func (c *choosy) Encode(string, []float32, []float32) (unknown []string, err error) {
	if len(c.refused) == 0 {
		return nil, nil
	}
	err, c.refused = c.refused[0], c.refused[1:]
	return nil, err
}

func TestReadable(t *testing.T) {
	c := concept.Seen()[0]
	all := c.Phrasings()
	unknown, long := &textenc.PromptError{Unknown: []string{"fog"}, Most: 4}, &textenc.PromptError{Known: 5, Most: 4}
	for name, v := range map[string]struct {
		refused []*textenc.PromptError
		left    []string
	}{
		"all known":   {nil, all},
		"two unknown": {[]*textenc.PromptError{unknown, unknown}, all[2:]},
		"all unknown": {slices.Repeat([]*textenc.PromptError{unknown}, len(all)), nil},
		"too long":    {[]*textenc.PromptError{unknown, long}, nil},
	} {
		prompts, skipped, err := readable(&choosy{v.refused}, c)
		if (err != nil) != (v.left == nil) || !slices.Equal(prompts, v.left) || err == nil && skipped != len(all)-len(v.left) {
			t.Errorf("%s: %d wordings, %d left out, error %v", name, len(prompts), skipped, err)
		}
	}
}

func TestVisits(t *testing.T) {
	const concepts, batch = 7, 4
	r := &refiner{options: RefineOptions{Config: RefineConfig{Together: 3, Batch: batch, Seed: 5}}}
	r.rounds = rounds.New(5, slices.Repeat([]int{2}, concepts))
	for range concepts {
		r.prompts = append(r.prompts, make([]string, 12))
	}
	wordings, shown := map[int]bool{}, map[[2]int]bool{}
	for step := range 28 { // six rounds
		v := r.visits(step)
		if !slices.Equal(v, r.visits(step)) {
			t.Error("visits depend on more than the step")
		}
		for _, v := range v {
			wordings[v.prompt], shown[[2]int{v.concept, v.first}] = true, true
		}
	}
	for i := range concepts {
		for k := range 12 {
			if !shown[[2]int{i, k * batch}] {
				t.Errorf("concept %d has not shown its pairs from %d on", i, k*batch)
			}
		}
	}
	if len(wordings) < 8 {
		t.Errorf("84 visits have %d wordings", len(wordings))
	}
}

// TestNothingUnseen: neither unseen concepts nor held-out wordings reach the training of either stage.
func TestNothingUnseen(t *testing.T) {
	forbidden := map[string]bool{}
	for _, g := range concept.Groups() {
		for _, c := range concept.Unseen(g) {
			for _, p := range c.HeldOut() {
				forbidden[p] = true
			}
			if g != concept.Wording {
				for _, p := range c.Phrasings() {
					forbidden[p] = true
				}
			}
		}
	}
	for _, c := range concept.Seen() { // some prompts say two concepts, as a strength may go without saying
		for _, p := range c.Phrasings() {
			delete(forbidden, p)
		}
	}
	b := tinyBase(t)
	z, code := randomZoo(t, b, concept.Seen(), 64)
	data, err := NewDataset(z, code)
	if err != nil {
		t.Fatal(err)
	}
	if err := data.check(); err != nil || len(data.Adapters) != len(concept.Seen()) {
		t.Errorf("%d adapters, error %v", len(data.Adapters), err)
	}
	for i, c := range concept.Seen() {
		if !slices.Equal(data.Prompts[i], c.Phrasings()) || slices.ContainsFunc(data.Prompts[i], func(p string) bool { return forbidden[p] }) {
			t.Errorf("%s is asked for by %q", c.ID, data.Prompts[i])
		}
	}
	held, ok, err := Wordings(z, code)
	if err != nil || !ok || len(held.Adapters) != len(concept.Unseen(concept.Wording)) || !forbidden[held.Prompts[0][0]] {
		t.Errorf("%d adapters with held-out wordings, error %v", len(held.Adapters), err)
	}
	z.Entries[4].ID = concept.Unseen(concept.Setting)[0].ID
	if _, err := NewDataset(z, code); err == nil || !strings.Contains(err.Error(), "unseen group c") {
		t.Errorf("a zoo with an unseen concept: error %v", err)
	}

	o := tinyRefine(t, t.TempDir())
	o.Concepts = concept.Seen()
	r, err := newRefiner(cputest.New(t, "threads=2"), o, fresh(o.Weights.Values))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for step := range len(o.Concepts) {
		for _, v := range r.visits(step) {
			if c, p := o.Concepts[v.concept], r.prompts[v.concept][v.prompt]; !c.IsSeen() || forbidden[p] {
				t.Errorf("step %d trains on %s, %q", step, c.ID, p)
			}
		}
	}
}
