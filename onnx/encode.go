package onnx

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of the messages that make up a file (onnx.proto3 of IR version 8).
const (
	modelIRVersion, modelProducer, modelProducerVersion, modelGraph, modelOpset, modelMetadata = 1, 2, 3, 7, 8, 14

	opsetVersion          = 2
	entryKey, entryValue  = 1, 2
	graphNode, graphName  = 1, 2
	graphInitializer      = 5
	graphInput, graphOut  = 11, 12
	nodeInput, nodeOutput = 1, 2
	nodeName, nodeOp      = 3, 4
	nodeAttribute         = 5

	attributeName, attributeFloat, attributeInt, attributeString, attributeInts, attributeType = 1, 2, 3, 4, 8, 20

	tensorDims, tensorType, tensorName, tensorData = 1, 2, 8, 9

	valueName, valueType = 1, 2
	typeTensor           = 1
	typeElement          = 1
	typeShape            = 2
	shapeDim             = 1
	dimSize, dimName     = 1, 2
)

// The types of attributes.
const (
	kindFloat, kindInt, kindString, kindInts = 1, 2, 3, 7
)

// maxFile is the size that no file may reach: Protocol Buffers count bytes in 31 bits.
const maxFile = math.MaxInt32

// Encode returns the file's content. Equal models give equal bytes.
func (m *Model) Encode() ([]byte, error) {
	size := 0
	for _, t := range m.Graph.Initializers {
		size += len(t.Data)
	}
	if size > maxFile-1<<20 { // what is beside the weights takes far less
		return nil, fmt.Errorf("%d bytes of weights: an ONNX file holds less than 2 GiB", size)
	}
	b := make(message, 0, size+1<<16)
	b.int(modelIRVersion, m.IRVersion)
	b.text(modelProducer, m.Producer)
	b.text(modelProducerVersion, m.ProducerVersion)
	b.bytes(modelGraph, m.Graph.encode(size))
	var o message
	o.int(opsetVersion, m.Opset)
	b.bytes(modelOpset, o)
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		var e message
		e.text(entryKey, key)
		e.text(entryValue, m.Metadata[key])
		b.bytes(modelMetadata, e)
	}
	return b, nil
}

func (g *Graph) encode(size int) message {
	b := make(message, 0, size+1<<15)
	for _, n := range g.Nodes {
		b.bytes(graphNode, n.encode())
	}
	b.text(graphName, g.Name)
	for _, t := range g.Initializers {
		b.bytes(graphInitializer, t.encode())
	}
	for _, v := range g.Inputs {
		b.bytes(graphInput, v.encode())
	}
	for _, v := range g.Outputs {
		b.bytes(graphOut, v.encode())
	}
	return b
}

func (n Node) encode() (b message) {
	for _, s := range n.Inputs {
		b.bytes(nodeInput, []byte(s)) // also an empty one: its place counts
	}
	for _, s := range n.Outputs {
		b.bytes(nodeOutput, []byte(s))
	}
	b.text(nodeName, n.Name)
	b.text(nodeOp, n.Op)
	for _, a := range n.Attributes {
		b.bytes(nodeAttribute, a.encode())
	}
	return b
}

func (a Attribute) encode() (b message) {
	b.text(attributeName, a.Name)
	kind := int64(kindInts)
	switch v := a.Value.(type) {
	case float32:
		kind = kindFloat
		b = protowire.AppendTag(b, attributeFloat, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(v))
	case int64:
		kind = kindInt
		b.int(attributeInt, v)
	case string:
		kind = kindString
		b.bytes(attributeString, []byte(v))
	case []int64:
		for _, i := range v {
			b.int(attributeInts, i)
		}
	}
	b.int(attributeType, kind)
	return b
}

func (t Tensor) encode() message {
	b := make(message, 0, len(t.Data)+256)
	for _, d := range t.Dims {
		b.int(tensorDims, d)
	}
	b.int(tensorType, int64(t.Type))
	b.text(tensorName, t.Name)
	b.bytes(tensorData, t.Data)
	return b
}

func (v Value) encode() (b message) {
	var shape, tensor, typ message
	for _, d := range v.Dims {
		var dim message
		if d.Name != "" {
			dim.text(dimName, d.Name)
		} else {
			dim.int(dimSize, d.Size)
		}
		shape.bytes(shapeDim, dim)
	}
	tensor.int(typeElement, int64(v.Type))
	tensor.bytes(typeShape, shape)
	typ.bytes(typeTensor, tensor)
	b.text(valueName, v.Name)
	b.bytes(valueType, typ)
	return b
}

// message is an encoded message to append fields to.
type message []byte

func (b *message) int(field protowire.Number, v int64) {
	*b = protowire.AppendVarint(protowire.AppendTag(*b, field, protowire.VarintType), uint64(v))
}

func (b *message) bytes(field protowire.Number, v []byte) {
	*b = protowire.AppendBytes(protowire.AppendTag(*b, field, protowire.BytesType), v)
}

// text leaves out empty text, which is what a missing field stands for.
func (b *message) text(field protowire.Number, s string) {
	if s != "" {
		b.bytes(field, []byte(s))
	}
}
