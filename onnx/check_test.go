package onnx

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/nn"
)

// tinyFile is an exported mini.
func tinyFile(t testing.TB, o Options) []byte {
	t.Helper()
	return exported(t, drawn(t, "mini", 2, 0), o)
}

func TestFile(t *testing.T) {
	w := drawn(t, "mini", 2, 0)
	w.Config.Base = "abc"
	o := Options{Title: "Fog", Prompt: "thick fog – ‘dense’", Version: "v1.2.3"}
	file := exported(t, w, o)
	if !bytes.Equal(file, exported(t, w, o)) {
		t.Error("the same model gave two files")
	}
	m, err := Check(file)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"title": o.Title, "prompt": o.Prompt, "base": "abc", "preset": "mini", "range": "[-1,1]", "layout": "NCHW, RGB",
		"multiple_of": "1", "minimum_side": "5", "trained_side": "64", "precision": "float32", "weights_sha256": hash(w.Values),
	} {
		if m.Metadata[key] != want {
			t.Errorf("%s is %q, wanted %q", key, m.Metadata[key], want)
		}
	}
	if m.Producer != "warmstart" || m.ProducerVersion != o.Version || m.Opset != 17 || m.IRVersion != 8 {
		t.Errorf("by %s %s, opset %d, IR %d", m.Producer, m.ProducerVersion, m.Opset, m.IRVersion)
	}
	small := exported(t, drawn(t, "mini", 32, 0), Options{Half: true})
	if full := exported(t, drawn(t, "mini", 32, 0), Options{}); len(small) > len(full)*52/100+16000 {
		t.Errorf("%d bytes in half precision, %d in full", len(small), len(full))
	}
}

// TestOtherNetworks exports descriptions of networks that package onnx has another idea of.
func TestOtherNetworks(t *testing.T) {
	w := drawn(t, "resnet9", 2, 2)
	network, err := w.Config.Network()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		depth int
		want  string
	}{"a block more": {3, `it has no "block3.a.weight"`}, "a block less": {1, `no use for "block2.a.weight"`}} {
		w.Config.Depth = c.depth
		b := newBuilder(w, &network.Params, false)
		if err := b.build(w.Config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := Export(w, Options{}); err == nil {
		t.Error("too many tensors were accepted")
	}
	w.Config.Generator = "other"
	if _, err := Export(w, Options{}); err == nil {
		t.Error("an unknown generator was accepted")
	}
}

// TestMistakes breaks a model in many ways; Check is to find each.
func TestMistakes(t *testing.T) {
	node := func(m *Model, op string) *Node {
		return &m.Graph.Nodes[slices.IndexFunc(m.Graph.Nodes, func(n Node) bool { return n.Op == op })]
	}
	constant := func(m *Model, name string) *Tensor {
		return &m.Graph.Initializers[slices.IndexFunc(m.Graph.Initializers, func(t Tensor) bool { return t.Name == name })]
	}
	whole := tinyFile(t, Options{})
	for name, c := range map[string]struct {
		change func(m *Model)
		want   string
	}{
		"opset":             {func(m *Model) { m.Opset = 7 }, "opset 7"},
		"version":           {func(m *Model) { m.IRVersion = 3 }, "version 3"},
		"no smallest side":  {func(m *Model) { delete(m.Metadata, "minimum_side") }, `smallest side of ""`},
		"too small a side":  {func(m *Model) { m.Metadata["minimum_side"] = "4" }, "padding"},
		"no output":         {func(m *Model) { m.Graph.Outputs = nil }, "one input and one output"},
		"other output":      {func(m *Model) { m.Graph.Outputs[0].Name = "stem" }, "sizes [1 1 8 8]"},
		"unknown output":    {func(m *Model) { m.Graph.Outputs[0].Name = "nothing" }, "sizes []"},
		"output declared":   {func(m *Model) { m.Graph.Outputs[0].Dims[1].Size = 4 }, "wanted [1 3"},
		"axis":              {func(m *Model) { m.Graph.Inputs[0].Dims[2].Name = "depth" }, `unknown name "depth"`},
		"input type":        {func(m *Model) { m.Graph.Inputs[0].Type = Float16 }, "elements of type 10"},
		"unknown type":      {func(m *Model) { m.Graph.Inputs[0].Type = 99 }, "elements of type 99"},
		"operation":         {func(m *Model) { node(m, "Relu").Op = "Gelu" }, "not known"},
		"attribute":         {func(m *Model) { node(m, "Relu").Attributes = []Attribute{{"alpha", float32(1)}} }, `no attribute "alpha"`},
		"attribute's kind":  {func(m *Model) { node(m, "Softmax").Attributes[0].Value = "last" }, "is a string"},
		"attribute twice":   {func(m *Model) { n := node(m, "Softmax"); n.Attributes = append(n.Attributes, n.Attributes[0]) }, "comes twice"},
		"inputs":            {func(m *Model) { n := node(m, "Add"); n.Inputs = n.Inputs[:1] }, "1 inputs"},
		"outputs":           {func(m *Model) { n := node(m, "Relu"); n.Outputs = append(n.Outputs, "more") }, "2 outputs"},
		"order":             {func(m *Model) { slices.Reverse(m.Graph.Nodes) }, "comes before it"},
		"name":              {func(m *Model) { node(m, "Relu").Outputs[0] = "image" }, "taken"},
		"data":              {func(m *Model) { t := constant(m, "stem.weight"); t.Data = t.Data[4:] }, "bytes, wanted"},
		"negative size":     {func(m *Model) { constant(m, "stem.weight").Dims[0] = -1 }, "sizes [-1"},
		"enormous size":     {func(m *Model) { constant(m, "stem.weight").Dims[0] = 1 << 62 }, "sizes [4611686018427387904"},
		"channels":          {func(m *Model) { t := constant(m, "head.weight"); t.Dims[0], t.Dims[1] = t.Dims[1], t.Dims[0] }, "a kernel of"},
		"scale":             {func(m *Model) { t := constant(m, "down1.scale"); t.Dims[0]--; t.Data = t.Data[4:] }, "for 2 channels"},
		"stride":            {func(m *Model) { node(m, "Conv").Attributes[0].Value = []int64{0, 1} }, "wanted 2 numbers"},
		"cut too much":      {func(m *Model) { n := node(m, "Slice"); n.Inputs[1] = n.Inputs[3] }, "from [2 3]"},
		"unused axes":       {func(m *Model) { node(m, "ReduceMean").Attributes[0].Value = []int64{3, 9} }, "axes [3 9]"},
		"reshape":           {func(m *Model) { node(m, "Reshape").Inputs[1] = "ints_-1_-1" }, "as [-1 -1]"},
		"permutation":       {func(m *Model) { node(m, "Transpose").Attributes[0].Value = []int64{0, 1, 1} }, "order [0 1 1]"},
		"types":             {func(m *Model) { n := node(m, "Add"); n.Inputs[1] = "stem.bias" }, "types 7 and 1"},
		"division":          {func(m *Model) { constant(m, "ints_8").Data = make([]byte, 8) }, "may be 0"},
		"unknown padding":   {func(m *Model) { node(m, "Pad").Inputs[1] = "image" }, "not known before"},
		"channels of pixel": {func(m *Model) { node(m, "DepthToSpace").Attributes[0].Value = int64(3) }, "blocks of 3x3"},
	} {
		m, err := Decode(bytes.Clone(whole))
		if err != nil {
			t.Fatal(err)
		}
		c.change(m)
		file, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Check(file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, wanted one with %q", name, err, c.want)
		}
	}
}

// TestDamage cuts a file off, adds to it, and changes its bytes.
func TestDamage(t *testing.T) {
	file := tinyFile(t, Options{})
	for _, n := range []int{0, 1, 2, 10, len(file) / 2, len(file) - 1} {
		if _, err := Check(file[:n]); err == nil {
			t.Errorf("the first %d bytes were accepted", n)
		}
	}
	for name, more := range map[string][]byte{
		"an unknown field": {0x9a, 0x06, 0x01, 'x'}, "a known field again": {0x08, 0x08}, "a group": {0x0b, 0x0c}, "half a field": {0x0a},
	} {
		if _, err := Check(append(slices.Clone(file), more...)); err == nil {
			t.Errorf("%s at the end was accepted", name)
		}
	}
}

// FuzzCheck needs -fuzzminimizetime 1x to get on: files are large for a fuzzer.
func FuzzCheck(f *testing.F) {
	f.Add(plainFile(f))
	f.Add(tinyFile(f, Options{Prompt: "fog"}))
	f.Add(tinyFile(f, Options{Half: true}))
	f.Add(exported(f, drawn(f, "unet256", 2, 3), Options{}))
	f.Add(exported(f, drawn(f, "resnet9", 2, 1), Options{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := Check(data); err == nil {
			again, err := m.Encode()
			if err != nil || !bytes.Equal(again, data) {
				t.Errorf("a file that is accepted is written otherwise, error %v", err)
			}
		}
		// What Decode refuses only for how it is written is as good to try the rules with.
		m := &Model{Metadata: map[string]string{}}
		if m.decode(data) == nil {
			_ = m.checkSize(2, 8, 16)
		}
	})
}

// plainFile extends the image and cuts it back, and does nothing else.
func plainFile(t testing.TB) []byte {
	w := drawn(t, "mini", 2, 0)
	m, err := Export(w, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilder(w, new(nn.Params), false)
	b.crop(b.extend(w.Config, "image"))
	b.Inputs, b.Outputs = m.Graph.Inputs, m.Graph.Outputs
	m.Graph = b.Graph
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(file); err != nil {
		t.Fatal(err)
	}
	return file
}
