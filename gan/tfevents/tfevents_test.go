package tfevents

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func at1() time.Time { return time.Unix(1, 500_000_000) }

// TestBytes compares with records worked out by hand from the format; the first is that of every TensorBoard
// file but for its time.
func TestBytes(t *testing.T) {
	var b bytes.Buffer
	w := New(&b, at1)
	if err := w.Scalar("loss/l1", 3, 0.5); err != nil {
		t.Fatal(err)
	}
	version := "18000000" + "00000000" + "a37f4b22" + // length 24 and its checksum
		"09" + "000000000000f83f" + "1a0d" + hex.EncodeToString([]byte("brain.Event:2"))
	if got := hex.EncodeToString(b.Bytes()[:36]); got != version {
		t.Errorf("version record\n%s, wanted\n%s", got, version)
	}
	scalar := "09" + "000000000000f83f" + "1003" + "2a10" + "0a0e" + "0a07" + hex.EncodeToString([]byte("loss/l1")) + "15" + "0000003f"
	rest := b.Bytes()[40:]
	if got := hex.EncodeToString(rest[12 : len(rest)-4]); got != scalar {
		t.Errorf("scalar\n%s, wanted\n%s", got, scalar)
	}
}

func TestMaskedCRC(t *testing.T) {
	// CRC-32C of nine digits is the check value e3069283 of the catalogues.
	const crc = 0xe3069283
	if got, want := maskedCRC([]byte("123456789")), uint32((crc>>15|crc<<17)&0xffffffff)+0xa282ead8; got != want {
		t.Errorf("%x, wanted %x", got, want)
	}
}

type fullDisk struct{ left int }

var errFull = errors.New("disk full")

func (f *fullDisk) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestFullDisk(t *testing.T) {
	w := New(&fullDisk{1}, at1)
	if err := w.Scalar("a", 1, 1); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

// TestTensorBoard reads a file with TensorBoard itself, where that is installed.
func TestTensorBoard(t *testing.T) {
	if exec.Command("python3", "-c", "import tensorboard").Run() != nil {
		t.Skip("the Python package tensorboard is not installed")
	}
	dir := t.TempDir()
	w, f, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.Scalar("a", 7, 0.5)
	f.Close()
	entries, _ := os.ReadDir(dir)
	out, err := exec.Command("python3", "-c", `
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
e = EventAccumulator(sys.argv[1]); e.Reload(); print(e.Scalars("a")[0].step, e.Scalars("a")[0].value)`, dir+"/"+entries[0].Name()).Output()
	if err != nil || strings.TrimSpace(string(out)) != "7 0.5" {
		t.Errorf("%v: %s", err, out)
	}
}
