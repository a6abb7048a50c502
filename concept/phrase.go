package concept

import (
	"slices"
	"strings"
)

// Wordings of a concept that models may train on, and wordings that they never see.
const (
	trainingWordings = 12
	heldOutWordings  = 4
)

// trainingFrames are the sentences that training wordings are made from. {np} is a noun phrase with its
// article and {bare} without, {thing} is one that doesn't begin with "a photo of", {do} are commands, {in} are
// phrases that follow a noun, {of} is a list of keywords, {very} are adjectives; {first} is the first command
// and {rest} are phrases for what is left; {later} is the last command and {earlier} are those before it.
var trainingFrames = []string{
	"{np}", "{bare}", "{np}, please", "{do}", "{do}", "{do}, please", "{in}", "{of}", "{of}", "{of}, please",
	"make it look like {np}", "make it {very}", "make this photo {very}", "make it {very}, please",
	"turn this into {thing}", "turn it into {thing}", "change it to {thing}", "redo this as {thing}",
	"show me {np}", "I want {np}", "it should look like {np}", "what would this look like as {thing}",
	"let me see {np}", "could this be {thing}", "the same scene, but {in}",
	"the same scene {in}", "this place {in}", "show it to me {in}", "like {np}",
	"{first}, {rest}", "{first}, {rest}", "{first}, and show it {rest}", "first {earlier}, then {later}",
}

// heldOutFrames are sentences of known words that no training wording is made from. What is literal in them
// occurs in no training wording.
var heldOutFrames = []string{
	"what I want is {np}", "please make it into {thing}", "I would like it as {thing}", "it should be {very}",
	"I would like {np}", "the photo should show {thing}", "this, but {in}", "{later}, but first {earlier}",
	"the look of {np}, please", "I want to see it {in}",
}

// Phrasings returns at least eight ways to say the concept as a person would type it. The first is its name as
// shown to people. Models may train on those of seen concepts.
func (c Concept) Phrasings() []string {
	t := newTalk(c, "training")
	wordings := []string{t.name()}
	for round := 0; len(wordings) < trainingWordings && round < 20; round++ {
		for _, f := range shuffled(trainingFrames, &t.dice) {
			wordings = t.say(f, wordings, trainingWordings)
		}
	}
	return wordings
}

// HeldOut returns wordings of the concept that nothing may train on: sentences of another build than those of
// Phrasings, made of words that occur in the training wordings.
func (c Concept) HeldOut() []string {
	t := newTalk(c, "held out")
	var wordings []string
	for round := 0; len(wordings) < heldOutWordings && round < 20; round++ {
		for _, f := range shuffled(heldOutFrames, &t.dice) {
			wordings = t.say(f, wordings, heldOutWordings)
		}
	}
	return wordings
}

// talk says a concept in varying words.
type talk struct {
	parts []setting
	forms []forms // one for each part
	dice  dice
}

func newTalk(c Concept, purpose string) *talk {
	t := &talk{parts: c.parts, dice: dice(hash(purpose, c.ID))}
	for _, p := range c.parts {
		t.forms = append(t.forms, p.said())
	}
	return t
}

// blanks are those of frames, in the order in which they are filled.
var blanks = []string{"{np}", "{bare}", "{thing}", "{do}", "{in}", "{of}", "{very}", "{first}", "{rest}", "{later}", "{earlier}"}

// say appends what a frame makes of the concept, if it fits, is new and there is room.
func (t *talk) say(frame string, wordings []string, most int) []string {
	if len(wordings) >= most {
		return wordings
	}
	for _, blank := range blanks {
		if !strings.Contains(frame, blank) {
			continue
		}
		text := t.fill(blank)
		if text == "" {
			return wordings
		}
		frame = strings.ReplaceAll(frame, blank, text)
	}
	if slices.Contains(wordings, frame) {
		return wordings
	}
	return append(wordings, frame)
}

// fill returns the text for a blank in a frame; "" if the concept has none.
func (t *talk) fill(blank string) string {
	last := len(t.parts) - 1
	picture := pick([]string{"it", "this", "this photo", "the photo", "the picture"}, &t.dice)
	switch blank {
	case "{np}":
		return article(t.maybePhotoOf(t.phrase(true)))
	case "{bare}":
		return t.maybePhotoOf(t.phrase(true))
	case "{thing}":
		return article(t.phrase(true))
	case "{do}":
		return t.commands(0, last+1, picture)
	case "{in}":
		return t.list(0, ", ", func(f forms) []string { return f.in })
	case "{of}":
		return t.list(0, ", ", func(f forms) []string { return f.of })
	case "{very}":
		return t.list(0, " and ", func(f forms) []string { return f.very })
	case "{first}":
		return t.commands(0, 1, picture)
	case "{rest}":
		return t.list(1, ", ", func(f forms) []string { return f.in })
	case "{later}":
		if last == 0 {
			return ""
		}
		return t.commands(last, last+1, picture)
	case "{earlier}":
		return t.commands(0, last, "it")
	}
	panic("concept: a frame with the unknown blank " + blank)
}

// list joins one form of each part from the first on; it is empty if there are no parts or one has no such form.
func (t *talk) list(first int, sep string, form func(forms) []string) string {
	var said []string
	for _, f := range t.forms[first:] {
		if len(form(f)) == 0 {
			return ""
		}
		said = append(said, pick(form(f), &t.dice))
	}
	return strings.Join(said, sep)
}

// commands joins what to do for parts from..to-1, first to the object and then to "it": "add fog to the photo,
// then turn it into a cartoon".
func (t *talk) commands(from, to int, object string) string {
	var b strings.Builder
	for i, f := range t.forms[from:to] {
		do := pick(f.do, &t.dice)
		switch {
		case i > 0 && i == to-from-1:
			b.WriteString(pick([]string{" and ", ", then ", " and then "}, &t.dice))
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(strings.ReplaceAll(do, "@", object))
		if strings.Contains(do, "@") {
			object = "it"
		}
	}
	return b.String()
}

// name is the concept in its plainest words.
func (t *talk) name() string {
	plain := &talk{parts: t.parts}
	for _, f := range t.forms {
		cut := func(list []string) []string { return list[:min(1, len(list))] }
		plain.forms = append(plain.forms, forms{as: cut(f.as), adj: cut(f.adj), in: cut(f.in)})
	}
	return article(plain.phrase(false))
}

// maybePhotoOf says now and then that what is seen is seen in a photo.
func (t *talk) maybePhotoOf(phrase string) string {
	if t.parts[len(t.parts)-1].slot.scenic() && t.dice.chance(3) {
		return pick([]string{"photo", "picture", "image"}, &t.dice) + " of " + article(phrase)
	}
	return phrase
}

// phrase returns a noun phrase without its article: what is shown, "of" what is seen. Free phrases vary in
// what they call a picture.
func (t *talk) phrase(free bool) string {
	var seen, shown []int
	for i, p := range t.parts {
		if p.slot.scenic() {
			seen = append(seen, i)
		} else {
			shown = append(shown, i)
		}
	}
	pictures, sights := []string{"photo"}, []string{"landscape"}
	if free {
		pictures, sights = []string{"photo", "picture", "image", "shot"}, []string{"landscape", "scene", "view"}
	}
	subject, after := t.noun(seen, sights)
	subject += after
	if len(shown) == 0 {
		return subject
	}
	head, after := t.noun(shown, pictures)
	switch {
	case len(seen) > 0 && after != "":
		return head + " of " + article(subject) + "," + after
	case len(seen) > 0:
		return head + " of " + article(subject)
	case free && t.dice.chance(4):
		return head + " of this place" + after
	}
	return head + after
}

// noun returns a noun with the parts that can stand before it, and what follows it: one part gives the noun
// (the first that has one), or a general word does.
func (t *talk) noun(parts []int, general []string) (noun, after string) {
	carrier := -1
	for _, i := range parts {
		if len(t.forms[i].as) > 0 && (carrier < 0 || t.dice.chance(2)) && !(carrier >= 0 && t.parts[carrier].slot == style) {
			carrier = i
		}
	}
	noun = ""
	if carrier >= 0 && (t.parts[carrier].slot == style || len(parts) > 1 || len(t.forms[carrier].adj) == 0 || !t.dice.chance(4)) {
		noun = pick(t.forms[carrier].as, &t.dice)
	} else {
		carrier = -1
		noun = pick(general, &t.dice)
	}
	for _, i := range parts {
		if i == carrier {
			continue
		}
		if f := t.forms[i]; len(f.adj) > 0 && !t.dice.chance(3) {
			noun = pick(f.adj, &t.dice) + " " + noun
		} else {
			after += " " + pick(f.in, &t.dice)
		}
	}
	return noun, after
}
