package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Decode reads what Encode writes. It is no reader for ONNX at large: a file that Encode would have written in any other way is refused, so
// that nothing in it goes unseen. Tensors share memory with b.
func Decode(b []byte) (*Model, error) {
	m := &Model{Metadata: map[string]string{}}
	if err := m.decode(b); err != nil {
		return nil, fmt.Errorf("damaged, or not an ONNX file: %w", err)
	}
	same, err := m.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(b, same) {
		return nil, errors.New("damaged, or an ONNX file of another program")
	}
	return m, nil
}

func (m *Model) decode(b []byte) error {
	return each(b, fields{
		modelIRVersion:       integer(&m.IRVersion),
		modelProducer:        text(&m.Producer),
		modelProducerVersion: text(&m.ProducerVersion),
		modelGraph:           m.Graph.decode,
		modelOpset:           func(b []byte) error { return each(b, fields{opsetVersion: integer(&m.Opset)}) },
		modelMetadata: func(b []byte) error {
			var key, value string
			err := each(b, fields{entryKey: text(&key), entryValue: text(&value)})
			m.Metadata[key] = value
			return err
		},
	})
}

func (g *Graph) decode(b []byte) error {
	return each(b, fields{
		graphName:        text(&g.Name),
		graphNode:        list(&g.Nodes, (*Node).decode),
		graphInitializer: list(&g.Initializers, (*Tensor).decode),
		graphInput:       list(&g.Inputs, (*Value).decode),
		graphOut:         list(&g.Outputs, (*Value).decode),
	})
}

func (n *Node) decode(b []byte) error {
	return each(b, fields{
		nodeInput:     list(&n.Inputs, setText),
		nodeOutput:    list(&n.Outputs, setText),
		nodeName:      text(&n.Name),
		nodeOp:        text(&n.Op),
		nodeAttribute: list(&n.Attributes, (*Attribute).decode),
	})
}

func (a *Attribute) decode(b []byte) error {
	var (
		kind, i int64
		f       float32
		s       string
		all     []int64
	)
	err := each(b, fields{
		attributeName:   text(&a.Name),
		attributeFloat:  float(&f),
		attributeInt:    integer(&i),
		attributeString: text(&s),
		attributeInts:   integers(&all),
		attributeType:   integer(&kind),
	})
	switch kind {
	case kindFloat:
		a.Value = f
	case kindInt:
		a.Value = i
	case kindString:
		a.Value = s
	case kindInts:
		a.Value = all
	default:
		return errors.Join(err, fmt.Errorf("attribute %q is of kind %d", a.Name, kind))
	}
	return err
}

func (t *Tensor) decode(b []byte) error {
	return each(b, fields{
		tensorDims: integers(&t.Dims),
		tensorType: integer((*int64)(&t.Type)),
		tensorName: text(&t.Name),
		tensorData: func(b []byte) error { t.Data = b; return nil },
	})
}

func (v *Value) decode(b []byte) error {
	shape := func(b []byte) error { return each(b, fields{shapeDim: list(&v.Dims, (*Dim).decode)}) }
	tensor := func(b []byte) error {
		return each(b, fields{typeElement: integer((*int64)(&v.Type)), typeShape: shape})
	}
	return each(b, fields{
		valueName: text(&v.Name),
		valueType: func(b []byte) error { return each(b, fields{typeTensor: tensor}) },
	})
}

func (d *Dim) decode(b []byte) error {
	return each(b, fields{dimSize: integer(&d.Size), dimName: text(&d.Name)})
}

// fields says how to read the fields of a message from their content, numbers as they are encoded.
type fields map[protowire.Number]func([]byte) error

// each walks over the fields of a message.
func each(b []byte, known fields) error {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(number, wire, b); n < 0 {
			return protowire.ParseError(n)
		}
		content := b[:n]
		b = b[n:]
		read, ok := known[number]
		if !ok {
			return fmt.Errorf("field %d is unknown", number)
		}
		if wire == protowire.BytesType {
			content, _ = protowire.ConsumeBytes(content)
		}
		if err := read(content); err != nil {
			return err
		}
	}
	return nil
}

// list appends what decode reads.
func list[T any](to *[]T, decode func(*T, []byte) error) func([]byte) error {
	return func(b []byte) error {
		var v T
		err := decode(&v, b)
		*to = append(*to, v)
		return err
	}
}

func text(to *string) func([]byte) error {
	return func(b []byte) error { return setText(to, b) }
}

func setText(to *string, b []byte) error {
	*to = string(b)
	return nil
}

func integer(to *int64) func([]byte) error {
	return func(b []byte) error { return setInteger(to, b) }
}

func integers(to *[]int64) func([]byte) error { return list(to, setInteger) }

func setInteger(to *int64, b []byte) error {
	v, n := protowire.ConsumeVarint(b)
	*to = int64(v)
	return protowire.ParseError(min(n, 0))
}

func float(to *float32) func([]byte) error {
	return func(b []byte) error {
		v, n := protowire.ConsumeFixed32(b)
		*to = math.Float32frombits(v)
		return protowire.ParseError(min(n, 0))
	}
}
