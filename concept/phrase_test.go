package concept

import (
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/teacher"
)

func TestPhrasings(t *testing.T) {
	meaning := map[string]string{} // wording to ID
	for _, c := range All() {
		training, heldOut := c.Phrasings(), c.HeldOut()
		if len(training) < 8 || len(heldOut) < heldOutWordings {
			t.Errorf("%s has %d wordings and %d held out", c.ID, len(training), len(heldOut))
		}
		if !slices.Equal(training, c.Phrasings()) || !slices.Equal(heldOut, c.HeldOut()) {
			t.Errorf("%s is worded differently each time", c.ID)
		}
		for _, p := range slices.Concat(training, heldOut) {
			if other, taken := meaning[p]; taken {
				t.Errorf("%q means %s and %s", p, other, c.ID)
			}
			meaning[p] = c.ID
			if strings.ContainsAny(p, "{}@~|") || strings.Contains(p, "  ") || p != strings.TrimSpace(p) {
				t.Errorf("%s: %q isn't finished", c.ID, p)
			}
		}
	}
}

// literals returns what stands between the blanks of a frame.
func literals(frame string) []string {
	var list []string
	for piece := range strings.SplitSeq(strings.ReplaceAll(frame, "{", "}{"), "}") {
		if piece = strings.TrimSpace(piece); piece != "" && piece[0] != '{' {
			list = append(list, piece)
		}
	}
	return list
}

// Held-out wordings are new by their build: each has a turn of phrase that occurs in no training wording.
// Their words are all known.
func TestHeldOutWordings(t *testing.T) {
	var training strings.Builder
	for _, c := range Seen() {
		training.WriteString("\n" + strings.Join(c.Phrasings(), "\n"))
	}
	for _, frame := range heldOutFrames {
		isNew := func(literal string) bool { return !strings.Contains(training.String(), literal) }
		if l := literals(frame); !slices.ContainsFunc(l, isNew) {
			t.Errorf("all of %q occur in training wordings", l)
		}
	}
	known, colours := vocabulary(), teacher.Colours()
	for _, c := range All() {
		wordings := c.HeldOut()
		if !c.IsSeen() {
			wordings = append(wordings, c.Phrasings()...)
		}
		for _, p := range wordings {
			for _, word := range Tokens(p) {
				_, isColour := colours[word] // which encoders know by what they look like
				if _, ok := slices.BinarySearch(known, word); !ok && !isColour {
					t.Errorf("%s: %q has the word %q, which no training wording has", c.ID, p, word)
				}
			}
		}
	}
}

// vocabulary returns the sorted words of all wordings that models train on.
func vocabulary() []string { return slices.Sorted(slices.Values(buildIndex().words)) }

// Every word of what the documentation says that people may type is known.
func TestVocabulary(t *testing.T) {
	known := vocabulary()
	for _, prompt := range []string{
		"a faded photo of a foggy evening", "make it look like a pencil sketch", "turn this into autumn, with film grain",
		"pencil sketch of a foggy day", "a slightly faded watercolor of a winter night",
	} {
		for _, word := range Tokens(prompt) {
			if !slices.Contains(known, word) {
				t.Errorf("%q: %q is unknown", prompt, word)
			}
		}
	}
}

// Names are what people read first.
func TestNames(t *testing.T) {
	for id, want := range map[string]string{
		"fog":           "a foggy day",
		"pencil-sketch": "a pencil sketch",
		"tint-red":      "a red-tinted photo",
		"faded.slight":  "a slightly faded photo",
		"snow+snowfall": "a winter landscape in falling snow",
	} {
		c, err := Find(id)
		if err != nil {
			t.Error(err)
		} else if got := c.Phrasings()[0]; got != want {
			t.Errorf("%s is called %q, want %q", id, got, want)
		}
	}
}

func TestTokens(t *testing.T) {
	for prompt, want := range map[string]string{
		"":                                  "",
		" ,.!? ":                            "",
		"A Foggy-day photo!":                "a foggy day photo",
		"gray watercolor, 3D":               "grey watercolour 3d",
		"ÉTÉ à la plage":                    "été à la plage",
		"夜 city":                            "夜 city",
		"turn this\tinto\nan x-ray\x00now":  "turn this into an x ray now",
		string([]byte{0xff, 'f', 'o', 'g'}): "fog",
	} {
		if got := strings.Join(Tokens(prompt), " "); got != want {
			t.Errorf("Tokens(%q) = %q, want %q", prompt, got, want)
		}
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("A Foggy-day photo!")
	f.Add("\xff\u0130")
	f.Fuzz(func(t *testing.T, prompt string) {
		words := Tokens(prompt)
		if again := Tokens(strings.Join(words, " ")); !slices.Equal(words, again) {
			t.Errorf("%q becomes %q and then %q", prompt, words, again)
		}
	})
}

func TestNearest(t *testing.T) {
	for prompt, want := range map[string]string{
		"a foggy day":                "fog",
		"foogy":                      "fog",
		"pencil drawing":             "pencil-sketch",
		"turn the photo into sepia!": "sepia",
		"a winter landscape":         "snow",
	} {
		if got := Nearest(prompt, 1); len(got) != 1 || got[0].ID != want {
			t.Errorf("Nearest(%q) = %v, want %s", prompt, ids(got), want)
		}
	}
	for _, k := range []int{-1, 0, 1, 1 << 20} {
		if got := len(Nearest("qqq", k)); got != max(0, min(k, len(Seen()))) {
			t.Errorf("Nearest with k = %d gave %d", k, got)
		}
	}
}
