package concept

import "strings"

// words are the ways to say an ingredient, each a list separated by "|". "{c}" and "{d}" stand for its
// colours, "@" for the picture ("it", "this photo").
type words struct {
	as   string // what the picture becomes, without article: "pencil sketch", "foggy day"
	adj  string // before a noun: "foggy"; those that can't be said after "make it very" start with "~"
	in   string // after a noun: "in the fog"
	do   string // what to do: "add fog"
	of   string // the matter of it: "fog"
	verb string // of styles: draw, paint, print
}

// forms are the ways to say a setting: words with colours filled in and strength expressed.
type forms struct {
	as, adj, very, in, do, of []string // very holds those of adj that "make it" can go before
}

// forms returns the ways to say a setting.
func (s setting) forms() forms {
	colour, second, _ := strings.Cut(s.colour, "/")
	fill := strings.NewReplacer("{c}", colour, "{d}", second)
	list := func(alternatives string) []string {
		if alternatives == "" {
			return nil
		}
		return strings.Split(fill.Replace(alternatives), "|")
	}
	w := s.words
	f := forms{as: list(w.as), in: list(w.in), do: list(w.do), of: list(w.of)}
	for _, a := range list(w.adj) {
		a, fixed := strings.CutPrefix(a, "~")
		f.adj = append(f.adj, a)
		if !fixed {
			f.very = append(f.very, a)
		}
	}
	if s.slot == style {
		f.drawn(list(w.verb), s.strength)
	}
	switch s.strength {
	case slight:
		return f.slight()
	case strong:
		return f.strong()
	case faint:
		return f.graded([]string{"barely", "faintly"}, []string{"a trace of", "just a trace of"}, []string{"faintly"})
	case moderate:
		return f.graded([]string{"moderately", "somewhat"}, []string{"moderate", "a moderate amount of"}, []string{"moderately", "somewhat"})
	case firm:
		return f.graded([]string{"noticeably", "decidedly"}, []string{"pronounced"}, []string{"noticeably", "decidedly"})
	}
	return f
}

// graded says the same to another degree: with adverbs before adjectives ("barely"), with words before what it is about ("a trace of"), and with
// adverbs after commands.
func (f forms) graded(adverbs, shares, after []string) forms {
	var g forms
	for _, a := range f.very {
		for _, adverb := range adverbs {
			g.very = append(g.very, adverb+" "+a)
		}
	}
	g.adj = g.very
	for _, m := range f.of {
		for _, share := range shares {
			g.of = append(g.of, share+" "+m)
			g.in = append(g.in, "with "+share+" "+m)
			g.do = append(g.do, "add "+share+" "+m)
		}
	}
	for _, do := range f.do {
		switch {
		case strings.HasPrefix(do, "make @ look "):
			g.do = append(g.do, do)
		case !strings.HasPrefix(do, "make "):
			for _, adverb := range after {
				g.do = append(g.do, do+" "+adverb)
			}
		}
	}
	return g
}

// drawn adds the commands that all styles have in common.
func (f *forms) drawn(verbs []string, s strength) {
	for _, noun := range f.as {
		switch s {
		case slight:
			f.do = append(f.do, "make @ look a bit like "+article(noun), "make @ look slightly like "+article(noun))
		case faint:
			f.do = append(f.do, "make @ look faintly like "+article(noun))
		case moderate:
			f.do = append(f.do, "make @ look somewhat like "+article(noun))
		default:
			f.do = append(f.do, "turn @ into "+article(noun))
		}
	}
	for _, verb := range verbs {
		if !s.needsSlight() {
			f.do = append(f.do, verb+" @ as "+article(f.as[0]))
		}
	}
}

// slight says the same of half the edit.
func (f forms) slight() forms {
	var s forms
	for _, a := range f.very {
		s.very = append(s.very, "slightly "+a, "a bit "+a, "a little "+a)
		s.adj = append(s.adj, "slightly "+a)
	}
	for _, m := range f.of {
		s.of = append(s.of, "a hint of "+m, "a touch of "+m)
		s.in = append(s.in, "with a hint of "+m, "with a touch of "+m, "with just a hint of "+m)
		s.do = append(s.do, "add a hint of "+m, "give @ a touch of "+m, "add just a touch of "+m)
	}
	for _, do := range f.do {
		switch {
		case strings.HasPrefix(do, "make @ look"):
			s.do = append(s.do, do)
		case !strings.HasPrefix(do, "make "):
			s.do = append(s.do, do+" slightly", do+" just a bit", do+" a little")
		}
	}
	return s
}

// strong says the same of more than the edit.
func (f forms) strong() forms {
	var s forms
	for _, a := range f.very {
		very, extremely := "very ", "extremely "
		if strings.HasSuffix(a, "ed") {
			very, extremely = "strongly ", "heavily "
		}
		s.very = append(s.very, very+a, extremely+a)
		s.adj = append(s.adj, very+a, extremely+a)
	}
	for _, m := range f.of {
		s.of = append(s.of, "strong "+m, "a lot of "+m)
		s.in = append(s.in, "with strong "+m, "with a lot of "+m, "with very heavy "+m)
		s.do = append(s.do, "add a lot of "+m, "give @ very strong "+m, "add heavy "+m)
	}
	for _, do := range f.do {
		if !strings.HasPrefix(do, "make ") {
			s.do = append(s.do, do+" a lot", do+" strongly")
		}
	}
	return s
}

// article puts "a" or "an" before a noun phrase, by the sound of its first letter.
func article(noun string) string {
	for _, vowel := range []string{"a", "e", "i", "o", "u", "HDR", "x-ray"} {
		if strings.HasPrefix(noun, vowel) {
			return "an " + noun
		}
	}
	return "a " + noun
}
