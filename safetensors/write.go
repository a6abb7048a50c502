package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// emptySum stands in the header while the checksum is computed, which covers the header too.
var emptySum = strings.Repeat("0", 2*sha256.Size)

// sumEntry is how the checksum stands in the header. No other text can look like it: within a JSON string, its
// quotes would be escaped.
func sumEntry(sum string) []byte { return []byte(`"` + sumKey + `":"` + sum + `"`) }

// Write writes the file, with tensors and metadata sorted by name. What Read would refuse for its long header is not written.
func Write(w io.Writer, f *File) error {
	tensors := slices.Clone(f.Tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	header, err := encodeHeader(tensors, f.Metadata)
	if err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	sum := sha256.New()
	if err := writeParts(sum, header, tensors); err != nil {
		return err
	}
	header = bytes.Replace(header, sumEntry(emptySum), sumEntry(hex.EncodeToString(sum.Sum(nil))), 1)
	if err := writeParts(w, header, tensors); err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	return nil
}

// encodeHeader returns the length and the header, padded with spaces so that the values are aligned to 8 bytes.
func encodeHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	meta := maps.Clone(metadata)
	if meta == nil {
		meta = map[string]string{}
	}
	meta[sumKey] = emptySum
	entries := map[string]any{metadataKey: meta}
	var offset int64
	for _, t := range tensors {
		size, err := byteSize(t.DType, t.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if have := int64(4*len(t.F32) + len(t.Raw)); have != size || (t.DType == "F32") != (t.Raw == nil) {
			return nil, fmt.Errorf("tensor %q: %d bytes of values for type %s and shape %v", t.Name, have, t.DType, t.Shape)
		}
		if _, taken := entries[t.Name]; taken {
			return nil, fmt.Errorf("tensor name %q is used twice or reserved", t.Name)
		}
		entries[t.Name] = entry{DType: t.DType, Shape: append([]int{}, t.Shape...), Offsets: [2]int64{offset, offset + size}}
		offset += size
	}
	text, err := json.Marshal(entries) // sorts the keys
	if err != nil {
		return nil, err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	if len(text) > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d are allowed: shorten names and metadata", len(text), maxHeader)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}

// entry describes a tensor in the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // from the end of the header
}

func writeParts(w io.Writer, header []byte, tensors []Tensor) error {
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := writeValues(w, t); err != nil {
			return err
		}
	}
	return nil
}

func writeValues(w io.Writer, t Tensor) error {
	if t.DType != "F32" {
		_, err := w.Write(t.Raw)
		return err
	}
	buf := make([]byte, 0, 1<<16)
	for chunk := range slices.Chunk(t.F32, cap(buf)/4) {
		buf = buf[:0]
		for _, v := range chunk {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
