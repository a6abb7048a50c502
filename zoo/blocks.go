package zoo

import (
	"fmt"
	"strings"

	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// BlockSize is the usual number of values in a block.
const BlockSize = 256

// maxBlockSize bounds the blocks, so that a foreign file cannot ask for all memory.
const maxBlockSize = 1 << 16

// Grouping says what a block may span.
type Grouping string

// Groupings. What pretrained models are made with is ByTensor; the others are for comparison.
const (
	ByTensor Grouping = "tensor" // values of one tensor
	ByLayer  Grouping = "layer"  // of one layer's tensors, which follow each other
	Whole    Grouping = "all"    // of any tensors
)

// Blocks says how the adapters of a layout are cut into blocks of equal size. A block never spans two tensors, or what else the
// grouping keeps apart: the last one of each is padded.
type Blocks struct {
	size     int
	grouping Grouping
	params   []nn.Param // the adapter's tensors
	groups   []int      // the number of values in each group of them
	at       []int      // where each tensor begins in Count*Size values
	count    int
}

// NewBlocks returns how adapters are cut into blocks of size values, each of one tensor.
func NewBlocks(l *lora.Layout, size int) (*Blocks, error) { return NewGroupedBlocks(l, size, ByTensor) }

// NewGroupedBlocks returns how adapters are cut into blocks of size values.
func NewGroupedBlocks(l *lora.Layout, size int, grouping Grouping) (*Blocks, error) {
	if size < 1 || size > maxBlockSize {
		return nil, fmt.Errorf("blocks of %d values: 1 to %d are allowed", size, maxBlockSize)
	}
	if grouping != ByTensor && grouping != ByLayer && grouping != Whole {
		return nil, fmt.Errorf("blocks by %q: use %s, %s or %s", grouping, ByTensor, ByLayer, Whole)
	}
	b := &Blocks{size: size, grouping: grouping, params: l.Params.List()}
	filled := 0 // of the last group
	for i, p := range b.params {
		if i == 0 || !grouping.joins(b.params[i-1].Name, p.Name) {
			b.count += (filled + size - 1) / size
			b.groups, filled = append(b.groups, 0), 0
		}
		b.at = append(b.at, b.count*size+filled)
		filled += p.Size()
		b.groups[len(b.groups)-1] = filled
	}
	b.count += (filled + size - 1) / size
	if b.count == 0 {
		return nil, fmt.Errorf("the adapters of this base have no values to cut into blocks")
	}
	return b, nil
}

// joins tells whether a tensor belongs to the group of the one before it.
func (g Grouping) joins(before, name string) bool {
	return g == Whole || g == ByLayer && layerOf(before) == layerOf(name)
}

// layerOf returns the layer of an adapter's tensor: "res1.a" of "res1.a.weight.lora_B".
func layerOf(name string) string {
	parts := strings.Split(name, ".")
	return strings.Join(parts[:max(len(parts)-2, 1)], ".")
}

// Count returns the number of blocks in an adapter.
func (b *Blocks) Count() int { return b.count }

// Size returns the number of values in a block, padding included.
func (b *Blocks) Size() int { return b.size }

// Mask tells for each value of an adapter's blocks [Count*Size] whether it is one of the adapter's and not padding.
func (b *Blocks) Mask() []bool {
	mask := make([]bool, b.count*b.size)
	for i, p := range b.params {
		for j := range p.Size() {
			mask[b.at[i]+j] = true
		}
	}
	return mask
}

// Spans returns where each block lies in an adapter's values, taken as one vector tensor after tensor: from Spans[i][0] to before
// Spans[i][1].
func (b *Blocks) Spans() [][2]int {
	spans := make([][2]int, 0, b.count)
	start := 0
	for _, n := range b.groups {
		for at := 0; at < n; at += b.size {
			spans = append(spans, [2]int{start + at, start + min(at+b.size, n)})
		}
		start += n
	}
	return spans
}

// Cut returns an adapter's blocks [Count*Size]. Padding is 0.
func (b *Blocks) Cut(adapter [][]float32) []float32 {
	blocks := make([]float32, b.count*b.size)
	for i, values := range adapter {
		copy(blocks[b.at[i]:], values)
	}
	return blocks
}

// Join returns the adapter of which Cut makes the blocks.
func (b *Blocks) Join(blocks []float32) [][]float32 {
	adapter := make([][]float32, len(b.params))
	for i, p := range b.params {
		adapter[i] = make([]float32, p.Size())
		copy(adapter[i], blocks[b.at[i]:])
	}
	return adapter
}
