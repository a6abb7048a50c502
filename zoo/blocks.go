package zoo

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
)

// BlockSize is the usual number of values in a block.
const BlockSize = 256

// maxBlockSize bounds the blocks, so that a foreign file cannot ask for all memory.
const maxBlockSize = 1 << 16

// Blocks says how the adapters of a layout are cut into blocks of equal size. A block never spans two tensors: the last one of each is
// padded.
type Blocks struct {
	size   int
	params []nn.Param // the adapter's tensors
	first  []int      // the first block of each
	count  int
}

// NewBlocks returns how adapters are cut into blocks of size values.
func NewBlocks(l *lora.Layout, size int) (*Blocks, error) {
	if size < 1 || size > maxBlockSize {
		return nil, fmt.Errorf("blocks of %d values: 1 to %d are allowed", size, maxBlockSize)
	}
	b := &Blocks{size: size, params: l.Params.List()}
	for _, p := range b.params {
		b.first = append(b.first, b.count)
		b.count += (p.Size() + size - 1) / size
	}
	if b.count == 0 {
		return nil, fmt.Errorf("the adapters of this base have no values to cut into blocks")
	}
	return b, nil
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
			mask[b.first[i]*b.size+j] = true
		}
	}
	return mask
}

// Spans returns where each block lies in an adapter's values, taken as one vector tensor after tensor: from Spans[i][0] to before
// Spans[i][1].
func (b *Blocks) Spans() [][2]int {
	spans := make([][2]int, 0, b.count)
	start := 0
	for _, p := range b.params {
		for at := 0; at < p.Size(); at += b.size {
			spans = append(spans, [2]int{start + at, start + min(at+b.size, p.Size())})
		}
		start += p.Size()
	}
	return spans
}

// Cut returns an adapter's blocks [Count*Size]. Padding is 0.
func (b *Blocks) Cut(adapter [][]float32) []float32 {
	blocks := make([]float32, b.count*b.size)
	for i, values := range adapter {
		copy(blocks[b.first[i]*b.size:], values)
	}
	return blocks
}

// Join returns the adapter of which Cut makes the blocks.
func (b *Blocks) Join(blocks []float32) [][]float32 {
	adapter := make([][]float32, len(b.params))
	for i, p := range b.params {
		adapter[i] = make([]float32, p.Size())
		copy(adapter[i], blocks[b.first[i]*b.size:])
	}
	return adapter
}
