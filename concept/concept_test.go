package concept

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A grammar that changed must be written to the file, and be looked at in the diff.
func TestSplitFileIsUpToDate(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSplit(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != splitFile {
		t.Error("split.txt is not what the grammar makes: run go generate ./concept and look at the difference")
	}
}

// What is seen stays seen and what is unseen stays unseen when ingredients are added: leaving any one out
// changes no line that is not about it.
func TestSplitIsStable(t *testing.T) {
	all := ingredients()
	whole := plan(all)
	for i, in := range all {
		if i%5 != 0 { // a fifth of them is telling enough
			continue
		}
		fewer := plan(slices.Delete(slices.Clone(all), i, i+1))
		var want, got []string
		for _, e := range whole {
			if !slices.ContainsFunc(strings.Split(e.id, "+"), func(part string) bool { return ingredientName(t, part) == in.name }) {
				want = append(want, string(e.group)+" "+e.id)
			}
		}
		for _, e := range fewer {
			got = append(got, string(e.group)+" "+e.id)
		}
		slices.Sort(want) // single edits may change places
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("without %s, other concepts change sides", in.name)
		}
	}
}

func ingredientName(t *testing.T, part string) string {
	t.Helper()
	s, ok := partsByID[part]
	if !ok {
		t.Fatalf("no setting is called %q", part)
	}
	return s.name
}

var partsByID = settingsByID()

func TestCounts(t *testing.T) {
	all, seen := All(), Seen()
	if len(all) < 1000 || len(seen) < 1000 {
		t.Errorf("%d concepts, %d of them seen; want 1,000", len(all), len(seen))
	}
	total := 0
	for _, g := range Groups() {
		unseen := Unseen(g)
		total += len(unseen)
		photos := 0
		for _, c := range unseen {
			if c.Group != g || c.IsSeen() != (g == Wording) {
				t.Errorf("%s is in group %q, seen: %v", c.ID, c.Group, c.IsSeen())
			}
			if !c.NeedsMasks {
				photos++
			}
		}
		if len(unseen) < 25 || photos < 10 {
			t.Errorf("group %s has %d concepts, %d for photos; want 25 and 10", g, len(unseen), photos)
		}
		t.Logf("group %s: %d concepts, %d of them for photos", g, len(unseen), photos)
	}
	if total < 100 {
		t.Errorf("%d unseen concepts; want 100", total)
	}
	ids := map[string]bool{}
	exprs := map[string]string{}
	for _, c := range all {
		if other, twice := exprs[c.Expr]; ids[c.ID] || twice {
			t.Errorf("%s stands twice in the split (as %s)", c.ID, other)
		}
		ids[c.ID], exprs[c.Expr] = true, c.ID
	}
}

// subset tells whether all of a are in b.
func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

// No unseen concept is a seen one or part of one. Pairs and triples are unseen at any strength and colour.
func TestUnseenIsUnseen(t *testing.T) {
	seen := Seen()
	check := func(u Concept, parts func(Concept) []string) {
		for _, s := range seen {
			if subset(parts(u), parts(s)) {
				t.Errorf("%s of group %s is in %s, which is seen", u.ID, u.Group, s.ID)
			}
		}
	}
	for _, u := range Unseen(Pair) {
		check(u, Concept.Ingredients)
	}
	for _, u := range Unseen(Triple) {
		check(u, Concept.Ingredients)
	}
	for _, u := range Unseen(Setting) {
		check(u, Concept.Parts)
	}
}

// What unseen concepts are made of is known: every ingredient from several seen concepts, and, but for group
// Setting, every setting from at least one.
func TestUnseenIsMadeOfSeen(t *testing.T) {
	ingredient, setting := map[string]int{}, map[string]int{}
	for _, c := range Seen() {
		for _, p := range c.parts {
			ingredient[p.name]++
			setting[p.id()]++
		}
	}
	for _, c := range All() {
		if c.IsSeen() {
			continue
		}
		for _, p := range c.parts {
			if ingredient[p.name] < 5 {
				t.Errorf("%s: %s is in %d seen concepts only", c.ID, p.name, ingredient[p.name])
			}
			if c.Group != Setting && setting[p.id()] == 0 {
				t.Errorf("%s: %s is in no seen concept", c.ID, p.id())
			}
		}
	}
}

// The first seen concepts are single edits from all slots; every smaller set is varied.
func TestNestedOrder(t *testing.T) {
	seen := Seen()
	known := map[string]bool{}
	for i, c := range seen {
		if len(c.parts) > 1 && i < len(ingredients())-3 {
			t.Errorf("%s is number %d, before all single edits", c.ID, i)
		}
		for _, p := range c.parts {
			if len(c.parts) > 1 && !known[p.name] {
				t.Errorf("%s comes before %s alone", c.ID, p.name)
			}
			known[p.name] = true
		}
	}
	for _, n := range []int{25, 50, 100, 200, 400} {
		var slots [numSlots]int
		for _, c := range seen[:n] {
			for _, p := range c.parts {
				slots[p.slot]++
			}
		}
		if least := slices.Min(slots[:]); least < 4 {
			t.Errorf("the first %d seen concepts have %d from a slot", n, least)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range All() {
		if got, err := Find(c.ID); err != nil || got.Expr != c.Expr {
			t.Fatalf("Find(%q) = %v, %v", c.ID, got.Expr, err)
		}
	}
	for _, id := range []string{"", "foog", "fog+", "日本"} {
		if _, err := Find(id); err == nil {
			t.Errorf("Find(%q) found something", id)
		}
	}
	if _, err := Find("pencil"); err == nil || !strings.Contains(err.Error(), "pencil") {
		t.Errorf("the error names no neighbour: %v", err)
	}
}

func TestAllIsACopy(t *testing.T) {
	All()[0].ID = "spoilt"
	if All()[0].ID == "spoilt" {
		t.Error("a caller can change the concepts")
	}
}

// The list in the file and the words in the code are one repository's: they are read without errors only together.
func TestComposeRefuses(t *testing.T) {
	for _, id := range []string{"", "+", "nothing", "fog+nothing", "fog.enormous", "tint-ecru"} {
		if _, err := compose(id, partsByID, nil); err == nil {
			t.Errorf("compose(%q) made a concept", id)
		}
	}
}

// What concepts share has one name in all of them, and no two concepts are the same by their features.
func TestFeatures(t *testing.T) {
	names := func(id string) (list []string) {
		c, err := compose(id, partsByID, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range c.Features() {
			if !strings.Contains(f.Name, "colour") {
				list = append(list, f.Name)
			}
		}
		return list
	}
	for id, want := range map[string][]string{
		"fog":                        {"ingredient fog"},
		"tint-red.strong":            {"ingredient tint", "slot 4 strong"},
		"tint-teal":                  {"ingredient tint"},
		"fog.slight+tint-red.slight": {"ingredient fog", "slot 2 slight", "ingredient tint", "slot 4 slight"},
	} {
		if got := names(id); !slices.Equal(got, want) {
			t.Errorf("%s has features %q, want %q", id, got, want)
		}
	}
	same := map[string]string{}
	for _, c := range All() {
		key := fmt.Sprint(c.Features())
		if other, twice := same[key]; twice {
			t.Errorf("%s and %s have the same features", c.ID, other)
		}
		same[key] = c.ID
	}
}
