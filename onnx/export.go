package onnx

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"github.com/warmstart-ml/warmstart/gan"
)

// Options say what a file is to hold beside the network.
type Options struct {
	// Half stores kernels and matrices in float16, which halves the file. Computing and the image stay float32: so it runs wherever the full
	// one does, and no slower.
	Half    bool
	Title   string // for people; "" for the preset's name
	Prompt  string // that the weights were made from, if any
	Version string // of the program
}

// Export describes a generator with whatever adapter is merged into it.
func Export(w *gan.Weights, o Options) (*Model, error) {
	network, err := w.Config.Network()
	if err != nil {
		return nil, err
	}
	params := network.Params.List()
	if len(params) != len(w.Values) {
		return nil, fmt.Errorf("%d tensors for the %d of a %s generator", len(w.Values), len(params), w.Config.Generator)
	}
	b := newBuilder(w, &network.Params, o.Half)
	if err := b.build(w.Config); err != nil {
		return nil, err
	}
	axes := []Dim{{Name: "batch"}, {Size: 3}, {Name: "height"}, {Name: "width"}}
	b.Inputs = []Value{{Name: "image", Type: Float, Dims: axes}}
	b.Outputs = []Value{{Name: "output", Type: Float, Dims: axes}}
	return &Model{
		IRVersion: irVersion, Opset: opset, Producer: "warmstart", ProducerVersion: o.Version,
		Metadata: metadata(w, o), Graph: b.Graph,
	}, nil
}

// build adds the whole of a generator: from "image" to "output".
func (b *builder) build(c gan.Config) error {
	image, sides := b.extend(c, "image")
	output, err := b.network(c, image)
	if err != nil {
		return err
	}
	b.crop(output, sides)
	for i, p := range b.params.List() {
		if !b.used[i] && b.err == nil {
			b.err = fmt.Errorf("package onnx knows another version of the network: it has no use for %q", p.Name)
		}
	}
	return b.err
}

// metadata returns what a file says about itself.
func metadata(w *gan.Weights, o Options) map[string]string {
	m := map[string]string{
		"title": o.Title, "preset": w.Config.Preset, "layout": "NCHW, RGB", "range": "[-1,1]",
		"multiple_of": "1", "minimum_side": strconv.Itoa(MinSide(w.Config)),
		"trained_side": strconv.Itoa(w.Config.Size), // of pictures in training, in pixels
		"precision":    "float32", "weights_sha256": hash(w.Values),
	}
	if o.Title == "" {
		m["title"] = w.Config.Preset
	}
	if o.Prompt != "" {
		m["prompt"] = o.Prompt
	}
	if w.Config.Base != "" {
		m["base"] = w.Config.Base
	}
	if o.Half {
		m["precision"] = "float16 weights, float32 arithmetic"
	}
	return m
}

// hash returns the SHA-256 of weights as float32, little-endian, one parameter after the other.
func hash(values [][]float32) string {
	h := sha256.New()
	for _, v := range values {
		buf := make([]byte, 0, 4*len(v))
		for _, x := range v {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(x))
		}
		h.Write(buf)
	}
	return hex.EncodeToString(h.Sum(nil))
}
