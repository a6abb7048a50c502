package teacher_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

func TestRegistry(t *testing.T) {
	edits := teacher.Edits()
	if len(edits) < 60 {
		t.Errorf("%d edits, want at least 60", len(edits))
	}
	word := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	names, titles, kinds := map[string]bool{}, map[string]bool{}, map[teacher.Kind]int{}
	for _, e := range edits {
		if !word.MatchString(e.Name) || names[e.Name] || e.Title == "" || titles[e.Title] {
			t.Errorf("%q (%q): names are words with dashes; names and titles are unique", e.Name, e.Title)
		}
		names[e.Name], titles[e.Title] = true, true
		kinds[e.Kind]++
		if e.Params[0].Name != "strength" {
			t.Errorf("%s: the first parameter is %q", e.Name, e.Params[0].Name)
		}
		if e.NeedsMasks && e.Kind != teacher.Scenery {
			t.Errorf("%s needs masks but is of kind %s", e.Name, e.Kind)
		}
		for i, p := range e.Params {
			if !(p.Min < p.Max && p.Min <= p.Default && p.Default <= p.Max) || p.Help == "" || !word.MatchString(p.Name) {
				t.Errorf("%s: parameter %d is %+v", e.Name, i, p)
			}
			if p.Choices != nil && p.Max != float64(len(p.Choices)-1) {
				t.Errorf("%s: %s has %d choices and maximum %g", e.Name, p.Name, len(p.Choices), p.Max)
			}
		}
	}
	for _, k := range []teacher.Kind{teacher.Colour, teacher.Texture, teacher.Scenery} {
		if kinds[k] < 15 {
			t.Errorf("%d edits of kind %s, want at least 15", kinds[k], k)
		}
	}
}

func TestFindSuggests(t *testing.T) {
	for word, want := range map[string]string{
		"sepa": "sepia", "pencil": "pencil-sketch", "water-colour": "watercolour", "oilpaint": "oil-paint", "snowy": "snow",
	} {
		if _, err := teacher.Find(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q) gives %v, want a hint at %q", word, err, want)
		}
	}
}

// settings returns every edit with all defaults, and with each parameter at both ends.
func settings(e teacher.Edit) []string {
	exprs := []string{e.Name}
	for _, p := range e.Params {
		for _, v := range []float64{p.Min, p.Max} {
			value := fmt.Sprint(v)
			if p.Choices != nil {
				value = p.Choices[int(v)]
			}
			exprs = append(exprs, fmt.Sprintf("%s:%s=%s", e.Name, p.Name, value))
		}
	}
	return exprs
}

// TestOutputs holds what every edit promises, on photos and scenes of awkward sizes.
func TestOutputs(t *testing.T) {
	for _, e := range teacher.Edits() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			for _, src := range []teacher.Source{landscape(16, 16), photo(17, 31), landscape(40, 16), photo(16, 90)} {
				if e.NeedsMasks && src.Scene == nil {
					continue
				}
				before := src.Image.Clone()
				for _, expr := range settings(e) {
					out := mustApply(t, expr, src, 7)
					checkPicture(t, expr, out, src.Image)
					if again := mustApply(t, expr, src, 7); !slices.Equal(out.Pix, again.Pix) {
						t.Errorf("%s: two runs differ", expr)
					}
				}
				if !slices.Equal(before.Pix, src.Image.Pix) {
					t.Errorf("%s changes its source", e.Name)
				}
			}
		})
	}
}

func checkPicture(t *testing.T, expr string, out, src *imageio.Image) {
	t.Helper()
	if out.W != src.W || out.H != src.H || len(out.Pix) != len(src.Pix) {
		t.Fatalf("%s: %d x %d gave %d x %d", expr, src.W, src.H, out.W, out.H)
	}
	for i, v := range out.Pix {
		if !(v >= 0 && v <= 1) { // also refuses NaN
			t.Fatalf("%s: sample %d is %g", expr, i, v)
		}
	}
}

func TestStrength(t *testing.T) {
	for _, e := range teacher.Edits() {
		src := sourceFor(e, 32, 32)
		none := mustApply(t, e.Name+":strength=0", src, 3)
		if !slices.Equal(none.Pix, src.Image.Pix) {
			t.Errorf("%s:strength=0 changes the picture", e.Name)
		}
		half, full := mustApply(t, e.Name+":strength=0.5", src, 3), mustApply(t, e.Name, src, 3)
		if h, f := meanDiff(half, src.Image), meanDiff(full, src.Image); h >= f {
			t.Errorf("%s: half strength changes by %.4f, full by %.4f", e.Name, h, f)
		}
	}
}

// TestDistinct: every edit can be seen, and none looks like another.
func TestDistinct(t *testing.T) {
	edits, src := teacher.Edits(), landscape(48, 48)
	outs := make([]*imageio.Image, len(edits))
	for i, e := range edits {
		outs[i] = mustApply(t, e.Name, src, 5)
		if d := meanDiff(outs[i], src.Image); d < 0.012 {
			t.Errorf("%s changes the picture by %.4f only", e.Name, d)
		}
		for j := range i {
			if d := meanDiff(outs[i], outs[j]); d < 0.01 {
				t.Errorf("%s and %s differ by %.4f only", e.Name, edits[j].Name, d)
			}
		}
	}
}

// TestSeed: random texture follows the seed, and nothing else does.
func TestSeed(t *testing.T) {
	random := []string{"film-grain", "rain", "snowfall", "night", "glitch", "vhs", "impressionist", "fireflies", "storm"}
	fixed := []string{"sepia", "pencil-sketch", "oil-paint", "mosaic", "autumn", "sunset", "halftone", "blur"}
	src := landscape(32, 32)
	for _, name := range random {
		if slices.Equal(mustApply(t, name, src, 1).Pix, mustApply(t, name, src, 2).Pix) {
			t.Errorf("%s gives the same with other seeds", name)
		}
	}
	for _, name := range fixed {
		if !slices.Equal(mustApply(t, name, src, 1).Pix, mustApply(t, name, src, 2).Pix) {
			t.Errorf("%s depends on the seed", name)
		}
	}
}

// TestProceduralScenes: real scenes fit, and nothing breaks where a region is absent.
func TestProceduralScenes(t *testing.T) {
	for seed := range uint64(4) {
		src := teacher.FromScene(scene.New(seed, 24, 24))
		for _, e := range teacher.Edits() {
			if e.Kind == teacher.Scenery {
				checkPicture(t, e.Name, mustApply(t, e.Name, src, seed), src.Image)
			}
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	damaged := photo(32, 32)
	damaged.Image.Pix = damaged.Image.Pix[1:]
	misfit := landscape(32, 32)
	misfit.Image = imageio.New(16, 64)
	short := landscape(32, 32)
	short.Scene.Masks[scene.Tree] = short.Scene.Masks[scene.Tree][:10]
	for name, c := range map[string]struct {
		expr string
		src  teacher.Source
		want string
	}{
		"no picture":   {"sepia", teacher.Source{}, "no picture"},
		"damaged":      {"sepia", damaged, "samples"},
		"too small":    {"sepia", teacher.Source{Image: imageio.New(8, 64)}, "at least 16 x 16"},
		"needs masks":  {"sepia+snow", photo(32, 32), `"snow" needs the masks`},
		"other scene":  {"snow", misfit, "picture's size"},
		"damaged mask": {"snow", short, "region tree"},
	} {
		chain, err := teacher.Parse(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chain.Apply(c.src, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestEmptyChainCopies(t *testing.T) {
	src := photo(16, 16)
	out, err := teacher.Chain(nil).Apply(src, 1)
	if err != nil || out == src.Image || !slices.Equal(out.Pix, src.Image.Pix) {
		t.Errorf("an empty chain gives %v, %v; want a copy", out, err)
	}
}

// BenchmarkApply64 measures every edit on a 64 x 64 picture.
func BenchmarkApply64(b *testing.B) {
	for _, e := range teacher.Edits() {
		chain, err := teacher.Parse(e.Name)
		if err != nil {
			b.Fatal(err)
		}
		src := sourceFor(e, 64, 64)
		b.Run(e.Name, func(b *testing.B) {
			for b.Loop() {
				if _, err := chain.Apply(src, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
