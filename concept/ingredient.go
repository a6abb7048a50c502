package concept

import (
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/teacher"
)

// slot is the place of an ingredient in a concept, which has at most one of each. Slots are in the order in
// which edits are applied: first what the place looks like, then how it is drawn, and tone and lens last.
type slot int

const (
	place slot = iota
	hour
	weather
	style
	colouring
	finish
	numSlots
)

// scenic slots say what is seen; the others say how it is shown.
func (s slot) scenic() bool { return s <= weather }

// trait is what decides whether two ingredients can be told apart from each of them alone.
type trait int

const (
	mono   trait = 1 << iota // discards the colours of its input
	chroma                   // changes colours but hardly any luminance: invisible before and after mono
	lines                    // keeps outlines only: hides the scenic ingredients before it
	photo                    // of a camera: makes no sense over a drawing
	veil                     // leaves little of its input to see
	subtle                   // hardly visible in what a veil leaves
)

// none marks a strength that an ingredient doesn't have.
const none = "-"

// ingredient is one edit, or one use of an edit, with its strengths, its colours and its words.
type ingredient struct {
	name string // in IDs; also the edit's name where edit is empty
	edit string
	slot slot
	// base, slight and strong are teacher settings ("density=2"); an empty slight means half the edit, an
	// empty strong means that there is none.
	base, slight, strong string
	// keys names the colour parameters ("first,second"), colours lists their values ("blue/coral green/pink").
	keys, colours string
	// further lists colours that only extra concepts have.
	further string
	traits  trait
	without string // names of ingredients that make no sense beside it, separated by commas
	words   words
}

// strength is how far an edit goes.
type strength string

const (
	normal strength = ""
	slight strength = "slight"
	strong strength = "strong"
)

// setting is an ingredient with its colours and strength chosen: "tint-teal.strong".
type setting struct {
	*ingredient
	colour   string // "teal", "blue/coral" or ""
	strength strength
	said     func() forms // the ways to say it, made when they are first needed; nil in plans
}

// ingredients returns all of them, slot by slot; within a slot the telling ones come first.
func ingredients() []ingredient {
	var all []ingredient
	for s, list := range [numSlots][]ingredient{places(), hours(), weathers(), styles(), colourings(), finishes()} {
		for _, in := range list {
			in.slot = slot(s)
			if in.edit == "" {
				in.edit = in.name
			}
			if in.slight == "" {
				in.slight = "strength=0.5"
			}
			if in.strong == "" {
				in.strong = none
			}
			in.further = strings.Join(in.furtherColours(), " ")
			all = append(all, in)
		}
	}
	return all
}

// settings returns every setting of an ingredient that the split has, the normal strength of each colour first.
func (in *ingredient) settings() []setting { return in.settingsWith(in.colours) }

// allSettings returns those of extra concepts as well.
func (in *ingredient) allSettings() []setting { return in.settingsWith(in.colours + " " + in.further) }

func (in *ingredient) settingsWith(colours string) []setting {
	var all []setting
	for _, s := range []strength{normal, slight, strong} {
		if s == slight && in.slight == none || s == strong && in.strong == none {
			continue
		}
		if in.colours == "" {
			all = append(all, setting{ingredient: in, strength: s})
		}
		for _, c := range strings.Fields(colours) {
			all = append(all, setting{ingredient: in, colour: c, strength: s})
		}
	}
	return all
}

// id returns the setting's part of a concept's ID.
func (s setting) id() string {
	id := s.name
	if s.colour != "" {
		id += "-" + strings.ReplaceAll(s.colour, "/", "-")
	}
	if s.strength != normal {
		id += "." + string(s.strength)
	}
	return id
}

// expr returns the setting as an expression of package teacher.
func (s setting) expr() string {
	var values []string
	if v := map[strength]string{normal: s.base, slight: s.slight, strong: s.strong}[s.strength]; v != "" {
		values = append(values, v)
	}
	if s.colour != "" {
		colours := strings.Split(s.colour, "/")
		for i, key := range strings.Split(s.keys, ",") {
			values = append(values, key+"="+colours[i])
		}
	}
	if len(values) == 0 {
		return s.edit
	}
	return s.edit + ":" + strings.Join(values, ",")
}

// goesWith tells whether two ingredients make sense together and both stay visible.
func (in *ingredient) goesWith(other *ingredient) bool {
	first, second := in, other
	if first.slot > second.slot {
		first, second = second, first
	}
	both := first.traits | second.traits
	switch {
	case first.slot == second.slot:
		return false
	case slices.Contains(strings.Split(first.without, ","), second.name),
		slices.Contains(strings.Split(second.without, ","), first.name):
		return false
	case both&mono != 0 && both&chroma != 0:
		return false // all are mono, or the chroma is lost
	case both&veil != 0 && both&subtle != 0:
		return false
	case first.slot.scenic() && second.traits&lines != 0:
		return false
	case first.slot == style && second.traits&photo != 0, first.traits&photo != 0 && second.slot == style:
		return false
	}
	return true
}

// scenesOnly returns the names of the edits that need the masks of a scene.
func scenesOnly() map[string]bool {
	needs := map[string]bool{}
	for _, e := range teacher.Edits() {
		if e.NeedsMasks {
			needs[e.Name] = true
		}
	}
	return needs
}
