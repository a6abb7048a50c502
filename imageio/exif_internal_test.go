package imageio

import "testing"

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Add([]byte("MM\x00*\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(b); o < 1 || o > 8 {
			t.Fatalf("orientation %d", o)
		}
		// The containers are parsed behind their magic.
		for _, o := range []int{
			orientation(jpegEXIF(append([]byte("\xff\xd8"), b...))),
			orientation(pngEXIF(append([]byte("\x89PNG\r\n\x1a\n"), b...))),
			orientation(webpEXIF(append([]byte("RIFF....WEBP"), b...))),
		} {
			if o < 1 || o > 8 {
				t.Fatalf("orientation %d", o)
			}
		}
	})
}
