package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Check reads a file's content back as Decode does, and refuses it unless for pictures of many sizes, from the smallest that it says it takes,
// all its operations get what they are made for and the output has the shape of the input.
func Check(file []byte) (*Model, error) {
	m, err := Decode(file)
	if err != nil {
		return nil, err
	}
	if m.IRVersion != irVersion || m.Opset != opset {
		return nil, fmt.Errorf("version %d of the format with opset %d, wanted %d with %d", m.IRVersion, m.Opset, irVersion, opset)
	}
	least, err := strconv.ParseInt(m.Metadata["minimum_side"], 10, 64)
	if err != nil || least < 1 || least > maxPad {
		return nil, fmt.Errorf("a smallest side of %q", m.Metadata["minimum_side"])
	}
	for _, size := range [][3]int64{{1, least, least}, {2, least + 1, 3*least + 2}, {1, 8 * least, 5 * least}, {3, 13*least + 7, least + 3}, {1, 64 * least, 129 * least}} {
		if err := m.checkSize(size[0], size[1], size[2]); err != nil {
			return nil, fmt.Errorf("for a batch of %d, height %d, width %d: %w", size[0], size[1], size[2], err)
		}
	}
	return m, nil
}

func (m *Model) checkSize(batch, height, width int64) error {
	sizes := map[string]int64{"batch": batch, "height": height, "width": width}
	shapes, err := m.Infer(sizes)
	if err != nil {
		return err
	}
	if len(m.Graph.Inputs) != 1 || len(m.Graph.Outputs) != 1 {
		return errors.New("wanted one input and one output")
	}
	in, out := m.Graph.Inputs[0], m.Graph.Outputs[0]
	image := Shape{Float, []int64{batch, 3, height, width}}
	declared, err := out.bind(sizes)
	if err != nil {
		return err
	}
	for _, s := range []Shape{shapes[in.Name], shapes[out.Name], declared} {
		if s.Type != image.Type || !slices.Equal(s.Dims, image.Dims) {
			return fmt.Errorf("the input, the output or what is said of it has the sizes %v, wanted %v", s.Dims, image.Dims)
		}
	}
	return nil
}
