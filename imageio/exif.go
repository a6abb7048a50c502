package imageio

import (
	"bytes"
	"encoding/binary"
)

// EXIF is a TIFF structure inside the picture's file. Only the orientation is read. Damaged EXIF data
// never fails a picture: it counts as upright, as viewers do. Source: CIPA DC-008 (EXIF 2.32), section 4.

const (
	upright        = 1
	orientationTag = 0x0112
)

// orientation returns the EXIF orientation 1..8 in a TIFF structure, 1 where there is none.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	start := int64(order.Uint32(tiff[4:]))
	if start+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[start+2:]
	for range order.Uint16(tiff[start:]) {
		if len(entries) < 12 { // tag, type: 2 bytes each; count, value: 4 each
			break
		}
		const typeShort = 3
		if order.Uint16(entries) == orientationTag && order.Uint16(entries[2:]) == typeShort {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			break
		}
		entries = entries[12:]
	}
	return upright
}

// jpegEXIF returns the TIFF structure in the first EXIF segment before the picture data, nil if none.
func jpegEXIF(b []byte) []byte {
	const startOfScan, app1 = 0xda, 0xe1
	b = b[2:] // the start-of-image marker, checked by the caller
	for len(b) >= 4 && b[0] == 0xff && b[1] != startOfScan {
		if b[1] == 0xff { // a fill byte
			b = b[1:]
			continue
		}
		length := int(binary.BigEndian.Uint16(b[2:])) // counts itself, not the marker
		if length < 2 || 2+length > len(b) {
			return nil
		}
		if tiff, ok := bytes.CutPrefix(b[4:2+length], []byte("Exif\x00\x00")); ok && b[1] == app1 {
			return tiff
		}
		b = b[2+length:]
	}
	return nil
}

// pngEXIF returns the data of the eXIf chunk, nil if there is none.
func pngEXIF(b []byte) []byte {
	b = b[8:]          // the signature, checked by the caller
	for len(b) >= 12 { // length, type, data, checksum
		length := int64(binary.BigEndian.Uint32(b))
		if 12+length > int64(len(b)) {
			return nil
		}
		if string(b[4:8]) == "eXIf" {
			return b[8 : 8+length]
		}
		b = b[12+length:]
	}
	return nil
}

// webpEXIF returns the data of the EXIF chunk, nil if there is none.
func webpEXIF(b []byte) []byte {
	b = b[12:]        // "RIFF", size, "WEBP", checked by the caller
	for len(b) >= 8 { // name, length, data, padding to even
		length := int64(binary.LittleEndian.Uint32(b[4:]))
		if 8+length > int64(len(b)) {
			return nil
		}
		if string(b[:4]) == "EXIF" {
			// Some writers keep JPEG's prefix.
			return bytes.TrimPrefix(b[8:8+length], []byte("Exif\x00\x00"))
		}
		b = b[min(8+length+length&1, int64(len(b))):]
	}
	return nil
}

// orient turns a picture stored with EXIF orientation o upright. The image itself is returned for o = 1.
func (m *Image) orient(o int) *Image {
	if o == upright {
		return m
	}
	w, h := m.W, m.H
	if o >= 5 {
		w, h = h, w
	}
	out := New(w, h)
	for y := range h {
		for x := range w {
			// (sx, sy) is where the upright picture's (x, y) is stored.
			sx, sy := x, y
			switch o {
			case 2:
				sx = m.W - 1 - x
			case 3:
				sx, sy = m.W-1-x, m.H-1-y
			case 4:
				sy = m.H - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, m.H-1-x
			case 7:
				sx, sy = m.W-1-y, m.H-1-x
			case 8:
				sx, sy = m.W-1-y, x
			}
			copy(out.Pix[3*(y*w+x):][:3], m.Pix[3*(sy*m.W+sx):][:3])
		}
	}
	return out
}
