package cpu

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

func TestBufferData(t *testing.T) {
	b := newBackend(t, "")
	buf := bufferOf(t, b, []float32{1, 2, 3})
	got := make([]float32, 3)
	if err := buf.ToFlatData(got); err != nil || !slices.Equal(got, []float32{1, 2, 3}) {
		t.Errorf("ToFlatData gave %v, %v", got, err)
	}
	for _, wrong := range []any{nil, 1, []float32{1}, make([]float64, 3), make([]int32, 3)} {
		if err := buf.ToFlatData(wrong); err == nil {
			t.Errorf("ToFlatData(%T): no error", wrong)
		}
		if _, err := b.BufferFromFlatData(0, wrong, shapes.Make(dtypes.Float32, 3)); err == nil {
			t.Errorf("BufferFromFlatData(%T): no error", wrong)
		}
	}
	if _, err := b.BufferFromFlatData(1, []float32{1}, shapes.Make(dtypes.Float32, 1)); err == nil {
		t.Error("no error for device 1")
	}
	if _, _, err := b.NewSharedBuffer(0, shapes.Shape{}); err == nil {
		t.Error("no error for an invalid shape")
	}
}

func TestUseAfterFinalize(t *testing.T) {
	b := newBackend(t, "")
	shape := shapes.Make(dtypes.Float32, 2)
	exec := compile(t, b, []shapes.Shape{shape}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(f.Neg(in[0]))
	})
	ended := bufferOf(t, b, []float32{1, 2})
	if err := ended.Finalize(); err != nil {
		t.Fatal(err)
	}
	donated := bufferOf(t, b, []float32{1, 2})
	if _, err := exec.Execute([]compute.Buffer{donated}, []bool{true}, 0); err != nil {
		t.Fatal(err)
	}
	for name, buf := range map[string]compute.Buffer{"finalized": ended, "donated": donated} {
		_, dataErr := buf.Data()
		_, shapeErr := buf.Shape()
		_, deviceErr := buf.DeviceNum()
		_, copyErr := buf.CopyToDevice(0)
		_, execErr := exec.Execute([]compute.Buffer{buf}, nil, 0)
		_, donateErr := exec.Execute([]compute.Buffer{buf}, []bool{true}, 0)
		for i, err := range []error{dataErr, shapeErr, deviceErr, copyErr, execErr, donateErr, buf.ToFlatData(make([]float32, 2))} {
			if !errors.Is(err, errFinalized) {
				t.Errorf("%s buffer, use %d: error %v", name, i, err)
			}
		}
	}
	if err := ended.Finalize(); !errors.Is(err, errFinalized) {
		t.Errorf("second Finalize: %v", err)
	}
	if err := donated.Finalize(); err != nil {
		t.Errorf("Finalize of a donated buffer: %v", err)
	}
}

// TestMemoryComesBack: finalized buffers and donated ones that no output took are used again.
func TestMemoryComesBack(t *testing.T) {
	b := newBackend(t, "")
	shape := shapes.Make(dtypes.Float32, 100)
	sum := compile(t, b, []shapes.Shape{shape}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(f.ReduceSum(in[0]))
	})
	for _, donate := range []bool{false, true} {
		buf, data, err := b.NewSharedBuffer(0, shape)
		if err != nil {
			t.Fatal(err)
		}
		was := unsafe.SliceData(data.([]float32))
		if donate {
			_, err = sum.Execute([]compute.Buffer{buf}, []bool{true}, 0)
		} else {
			err = buf.Finalize()
		}
		if err != nil {
			t.Fatal(err)
		}
		_, data, err = b.NewSharedBuffer(0, shape)
		if err != nil {
			t.Fatal(err)
		}
		if is := unsafe.SliceData(data.([]float32)); is != was {
			t.Errorf("donate=%v: new memory, want that of the buffer before", donate)
		}
	}
}

// TestDonatedTwice: a buffer that is two inputs at once must not be overwritten by way of one of them.
func TestDonatedTwice(t *testing.T) {
	b := newBackend(t, "")
	shape := shapes.Make(dtypes.Float32, 3)
	exec := compile(t, b, []shapes.Shape{shape, shape}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		x, err := f.Neg(in[0])
		if err != nil {
			return nil, err
		}
		y, err := f.Add(in[1], in[1])
		return []compute.Value{x, y, in[0], in[1]}, err
	})
	for _, donate := range [][]bool{{true, true}, {true, false}, {false, true}} {
		in := bufferOf(t, b, []float32{1, 2, 3})
		outs, err := exec.Execute([]compute.Buffer{in, in}, donate, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range [][]float32{{-1, -2, -3}, {2, 4, 6}, {1, 2, 3}, {1, 2, 3}} {
			if got := flat[float32](t, outs[i]); !slices.Equal(got, want) {
				t.Errorf("donate %v: output %d is %v, want %v", donate, i, got, want)
			}
		}
		if _, err := in.Data(); !errors.Is(err, errFinalized) {
			t.Errorf("donate %v: the input is still there (%v)", donate, err)
		}
	}
}

func TestFreeListIsBounded(t *testing.T) {
	var l freeList
	quarter := shapes.Make(dtypes.Uint8, maxFreeBytes/4)
	for range 9 {
		l.put(quarter, []uint8(nil))
	}
	if l.bytes > maxFreeBytes {
		t.Errorf("%d bytes are free, limit is %d", l.bytes, maxFreeBytes)
	}
	l.put(shapes.Make(dtypes.Uint8, maxFreeBytes+1), []uint8(nil))
	if l.bytes > maxFreeBytes {
		t.Errorf("%d bytes are free after one that is too large", l.bytes)
	}
}

func TestConcurrentExecute(t *testing.T) {
	b := newBackend(t, "threads=2")
	shape := shapes.Make(dtypes.Float32, 50)
	exec := compile(t, b, []shapes.Shape{shape}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		x, err := f.Mul(in[0], in[0])
		if err != nil {
			return nil, err
		}
		return one(f.ReduceSum(x))
	})
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 30 {
				v := float32(worker*30 + i)
				in, err := b.BufferFromFlatData(0, slices.Repeat([]float32{v}, 50), shape)
				if err != nil {
					t.Error(err)
					return
				}
				outs, err := exec.Execute([]compute.Buffer{in}, []bool{i%2 == 0}, 0)
				if err != nil {
					t.Error(err)
					return
				}
				var got [1]float32
				if err := outs[0].ToFlatData(got[:]); err != nil || got[0] != 50*v*v {
					t.Errorf("sum of 50 times %g squared is %g, %v", v, got[0], err)
				}
				if err := outs[0].Finalize(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	exec.Finalize()
	if _, err := exec.Execute([]compute.Buffer{bufferOf(t, b, make([]float32, 50))}, nil, 0); err == nil {
		t.Error("no error from a finalized executable")
	}
}
