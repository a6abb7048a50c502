package loop

import (
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
	"pgregory.net/rapid"
)

// TestRandomCopies: transposed, broadcast and reversed windows.
func TestRandomCopies(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		rapid.Check(t, func(t *rapid.T) { checkCopy(t, k) })
	})
}

func checkCopy(t *rapid.T, k *kernels) {
	s := CopySpec{DstOffset: rapid.IntRange(0, 9).Draw(t, "offset"), SrcOffset: rapid.IntRange(0, 9).Draw(t, "offset")}
	total := 1
	for range rapid.IntRange(0, 5).Draw(t, "rank") {
		d := rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(1, 90)).Draw(t, "dim")
		if total*d > 60000 {
			d = 2
		}
		total *= d
		s.Dims = append(s.Dims, d)
	}
	mask := make([]bool, len(s.Dims))
	s.Dst = drawStrides(t, s.Dims, mask)
	for ax := range mask {
		mask[ax] = rapid.IntRange(0, 5).Draw(t, "broadcast") == 0
	}
	s.Src = drawStrides(t, s.Dims, mask)
	srcLen := s.SrcOffset + 1
	for ax, d := range s.Dims {
		srcLen += max(0, d-1) * s.Src[ax]
		if rapid.IntRange(0, 5).Draw(t, "reverse") == 0 {
			s.SrcOffset += max(0, d-1) * s.Src[ax]
			s.Src[ax] = -s.Src[ax]
		}
	}
	src := make([]float32, srcLen)
	for i := range src {
		src[i] = float32(i)
	}
	got, want := make([]float32, total+s.DstOffset+1), make([]float32, total+s.DstOffset+1)
	for e := range total {
		want[s.DstOffset+at(s.Dims, s.Dst, e)] = src[s.SrcOffset+at(s.Dims, s.Src, e)]
	}
	c, err := newCopy(s, k)
	if err != nil {
		t.Fatal(err)
	}
	p := pool.New(2)
	defer p.Close()
	c.Run(p, got, src)
	if !slices.Equal(got, want) {
		t.Fatalf("%+v: wrong", s)
	}
}
