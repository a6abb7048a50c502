package imageio

import (
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// jpegQuality is where blocking stops being visible in edits with fine texture.
const jpegQuality = 95

// EncodePNG writes the picture as an 8-bit RGB PNG. It compresses in a quarter of the time that the most common effort takes, to about an eighth
// more: a generator is hardly slower than that.
func (m *Image) EncodePNG(w io.Writer) error {
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	return e.Encode(w, m.ToImage())
}

// WriteFile writes the picture at 8 bits per sample, as PNG or JPEG by the extension of path. The file
// appears whole or not at all.
func WriteFile(path string, m *Image) error {
	var encode func(io.Writer) error
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		encode = m.EncodePNG
	case ".jpg", ".jpeg":
		encode = func(w io.Writer) error {
			return jpeg.Encode(w, m.ToImage(), &jpeg.Options{Quality: jpegQuality})
		}
	default:
		return fmt.Errorf("write picture %s: cannot write %q files: use .png, .jpg or .jpeg", path, ext)
	}
	return atomicfile.Write(path, encode)
}

// IsPicture reports whether the name ends as pictures do that Decode reads.
func IsPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".webp":
		return true
	}
	return false
}
