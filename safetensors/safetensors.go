// Package safetensors reads and writes named tensors in the safetensors format: eight bytes with the length of
// a JSON header, the header, and the tensors' values one after the other.
// (https://github.com/huggingface/safetensors, section Format.)
//
// What it writes is the same byte for byte for the same content, and carries a checksum over the whole file in
// the metadata entry "warmstart.sha256", which other readers ignore. What it reads is checked before memory is reserved
// for it: sizes against the file's, offsets for holes and overlaps, names for duplicates, and the checksum.
package safetensors

import (
	"fmt"
	"math"
	"slices"
)

// Tensor is a named array of numbers.
type Tensor struct {
	Name  string
	Shape []int
	// DType is the format's name for the type of the values, such as "F32" or "I64".
	DType string
	// F32 holds the values if DType is "F32", the last axis varying fastest.
	F32 []float32
	// Raw holds the little-endian bytes of the values of every other type.
	Raw []byte
}

// Float32 returns a tensor of float32 values.
func Float32(name string, shape []int, values []float32) Tensor {
	return Tensor{Name: name, Shape: shape, DType: "F32", F32: values}
}

// File is the content of a safetensors file.
type File struct {
	// Metadata holds free text entries. "warmstart.sha256" is reserved: Write sets it, and Read removes it.
	Metadata map[string]string
	Tensors  []Tensor
	// Checked tells whether Read found a checksum (and it was right: otherwise Read fails). Write ignores it.
	Checked bool
}

// Find returns the tensor with the given name.
func (f *File) Find(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// itemSizes are the bytes per value of each type.
var itemSizes = map[string]int{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1,
	"I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"I32": 4, "U32": 4, "F32": 4,
	"F64": 8, "I64": 8, "U64": 8,
}

const (
	sumKey      = "warmstart.sha256"
	metadataKey = "__metadata__"
	maxRank     = 8
)

// byteSize returns the number of bytes that a tensor's values take, or an error if its type, rank or sizes are
// not acceptable.
func byteSize(dtype string, shape []int) (int64, error) {
	item, ok := itemSizes[dtype]
	if !ok {
		return 0, fmt.Errorf("unknown type %q", dtype)
	}
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d axes, at most %d are allowed", len(shape), maxRank)
	}
	if slices.ContainsFunc(shape, func(d int) bool { return d < 0 }) {
		return 0, fmt.Errorf("shape %v is negative", shape)
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	size := int64(item)
	for _, d := range shape {
		if int64(d) > math.MaxInt64/size {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		size *= int64(d)
	}
	return size, nil
}
