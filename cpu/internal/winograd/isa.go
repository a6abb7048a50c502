package winograd

import "github.com/warmstart-ml/warmstart/cpu/internal/kernel"

// isa selects the transforms that go with a set of micro-kernels. Its methods are the only way to them;
// all strides and offsets count float32s.
type isa int

const (
	generic isa = iota
	avx2
	avx512
)

func isaOf(m *kernel.Micro) isa {
	switch m.Name {
	case "avx512":
		return avx512
	case "avx2":
		return avx2
	}
	return generic
}

// lanes is the number of channels that are transformed together.
func (s isa) lanes() int { return [...]int{4, 8, 16}[s] }

// mask says that the first n lanes are real. Its form is the assembly's: bits for AVX-512, the offset
// of a window into a table for AVX2, n itself in Go.
func (s isa) mask(n int) int {
	switch s {
	case avx512:
		return 1<<n - 1
	case avx2:
		return 4 * (8 - n)
	}
	return n
}

// vectors is the number of vectors that hold n channels.
func (s isa) vectors(n int) int { return (n + s.lanes() - 1) / s.lanes() }

// padded is the distance of two rows of n channels: whole vectors, and an odd number of cache lines, so
// that a column of rows spreads over the whole L1 cache.
func (s isa) padded(n int) int {
	n = (s.vectors(n)*s.lanes() + line - 1) &^ (line - 1)
	return n | line
}

// tile locates a square patch of one image for the transforms. The layout is known to the assembly.
type tile struct {
	row   [6]int // offset of each row of the patch, at column 0 of the image
	mask  [6]int // which lanes of the row are real; none where the row lies outside the image
	cols  int    // bit j is set where column j of the patch lies inside the image
	left  int    // offset of the patch's column 0 in a row
	pixel int    // distance of two columns
}
