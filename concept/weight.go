package concept

// singleWeight is Weight of single edits.
const singleWeight = 4

// Weight returns how often a round of training draws the concept. Single edits are drawn more often than combinations: they are what those are
// made of, what people ask for most, and far fewer.
func (c Concept) Weight() int {
	if len(c.parts) == 1 {
		return singleWeight
	}
	return 1
}
