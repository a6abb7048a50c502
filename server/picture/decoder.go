package picture

import (
	"bytes"
	"context"

	"golang.org/x/sync/semaphore"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Limits are what pictures in requests are held to.
var Limits = imageio.Limits{MaxBytes: 20 << 20, MaxPixels: 40_000_000}

// Bounds on all pictures together, which are in memory from their first byte until their request is answered. A pixel takes about 30
// bytes. Large pictures wait for each other; small ones, such as frames of a webcam, don't wait for large ones.
const (
	smallBytes  = 1 << 20
	smallPixels = 2_000_000
)

// Decoder keeps these bounds.
type Decoder struct{ bytes, pixels pool }

// pool has room for things, small and large.
type pool struct {
	small, large *semaphore.Weighted
	most         int64 // of a small thing
}

// NewDecoder makes a decoder.
func NewDecoder() *Decoder {
	return &Decoder{
		bytes:  pool{semaphore.NewWeighted(128 * smallBytes), semaphore.NewWeighted(8 * Limits.MaxBytes), smallBytes},
		pixels: pool{semaphore.NewWeighted(8 * smallPixels), semaphore.NewWeighted(Limits.MaxPixels), smallPixels},
	}
}

// of returns where a thing has its room.
func (p pool) of(size int64) *semaphore.Weighted {
	if size <= p.most {
		return p.small
	}
	return p.large
}

// Hold waits for room for an encoded picture of a length in bytes, negative if it isn't known, until release is called.
func (d *Decoder) Hold(ctx context.Context, length int64) (release func(), err error) {
	if length < 0 || length > Limits.MaxBytes {
		length = Limits.MaxBytes
	}
	room := d.bytes.of(length)
	if err := room.Acquire(ctx, length); err != nil {
		return nil, context.Cause(ctx)
	}
	return func() { room.Release(length) }, nil
}

// Decode waits for room for a picture and decodes it, scaled down to that side at most. The room is kept until release is called.
func (d *Decoder) Decode(ctx context.Context, encoded []byte, side int) (m *imageio.Image, release func(), err error) {
	e, err := imageio.Read(bytes.NewReader(encoded), Limits)
	if err != nil {
		return nil, nil, err
	}
	pixels := int64(e.W) * int64(e.H)
	room := d.pixels.of(pixels)
	if err := room.Acquire(ctx, pixels); err != nil {
		return nil, nil, context.Cause(ctx)
	}
	if m, err = e.Decode(); err != nil {
		room.Release(pixels)
		return nil, nil, err
	}
	m = m.Within(side)
	kept := min(int64(m.W)*int64(m.H), pixels)
	room.Release(pixels - kept)
	return m, func() { room.Release(kept) }, nil
}
