package concept

import "testing"

// Extra concepts keep to the rules of the split: they are new, and no unseen concept is one of them or part of one.
func TestExtra(t *testing.T) {
	extra := Extra()
	ids := map[string]bool{}
	colours := 0
	for i, c := range extra {
		if _, err := Find(c.ID); err == nil || ids[c.ID] {
			t.Errorf("%s is not new", c.ID)
		}
		ids[c.ID] = true
		if i%50 == 0 && (!c.IsSeen() || len(c.Phrasings()) < 8) { // making the wordings of all takes long
			t.Errorf("%s cannot be learnt from", c.ID)
		}
		if len(c.parts) == 1 {
			colours++
		}
	}
	for _, u := range All() {
		if u.IsSeen() {
			continue
		}
		parts := Concept.Ingredients
		if u.Group == Setting {
			parts = Concept.Parts
		}
		want := parts(u)
		for _, c := range extra {
			if subset(want, parts(c)) {
				t.Errorf("%s of group %s is in %s, which is learnt from", u.ID, u.Group, c.ID)
			}
		}
	}
	t.Logf("%d extra concepts, %d of them colours alone", len(extra), colours)
	if len(extra) < len(Seen()) || colours < 200 {
		t.Errorf("%d extra concepts, %d of them colours alone: they should add much to the %d seen ones", len(extra), colours, len(Seen()))
	}
}

// Colours that no seen concept has for an ingredient are among the extra ones in other strengths, but not all: what is told of the quality of
// either kind is about these numbers of concepts.
func TestExtraColours(t *testing.T) {
	settings := settingsByID()
	colours := func(list []Concept) map[string]bool {
		set := map[string]bool{}
		for _, c := range list {
			for _, part := range c.Parts() {
				set[settings[part].name+" "+settings[part].colour] = true
			}
		}
		return set
	}
	seen, extra := colours(Seen()), colours(Extra())
	learnt, never := 0, 0
	for _, c := range Unseen(Setting) {
		s := settings[c.ID]
		switch key := s.name + " " + s.colour; {
		case s.colour == "" || seen[key]:
		case extra[key]:
			learnt++
		default:
			never++
		}
	}
	if learnt != 38 || never != 8 {
		t.Errorf("of the colours that no seen concept has %d concepts are learnt in other strengths and %d are not, wanted 38 and 8", learnt, never)
	}
}
