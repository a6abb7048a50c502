package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func sample() *File {
	return &File{
		Metadata: map[string]string{"preset": "mini", "note": `quotes " and ü`},
		Tensors: []Tensor{
			Float32("b", []int{2, 3}, []float32{1, -2, 3.5, 0, 1e-20, float32(math.Inf(1))}),
			{Name: "a", DType: "I64", Shape: []int{2}, Raw: make([]byte, 16)},
			Float32("scalar", []int{}, []float32{7}),
			Float32("empty", []int{0, 4}, nil),
		},
	}
}

func encode(t testing.TB, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(b []byte, o Options) (*File, error) { return Read(bytes.NewReader(b), int64(len(b)), o) }

func TestReadMetadata(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, encode(t, sample()), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := ReadMetadata(path)
	if diff := cmp.Diff(sample().Metadata, got); err != nil || diff != "" {
		t.Errorf("error %v, %s", err, diff)
	}
	for _, content := range []string{"", "rubbish", "\x02\x00\x00\x00\x00\x00\x00\x00[]"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadMetadata(path); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: error %v", content, err)
		}
	}
	if _, err := ReadMetadata(path + "2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
}

func TestRoundTrip(t *testing.T) {
	b := encode(t, sample())
	f, err := decode(b, Options{Checksum: true})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Checked {
		t.Error("not checked")
	}
	if !bytes.Equal(b, encode(t, f)) {
		t.Error("writing again gives other bytes")
	}
	got, _ := f.Find("b")
	if diff := cmp.Diff(sample().Tensors[0], got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(sample().Metadata, f.Metadata); diff != "" {
		t.Error(diff)
	}
}

func TestReadInto(t *testing.T) {
	room := make([]float32, 6)
	into := func(name string, shape []int) []float32 {
		if name == "b" {
			return room
		}
		return nil
	}
	f, err := decode(encode(t, sample()), Options{Into: into})
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := f.Find("b"); &b.F32[0] != &room[0] || room[2] != 3.5 {
		t.Errorf("read %v, in other memory: %v", b.F32, &b.F32[0] != &room[0])
	}
	room = room[:5]
	if _, err := decode(encode(t, sample()), Options{Into: into}); err == nil {
		t.Error("too little room was accepted")
	}
}

func TestRoundTripProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfDistinct(rapid.String(), func(s string) string { return strings.ToValidUTF8(s, "?") }).Draw(t, "names")
		f := &File{Metadata: rapid.MapOf(rapid.StringMatching(`[a-z]*`), rapid.String()).Draw(t, "metadata")}
		for _, n := range names {
			if n = strings.ToValidUTF8(n, "?"); n == metadataKey {
				continue
			}
			v := rapid.SliceOfN(rapid.Float32(), 1, 9).Draw(t, n)
			f.Tensors = append(f.Tensors, Float32(n, []int{1, len(v)}, v))
		}
		var b bytes.Buffer
		if err := Write(&b, f); err != nil {
			t.Fatal(err)
		}
		g, err := decode(b.Bytes(), Options{Checksum: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range f.Tensors {
			if got, _ := g.Find(want.Name); !cmp.Equal(want, got) {
				t.Fatal(cmp.Diff(want, got))
			}
		}
	})
}

func TestWriteRefuses(t *testing.T) {
	for name, tensors := range map[string][]Tensor{
		"size":      {Float32("a", []int{2}, []float32{1})},
		"duplicate": {Float32("a", []int{}, []float32{1}), Float32("a", []int{}, []float32{1})},
		"reserved":  {Float32(metadataKey, []int{}, []float32{1})},
		"type":      {{Name: "a", DType: "F31", Shape: []int{}}},
		"overflow":  {Float32("a", []int{1 << 40, 1 << 40}, nil)},
		"negative":  {Float32("a", []int{-1}, nil)},
		"empty":     {Float32("a", []int{0, -1}, nil)},
	} {
		if err := Write(io.Discard, &File{Tensors: tensors}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestLongestHeader: what is written can be read without being asked to accept more.
func TestLongestHeader(t *testing.T) {
	overhead := len(`{"__metadata__":{"x":"",}}`) + len(sumEntry(emptySum))
	for longer, ok := range map[int]bool{0: true, 1: false} {
		var b bytes.Buffer
		err := Write(&b, &File{Metadata: map[string]string{"x": strings.Repeat("x", maxHeader-overhead+longer)}})
		if (err == nil) != ok {
			t.Errorf("a header of %d bytes: error %v", maxHeader+longer, err)
		}
		if !ok {
			continue
		}
		if _, err := decode(b.Bytes(), Options{}); err != nil || b.Len() != 8+maxHeader {
			t.Errorf("%d bytes are read with error %v", b.Len(), err)
		}
	}
}

// withHeader makes a file out of a header and a number of zero bytes.
func withHeader(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestReadRefuses(t *testing.T) {
	one := func(dtype, shape string, from, to int) string {
		return fmt.Sprintf(`"%s":{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, "t", dtype, shape, from, to)
	}
	for name, b := range map[string][]byte{
		"empty":            {},
		"length only":      make([]byte, 8),
		"huge length":      append(bytes.Repeat([]byte{0xff}, 8), '{', '}'),
		"not an object":    withHeader(`[]`, 0),
		"leading space":    withHeader(` {}`, 0),
		"trailing text":    withHeader(`{}x`, 0),
		"unclosed":         withHeader(`{"a":1`, 0),
		"duplicate":        withHeader("{"+one("F32", "[1]", 0, 4)+","+one("F32", "[1]", 4, 8)+"}", 8),
		"hole":             withHeader("{"+one("F32", "[1]", 4, 8)+"}", 8),
		"overlap":          withHeader(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6),
		"trailing values":  withHeader("{"+one("F32", "[1]", 0, 4)+"}", 5),
		"missing values":   withHeader("{"+one("F32", "[2]", 0, 8)+"}", 7),
		"wrong size":       withHeader("{"+one("F32", "[2]", 0, 4)+"}", 4),
		"overflow":         withHeader("{"+one("F32", "[4611686018427387904,4]", 0, 0)+"}", 0),
		"negative":         withHeader("{"+one("F32", "[-1,-4]", 0, 16)+"}", 16),
		"negative, empty":  withHeader("{"+one("F32", "[0,-1]", 0, 0)+"}", 0),
		"rank":             withHeader("{"+one("U8", "[1,1,1,1,1,1,1,1,1]", 0, 1)+"}", 1),
		"type":             withHeader("{"+one("F31", "[1]", 0, 4)+"}", 4),
		"no shape":         withHeader(`{"t":{"dtype":"U8","data_offsets":[0,1]}}`, 1),
		"unknown field":    withHeader(`{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}`, 1),
		"metadata numbers": withHeader(`{"__metadata__":{"a":1}}`, 0),
	} {
		if _, err := decode(b, Options{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: error %v, wanted ErrDamaged", name, err)
		}
	}
	if _, err := decode(withHeader("{}"+strings.Repeat(" ", maxHeader), 0), Options{}); err == nil {
		t.Error("a header above the limit was accepted")
	}
	if _, err := decode(encode(t, sample()), Options{Finite: true}); err == nil || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("infinity: error %v, wanted one that names the tensor", err)
	}
	if _, err := decode(withHeader("{}", 0), Options{Checksum: true}); err == nil {
		t.Error("a file without a checksum was accepted")
	}
}

// TestEveryFlip flips each byte of a file in turn, and cuts it at each: none may pass.
func TestEveryFlip(t *testing.T) {
	b := encode(t, sample())
	for i := range b {
		flipped := bytes.Clone(b)
		flipped[i] ^= 0x10
		if _, err := decode(flipped, Options{Checksum: true}); err == nil {
			t.Errorf("byte %d of %d flipped: accepted", i, len(b))
		}
		if _, err := decode(b[:i], Options{Checksum: true}); err == nil {
			t.Errorf("cut to %d of %d bytes: accepted", i, len(b))
		}
	}
}

func TestReadFileNamesIt(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(name, []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(name, Options{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v", err)
	}
}

// TestPython reads our file with the format's own Python package, where that is installed.
func TestPython(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(name, encode(t, sample()), 0o644); err != nil {
		t.Fatal(err)
	}
	if exec.Command("python3", "-c", "import safetensors.numpy").Run() != nil {
		t.Skip("the Python package safetensors is not installed")
	}
	out, err := exec.Command("python3", "-c", "import sys, safetensors.numpy as s; print(s.load_file(sys.argv[1])['b'][0,2])", name).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "3.5" {
		t.Errorf("%v: %s", err, out)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add(withHeader(`{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1))
	f.Add(withHeader(`{"__metadata__":{"a":"b"}}`, 0))
	f.Add(withHeader(`{"t":{"dtype":"F32","shape":[0,-1],"data_offsets":[0,0]}}`, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := decode(b, Options{})
		if err != nil {
			return
		}
		again, err := decode(encode(t, file), Options{Checksum: true})
		if err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
		if len(again.Tensors) != len(file.Tensors) {
			t.Fatalf("%d tensors became %d", len(file.Tensors), len(again.Tensors))
		}
	})
}
