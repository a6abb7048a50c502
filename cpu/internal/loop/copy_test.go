package loop

import (
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
	"pgregory.net/rapid"
)

// TestRandomCopies: transposed, broadcast and reversed windows, for all element sizes.
func TestRandomCopies(t *testing.T) {
	eachISA(t, func(t *testing.T, k *kernels) {
		rapid.Check(t, func(t *rapid.T) {
			switch rapid.IntRange(0, 4).Draw(t, "size") {
			case 0:
				checkCopy[uint8](t, k, 1)
			case 1:
				checkCopy[uint16](t, k, 2)
			case 2:
				checkCopy[uint32](t, k, 4)
			case 3:
				checkCopy[uint64](t, k, 8)
			case 4:
				checkCopy[[2]uint64](t, k, 16)
			}
		})
	})
}

func checkCopy[T comparable](t *rapid.T, k *kernels, size int) {
	s := CopySpec{Size: size, DstOffset: rapid.IntRange(0, 9).Draw(t, "offset"), SrcOffset: rapid.IntRange(0, 9).Draw(t, "offset")}
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
	src := make([]T, srcLen)
	for i, v := range sample(srcLen, 5) {
		switch p := any(&src[i]).(type) {
		case *uint8:
			*p = uint8(v * 100)
		case *uint16:
			*p = uint16(v * 10000)
		case *uint32:
			*p = uint32(i)
		case *uint64:
			*p = uint64(i) << 20
		case *[2]uint64:
			*p = [2]uint64{uint64(i), uint64(i) << 40}
		}
	}
	got, want := make([]T, total+s.DstOffset+1), make([]T, total+s.DstOffset+1)
	for e := range total {
		want[s.DstOffset+at(s.Dims, s.Dst, e)] = src[s.SrcOffset+at(s.Dims, s.Src, e)]
	}
	c, err := newCopy(s, k)
	if err != nil {
		t.Fatal(err)
	}
	p := pool.New(2)
	defer p.Close()
	c.Run(p, Elements(got), Elements(src))
	if !slices.Equal(got, want) {
		t.Fatalf("%+v: wrong", s)
	}
}

func TestTranspose(t *testing.T) {
	c, err := NewTranspose(4, []int{2, 3, 1}, []int{2, 1, 0})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 6)
	c.Run(nil, Elements(got), Elements([]float32{1, 2, 3, 4, 5, 6}))
	if want := []float32{1, 4, 2, 5, 3, 6}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, perm := range [][]int{{0}, {0, 3, 1}} {
		if _, err := NewTranspose(4, []int{2, 3, 1}, perm); err == nil {
			t.Errorf("%v: no error", perm)
		}
	}
}
