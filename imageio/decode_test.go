package imageio_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
)

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bombPNG is a file of a few bytes whose header asks for 2^31-1 squared pixels.
func bombPNG() []byte {
	header := []byte("IHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x06\x00\x00\x00")
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(header))
}

// bombJPEG is a JPEG header of 65500x65500 pixels in three components.
func bombJPEG() []byte {
	return []byte("\xff\xd8\xff\xc0\x00\x11\x08\xff\xdc\xff\xdc\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00\xff\xda\x00\x0c")
}

// bombWebP is an extended WebP header of 30000x30000 pixels.
func bombWebP() []byte {
	return []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x2f\x75\x00\x2f\x75\x00")
}

func TestDecodeRefuses(t *testing.T) {
	small := image.NewRGBA(image.Rect(0, 0, 30, 20))
	goodPNG, goodJPEG := encodePNG(t, small), encodeJPEG(t, small)
	var anim bytes.Buffer
	if err := gif.Encode(&anim, small, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		data   []byte
		limits imageio.Limits
		want   string
	}{
		{"empty", nil, imageio.Limits{}, "empty"},
		{"text", []byte("hello, world, not a picture"), imageio.Limits{}, "not a PNG, JPEG or WebP"},
		{"gif", anim.Bytes(), imageio.Limits{}, "GIF pictures are not supported"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), imageio.Limits{}, "HEIC pictures are not supported"},
		{"png bomb", bombPNG(), imageio.Limits{}, ""},
		{"jpeg bomb", bombJPEG(), imageio.Limits{}, "65500x65500 pixels are over the limit of 40 megapixels"},
		{"webp bomb", bombWebP(), imageio.Limits{}, "30000x30000 pixels are over the limit"},
		{"too many pixels", goodPNG, imageio.Limits{MaxPixels: 599}, "30x20 pixels are over the limit"},
		{"too many bytes", goodPNG, imageio.Limits{MaxBytes: 50}, "over the limit of 0 MiB"},
		{"cut png", goodPNG[:len(goodPNG)-20], imageio.Limits{}, "cut short"},
		{"cut png header", goodPNG[:20], imageio.Limits{}, "cut short"},
		{"cut jpeg", goodJPEG[:len(goodJPEG)-30], imageio.Limits{}, "cut short"},
		{"damaged png", bytes.Replace(goodPNG, []byte("IDAT"), []byte("IDAX"), 1), imageio.Limits{}, "damaged or unusual PNG"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := imageio.Decode(bytes.NewReader(c.data), c.limits)
			if err == nil || m != nil {
				t.Fatalf("decoded %v, %v; want an error", m, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want it to contain %q", err, c.want)
			}
		})
	}
}

func TestDecodeAtLimit(t *testing.T) {
	data := encodePNG(t, image.NewRGBA(image.Rect(0, 0, 30, 20)))
	limits := imageio.Limits{MaxPixels: 600, MaxBytes: int64(len(data))}
	if _, err := imageio.Decode(bytes.NewReader(data), limits); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

func TestReadFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.png")
	if _, err := imageio.ReadFile(path, imageio.Limits{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, bombPNG(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := imageio.ReadFile(path, imageio.Limits{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("bomb: %v", err)
	}
}

func near(t *testing.T, m *imageio.Image, x, y int, want [3]float64, tolerance float64) {
	t.Helper()
	r, g, b := m.At(x, y)
	for i, v := range []float32{r, g, b} {
		if math.Abs(float64(v)-want[i]) > tolerance {
			t.Errorf("pixel (%d, %d) is %.3f %.3f %.3f, want %.3f", x, y, r, g, b, want)
			return
		}
	}
}

func TestDecodeConverts(t *testing.T) {
	rect := image.Rect(0, 0, 2, 1)
	grey16 := image.NewGray16(rect)
	grey16.SetGray16(1, 0, color.Gray16{Y: 0x1234})
	deep := image.NewNRGBA64(rect)
	deep.SetNRGBA64(1, 0, color.NRGBA64{R: 0x0102, G: 0x8000, B: 0xfffe, A: 0xffff})
	alpha := image.NewNRGBA(rect)
	alpha.SetNRGBA(1, 0, color.NRGBA{R: 255, A: 51})
	palette := image.NewPaletted(rect, color.Palette{color.White, color.NRGBA{G: 128, A: 255}})
	palette.SetColorIndex(1, 0, 1)
	for _, c := range []struct {
		name        string
		src         image.Image
		left, right [3]float64
	}{
		{"grey 16", grey16, [3]float64{}, [3]float64{0x1234 / 65535., 0x1234 / 65535., 0x1234 / 65535.}},
		{"rgb 16", deep, [3]float64{1, 1, 1}, [3]float64{0x0102 / 65535., 0x8000 / 65535., 0xfffe / 65535.}},
		{"alpha on white", alpha, [3]float64{1, 1, 1}, [3]float64{1, 0.8, 0.8}},
		{"palette", palette, [3]float64{1, 1, 1}, [3]float64{0, 128 / 255., 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := imageio.Decode(bytes.NewReader(encodePNG(t, c.src)), imageio.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			near(t, m, 0, 0, c.left, 1e-5)
			near(t, m, 1, 0, c.right, 1e-5)
		})
	}
}

// The files of testdata hold the ramp (x, y, 0.5) over 24x16 pixels; see make.py.
func TestDecodeForeignFiles(t *testing.T) {
	for _, c := range []struct {
		name      string
		tolerance float64
	}{{"cmyk.jpg", 0.03}, {"lossy.webp", 0.08}, {"exif6.webp", 0.01}} {
		t.Run(c.name, func(t *testing.T) {
			m, err := imageio.ReadFile(filepath.Join("testdata", c.name), imageio.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if m.W != 24 || m.H != 16 {
				t.Fatalf("size %dx%d, want 24x16", m.W, m.H)
			}
			for _, p := range [][2]int{{3, 3}, {20, 3}, {3, 12}, {12, 8}} {
				near(t, m, p[0], p[1], [3]float64{float64(p[0]) / 23, float64(p[1]) / 15, 0.5}, c.tolerance)
			}
		})
	}
	m, err := imageio.ReadFile("testdata/alpha.webp", imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, m, 0, 5, [3]float64{1, 1, 1}, 0.01)
	near(t, m, 23, 5, [3]float64{1, 0, 0}, 0.01)
}

func FuzzDecode(f *testing.F) {
	m := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	f.Add(encodePNG(f, m))
	f.Add(withEXIF(encodeJPEG(f, m), 6))
	f.Add(bombPNG())
	f.Add(bombJPEG())
	f.Add(bombWebP())
	for _, name := range []string{"cmyk.jpg", "lossy.webp", "alpha.webp", "exif6.webp"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 1 << 16
		m, err := imageio.Decode(bytes.NewReader(b), imageio.Limits{MaxPixels: most})
		if err != nil {
			return
		}
		if m.W < 1 || m.H < 1 || m.W*m.H > most || len(m.Pix) != 3*m.W*m.H {
			t.Fatalf("%dx%d picture with %d samples", m.W, m.H, len(m.Pix))
		}
		for _, v := range m.Pix {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("sample %v is outside [0,1]", v)
			}
		}
	})
}

// TestRead knows the size, and refuses what is too large, before there are any pixels.
func TestRead(t *testing.T) {
	var b bytes.Buffer
	if err := imageio.New(7, 5).EncodePNG(&b); err != nil {
		t.Fatal(err)
	}
	header := b.Bytes()[:40] // the size stands in the first chunk
	e, err := imageio.Read(bytes.NewReader(header), imageio.Limits{})
	if err != nil || e.W != 7 || e.H != 5 {
		t.Fatalf("%+v, error %v", e, err)
	}
	if _, err := e.Decode(); err == nil {
		t.Error("a header was decoded")
	}
	if _, err := imageio.Read(bytes.NewReader(header), imageio.Limits{MaxPixels: 34}); !errors.Is(err, imageio.ErrTooLarge) {
		t.Errorf("a picture over the limit: error %v", err)
	}
}
