package imageio

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"strings"

	"golang.org/x/image/webp"
)

// Limits bound what a picture may cost to decode. They are checked on the file's length and header,
// before pixels are allocated. A zero field means its default.
type Limits struct {
	// MaxBytes is the longest encoded file accepted; default 32 MiB.
	MaxBytes int64
	// MaxPixels is the largest width times height accepted; default 40 million (480 MB decoded).
	MaxPixels int64
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes == 0 {
		l.MaxBytes = 32 << 20
	}
	if l.MaxPixels == 0 {
		l.MaxPixels = 40_000_000
	}
	return l
}

// What Decode's errors wrap.
var (
	ErrTooLarge = errors.New("scale the picture down first")    // over a limit
	ErrFormat   = errors.New("convert it to PNG, JPEG or WebP") // of a format that is not read
)

// codec is a format that can be decoded. The table is used instead of image.RegisterFormat, so that a
// package that imports another decoder (GIF, TIFF, BMP: known for decompression bombs) opens no door here.
type codec struct {
	name         string
	matches      func(b []byte) bool
	decodeConfig func(io.Reader) (image.Config, error)
	decode       func(io.Reader) (image.Image, error)
	exif         func(b []byte) []byte
}

func codecs() []codec {
	return []codec{
		{"JPEG", hasAt(0, "\xff\xd8\xff"), jpeg.DecodeConfig, jpeg.Decode, jpegEXIF},
		{"PNG", hasAt(0, "\x89PNG\r\n\x1a\n"), png.DecodeConfig, png.Decode, pngEXIF},
		{"WebP", hasAt(8, "WEBP"), webp.DecodeConfig, webp.Decode, webpEXIF},
	}
}

// refused names formats that people do try, so that the error can.
func refused() []codec {
	return []codec{
		{name: "HEIC", matches: hasAt(4, "ftyphei")},
		{name: "HEIF", matches: hasAt(4, "ftypmif")},
		{name: "AVIF", matches: hasAt(4, "ftypavi")},
		{name: "GIF", matches: hasAt(0, "GIF8")},
		{name: "TIFF", matches: hasAt(0, "II*\x00")},
		{name: "TIFF", matches: hasAt(0, "MM\x00*")},
		{name: "BMP", matches: hasAt(0, "BM")},
	}
}

func hasAt(offset int, magic string) func([]byte) bool {
	return func(b []byte) bool {
		return len(b) >= offset && bytes.HasPrefix(b[offset:], []byte(magic))
	}
}

// Encoded is a picture file whose header is within the limits.
type Encoded struct {
	W, H  int // as encoded, before orientation
	codec codec
	bytes []byte
}

// Decode reads one PNG, JPEG or WebP picture, found by its first bytes. EXIF orientation is applied,
// alpha is composited on white, grey, CMYK and 16-bit samples are converted; colour profiles are ignored.
// Its errors tell the cause and the remedy; the caller adds the name of the file.
func Decode(r io.Reader, limits Limits) (*Image, error) {
	e, err := Read(r, limits)
	if err != nil {
		return nil, err
	}
	return e.Decode()
}

// Read is the first half of Decode: it reads the file and checks its header, so that the size is known before it is decoded.
func Read(r io.Reader, limits Limits) (*Encoded, error) {
	limits = limits.withDefaults()
	b, err := io.ReadAll(io.LimitReader(r, limits.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limits.MaxBytes {
		return nil, fmt.Errorf("over the limit of %d MiB: %w", limits.MaxBytes>>20, ErrTooLarge)
	}
	c, err := sniff(b)
	if err != nil {
		return nil, err
	}
	config, err := c.decodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, damaged(c.name, err)
	}
	if config.Width < 1 || config.Height < 1 {
		return nil, fmt.Errorf("%s header gives %dx%d pixels: replace the file", c.name, config.Width, config.Height)
	}
	if int64(config.Width) > limits.MaxPixels/int64(config.Height) {
		return nil, fmt.Errorf("%dx%d pixels are over the limit of %.4g megapixels: %w",
			config.Width, config.Height, float64(limits.MaxPixels)/1e6, ErrTooLarge)
	}
	return &Encoded{W: config.Width, H: config.Height, codec: c, bytes: b}, nil
}

// Bytes returns the file. It is not to be changed.
func (e *Encoded) Bytes() []byte { return e.bytes }

// Decode is the second half of Decode.
func (e *Encoded) Decode() (*Image, error) {
	m, err := e.codec.decode(bytes.NewReader(e.bytes))
	if err != nil {
		return nil, damaged(e.codec.name, err)
	}
	return FromImage(m).orient(orientation(e.codec.exif(e.bytes))), nil
}

func sniff(b []byte) (codec, error) {
	for _, c := range codecs() {
		if c.matches(b) {
			return c, nil
		}
	}
	for _, c := range refused() {
		if c.matches(b) {
			return codec{}, fmt.Errorf("%s pictures are not supported: %w", c.name, ErrFormat)
		}
	}
	if len(b) == 0 {
		return codec{}, errors.New("the file is empty: replace or remove it")
	}
	return codec{}, fmt.Errorf("not a PNG, JPEG or WebP picture: %w, or remove it", ErrFormat)
}

func damaged(format string, err error) error {
	// image/png gives the text of io.ErrUnexpectedEOF only.
	if errors.Is(err, io.EOF) || strings.Contains(err.Error(), io.ErrUnexpectedEOF.Error()) {
		return fmt.Errorf("%s picture is cut short: replace or remove the file", format)
	}
	return fmt.Errorf("damaged or unusual %s picture (%w): save it anew or remove it", format, err)
}

// ReadFile decodes the picture at path as Decode does; its errors name the file.
func ReadFile(path string, limits Limits) (*Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	defer f.Close()
	m, err := Decode(f, limits)
	if err != nil {
		return nil, fmt.Errorf("read picture %s: %w", path, err)
	}
	return m, nil
}
