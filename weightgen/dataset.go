package weightgen

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/warmstart-ml/warmstart/textenc"
)

// Dataset holds adapters and what people would call them.
type Dataset struct {
	Layout
	Mask     []bool      // [Blocks*Size]: false where a block is padding
	Adapters [][]float32 // each [Blocks*Size], with about zero mean and unit variance per block index
	Prompts  [][]string  // wordings of each adapter's concept, at least one
}

// Held is a named dataset that nothing is learnt from.
type Held struct {
	Name string
	*Dataset
}

// check returns an error that names the first adapter that is not usable.
func (d *Dataset) check() error {
	n := d.Blocks * d.Size
	switch {
	case len(d.Adapters) == 0:
		return errors.New("there are no adapters")
	case len(d.Mask) != n:
		return fmt.Errorf("the mask has %d values, wanted %d", len(d.Mask), n)
	case len(d.Prompts) != len(d.Adapters):
		return fmt.Errorf("prompts of %d adapters for %d adapters", len(d.Prompts), len(d.Adapters))
	}
	for b := range d.Blocks {
		if d.used(b) == 0 {
			return fmt.Errorf("block %d is padding only", b)
		}
	}
	for i, a := range d.Adapters {
		if len(a) != n {
			return fmt.Errorf("adapter %d has %d values, wanted %d", i, len(a), n)
		}
		if len(d.Prompts[i]) == 0 {
			return fmt.Errorf("adapter %d has no prompts", i)
		}
		for j, v := range a {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("adapter %d (%q): value %d is %v", i, d.Prompts[i][0], j, v)
			}
		}
	}
	return nil
}

// checkPrompts returns an error that names the first prompt that cannot be encoded.
func (d *Dataset) checkPrompts(e textenc.Encoder) error {
	tokens, features := e.Shape()
	rows, mask := make([]float32, tokens*features), make([]float32, tokens)
	for i, prompts := range d.Prompts {
		for _, p := range prompts {
			if _, err := e.Encode(p, rows, mask); err != nil {
				return fmt.Errorf("adapter %d, %q: %w", i, p, err)
			}
		}
	}
	return nil
}

// used returns the number of values in a block that are not padding.
func (d *Dataset) used(block int) int {
	n := 0
	for _, m := range d.Mask[block*d.Size:][:d.Size] {
		if m {
			n++
		}
	}
	return n
}

// fingerprint identifies all that training reads, so that a run is resumed with the data it began with: adapters, prompts, and what the
// encoder, which is code and may have changed, makes of them.
func (d *Dataset) fingerprint(e textenc.Encoder) string {
	h := sha256.New()
	buf := binary.LittleEndian.AppendUint64(nil, uint64(len(d.Adapters)))
	h.Write(buf)
	for i, a := range d.Adapters {
		buf = buf[:0]
		for j, v := range a {
			if d.Mask[j] {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			}
		}
		h.Write(buf)
		fmt.Fprintf(h, "%q", d.Prompts[i])
		buf = appendEncoded(buf[:0], e, d.Prompts[i])
		h.Write(buf)
	}
	fmt.Fprintf(h, "%+v%v", d.Layout, d.Mask)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// appendEncoded appends the encoded words of prompts. Those that cannot be encoded are for checkPrompts to report.
func appendEncoded(buf []byte, e textenc.Encoder, prompts []string) []byte {
	tokens, features := e.Shape()
	rows, mask := make([]float32, tokens*features), make([]float32, tokens)
	for _, p := range prompts {
		if _, err := e.Encode(p, rows, mask); err != nil {
			continue
		}
		for t, m := range mask {
			if m == 0 {
				continue
			}
			for _, v := range rows[t*features:][:features] {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			}
		}
	}
	return buf
}

// distance returns the mean squared difference of an adapter's values.
func (d *Dataset) distance(a, b []float32) float64 {
	sum, n := 0.0, 0
	for i, m := range d.Mask {
		if m {
			e := float64(a[i] - b[i])
			sum += e * e
			n++
		}
	}
	return sum / float64(n)
}

// nearest returns the adapter that has a wording with the most words in common with the prompt, relative to
// the words of both (the Jaccard index); of equals the first.
func (d *Dataset) nearest(v *textenc.Vocabulary, wordings [][]map[int]bool, prompt string) int {
	words := wordSet(v, prompt)
	best, adapter := -1.0, 0
	for i, sets := range wordings {
		for _, set := range sets {
			common := 0
			for w := range words {
				if set[w] {
					common++
				}
			}
			if index := float64(common) / float64(max(len(words)+len(set)-common, 1)); index > best {
				best, adapter = index, i
			}
		}
	}
	return adapter
}

// wordSets returns the words of every wording of every adapter.
func (d *Dataset) wordSets(v *textenc.Vocabulary) [][]map[int]bool {
	sets := make([][]map[int]bool, len(d.Prompts))
	for i, prompts := range d.Prompts {
		for _, p := range prompts {
			sets[i] = append(sets[i], wordSet(v, p))
		}
	}
	return sets
}

func wordSet(v *textenc.Vocabulary, prompt string) map[int]bool {
	ids, _ := v.IDs(prompt)
	set := make(map[int]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}
