// Package concept holds the prompts that name image edits ("a faded photo of a foggy day"): a grammar over the
// edits of package teacher, alone and in chains, with strengths and colours and with the words that people
// use for them, and the split into concepts that models learn from and concepts they are tested on.
//
// The split is the file split.txt. No concept of it outside [Seen] may reach the training of any model.
package concept

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:generate go run mksplit.go

//go:embed split.txt
var splitFile string

// Group says what is new about a concept to models that learned from the seen ones.
type Group string

// The groups of unseen concepts, named as in reports.
const (
	Pair    Group = "a" // two seen ingredients that no seen concept has together, at any strength or colour
	Triple  Group = "b" // three seen ingredients that no seen concept has together
	Setting Group = "c" // an ingredient seen in other strengths or colours
	Wording Group = "d" // a seen concept, asked for with Concept.HeldOut instead of Concept.Phrasings
)

// Groups lists the groups of unseen concepts.
func Groups() []Group { return []Group{Pair, Triple, Setting, Wording} }

// seen marks, in the split file, the seen concepts that are not of group Wording.
const seen = "seen"

// Concept is a chain of edits that a prompt can name.
type Concept struct {
	// ID is stable and readable: "fog+tint-teal.strong".
	ID string
	// Expr is the chain of edits as teacher.Parse reads it.
	Expr string
	// NeedsMasks is set where the edits can be applied to scenes only, not to photos.
	NeedsMasks bool
	// Group is empty for seen concepts, except that those of group Wording are seen as well.
	Group Group
	parts []setting
}

// IsSeen tells whether models may learn from the concept, in the wordings of Phrasings.
func (c Concept) IsSeen() bool { return c.Group == "" || c.Group == Wording }

// Parts returns the IDs of what the concept is made of, in the order in which the edits are applied.
func (c Concept) Parts() []string { return strings.Split(c.ID, "+") }

// Ingredients returns the names of what the concept is made of, whatever its strengths and colours, in the same order.
func (c Concept) Ingredients() []string {
	list := make([]string, len(c.parts))
	for i, p := range c.parts {
		list[i] = p.name
	}
	return list
}

// book holds all concepts, in order and by ID.
type book struct {
	all  []Concept
	byID map[string]Concept
}

var openBook = sync.OnceValue(func() book {
	b := book{byID: map[string]Concept{}}
	settings := settingsByID()
	masks := scenesOnly()
	for line := range strings.Lines(splitFile) {
		group, id, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || group == "#" {
			continue
		}
		c, err := compose(id, settings, masks)
		if err != nil {
			panic(fmt.Sprintf("concept: split.txt: %v; run go generate ./concept", err)) // the file is built in and tested
		}
		if group != seen {
			c.Group = Group(group)
		}
		b.all = append(b.all, c)
		b.byID[id] = c
	}
	return b
})

// settingsByID returns all settings of all ingredients, those of extra concepts too.
func settingsByID() map[string]setting {
	byID := map[string]setting{}
	all := ingredients()
	for i := range all {
		for _, s := range append(all[i].settings(), all[i].extraSettings()...) {
			s.said = sync.OnceValue(s.forms)
			byID[s.id()] = s
		}
	}
	return byID
}

// compose makes the concept of an ID.
func compose(id string, settings map[string]setting, masks map[string]bool) (Concept, error) {
	c := Concept{ID: id}
	var exprs []string
	for part := range strings.SplitSeq(id, "+") {
		s, ok := settings[part]
		if !ok {
			return Concept{}, fmt.Errorf("concept %q: nothing is called %q", id, part)
		}
		c.parts = append(c.parts, s)
		c.NeedsMasks = c.NeedsMasks || masks[s.edit]
		exprs = append(exprs, s.expr())
	}
	c.Expr = strings.Join(exprs, "+")
	return c, nil
}

// All returns the concepts of the split, always in the same order: the seen ones first, single edits before
// combined ones, so that the first n seen concepts are a sensible smaller set for every n.
func All() []Concept { return slices.Clone(openBook().all) }

// Seen returns the concepts to learn from, in the order of All.
func Seen() []Concept {
	return slices.DeleteFunc(All(), func(c Concept) bool { return !c.IsSeen() })
}

// Unseen returns the concepts of a group, for tests only. Those of group Wording are seen concepts whose
// HeldOut wordings are unseen.
func Unseen(g Group) []Concept {
	return slices.DeleteFunc(All(), func(c Concept) bool { return c.Group != g || g == "" })
}

// Find returns the concept of that ID.
func Find(id string) (Concept, error) {
	if c, ok := openBook().byID[id]; ok {
		return c, nil
	}
	return Concept{}, fmt.Errorf("no concept is called %q; nearest: %s", id, strings.Join(ids(Nearest(id, 3)), ", "))
}

func ids(concepts []Concept) []string {
	list := make([]string, len(concepts))
	for i, c := range concepts {
		list[i] = c.ID
	}
	return list
}
