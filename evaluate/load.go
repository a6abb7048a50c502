package evaluate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// NewModels takes models as they are on disk, and the zoo that their generator learnt from, or nil for models without one. Open reads them
// anew with load, so that reading counts where time does.
func NewModels(m *warmstart.Models, z *zoo.Zoo, load func() (*warmstart.Models, error)) (Models, error) {
	e := Models{Base: m.Base, Mean: m.Code.Blocks.Join(m.Code.Mean), Zoo: map[string][][]float32{}, ID: m.ID()}
	if z != nil {
		code, err := z.Code(m.Code.Blocks.Size())
		if err != nil {
			return Models{}, err
		}
		if own := m.Code.Schema(); code.Schema() != own {
			return Models{}, fmt.Errorf("the zoo's adapters make %s, and the weight generator is for %s: it learnt from another zoo", code.Schema(), own)
		}
		for i, entry := range z.Entries {
			e.Zoo[entry.ID] = z.Adapters[i]
		}
	}
	e.Open = func(backend compute.Backend) (Generator, error) {
		m, err := load()
		if err != nil {
			return nil, err
		}
		g, err := weightgen.NewGenerator(backend, m.Generator, weightgen.LayoutOf(m.Code), m.Code.Blocks.Mask())
		if err != nil {
			return nil, err
		}
		return &generator{g, m.Code}, nil
	}
	return e, nil
}

// generator decodes what the weight generator makes.
type generator struct {
	*weightgen.Generator
	code *zoo.Code
}

func (g *generator) Adapter(ctx context.Context, prompt string) ([][]float32, error) {
	values, _, err := g.Generate(ctx, prompt, weightgen.Sampling{})
	if err != nil {
		return nil, err
	}
	return g.code.Decode(values), nil
}

// hashValues identifies an adapter.
func hashValues(adapter [][]float32) string {
	h := sha256.New()
	for _, values := range adapter {
		binary.Write(h, binary.LittleEndian, values) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
