package warmstart

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/pretrained"
	"github.com/warmstart-ml/warmstart/textenc"
	"github.com/warmstart-ml/warmstart/weightgen"
)

func tinyModels(t testing.TB, seed uint64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := tiny.WriteModels(cputest.New(t, "threads=1"), dir, seed); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestInit(t *testing.T) {
	models, err := Load(tinyModels(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	init := func(prompt string) (values []float32, unknown []string) {
		t.Helper()
		a, unknown, err := models.Init(t.Context(), cputest.New(t, "threads=1"), prompt, weightgen.Sampling{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Prompt != prompt || a.Steps != 0 {
			t.Errorf("%q: %+v", prompt, a.Info)
		}
		return slices.Concat(a.Values...), unknown
	}
	sepia, unknown := init("a sepia photo")
	if len(sepia) != models.Base.Layout.Params.Size() || unknown != nil {
		t.Errorf("%d values, unknown %q", len(sepia), unknown)
	}
	if again, _ := init("a sepia photo"); !slices.Equal(again, sepia) {
		t.Error("the same prompt gives other values")
	}
	same, unknown := init("a sepia bandersnatch photo")
	if !slices.Equal(unknown, []string{"bandersnatch"}) || !slices.Equal(same, sepia) {
		t.Errorf("unknown %q; an unknown word makes a difference: %t", unknown, !slices.Equal(same, sepia))
	}
}

func TestInitRefuses(t *testing.T) {
	models, err := Load(tinyModels(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	for prompt, want := range map[string]string{
		"":                             "has no words",
		"a photo":                      "does not say what to do",
		"bandersnatch":                 "unknown (bandersnatch)",
		"туманный вечер":               "unknown (туманный, вечер)",
		"霧":                            "unknown (霧)",
		strings.Repeat("sepia ", 60):   "has 60 known words",
		strings.Repeat("mimsy ", 1000): "at most 1000 are allowed",
		"sepia \xff":                   "UTF-8",
	} {
		_, _, err := models.Init(t.Context(), cputest.New(t, "threads=1"), prompt, weightgen.Sampling{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %v, wanted one with %q", prompt, err, want)
		}
		var p *textenc.PromptError
		if isPrompt := errors.As(err, &p); isPrompt == (len(prompt) > MaxPrompt || strings.Contains(prompt, "\xff")) {
			t.Errorf("%.20q: a PromptError: %t", prompt, isPrompt)
		}
	}
}

// TestInitNotFinite: a generator whose weights are too large makes no adapter.
func TestInitNotFinite(t *testing.T) {
	models, err := Load(tinyModels(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range models.Generator.Values {
		for i := range values {
			values[i] = 1e38
		}
	}
	if a, _, err := models.Init(t.Context(), cputest.New(t, "threads=1"), "a sepia photo", weightgen.Sampling{}); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("adapter %v, error %v", a, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	good, other := tinyModels(t, 1), tinyModels(t, 2)
	for _, c := range []struct {
		name, file, from string // file is replaced by that of the folder from; "": removed
		want             string
	}{
		{"no base", pretrained.BaseFile, "", "no such file"},
		{"no code", pretrained.CodeFile, "", "no such file"},
		{"no generator", pretrained.GeneratorFile, "", "no such file"},
		{"another base", pretrained.BaseFile, other, pretrained.CodeFile},
		{"another code", pretrained.CodeFile, other, pretrained.CodeFile},
		{"no weights", pretrained.GeneratorFile, "rubbish", "safetensors file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, c.file)
			os.Remove(path)
			if c.from == "rubbish" {
				os.WriteFile(path, []byte("rubbish, not weights"), 0o644)
			} else if c.from != "" {
				b, _ := os.ReadFile(filepath.Join(c.from, c.file))
				os.WriteFile(path, b, 0o644)
			}
			_, err := Load(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v", err)
			}
		})
	}
	models, err := Load(good)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := Load(other)
	if err != nil {
		t.Fatal(err)
	}
	models.Generator = foreign.Generator
	if _, _, err := models.Init(t.Context(), cputest.New(t, "threads=1"), "a sepia photo", weightgen.Sampling{}); err == nil || !strings.Contains(err.Error(), "another base") {
		t.Errorf("the generator of another base: error %v", err)
	}
}

func TestLoadFeatures(t *testing.T) {
	dir := tinyModels(t, 1)
	w, err := LoadFeatures(dir)
	if err != nil {
		t.Fatal(err)
	}
	if w.Config.Size != tiny.Size || len(w.Values) == 0 {
		t.Errorf("%+v", w.Config)
	}
	path := filepath.Join(dir, pretrained.FeaturesFile)
	if err := os.WriteFile(path, []byte("rubbish, not weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFeatures(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("rubbish: error %v", err)
	}
	os.Remove(path)
	if _, err := LoadFeatures(dir); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "warmstart pretrain") {
		t.Errorf("no file: error %v", err)
	}
}

// TestPretrained: what is in the binary can be loaded and writes weights.
func TestPretrained(t *testing.T) {
	models, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	if _, unknown, err := models.Init(t.Context(), cputest.New(t, "threads=1"), "a faded photo of a foggy evening", weightgen.Sampling{}); err != nil || unknown != nil {
		t.Errorf("unknown %q, error %v", unknown, err)
	}
}

// TestPretrainedFeatures: by the features in the binary, sets of pictures with one edit are near each other, blurred ones are further off, and
// unedited ones far.
func TestPretrainedFeatures(t *testing.T) {
	w, err := LoadFeatures("")
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.Extractor(cputest.New(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const n = 24 // pictures of a set
	pictures, err := corpus.New(t.Context(), corpus.Config{Size: w.Config.Size, Scenes: 2 * n, First: corpus.DevScenes})
	if err != nil {
		t.Fatal(err)
	}
	sketch, err := concept.Find("pencil-sketch")
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := pictures.Pairs(sketch, corpus.Choice{Pairs: 2 * n})
	if err != nil {
		t.Fatal(err)
	}
	var first, second, blurred, plain []*imageio.Image
	for i := range n {
		_, a, err := pairs.Pair(i)
		if err != nil {
			t.Fatal(err)
		}
		source, b, err := pairs.Pair(n + i)
		if err != nil {
			t.Fatal(err)
		}
		size := w.Config.Size
		first, second, plain = append(first, a), append(second, b), append(plain, source)
		blurred = append(blurred, b.Resize(size/2, size/2).Resize(size, size))
	}
	want, err := e.Features(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	var fid, kid []float64
	for _, set := range [][]*imageio.Image{second, blurred, plain} {
		f, err := e.Features(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		c, err := metrics.Compare(want, f, metrics.KIDOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fid, kid = append(fid, c.FID), append(kid, c.KID.Mean)
	}
	if fid[1] < 3*fid[0] || fid[2] < 1.5*fid[1] || kid[1] < kid[0]+0.1 || kid[2] < kid[1]+0.1 {
		t.Errorf("of other, blurred and unedited pictures: FID %v, KID %v", fid, kid)
	}
}
