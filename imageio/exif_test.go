package imageio_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
)

// tiff is EXIF data with an orientation, behind another entry.
func tiff(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("MM\x00*")
	if order == binary.LittleEndian {
		b = []byte("II*\x00")
	}
	b = order.AppendUint32(b, 8) // where the first directory is
	b = order.AppendUint16(b, 2)
	for _, e := range [][2]uint16{{0x0100, 99}, {0x0112, orientation}} {
		b = order.AppendUint16(b, e[0])
		b = order.AppendUint16(b, 3) // short
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, e[1])
		b = order.AppendUint16(b, 0)
	}
	return order.AppendUint32(b, 0)
}

// withEXIF puts an orientation into a JPEG file.
func withEXIF(jpeg []byte, orientation uint16) []byte {
	data := append([]byte("Exif\x00\x00"), tiff(binary.LittleEndian, orientation)...)
	b := append([]byte{}, jpeg[:2]...)
	b = append(b, 0xff, 0xe1)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)+2))
	return append(append(b, data...), jpeg[2:]...)
}

// withPNGEXIF puts an orientation into a PNG file, behind its header.
func withPNGEXIF(png []byte, orientation uint16) []byte {
	const header = 8 + 25
	chunk := append([]byte("eXIf"), tiff(binary.BigEndian, orientation)...)
	b := append([]byte{}, png[:header]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(chunk)-4))
	b = append(b, chunk...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
	return append(b, png[header:]...)
}

// The EXIF standard says for each value which visual side the stored row 0 and column 0 are.
func TestOrientation(t *testing.T) {
	stored := image.NewRGBA(image.Rect(0, 0, 16, 8))
	for y := range 8 {
		for x := range 16 {
			// Red in row 0's half, green in column 0's half.
			c := color.RGBA{A: 255}
			if y < 4 {
				c.R = 255
			}
			if x < 8 {
				c.G = 255
			}
			stored.Set(x, y, c)
		}
	}
	const top, bottom, left, right = "top", "bottom", "left", "right"
	sides := [][2]string{{top, left}, {top, right}, {bottom, right}, {bottom, left},
		{left, top}, {right, top}, {right, bottom}, {left, bottom}}
	for i, side := range sides {
		o := uint16(i + 1)
		files := map[string][]byte{
			"jpeg": withEXIF(encodeJPEG(t, stored), o),
			"png":  withPNGEXIF(encodePNG(t, stored), o),
		}
		for format, file := range files {
			m, err := imageio.Decode(bytes.NewReader(file), imageio.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if upright := o < 5; (m.W == 16) != upright {
				t.Fatalf("%s orientation %d: size %dx%d", format, o, m.W, m.H)
			}
			middle := map[string][2]int{
				top: {m.W / 2, 1}, bottom: {m.W / 2, m.H - 2}, left: {1, m.H / 2}, right: {m.W - 2, m.H / 2},
			}
			row, column := middle[side[0]], middle[side[1]]
			if r, _, _ := m.At(row[0], row[1]); r < 0.8 {
				t.Errorf("%s orientation %d: row 0 is not the visual %s", format, o, side[0])
			}
			if _, g, _ := m.At(column[0], column[1]); g < 0.8 {
				t.Errorf("%s orientation %d: column 0 is not the visual %s", format, o, side[1])
			}
		}
	}
}

// Damaged EXIF data never fails a picture.
func TestOrientationDamaged(t *testing.T) {
	file := withEXIF(encodeJPEG(t, image.NewRGBA(image.Rect(0, 0, 16, 8))), 6)
	for i := 12; i < 12+38; i++ { // the TIFF structure
		for _, v := range []byte{0, 0x7f, 0xff} {
			b := bytes.Clone(file)
			b[i] = v
			if _, err := imageio.Decode(bytes.NewReader(b), imageio.Limits{}); err != nil {
				t.Errorf("byte %d = %#x: %v", i, v, err)
			}
		}
	}
}
