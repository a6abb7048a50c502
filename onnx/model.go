package onnx

import (
	"encoding/binary"
	"math"

	"github.com/gomlx/compute/dtypes/float16"
)

// What files are written as: old enough for the runtimes in use, new enough for all operations here.
const (
	irVersion = 8
	opset     = 17
)

// Model is the content of a file.
type Model struct {
	IRVersion       int64
	Opset           int64 // of the standard operations, the only ones used
	Producer        string
	ProducerVersion string
	Metadata        map[string]string
	Graph           Graph
}

// Graph is a list of operations on named values, in an order in which they can be computed.
type Graph struct {
	Name            string
	Nodes           []Node
	Initializers    []Tensor
	Inputs, Outputs []Value
}

// Node is one operation.
type Node struct {
	Name, Op        string
	Inputs, Outputs []string
	Attributes      []Attribute
}

// Attribute is a setting of an operation. Value is an int64, a float32, a string or a []int64.
type Attribute struct {
	Name  string
	Value any
}

// DataType is the type of a value's elements, as the format numbers them.
type DataType int64

// The types in use.
const (
	Float   DataType = 1
	Int64   DataType = 7
	Float16 DataType = 10
)

// size returns the bytes of an element, or 0 for other types.
func (t DataType) size() int64 {
	switch t {
	case Float:
		return 4
	case Int64:
		return 8
	case Float16:
		return 2
	}
	return 0
}

// Tensor is a constant.
type Tensor struct {
	Name string
	Type DataType
	Dims []int64
	Data []byte // the elements, little-endian
}

// Value declares an input or output.
type Value struct {
	Name string
	Type DataType
	Dims []Dim
}

// Dim is the size of an axis: a number, or where Name is not empty any number, the same for all axes of that name.
type Dim struct {
	Name string
	Size int64
}

// floats makes a constant.
func floats(name string, dims []int64, values []float32) Tensor {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return Tensor{Name: name, Type: Float, Dims: dims, Data: data}
}

// halves makes a constant of the nearest float16 values.
func halves(name string, dims []int64, values []float32) Tensor {
	data := make([]byte, 0, 2*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint16(data, float16.FromFloat32(v).Bits())
	}
	return Tensor{Name: name, Type: Float16, Dims: dims, Data: data}
}

// ints makes a vector.
func ints(name string, values []int64) Tensor {
	t := Tensor{Name: name, Type: Int64, Dims: []int64{int64(len(values))}}
	for _, v := range values {
		t.Data = binary.LittleEndian.AppendUint64(t.Data, uint64(v))
	}
	return t
}

// ints returns an Int64 tensor's values.
func (t Tensor) ints() []int64 {
	values := make([]int64, len(t.Data)/8)
	for i := range values {
		values[i] = int64(binary.LittleEndian.Uint64(t.Data[8*i:]))
	}
	return values
}
