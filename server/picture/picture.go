// Package picture decodes pictures that come in requests, a few at a time, and encodes those for answers.
package picture

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"sync"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Limits are what pictures in requests are held to.
var Limits = imageio.Limits{MaxBytes: 20 << 20, MaxPixels: 40_000_000}

// small is the number of pixels up to which several pictures are decoded at once.
const small = 4_000_000

// Decoder bounds the memory that decoding takes: as many small pictures at once as there are cores, and one large one.
type Decoder struct{ small, large chan struct{} }

// NewDecoder makes a decoder.
func NewDecoder() *Decoder {
	return &Decoder{make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), make(chan struct{}, 1)}
}

// Decode decodes an encoded picture and scales it down to that side at most.
func (d *Decoder) Decode(ctx context.Context, encoded []byte, side int) (*imageio.Image, error) {
	few := Limits
	few.MaxPixels = small
	m, err := d.decode(ctx, d.small, encoded, few)
	if isLarge(err) {
		m, err = d.decode(ctx, d.large, encoded, Limits)
	}
	if err != nil {
		return nil, err
	}
	return m.Within(side), nil
}

func (d *Decoder) decode(ctx context.Context, room chan struct{}, encoded []byte, limits imageio.Limits) (*imageio.Image, error) {
	select {
	case room <- struct{}{}:
		defer func() { <-room }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return imageio.Decode(bytes.NewReader(encoded), limits)
}

// Format is how a picture is encoded.
type Format string

// The formats.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
)

// ContentType returns the media type.
func (f Format) ContentType() string { return "image/" + string(f) }

// quality is that of JPEG: its blocks are hardly seen, and it is half as long as at 95.
const quality = 88

// Encode writes a picture.
func (f Format) Encode(w io.Writer, m *imageio.Image) error {
	if f == PNG {
		e := png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: buffers{}}
		return e.Encode(w, m.ToImage())
	}
	return jpeg.Encode(w, m.ToImage(), &jpeg.Options{Quality: quality})
}

// buffers lets PNG encoders use the memory of earlier ones, which is a megabyte each.
type buffers struct{}

var used sync.Pool // of *png.EncoderBuffer

func (buffers) Get() *png.EncoderBuffer {
	b, _ := used.Get().(*png.EncoderBuffer)
	return b
}

func (buffers) Put(b *png.EncoderBuffer) { used.Put(b) }

// DataURL returns a picture as a URL.
func DataURL(m *imageio.Image) (string, error) {
	var b bytes.Buffer
	if err := JPEG.Encode(&b, m); err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

func isLarge(err error) bool { return errors.Is(err, imageio.ErrTooLarge) }
