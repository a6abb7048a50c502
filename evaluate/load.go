package evaluate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// NewModels takes the models as they are on disk.
func NewModels(b *lora.Base, code *zoo.Code, w *weightgen.Weights, z *zoo.Zoo) Models {
	m := Models{Base: b, Mean: code.Blocks.Join(code.Mean), Zoo: map[string][][]float32{}, ID: hash(code, w)}
	for i, e := range z.Entries {
		m.Zoo[e.ID] = z.Adapters[i]
	}
	m.Open = func(backend compute.Backend) (Generator, error) {
		g, err := weightgen.NewGenerator(backend, w, weightgen.LayoutOf(code))
		if err != nil {
			return nil, err
		}
		return &generator{g, code}, nil
	}
	return m
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

// hash identifies a generator by its weights and by what they are for.
func hash(code *zoo.Code, w *weightgen.Weights) string {
	h := sha256.New()
	h.Write([]byte(code.Schema()))
	for _, values := range w.Values {
		buf := make([]byte, 0, 4*len(values))
		for _, v := range values {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		h.Write(buf)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
