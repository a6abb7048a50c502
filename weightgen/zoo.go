package weightgen

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/zoo"
)

// LayoutOf returns the layout of blocks that a code makes.
func LayoutOf(code *zoo.Code) Layout {
	return Layout{Blocks: code.Blocks.Count(), Size: code.Blocks.Size(), Schema: code.Schema()}
}

// NewDataset returns the adapters of a zoo, all of seen concepts, with the wordings that models may learn from.
func NewDataset(z *zoo.Zoo, code *zoo.Code) (*Dataset, error) {
	return newDataset(z, code, func(c concept.Concept) []string { return c.Phrasings() })
}

// Wordings returns the adapters of a zoo that are of group concept.Wording, asked for in wordings that nothing is learnt from.
// Without any such adapter, ok is false.
func Wordings(z *zoo.Zoo, code *zoo.Code) (held Held, ok bool, err error) {
	data, err := newDataset(z, code, func(c concept.Concept) []string {
		if c.Group != concept.Wording {
			return nil
		}
		return c.HeldOut()
	})
	if err != nil {
		return Held{}, false, err
	}
	return Held{"wordings", data}, len(data.Adapters) > 0, nil
}

// newDataset leaves out concepts without prompts, and refuses unseen ones.
func newDataset(z *zoo.Zoo, code *zoo.Code, prompts func(c concept.Concept) []string) (*Dataset, error) {
	d := &Dataset{Layout: LayoutOf(code), Mask: code.Blocks.Mask()}
	for i, e := range z.Entries {
		c, err := concept.Find(e.ID)
		if err != nil {
			return nil, fmt.Errorf("zoo: %w", err)
		}
		if !c.IsSeen() {
			return nil, unseenError(c)
		}
		if p := prompts(c); len(p) > 0 {
			d.Adapters, d.Prompts = append(d.Adapters, code.Encode(z.Adapters[i])), append(d.Prompts, p)
		}
	}
	return d, nil
}

func unseenError(c concept.Concept) error {
	return fmt.Errorf("concept %s is of the unseen group %s: nothing may learn from it", c.ID, c.Group)
}
