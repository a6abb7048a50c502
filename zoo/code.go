package zoo

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// Values of stored adapters.
const (
	unit  = 1.0 / (1 << 16) // they are multiples of it
	limit = 128             // their amount is below
)

// Scales of a code, which are powers of two.
const (
	minScale = unit
	maxScale = 2 * limit
)

// Code is a normalisation of the blocks of one base's adapters.
type Code struct {
	Blocks   *Blocks
	Mean     []float32 // [Count*Size], of each value over the adapters: multiples of 2^-16; 0 for padding
	Scale    []float32 // [Count], of each block: a power of two, within a factor of the square root of 2 of the standard deviation
	BaseHash string    // lora.Base.Hash of the adapters' base
}

// Fit returns the normalisation that gives adapters of the base with the given hash about zero mean and, in each block, unit variance.
// Their values are to be rounded, as those of a zoo are.
func Fit(b *Blocks, baseHash string, adapters [][][]float32) *Code {
	c := &Code{Blocks: b, Mean: make([]float32, b.count*b.size), Scale: make([]float32, b.count), BaseHash: baseHash}
	sums := make([]float64, len(c.Mean))
	for _, a := range adapters {
		for i, v := range b.Cut(a) {
			sums[i] += float64(v)
		}
	}
	for i, sum := range sums {
		c.Mean[i] = rounded(sum / float64(max(len(adapters), 1)))
	}
	squares := make([]float64, b.count)
	for _, a := range adapters {
		for i, v := range b.Cut(a) {
			d := float64(v - c.Mean[i])
			squares[i/b.size] += d * d
		}
	}
	for i, span := range b.Spans() {
		n := (span[1] - span[0]) * max(len(adapters), 1)
		c.Scale[i] = powerOfTwo(math.Sqrt(squares[i] / float64(n)))
	}
	return c
}

// powerOfTwo returns the power of two next to v, on a logarithmic scale.
func powerOfTwo(v float64) float32 {
	v = min(max(v, minScale), maxScale)
	return float32(math.Exp2(math.Round(math.Log2(v))))
}

// rounded returns the nearest multiple of 2^-16; 0 has no sign.
func rounded(v float64) float32 { return float32(math.Round(v/unit)*unit) + 0 }

// round returns a copy of an adapter with its values rounded, or an error if it is not to be stored.
func round(adapter [][]float32) ([][]float32, error) {
	out := make([][]float32, len(adapter))
	for i, values := range adapter {
		out[i] = make([]float32, len(values))
		for j, v := range values {
			out[i][j] = rounded(float64(v))
			if !(math.Abs(float64(out[i][j])) < limit) {
				return nil, fmt.Errorf("tensor %d has the value %g: only those between -%d and %d can be stored", i, v, limit, limit)
			}
		}
	}
	return out, nil
}

// Encode returns an adapter's blocks, normalised [Count*Size]. Decode returns the adapter bit for bit if its values are rounded.
func (c *Code) Encode(adapter [][]float32) []float32 {
	blocks := c.Blocks.Cut(adapter)
	for i, m := range c.Mean {
		blocks[i] = (blocks[i] - m) / c.Scale[i/c.Blocks.size]
	}
	return blocks
}

// Decode returns the adapter of normalised blocks [Count*Size].
func (c *Code) Decode(normalised []float32) [][]float32 {
	blocks := make([]float32, len(c.Mean))
	for i, m := range c.Mean {
		blocks[i] = float32(normalised[i]*c.Scale[i/c.Blocks.size]) + m
	}
	return c.Blocks.Join(blocks)
}

// Schema identifies base, cutting and normalisation: who has the same can decode each other's blocks.
func (c *Code) Schema() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d\n", c.BaseHash, c.Blocks.size)
	if c.Blocks.grouping != ByTensor {
		fmt.Fprintf(h, "by %s\n", c.Blocks.grouping)
	}
	for _, p := range c.Blocks.params {
		fmt.Fprintf(h, "%s %v\n", p.Name, p.Dims)
	}
	for _, values := range [][]float32{c.Mean, c.Scale} {
		buf := make([]byte, 0, 4*len(values))
		for _, v := range values {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		h.Write(buf)
	}
	return "blocks-" + hex.EncodeToString(h.Sum(nil)[:16])
}
