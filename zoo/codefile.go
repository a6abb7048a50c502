package zoo

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Format and version in the metadata of a code's file.
const (
	codeFormat  = "warmstart/blocks"
	codeVersion = "1"
)

// Names of the tensors in a code's file.
const (
	meanTensor  = "mean"  // [count, size]
	scaleTensor = "scale" // [count]
)

// Write writes the code's file.
func (c *Code) Write(path string) error {
	b := c.Blocks
	metadata := map[string]string{
		"format": codeFormat, "version": codeVersion, "base": c.BaseHash, "size": strconv.Itoa(b.size), "schema": c.Schema(),
	}
	if b.grouping != ByTensor {
		metadata["grouping"] = string(b.grouping)
	}
	file := &safetensors.File{
		Metadata: metadata,
		Tensors: []safetensors.Tensor{
			safetensors.Float32(meanTensor, []int{b.count, b.size}, c.Mean),
			safetensors.Float32(scaleTensor, []int{b.count}, c.Scale),
		},
	}
	return atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, file) })
}

// reading bounds what is read.
var reading = safetensors.Options{Finite: true, Checksum: true}

// DecodeCode reads a code's file of the given size in bytes, for adapters of base b. One of another base is refused.
func DecodeCode(r io.Reader, size int64, b *lora.Base) (*Code, error) {
	file, err := safetensors.Read(r, size, reading)
	if err != nil {
		return nil, err
	}
	return parseCode(file, b)
}

func parseCode(file *safetensors.File, b *lora.Base) (*Code, error) {
	m := file.Metadata
	if m["format"] != codeFormat {
		return nil, fmt.Errorf("format %q: not the blocks of this program", m["format"])
	}
	if m["version"] != codeVersion {
		return nil, fmt.Errorf("version %q of the format is not supported, only %s: use the release that wrote it", m["version"], codeVersion)
	}
	if m["base"] != b.Hash {
		return nil, fmt.Errorf("blocks of adapters of the base with hash %s, not of this one with %s: use its own base", m["base"], b.Hash)
	}
	size, err := strconv.Atoi(m["size"])
	if err != nil {
		return nil, fmt.Errorf("its block size: %w", err)
	}
	c := &Code{BaseHash: b.Hash}
	if c.Blocks, err = NewGroupedBlocks(b.Layout, size, Grouping(cmp.Or(m["grouping"], string(ByTensor)))); err != nil {
		return nil, err
	}
	if c.Mean, err = find(file, meanTensor, c.Blocks.count, size); err != nil {
		return nil, err
	}
	if c.Scale, err = find(file, scaleTensor, c.Blocks.count); err != nil {
		return nil, err
	}
	return c, c.check()
}

// find returns the values of a tensor with the given shape.
func find(file *safetensors.File, name string, shape ...int) ([]float32, error) {
	t, ok := file.Find(name)
	if !ok {
		return nil, fmt.Errorf("tensor %q is missing", name)
	}
	if t.DType != "F32" || !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("tensor %q is %s %v, wanted F32 %v", name, t.DType, t.Shape, shape)
	}
	return t.F32, nil
}

// check returns an error if a value is none that Fit could have given, with which Decode would not be exact.
func (c *Code) check() error {
	mask := c.Blocks.Mask()
	for i, m := range c.Mean {
		if m != rounded(float64(m)) || !(math.Abs(float64(m)) < limit) || !mask[i] && m != 0 {
			return fmt.Errorf("tensor %q: value %d is %g, which is no rounded mean", meanTensor, i, m)
		}
	}
	for i, s := range c.Scale {
		if fraction, _ := math.Frexp(float64(s)); fraction != 0.5 || s < minScale || s > maxScale {
			return fmt.Errorf("tensor %q: value %d is %g, which is no power of two from %g to %d", scaleTensor, i, s, minScale, maxScale)
		}
	}
	return nil
}
