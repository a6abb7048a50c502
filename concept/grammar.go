package concept

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
)

// Shares in thousandths. Whether a concept exists and on which side of the split it is depends on hashes of its own
// names alone, so that ingredients added later leave every line of the split file as it is.
const (
	pairsUsed      = 180 // of the pairs that make sense, in the first part of the seen concepts and in group Pair
	pairsHeldOut   = 80
	triplesUsed    = 4   // likewise of the triples
	triplesMore    = 20  // of the triples, in the rest of the seen concepts
	triplesHeldOut = 80  // on top of triples with a held-out pair
	settingsHeld   = 240 // of colours and of strengths other than normal
	shadesUsed     = 200 // of strengths other than normal of coloured ingredients
	wordingsHeld   = 60  // of seen concepts, asked for in held-out wordings
)

// draw is true for a share of all words.
func draw(share uint64, words ...string) bool { return hash(words...)%1000 < share }

// WriteSplit writes the split that the grammar makes: one line with group and ID for each concept, in the order
// of All.
func WriteSplit(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "# Written by go generate ./concept: \"seen\" or the group of unseen concepts, and the concept.")
	for _, e := range plan(ingredients()) {
		fmt.Fprintln(b, e.group, e.id)
	}
	return b.Flush()
}

// entry is a line of the split file.
type entry struct {
	group Group
	id    string
	rank  uint64 // orders the entries of a group
}

// plan lists the concepts that can be made of ingredients, in the order of All.
func plan(all []ingredient) []entry {
	var p planner
	p.singles(all)
	p.pairs(all)
	p.triples(all)
	slices.SortStableFunc(p.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(section(a.group), section(b.group)), cmp.Compare(a.rank, b.rank), cmp.Compare(a.id, b.id))
	})
	return p.entries
}

// section puts seen concepts, whatever their wordings, before the unseen ones.
func section(g Group) string {
	if g == seen || g == Wording {
		return ""
	}
	return string(g)
}

// planner collects concepts.
type planner struct {
	entries []entry
}

// add appends a concept; rank 0 means somewhere after the ranked ones.
func (p *planner) add(group Group, id string, rank uint64) {
	if group == seen && draw(wordingsHeld, "wording", id) {
		group = Wording
	}
	if rank == 0 {
		rank = hash("order", id)<<1>>2 | 1<<62
	}
	p.entries = append(p.entries, entry{group, id, rank})
}

// more appends a seen concept somewhere after all that add appends.
func (p *planner) more(id string) {
	p.entries = append(p.entries, entry{seen, id, hash("order", id) | 1<<63})
}

// singles adds every setting alone. The first seen one of each ingredient is ranked: the first of every slot,
// then the second of every slot, and so on.
func (p *planner) singles(all []ingredient) {
	var index [numSlots]uint64
	for i := range all {
		in := &all[i]
		ranked := false
		for _, s := range in.settings() {
			switch {
			case s.colour != "" && s.strength != normal && !draw(shadesUsed, "shade", s.id()):
			case s.heldOut():
				p.add(Setting, s.id(), 0)
			case !ranked:
				index[in.slot]++
				p.add(seen, s.id(), index[in.slot]*uint64(numSlots)+uint64(in.slot))
				ranked = true
			default:
				p.add(seen, s.id(), 0)
			}
		}
	}
}

// pairs adds all pairs that make sense and are not held out, and a share of those that are.
func (p *planner) pairs(all []ingredient) {
	for i := range all {
		for j := range all[i+1:] {
			a, b := &all[i], &all[i+1+j]
			if !a.goesWith(b) {
				continue
			}
			used, held := draw(pairsUsed, "use", a.name, b.name), pairHeldOut(a, b)
			switch {
			case used && held:
				p.add(Pair, combine(mostlyNormal, a, b), 0)
			case used:
				p.add(seen, combine(mostlyNormal, a, b), 0)
			case !held:
				p.more(combine(varied, a, b))
			}
		}
	}
}

// triples adds a share of the triples that make sense.
func (p *planner) triples(all []ingredient) {
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			if !all[i].goesWith(&all[j]) {
				continue
			}
			for k := j + 1; k < len(all); k++ {
				a, b, c := &all[i], &all[j], &all[k]
				used, more := draw(triplesUsed, "use", a.name, b.name, c.name), draw(triplesMore, "more", a.name, b.name, c.name)
				if !used && !more || !a.goesWith(c) || !b.goesWith(c) {
					continue
				}
				held := tripleHeldOut(a, b, c)
				switch {
				case used && held:
					p.add(Triple, combine(mostlyNormal, a, b, c), 0)
				case used:
					p.add(seen, combine(mostlyNormal, a, b, c), 0)
				case !held:
					p.more(combine(varied, a, b, c))
				}
			}
		}
	}
}

// pairHeldOut tells whether seen concepts must not have both ingredients; a comes before b.
func pairHeldOut(a, b *ingredient) bool { return draw(pairsHeldOut, "held out", a.name, b.name) }

// tripleHeldOut tells whether seen concepts must not have all three ingredients, which are in order.
func tripleHeldOut(a, b, c *ingredient) bool {
	return pairHeldOut(a, b) || pairHeldOut(a, c) || pairHeldOut(b, c) || draw(triplesHeldOut, "held out", a.name, b.name, c.name)
}

// heldOut tells whether seen concepts must not have this setting: a colour, or a strength other than normal. It is about the split's settings:
// extra ones are for learning.
func (s setting) heldOut() bool {
	if s.extra {
		return false
	}
	return s.colour != "" && draw(settingsHeld, "held out", s.name, s.colour) ||
		s.strength != normal && draw(settingsHeld, "held out", s.name, s.colour, string(s.strength))
}

// How often combine chooses a setting of normal strength, against once for each other.
const (
	mostlyNormal = 6
	varied       = 2
)

// combine returns the ID of a concept with a seen setting of each ingredient.
func combine(normals int, parts ...*ingredient) string {
	return mixture{normals: normals, settings: (*ingredient).settings}.of(parts...)
}

// mixture chooses settings for combinations.
type mixture struct {
	salt     string // another one, another choice
	normals  int
	settings func(*ingredient) []setting // to choose from
}

// of returns the ID of the combination of ingredients.
func (m mixture) of(parts ...*ingredient) string {
	key, id := m.salt, ""
	for _, in := range parts {
		key += "+" + in.name
	}
	for _, in := range parts {
		var best string
		var most uint64
		for _, s := range m.settings(in) {
			// The highest draw wins, so that a new setting takes its share and leaves the others in place.
			draws := 1
			if s.strength == normal {
				draws = m.normals
			}
			for n := 0; n < draws && !s.heldOut(); n++ {
				if h := hash(key, s.id(), string(rune('0'+n))); h >= most {
					best, most = s.id(), h
				}
			}
		}
		if id != "" {
			id += "+"
		}
		id += best
	}
	return id
}
