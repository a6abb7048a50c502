package concept

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/teacher"
)

// Shares in thousandths, as of the split.
const (
	extraTriples    = 100 // of the triples that make sense
	extraColourings = 60  // of the pairs of a dark and a light colour
	extraShades     = 250 // of the strengths of coloured ingredients
)

// extraHues are colours of CSS, by its names, that the split has nothing of.
const extraHues = "steelblue royalblue midnightblue dodgerblue slateblue cornflowerblue deepskyblue darkblue mediumblue blueviolet darkviolet darkorchid " +
	"mediumpurple hotpink deeppink palevioletred firebrick darkred indianred tomato orangered darkorange sienna peru saddlebrown goldenrod " +
	"sandybrown darkkhaki olivedrab yellowgreen chartreuse springgreen seagreen forestgreen darkgreen darkolivegreen lightseagreen darkcyan " +
	"cadetblue aquamarine powderblue thistle slategray wheat burlywood lightcoral rosybrown darkslateblue darkslategray mediumvioletred darkmagenta"

// Extra returns further concepts to learn from, for what needs no adapter of them: more colours and strengths, the seen pairs in other
// settings, and more triples. It is from many combinations that a model learns to combine. They are not in the split file, but bound by
// its rules: no setting, pair or triple is among them that seen concepts must not have. A colour that these must not have in any strength is
// among them in strengths that the split lacks.
func Extra() []Concept {
	all, known := ingredients(), openBook().byID
	settings, masks := settingsByID(), scenesOnly()
	var extra []Concept
	for _, id := range extraIDs(all) {
		if _, ok := known[id]; ok {
			continue
		}
		c, err := compose(id, settings, masks)
		if err != nil {
			panic(fmt.Sprintf("concept: an extra concept: %v", err)) // it was made of these settings
		}
		extra = append(extra, c)
	}
	return extra
}

// extraIDs lists the extra concepts, and some that the split has.
func extraIDs(all []ingredient) (ids []string) {
	mix := mixture{salt: "extra", normals: 2 * varied, settings: (*ingredient).everySetting}
	for i := range all {
		a := &all[i]
		for _, s := range a.extraSettings() {
			if s.colour == "" || s.strength == normal || draw(extraShades, "extra", s.id()) {
				ids = append(ids, s.id())
			}
		}
		for j := i + 1; j < len(all); j++ {
			b := &all[j]
			if !a.goesWith(b) || pairHeldOut(a, b) {
				continue
			}
			ids = append(ids, mix.of(a, b))
			for k := j + 1; k < len(all); k++ {
				c := &all[k]
				if draw(extraTriples, "extra", a.name, b.name, c.name) && a.goesWith(c) && b.goesWith(c) && !tripleHeldOut(a, b, c) {
					ids = append(ids, mix.of(a, b, c))
				}
			}
		}
	}
	return ids
}

// extraSettings returns settings beside those of the split: other strengths, and other colours in all strengths.
func (in *ingredient) extraSettings() []setting {
	all := in.settingsOf(in.colours, faint, moderate, firm)
	if in.further != "" {
		all = append(all, in.settingsOf(in.further, normal, faint, slight, moderate, firm, strong)...)
	}
	for i := range all {
		all[i].extra = true
	}
	return all
}

// everySetting returns those of the split and the others.
func (in *ingredient) everySetting() []setting { return append(in.settings(), in.extraSettings()...) }

// furtherColours returns values of an ingredient's colour parameters beside those listed: every hue for one that has a colour, and pairs of a
// dark and a light one for one that has two.
func (in *ingredient) furtherColours() []string {
	listed := strings.Fields(in.colours)
	if len(listed) == 0 {
		return nil
	}
	hues := strings.Fields(hues + " " + extraHues)
	values := hues
	if strings.Contains(in.keys, ",") {
		values = nil
		light := luminances()
		slices.SortStableFunc(hues, func(a, b string) int { return cmp.Compare(light[a], light[b]) })
		for i, dark := range hues {
			for _, bright := range hues[i+1:] {
				if draw(extraColourings, "extra", in.name, dark, bright) {
					values = append(values, dark+"/"+bright)
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return slices.Contains(listed, v) })
}

// luminances returns those of the named colours (Rec. 709 weights of the sRGB values, to compare them only).
func luminances() map[string]float32 {
	light := map[string]float32{}
	for name, c := range teacher.Colours() {
		light[name] = 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
	}
	return light
}
