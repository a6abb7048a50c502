package concept

import (
	"fmt"
	"slices"
	"strconv"
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

	// Those of extra concepts only.
	faint    strength = "faint"    // half of slight
	moderate strength = "moderate" // halfway from slight to normal
	firm     strength = "firm"     // halfway from normal to strong
)

// setting is an ingredient with its colours and strength chosen: "tint-teal.strong".
type setting struct {
	*ingredient
	colour   string // "teal", "blue/coral" or ""
	strength strength
	extra    bool         // the split has neither it nor any concept with it
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
func (in *ingredient) settings() []setting {
	return in.settingsOf(in.colours, normal, slight, strong)
}

// settingsOf returns settings with some of the colours and strengths, as far as the ingredient has them.
func (in *ingredient) settingsOf(colours string, strengths ...strength) []setting {
	var all []setting
	for _, s := range strengths {
		if s.needsSlight() && in.slight == none || s.needsStrong() && in.strong == none {
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

// needsSlight tells whether an ingredient has the strength only if it has a slight one.
func (s strength) needsSlight() bool { return s == faint || s == slight || s == moderate }

// needsStrong is likewise of the strong one.
func (s strength) needsStrong() bool { return s == firm || s == strong }

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
	if v := s.amount(); v != "" {
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

// amount returns the teacher setting that makes the strength; "" for the edit's own.
func (s setting) amount() string {
	switch s.strength {
	case slight:
		return s.slight
	case strong:
		return s.strong
	case faint:
		return s.between("", s.slight)
	case moderate:
		return s.between(s.slight, s.base)
	case firm:
		return s.between(s.base, s.strong)
	}
	return s.base
}

// between returns the teacher setting halfway between two, one of which may be empty: nothing of the edit, if it is the first, and else as
// much as the edit has of its own.
func (s setting) between(low, high string) string {
	key, highest, _ := strings.Cut(high, "=")
	lowKey, lowest, _ := strings.Cut(low, "=")
	switch {
	case low == "" && s.strength == faint:
		lowest = "0"
	case low == "":
		lowest = s.own(key)
	case high == "":
		key, highest = lowKey, s.own(lowKey)
	}
	a, errA := strconv.ParseFloat(lowest, 64)
	b, errB := strconv.ParseFloat(highest, 64)
	if errA != nil || errB != nil {
		panic(fmt.Sprintf("concept: %s has strengths that are no numbers", s.name)) // they are built in and tested
	}
	return key + "=" + strconv.FormatFloat((a+b)/2, 'g', 6, 64)
}

// own returns the value that the edit gives a parameter by itself.
func (s setting) own(key string) string {
	e, err := teacher.Find(s.edit)
	if err != nil {
		panic(fmt.Sprintf("concept: %v", err)) // as above
	}
	for _, p := range e.Params {
		if p.Name == key {
			return strconv.FormatFloat(p.Default, 'g', -1, 64)
		}
	}
	return ""
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
