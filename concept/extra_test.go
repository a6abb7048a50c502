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
