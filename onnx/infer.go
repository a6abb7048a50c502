package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// Shape is the type and the sizes of a value.
type Shape struct {
	Type DataType
	Dims []int64
}

// value is what is known of a value.
type value struct {
	Shape
	ints []int64 // of a short Int64 vector or scalar, which may say what sizes others have; nil if unknown
}

const (
	maxElements = 1 << 40 // of a value: beyond, it is a mistake
	maxInts     = 64      // in vectors whose content is followed
)

// Infer returns the shapes of all values in the graph, by name, for the given sizes of the inputs' named axes. It knows the operations that
// Export uses, and refuses everything that these do not allow.
func (m *Model) Infer(sizes map[string]int64) (map[string]Shape, error) {
	known := map[string]*value{}
	define := func(name string, v *value) error {
		if name == "" || known[name] != nil {
			return fmt.Errorf("the name %q is empty or taken", name)
		}
		if err := v.check(); err != nil {
			return err
		}
		known[name] = v
		return nil
	}
	for _, t := range m.Graph.Initializers {
		v, err := t.value()
		if err == nil {
			err = define(t.Name, v)
		}
		if err != nil {
			return nil, fmt.Errorf("constant %q: %w", t.Name, err)
		}
	}
	for _, in := range m.Graph.Inputs {
		shape, err := in.bind(sizes)
		if err == nil {
			err = define(in.Name, &value{Shape: shape})
		}
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", in.Name, err)
		}
	}
	for _, n := range m.Graph.Nodes {
		v, err := n.infer(known)
		if err == nil {
			err = define(n.Outputs[0], v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", n.Op, n.Name, err)
		}
	}
	shapes := map[string]Shape{}
	for name, v := range known {
		shapes[name] = v.Shape
	}
	return shapes, nil
}

// value returns what is known of a constant.
func (t Tensor) value() (*value, error) {
	v := &value{Shape: Shape{t.Type, t.Dims}}
	if err := v.check(); err != nil {
		return nil, err
	}
	if want := v.elements() * t.Type.size(); int64(len(t.Data)) != want {
		return nil, fmt.Errorf("%d bytes, wanted %d", len(t.Data), want)
	}
	if t.Type == Int64 && v.elements() <= maxInts {
		v.ints = t.ints()
	}
	return v, nil
}

// bind returns an input's or output's shape where the named axes have the given sizes.
func (v Value) bind(sizes map[string]int64) (Shape, error) {
	s := Shape{Type: v.Type}
	for _, d := range v.Dims {
		size := d.Size
		if d.Name != "" {
			var ok bool
			if size, ok = sizes[d.Name]; !ok {
				return s, fmt.Errorf("an axis of unknown name %q", d.Name)
			}
		}
		s.Dims = append(s.Dims, size)
	}
	return s, nil
}

// check refuses unknown types and sizes that make no sense.
func (v *value) check() error {
	if v.Type.size() == 0 {
		return fmt.Errorf("elements of type %d", v.Type)
	}
	n := int64(1)
	for _, d := range v.Dims {
		if d < 1 || d > maxElements/n {
			return fmt.Errorf("sizes %v", v.Dims)
		}
		n *= d
	}
	return nil
}

func (s Shape) elements() int64 {
	n := int64(1)
	for _, d := range s.Dims {
		n *= d
	}
	return n
}

// call is a node with what is known of its inputs.
type call struct {
	Node
	in []*value
}

// infer returns what a node's rule says of its output.
func (n Node) infer(known map[string]*value) (*value, error) {
	r, ok := rules[n.Op]
	if !ok {
		return nil, errors.New("an operation that is not known here")
	}
	if len(n.Outputs) != 1 {
		return nil, fmt.Errorf("%d outputs, wanted one", len(n.Outputs))
	}
	if len(n.Inputs) < r.least || len(n.Inputs) > r.most {
		return nil, fmt.Errorf("%d inputs, wanted %d to %d", len(n.Inputs), r.least, r.most)
	}
	c := call{Node: n}
	for _, name := range n.Inputs {
		v := known[name]
		if v == nil {
			return nil, fmt.Errorf("no value %q comes before it", name)
		}
		c.in = append(c.in, v)
	}
	for i, a := range n.Attributes {
		if !slices.Contains(r.attributes, a.Name) {
			return nil, fmt.Errorf("it has no attribute %q", a.Name)
		}
		if slices.ContainsFunc(n.Attributes[:i], func(b Attribute) bool { return a.Name == b.Name }) {
			return nil, fmt.Errorf("attribute %q comes twice", a.Name)
		}
	}
	return r.infer(c)
}

// attribute returns an attribute's value, or another one if it isn't there.
func attribute[T any](c call, name string, otherwise T) (T, error) {
	for _, a := range c.Attributes {
		if a.Name == name {
			v, ok := a.Value.(T)
			if !ok {
				return v, fmt.Errorf("attribute %q is a %T", name, a.Value)
			}
			return v, nil
		}
	}
	return otherwise, nil
}

// list returns an attribute of n numbers within limits.
func (c call) list(name string, n int, least, most int64, otherwise ...int64) ([]int64, error) {
	v, err := attribute(c, name, otherwise)
	if err != nil {
		return nil, err
	}
	if len(v) != n || slices.Min(v) < least || slices.Max(v) > most {
		return nil, fmt.Errorf("attribute %q is %v, wanted %d numbers from %d to %d", name, v, n, least, most)
	}
	return v, nil
}

// want refuses inputs of other types, or with other numbers of axes than ranks says; -1 stands for any.
func (c call) want(t DataType, ranks ...int) error {
	for i, v := range c.in {
		if err := c.wantType(i, t); err != nil {
			return err
		}
		if rank := ranks[min(i, len(ranks)-1)]; rank >= 0 && len(v.Dims) != rank {
			return fmt.Errorf("input %d has sizes %v, wanted %d axes", i, v.Dims, rank)
		}
	}
	return nil
}

func (c call) wantType(i int, t DataType) error {
	if c.in[i].Type != t {
		return fmt.Errorf("input %d has elements of type %d, wanted %d", i, c.in[i].Type, t)
	}
	return nil
}

// content returns the numbers in an input that sizes depend on.
func (c call) content(i int) ([]int64, error) {
	v := c.in[i]
	if v.ints == nil {
		return nil, fmt.Errorf("input %d is not known before the model runs", i)
	}
	return v.ints, nil
}
