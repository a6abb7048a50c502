package teacher_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/teacher"
)

func TestParse(t *testing.T) {
	for expr, want := range map[string]string{
		"sepia":                                 "sepia",
		" sepia + vignette ":                    "sepia+vignette",
		"sepia:strength=1":                      "sepia",
		"sepia:strength=0.60":                   "sepia:strength=0.6",
		"tint:colour=pink , strength=.5":        "tint:strength=0.5,colour=pink",
		"tint:colour=teal":                      "tint",
		"motion-blur:angle=-90,length=1e-1":     "motion-blur:length=0.1,angle=-90",
		"sepia+sepia":                           "sepia+sepia",
		"autumn+pencil-sketch:stroke=0.05+noir": "autumn+pencil-sketch:stroke=0.05+noir",
	} {
		chain, err := teacher.Parse(expr)
		if err != nil {
			t.Errorf("Parse(%q): %v", expr, err)
			continue
		}
		if got := chain.String(); got != want {
			t.Errorf("Parse(%q) = %q, want %q", expr, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for expr, want := range map[string]string{
		"":                              "empty",
		" \t":                           "empty",
		"+":                             "name is missing",
		"sepia+":                        "name is missing",
		"sepia++noir":                   "name is missing",
		":strength=1":                   "name is missing",
		"sepai":                         "nearest: sepia",
		"Sepia":                         "nearest: sepia",
		"sepia:":                        "not of the form key=value",
		"sepia:strength":                "not of the form key=value",
		"sepia:strength=":               "not a number",
		"sepia:strength=much":           "not a number",
		"sepia:strength=2":              "outside 0..1",
		"sepia:strength=-0.1":           "outside 0..1",
		"sepia:strength=NaN":            "outside 0..1",
		"sepia:strength=Inf":            "outside 0..1",
		"sepia:strength=1,":             "not of the form key=value",
		"sepia:strength=1,strength=1":   "set twice",
		"sepia:colour=red":              "it has strength",
		"tint:color=red":                `no parameter "color"; it has strength, colour`,
		"tint:colour=tael":              "nearest: teal",
		"vignette+sepia:strength=3":     `edit "sepia:strength=3"`,
		strings.Repeat("sepia+", 10000): "at most",
	} {
		if _, err := teacher.Parse(expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.40q) gives %v, want an error with %q", expr, err, want)
		}
	}
}

func TestNeedsMasks(t *testing.T) {
	for expr, want := range map[string]bool{"sepia": false, "fog+rain": false, "sepia+snow": true} {
		chain, err := teacher.Parse(expr)
		if err != nil || chain.NeedsMasks() != want {
			t.Errorf("%s: needs masks %v (%v), want %v", expr, chain.NeedsMasks(), err, want)
		}
	}
}

// TestChainOrder: edits run from left to right, each on what the one before left.
func TestChainOrder(t *testing.T) {
	src := photo(24, 24)
	both := mustApply(t, "sepia+invert", src, 1)
	step := mustApply(t, "invert", teacher.Source{Image: mustApply(t, "sepia", src, 1)}, 1)
	if !slices.Equal(both.Pix, step.Pix) {
		t.Error("sepia+invert isn't sepia, then invert")
	}
	if slices.Equal(both.Pix, mustApply(t, "invert+sepia", src, 1).Pix) {
		t.Error("the order makes no difference")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"sepia", "sepia:strength=0.6+vignette", "tint:colour=teal,strength=.5", "snow:cover=1e-1", "a:b=c+", "++::==,,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		chain, err := teacher.Parse(expr)
		if err != nil {
			return
		}
		again, err := teacher.Parse(chain.String())
		if err != nil {
			t.Fatalf("%q was written as %q: %v", expr, chain.String(), err)
		}
		for i, s := range chain {
			if again[i].Edit.Name != s.Edit.Name || !slices.Equal(again[i].Values, s.Values) {
				t.Fatalf("%q came back as %q", expr, again.String())
			}
		}
	})
}
