package picture

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
)

func encoded(t testing.TB, f Format, w, h int) []byte {
	t.Helper()
	m := imageio.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = float32(i%251) / 251
	}
	var b bytes.Buffer
	if err := f.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormats(t *testing.T) {
	for _, f := range []Format{JPEG, PNG} {
		for range 2 { // the second time with the buffers of the first
			m, release, err := NewDecoder().Decode(t.Context(), encoded(t, f, 40, 30), 20)
			if err != nil || m.W != 20 || m.H != 15 {
				t.Fatalf("%s: %v", f, err)
			}
			release()
		}
	}
	if JPEG.ContentType() != "image/jpeg" {
		t.Error(JPEG.ContentType())
	}
	url, err := DataURL(imageio.New(3, 2))
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/jpeg;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := imageio.Decode(bytes.NewReader(b), imageio.Limits{}); err != nil || m.W != 3 {
		t.Error(err)
	}
}

// TestRoom: pictures wait for room, small ones not for large ones, and all of it is free in the end.
func TestRoom(t *testing.T) {
	d := NewDecoder()
	large, small := encoded(t, PNG, 2000, 1100), encoded(t, PNG, 64, 64)
	_, release, err := d.Decode(t.Context(), large, 4000)
	if err != nil {
		t.Fatal(err)
	}
	if !d.pixels.large.TryAcquire(Limits.MaxPixels - 2000*1100) {
		t.Error("a picture takes more room than it has pixels")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.Decode(ctx, large, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("without room: %v", err)
	}
	if _, free, err := d.Decode(t.Context(), small, 100); err != nil {
		t.Error(err)
	} else {
		free()
	}
	d.pixels.large.Release(Limits.MaxPixels - 2000*1100)
	release()
	if _, _, err := d.Decode(t.Context(), small[:len(small)-20], 100); err == nil {
		t.Error("a damaged picture was decoded")
	}
	_, scaled, err := d.Decode(t.Context(), large, 100)
	if err != nil {
		t.Fatal(err)
	}
	if !d.pixels.large.TryAcquire(Limits.MaxPixels - 100*55) {
		t.Error("a picture that was scaled down keeps its room")
	}
	d.pixels.large.Release(Limits.MaxPixels - 100*55)
	scaled()
	var all sync.WaitGroup
	for _, length := range []int64{-1, 0, 10, smallBytes, smallBytes + 1, Limits.MaxBytes, 1 << 60} {
		all.Go(func() {
			if free, err := d.Hold(t.Context(), length); err != nil {
				t.Error(err)
			} else {
				free()
			}
		})
	}
	all.Wait()
	if !d.pixels.small.TryAcquire(8*smallPixels) || !d.pixels.large.TryAcquire(Limits.MaxPixels) ||
		!d.bytes.small.TryAcquire(128*smallBytes) || !d.bytes.large.TryAcquire(8*Limits.MaxBytes) {
		t.Error("room is lost")
	}
}
