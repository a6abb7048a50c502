package textenc

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/nn"
)

func TestVocabulary(t *testing.T) {
	v := NewVocabulary([][]string{{"A foggy day, please!", "a colored DAY", ""}, nil})
	if got := v.String(); got != `{"words":["a","coloured","day","foggy","please"],"common":[]}` {
		t.Fatalf("words %s", got)
	}
	ids, unknown := v.IDs("Day of a color: foggy")
	if !slices.Equal(ids, []int{2, 0, 3}) || !slices.Equal(unknown, []string{"of", "colour"}) {
		t.Errorf("IDs %v, unknown %q", ids, unknown)
	}
	again, err := ParseVocabulary(v.String())
	if err != nil || !slices.Equal(again.words, v.words) {
		t.Errorf("read back %v, error %v", again, err)
	}
}

func TestCommonWords(t *testing.T) {
	var wordings [][]string
	for _, w := range strings.Fields("fog snow rain sun night dawn storm haze ice") {
		wordings = append(wordings, []string{"a photo", w})
	}
	var p nn.Params
	w := NewWords(&p, NewVocabulary(wordings), Size{Tokens: 4, Width: 4, Layers: 1, Heads: 2})
	rows, mask := make([]float32, 4*(w.vocabulary.Len()+concept.NumColourFeatures+numAmounts)), make([]float32, 4)
	for prompt, want := range map[string]string{"a fog photo": "", "a photo": "does not say", "a vinyl photo": "unknown (vinyl)"} {
		_, err := w.Encode(prompt, rows, mask)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, wanted %q", prompt, err, want)
		}
	}
	again, err := ParseVocabulary(w.vocabulary.String())
	if err != nil || !slices.Equal(again.common, w.vocabulary.common) {
		t.Errorf("read back: %+v, error %v", again, err)
	}
}

func FuzzParseVocabulary(f *testing.F) {
	for _, s := range []string{
		`{"words":["a","b"],"common":["a"]}`, `{"words":["b","a"]}`, `{"words":["a","a"]}`, `{"words":[""]}`, `{"words":["a b"]}`,
		`{"words":["A"]}`, `{"words":["é","ß"],"common":["x"]}`, `{}`, `[]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVocabulary(text)
		if err != nil {
			return
		}
		ids, unknown := v.IDs(strings.Join(v.words, " "))
		if len(unknown) != 0 || len(ids) != v.Len() {
			t.Errorf("%q: of its own words %d are found, %q are not", text, len(ids), unknown)
		}
		for i, id := range ids {
			if i != id {
				t.Errorf("%q: word %d has ID %d", text, i, id)
			}
		}
	})
}

func TestPromptErrors(t *testing.T) {
	var p nn.Params
	w := NewWords(&p, NewVocabulary([][]string{{"a foggy day"}}), Size{Tokens: 3, Width: 4, Layers: 1, Heads: 2})
	for prompt, want := range map[string]string{
		"":                       "no words",
		" ,;! ":                  "no words",
		"туман":                  "туман",
		"a a a a":                "at most 3",
		strings.Repeat("x ", 99): "x, …",
	} {
		_, err := w.Encode(prompt, make([]float32, 9), make([]float32, 3))
		var e *PromptError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, wanted one with %q", prompt, err, want)
		}
	}
}

func TestEncode(t *testing.T) {
	var p nn.Params
	w := NewWords(&p, NewVocabulary([][]string{{"a foggy day"}}), Size{Tokens: 3, Width: 4, Layers: 1, Heads: 2})
	const features = 3 + concept.NumColourFeatures + numAmounts
	rows, mask := slices.Repeat([]float32{9}, 3*features), slices.Repeat([]float32{9}, 3)
	unknown, err := w.Encode("Foggy, gloomy day", rows, mask)
	if err != nil || !slices.Equal(unknown, []string{"gloomy"}) {
		t.Fatalf("unknown %q, error %v", unknown, err)
	}
	want := make([]float32, 3*features)
	want[2], want[features+1] = 1, 1
	if !slices.Equal(rows, want) || !slices.Equal(mask, []float32{1, 1, 0}) {
		t.Errorf("rows %v, mask %v", rows, mask)
	}
}

// Colours are encoded by what they look like, whatever their names, unless a name means something else here.
func TestColours(t *testing.T) {
	var p nn.Params
	w := NewWords(&p, NewVocabulary([][]string{{"a teal snow photo"}}), Size{Tokens: 3, Width: 4, Layers: 1, Heads: 2})
	_, features := w.Shape()
	encode := func(prompt string) []float32 {
		rows := make([]float32, 3*features)
		unknown, err := w.Encode(prompt, rows, make([]float32, 3))
		if err != nil || len(unknown) > 0 {
			t.Fatalf("%q: unknown %q, error %v", prompt, unknown, err)
		}
		return rows
	}
	teal, crimson, snow := encode("teal"), encode("crimson"), encode("snow")
	for i, v := range teal[:w.vocabulary.Len()] {
		if v != 0 || crimson[i] != 0 {
			t.Errorf("a colour is word %d", i)
		}
	}
	described := func(rows []float32) []float32 { return rows[w.vocabulary.Len():features] }
	if c := described(crimson); c[0] != 1 || c[1] <= c[2] || c[1] <= c[3] {
		t.Errorf("crimson is %v", c)
	}
	if c := described(encode("RebeccaPurple")); c[0] != 1 || c[1] >= 0 || c[2] >= c[1] || c[3] <= 0 { // #663399, from -1 to 1
		t.Errorf("rebeccapurple is %v", c)
	}
	if slices.Equal(described(teal), described(crimson)) {
		t.Error("teal is crimson")
	}
	if slices.ContainsFunc(described(snow), func(v float32) bool { return v != 0 }) {
		t.Error("snow is a colour, though it is a word")
	}
}

// encode runs an encoder with freshly drawn weights on a batch of prompts.
func encode(t *testing.T, size Size, v *Vocabulary, prompts ...string) [][]float32 {
	t.Helper()
	backend, err := cpu.New("threads=2")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	var p nn.Params
	w := NewWords(&p, v, size)
	features := v.Len() + concept.NumColourFeatures + numAmounts
	rowShape := shapes.Make(dtypes.Float32, len(prompts), size.Tokens, features)
	maskShape := shapes.Make(dtypes.Float32, len(prompts), size.Tokens)
	program, err := nn.Compile(backend, "words", func(g *Graph) []*Node {
		e := p.NewEnv(p.Inputs(g, ""), nil)
		return []*Node{w.Forward(e, Parameter(g, "rows", rowShape), Parameter(g, "mask", maskShape))}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	var inputs []compute.Buffer
	add := func(values []float32, s shapes.Shape) {
		b, err := backend.BufferFromFlatData(0, values, s)
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, b)
	}
	for i, q := range p.List() {
		values := make([]float32, q.Size())
		p.Draw(nn.Ref(i), 1, values)
		add(values, q.Shape())
	}
	rows, mask := make([]float32, rowShape.Size()), make([]float32, maskShape.Size())
	for i, prompt := range prompts {
		if _, err := w.Encode(prompt, rows[i*size.Tokens*features:][:size.Tokens*features], mask[i*size.Tokens:][:size.Tokens]); err != nil {
			t.Fatal(err)
		}
	}
	add(rows, rowShape)
	add(mask, maskShape)
	out, err := program.Run(inputs, make([]bool, len(inputs)))
	if err != nil {
		t.Fatal(err)
	}
	values, err := nn.Values(out[0])
	if err != nil {
		t.Fatal(err)
	}
	var perPrompt [][]float32
	for i := range prompts {
		perPrompt = append(perPrompt, slices.Clone(values[i*size.Tokens*size.Width:][:size.Tokens*size.Width]))
	}
	return perPrompt
}

func TestForward(t *testing.T) {
	v := NewVocabulary([][]string{{"a foggy day at sea"}})
	size := Size{Tokens: 5, Width: 8, Layers: 2, Heads: 2}
	got := encode(t, size, v, "a foggy day", "day a foggy", "a foggy day")
	if !slices.Equal(got[0], got[2]) {
		t.Error("a prompt's vectors depend on its place in the batch")
	}
	if distance(got[0][:8], got[1][8:16]) < 0.1 {
		t.Error("the order of the words makes no difference")
	}
	// What is masked out must not matter: a longer sequence has the same parameters except for its places.
	size.Tokens = 3
	short := encode(t, size, v, "a foggy day")
	if d := distance(short[0], got[0][:3*8]); d > 1e-5 {
		t.Errorf("padding changes the vectors by %g", d)
	}
}

// distance is the largest difference.
func distance(a, b []float32) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(float64(a[i]-b[i])))
	}
	return d
}

// TestAttendMasks compares with nn's attention over a context that is cut instead of masked.
func TestAttendMasks(t *testing.T) {
	backend, err := cpu.New("threads=2")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	var p nn.Params
	a := p.Attention("a", 8, 6, 2, FanIn(8))
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(g *Graph, dims ...int) *Node {
		s := shapes.Make(dtypes.Float32, dims...)
		values := make([]float32, s.Size())
		for i := range values {
			values[i] = float32(rng.NormFloat64())
		}
		return Reshape(Const(g, values), dims...)
	}
	program, err := nn.Compile(backend, "attend", func(g *Graph) []*Node {
		var weights []*Node
		for _, q := range p.List() {
			weights = append(weights, random(g, q.Dims...))
		}
		e := p.NewEnv(weights, nil)
		x, context := random(g, 2, 4, 8), random(g, 2, 5, 6)
		mask := Const(g, [][]float32{{1, 1, 1, 0, 0}, {1, 1, 1, 0, 0}})
		want := a.Apply(e, x, SliceAxis(context, 1, AxisRange(0, 3)))
		return []*Node{ReduceAllMax(Abs(Sub(want, Attend(e, a, x, context, mask)))), ReduceAllMax(Abs(want))}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	out, err := program.Run(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	difference, _ := nn.Values(out[0])
	size, _ := nn.Values(out[1])
	if difference[0] > 1e-5 || size[0] < 0.1 {
		t.Errorf("masked and cut attention differ by %g of %g", difference[0], size[0])
	}
}

func TestClauses(t *testing.T) {
	for prompt, want := range map[string]string{
		"a strongly tinted photo of a misty lake":         "a strongly tinted photo+ | of a misty lake",
		"teal and orange, with just a hint of film grain": "teal and orange | with just a hint of film grain-",
		"make it slightly foggy and very warm":            "make it slightly foggy- | and very warm+",
		"add fog a lot, then turn it into a sketch":       "add fog a lot+ | then turn it into a sketch",
		"a hint of black and white":                       "a hint of black and white-",
		"rain and":                                        "rain | and",
		" ,, ":                                            "",
	} {
		var got []string
		for _, c := range clauses(prompt) {
			text := strings.Join(c.words, " ")
			for i, sign := range []string{"-", "+"} {
				if c.amounts[i] > 0 {
					text += sign
				}
			}
			got = append(got, text)
		}
		if text := strings.Join(got, " | "); text != want {
			t.Errorf("%q: clauses %q, wanted %q", prompt, text, want)
		}
	}
}

// How much is asked for goes with all words of the clause, and with no others.
func TestAmounts(t *testing.T) {
	var p nn.Params
	w := NewWords(&p, NewVocabulary([][]string{{"a slightly foggy sea with rain"}}), Size{Tokens: 6, Width: 4, Layers: 1, Heads: 2})
	_, features := w.Shape()
	rows := make([]float32, 6*features)
	unknown, err := w.Encode("faintly foggy sea with rain", rows, make([]float32, 6))
	if err != nil || len(unknown) > 0 {
		t.Fatalf("unknown %q, error %v", unknown, err)
	}
	for i, want := range []float32{1.5, 1.5, 0, 0} { // foggy, sea, with, rain
		if got := rows[(i+1)*features-numAmounts]; got != want {
			t.Errorf("word %d: less is %v, wanted %v", i, got, want)
		}
	}
	if _, err := w.Encode("slightly", rows, make([]float32, 6)); err == nil {
		t.Error("an amount alone was accepted")
	}
}
