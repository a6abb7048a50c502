package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// ErrDamaged is wrapped by errors about content that breaks the format or does not match its checksum.
var ErrDamaged = errors.New("damaged, or not a safetensors file")

// maxHeader is the largest header in bytes that is read or written. A weight generator's has 50 KiB with its vocabulary, that of U-Net-256 has 25.
const maxHeader = 1 << 20

// Options bound what Read accepts.
type Options struct {
	// Finite refuses float32 values that are NaN or infinite, as weights never are.
	Finite bool
	// Checksum refuses files without one.
	Checksum bool
	// Into may return memory for the values of a float32 tensor, as many as its shape says; nil lets Read
	// allocate it. What is written there is not to be used if Read fails.
	Into func(name string, shape []int) []float32
}

// ReadFile reads the named file. Errors name it.
func ReadFile(name string, o Options) (*File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := Read(f, info.Size(), o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

// Read reads a file of the given size in bytes.
func Read(r io.Reader, size int64, o Options) (*File, error) {
	r = bufio.NewReaderSize(io.LimitReader(r, size), 1<<16)
	header, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	f, spans, err := decodeHeader(header[8:], size-int64(len(header)))
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrDamaged, err)
	}
	want, ok := f.Metadata[sumKey]
	if f.Checked = ok; !ok && o.Checksum {
		return nil, fmt.Errorf("%w: no checksum", ErrDamaged)
	}
	delete(f.Metadata, sumKey)
	sum := sha256.New()
	sum.Write(bytes.Replace(header, sumEntry(want), sumEntry(emptySum), 1))
	for _, s := range spans { // in the order of the file
		t := &f.Tensors[s.tensor]
		if t.DType == "F32" && o.Into != nil {
			t.F32 = o.Into(t.Name, t.Shape)
		}
		if err := readValues(r, sum, t, s.end-s.start); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	if ok && hex.EncodeToString(sum.Sum(nil)) != want {
		return nil, fmt.Errorf("%w: its content does not match its checksum", ErrDamaged)
	}
	if o.Finite {
		for _, t := range f.Tensors {
			if err := checkFinite(t); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// ReadMetadata reads the metadata of the named file alone, to see what it is. Nothing has been checked but the header's form. Errors
// name the file.
func ReadMetadata(name string) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	header, err := readHeader(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	file, _, err := decodeHeader(header[8:], info.Size()-int64(len(header)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: header: %w", name, ErrDamaged, err)
	}
	delete(file.Metadata, sumKey)
	return file.Metadata, nil
}

// readHeader returns the first 8 bytes and the header.
func readHeader(r io.Reader, size int64) ([]byte, error) {
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, fmt.Errorf("%w: shorter than 8 bytes", ErrDamaged)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > uint64(max(size-8, 0)) {
		return nil, fmt.Errorf("%w: a header of %d bytes in a file of %d", ErrDamaged, n, size)
	}
	if n > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d are allowed", n, maxHeader)
	}
	header := make([]byte, 8+n)
	copy(header, length[:])
	if _, err := io.ReadFull(r, header[8:]); err != nil {
		return nil, fmt.Errorf("%w: cut short in its header: %w", ErrDamaged, err)
	}
	return header, nil
}

// span is where a tensor's values lie, in bytes from the end of the header.
type span struct {
	start, end int64
	tensor     int
}

// decodeHeader parses the header of a file with dataSize bytes of values. The tensors have no values yet.
func decodeHeader(text []byte, dataSize int64) (*File, []span, error) {
	if len(text) == 0 || text[0] != '{' {
		return nil, nil, errors.New("does not start with {")
	}
	f := &File{Metadata: map[string]string{}}
	var spans []span
	err := decodeObject(text, func(key string, value json.RawMessage) error {
		if key == metadataKey {
			return decodeObject(value, func(key string, value json.RawMessage) error {
				var s string
				if err := json.Unmarshal(value, &s); err != nil {
					return err
				}
				f.Metadata[key] = s
				return nil
			})
		}
		e, err := decodeEntry(value)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", key, err)
		}
		spans = append(spans, span{e.Offsets[0], e.Offsets[1], len(f.Tensors)})
		f.Tensors = append(f.Tensors, Tensor{Name: key, DType: e.DType, Shape: e.Shape})
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(spans, func(a, b span) int { // empty tensors before the one that starts where they do
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	var at int64
	for _, s := range spans {
		if s.start != at {
			return nil, nil, fmt.Errorf("tensor %q starts at %d instead of %d: a hole or an overlap", f.Tensors[s.tensor].Name, s.start, at)
		}
		at = s.end
	}
	if at != dataSize {
		return nil, nil, fmt.Errorf("%d bytes of values are described, %d are there", at, dataSize)
	}
	return f, spans, nil
}

// decodeObject calls each for every member of a JSON object and refuses duplicates, which encoding/json by
// itself accepts.
func decodeObject(text []byte, each func(key string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key := t.(string) // within an object, More is followed by a key
		if seen[key] {
			return fmt.Errorf("%q occurs twice", key)
		}
		seen[key] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if err := each(key, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return err
	}
	if rest := strings.TrimRight(string(text[d.InputOffset():]), " \n\r\t"); rest != "" {
		return errors.New("text after the JSON object")
	}
	return nil
}

func decodeEntry(text json.RawMessage) (entry, error) {
	var e entry
	var offsets []int64
	err := decodeObject(text, func(key string, value json.RawMessage) error {
		switch key {
		case "dtype":
			return json.Unmarshal(value, &e.DType)
		case "shape":
			return json.Unmarshal(value, &e.Shape)
		case "data_offsets":
			return json.Unmarshal(value, &offsets)
		}
		return fmt.Errorf("unknown field %q", key)
	})
	if err != nil {
		return entry{}, err
	}
	if e.Shape == nil || len(offsets) != 2 || offsets[0] < 0 || offsets[1] < offsets[0] {
		return entry{}, fmt.Errorf("shape %v, offsets %v", e.Shape, offsets)
	}
	e.Offsets = [2]int64{offsets[0], offsets[1]}
	size, err := byteSize(e.DType, e.Shape)
	if err != nil {
		return entry{}, err
	}
	if offsets[1]-offsets[0] != size {
		return entry{}, fmt.Errorf("%d bytes for type %s and shape %v", offsets[1]-offsets[0], e.DType, e.Shape)
	}
	return e, nil
}

// readValues reads a tensor's bytes, which are known to be there, and adds them to the checksum.
func readValues(r io.Reader, sum hash.Hash, t *Tensor, size int64) error {
	if t.DType != "F32" {
		t.Raw = make([]byte, size)
		if _, err := io.ReadFull(r, t.Raw); err != nil {
			return fmt.Errorf("%w: cut short: %w", ErrDamaged, err)
		}
		sum.Write(t.Raw)
		return nil
	}
	if t.F32 == nil {
		t.F32 = make([]float32, size/4)
	}
	if int64(len(t.F32)) != size/4 {
		return fmt.Errorf("room for %d values, %d are needed", len(t.F32), size/4)
	}
	buf := make([]byte, min(size, 1<<16))
	for to := t.F32; len(to) > 0; {
		chunk := buf[:min(4*len(to), len(buf))]
		if _, err := io.ReadFull(r, chunk); err != nil {
			return fmt.Errorf("%w: cut short: %w", ErrDamaged, err)
		}
		sum.Write(chunk)
		n := len(chunk) / 4
		for i := range to[:n] {
			to[i] = math.Float32frombits(binary.LittleEndian.Uint32(chunk[4*i:][:4]))
		}
		to = to[n:]
	}
	return nil
}

// checkFinite refuses NaN and infinities.
func checkFinite(t Tensor) error {
	const exponent = 0x7f80_0000 // all set in NaN and infinities, and in nothing else
	for i, v := range t.F32 {
		if math.Float32bits(v)&exponent == exponent {
			return fmt.Errorf("tensor %q: value %d is %v, weights must be finite", t.Name, i, v)
		}
	}
	return nil
}
