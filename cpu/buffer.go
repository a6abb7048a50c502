package cpu

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

var (
	errFinalized = errors.New("cpu backend: buffer is used after it was finalized or donated")
	errClosed    = errors.New("cpu backend: backend is finalized")
)

// buffer implements compute.Buffer. Its memory is an ordinary Go slice, shared with whoever asks for Data.
type buffer struct {
	backend *backend
	shape   *shapes.Shape // shared by the buffers of one output: a training step makes hundreds

	mu      sync.Mutex
	flat    any  // nil once finalized or donated
	donated bool // to an execution, which ended the buffer; Finalize is then allowed once more
}

var _ compute.Buffer = (*buffer)(nil)

// Backend implements compute.Buffer.
func (b *buffer) Backend() compute.Backend { return b.backend }

// Shape implements compute.Buffer.
func (b *buffer) Shape() (shapes.Shape, error) {
	_, err := b.data()
	return *b.shape, err
}

// DeviceNum implements compute.Buffer.
func (b *buffer) DeviceNum() (compute.DeviceNum, error) {
	_, err := b.data()
	return 0, err
}

// Finalize implements compute.Buffer: the memory will be used again, slices got from Data must not be.
func (b *buffer) Finalize() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.flat == nil && !b.donated {
		return errFinalized
	}
	if b.flat != nil && !b.backend.IsFinalized() {
		b.backend.memory.put(*b.shape, b.flat)
	}
	b.flat, b.donated = nil, false
	return nil
}

// data returns the flat slice of a buffer in use.
func (b *buffer) data() (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.flat == nil {
		return nil, errFinalized
	}
	return b.flat, nil
}

// donate ends the buffer and hands its memory to the caller.
func (b *buffer) donate() (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.flat == nil {
		return nil, errFinalized
	}
	flat := b.flat
	b.flat, b.donated = nil, true
	return flat, nil
}

// Data implements compute.Buffer.
func (b *buffer) Data() (flat any, err error) { return b.data() }

// ToFlatData implements compute.Buffer.
func (b *buffer) ToFlatData(flat any) error {
	src, err := b.data()
	if err != nil {
		return err
	}
	if err := checkFlat(flat, *b.shape); err != nil {
		return err
	}
	dtypes.CopyAnySlice(flat, src)
	return nil
}

// CopyToDevice implements compute.Buffer.
func (b *buffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	src, err := b.data()
	if err != nil {
		return nil, err
	}
	return b.backend.BufferFromFlatData(device, src, *b.shape)
}

// HasSharedBuffers implements compute.DataInterface.
func (b *backend) HasSharedBuffers() bool { return true }

// NewSharedBuffer implements compute.DataInterface. The content is arbitrary.
func (b *backend) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	if b.IsFinalized() {
		return nil, nil, errClosed
	}
	if device != 0 {
		return nil, nil, fmt.Errorf("cpu backend: device %d does not exist, there is only device 0", device)
	}
	if !shape.Ok() || shape.IsTuple() || shape.IsDynamic() {
		return nil, nil, fmt.Errorf("cpu backend: a buffer cannot have shape %s", shape)
	}
	shape = shape.Clone()
	flat := b.memory.get(shape)
	return &buffer{backend: b, shape: &shape, flat: flat}, flat, nil
}

// BufferFromFlatData implements compute.DataInterface.
func (b *backend) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	buf, dst, err := b.NewSharedBuffer(device, shape)
	if err != nil {
		return nil, err
	}
	if err := checkFlat(flat, shape); err != nil {
		return nil, err
	}
	dtypes.CopyAnySlice(dst, flat)
	return buf, nil
}

// checkFlat tells whether flat is a slice with the values of shape. Data types of less than a byte are
// packed in a []uint8.
func checkFlat(flat any, shape shapes.Shape) error {
	elem, length := shape.DType.GoType(), shape.Size()
	if shape.DType.IsPacked() {
		length = shape.DType.SizeForDimensions(length)
	}
	v := reflect.ValueOf(flat)
	if v.Kind() != reflect.Slice || v.Type().Elem() != elem {
		return fmt.Errorf("cpu backend: data for shape %s must be []%s, got %T", shape, elem, flat)
	}
	if v.Len() != length {
		return fmt.Errorf("cpu backend: data for shape %s must have %d values, got %d", shape, length, v.Len())
	}
	return nil
}
