//go:build linux

package kernel

import (
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// guarded returns n values whose end is the end of readable memory, so that touching more faults.
func guarded(t *testing.T, rng *rand.Rand, n int) []float32 {
	page := os.Getpagesize()
	size := ceil(4*n, page) * page
	mem, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skipf("no memory to guard: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(mem[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		return nil
	}
	v := unsafe.Slice((*float32)(unsafe.Pointer(&mem[size-4*n])), n)
	copy(v, random(rng, n))
	return v
}

// TestNothingPastTheEnd runs everything on operands that end where the memory does.
func TestNothingPastTheEnd(t *testing.T) {
	p := pool.New(1)
	rng := rand.New(rand.NewPCG(9, 10))
	run := func(r runner, a, b, c int) {
		r.Run(p, guarded(t, rng, a), guarded(t, rng, b), guarded(t, rng, c), guarded(t, rng, r.Scratch()))
	}
	for _, m := range Available() {
		for _, s := range convSpecs {
			x, w, y := s.sizes()
			run(&Conv{convRows(m, s, false)}, x, w, y)
			run(&Conv{convRows(m, s, true)}, y, w, x)
			run(&Conv{convCols(m, s)}, x, y, w)
		}
		for _, s := range gemmSpecs {
			s.Batch = max(s.Batch, 1)
			for trans := range 4 {
				s.TransA, s.TransB = trans&1 != 0, trans&2 != 0
				s := compact(s)
				run(newGemm(m, s, 8), s.Batch*s.StrideA, s.Batch*s.StrideB, s.Batch*s.StrideC)
			}
		}
	}
}
