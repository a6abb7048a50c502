package cpu

import (
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// maxFreeBytes bounds the memory that a freeList holds: the variables and moments of a model of 20 M weights.
const maxFreeBytes = 256 << 20

// freeList keeps the memory of buffers that are no longer used for the next buffers of the same data type
// and size: in a training loop the sizes repeat at every step. It is safe for concurrent use.
type freeList struct {
	mu    sync.Mutex
	flats map[memoryClass][]any // flat slices
	bytes int
}

type memoryClass struct {
	dtype dtypes.DType
	size  int // number of values
}

func classOf(shape shapes.Shape) memoryClass {
	return memoryClass{shape.DType, shape.Size()}
}

func (c memoryClass) bytes() int { return c.dtype.SizeForDimensions(c.size) }

// get returns a flat slice for shape, with any content.
func (l *freeList) get(shape shapes.Shape) any {
	class := classOf(shape)
	l.mu.Lock()
	defer l.mu.Unlock()
	free := l.flats[class]
	if len(free) == 0 {
		return dtypes.MakeAnySlice(class.dtype, class.size)
	}
	flat := free[len(free)-1]
	free[len(free)-1] = nil
	l.flats[class] = free[:len(free)-1]
	l.bytes -= class.bytes()
	return flat
}

// put gives back a flat slice that nobody refers to any more.
func (l *freeList) put(shape shapes.Shape, flat any) {
	class := classOf(shape)
	n := class.bytes()
	if n > maxFreeBytes {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes+n > maxFreeBytes || l.flats == nil {
		// Start again with the sizes in use now, rather than keep those of an earlier program forever.
		l.flats = make(map[memoryClass][]any)
		l.bytes = 0
	}
	l.flats[class] = append(l.flats[class], flat)
	l.bytes += n
}

// clear drops all memory.
func (l *freeList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flats, l.bytes = nil, 0
}
