package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/warmstart-ml/warmstart/concept"
)

// topic is what a demo is about.
type topic struct {
	concept concept.Concept // what landscapes are painted with
	prompt  string          // what weights are made of
	exact   bool            // the prompt is a wording of the concept
}

// topic finds out what the demo is to be about.
func (c demoCmd) topic() (topic, error) {
	if c.Text == nil {
		found, err := concept.Find(c.Concept)
		if err != nil {
			return topic{}, hinted{fmt.Errorf("--concept: %w", err), "warmstart demo --list lists some"}
		}
		return topic{found, wording(found), true}, nil
	}
	if c.Concept != demoConcept {
		return topic{}, fmt.Errorf("%q and --concept %s: give one of them", *c.Text, c.Concept)
	}
	tokens := concept.Tokens(*c.Text)
	for _, k := range concept.All() {
		for _, w := range slices.Concat(k.Phrasings(), k.HeldOut()) {
			if slices.Equal(concept.Tokens(w), tokens) {
				return topic{k, *c.Text, true}, nil
			}
		}
	}
	return topic{concept.Nearest(*c.Text, 1)[0], *c.Text, false}, nil
}

// wording returns words for a concept, such as are new to the models if nothing else is.
func wording(c concept.Concept) string {
	if held := c.HeldOut(); c.Group == concept.Wording && len(held) > 0 {
		return held[0]
	}
	return c.Phrasings()[0]
}

// name is what the concept is called.
func (t topic) name() string { return t.concept.Phrasings()[0] }

// news says what is new about the topic to the models.
func (t topic) news() string {
	if !t.exact { // it may be one of the many combinations that the models have learnt
		return "it is none of the listed edits: the models may have learnt it"
	}
	switch t.concept.Group {
	case concept.Pair:
		return "no model has seen these two edits together"
	case concept.Triple:
		return "no model has seen these three edits together"
	case concept.Setting:
		return "no model has seen this edit in this strength or colour"
	case concept.Wording:
		if slices.Contains(t.concept.HeldOut(), t.prompt) {
			return "the models know this edit, but not in these words"
		}
	}
	return "the models have learnt this edit before"
}

// conceptInfo describes a concept in JSON.
type conceptInfo struct {
	ID     string `json:"id"`
	Group  string `json:"group"`
	Prompt string `json:"prompt"`
	Edit   string `json:"edit"`
}

// listConcepts lists what no model has learnt.
func listConcepts(u *ui) error {
	var list []conceptInfo
	for _, group := range concept.Groups() {
		for _, c := range concept.Unseen(group) {
			list = append(list, conceptInfo{c.ID, string(group), wording(c), c.Expr})
		}
	}
	return u.result(list, func(w io.Writer) {
		for _, c := range list {
			fmt.Fprintf(w, "%-44s %s\n", c.ID, c.Prompt)
		}
	})
}
