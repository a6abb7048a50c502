// Package picture decodes pictures that come in requests, within bounds on memory, and encodes those for answers.
package picture

import (
	"bytes"
	"encoding/base64"
	"image/jpeg"
	"image/png"
	"io"
	"sync"

	"github.com/warmstart-ml/warmstart/imageio"
)

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
