package lora

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"

	"github.com/warmstart-ml/warmstart/gan"
)

// configKey is the entry in a base's file that makes it more than a generator.
const configKey = "lora"

// Base is a generator that adapters attach to. Its file is a generator's, so that whatever applies a generator applies it as well.
type Base struct {
	Generator *gan.Weights
	Layout    *Layout
	// Hash is the SHA-256 of all that adapters depend on: network, weights, ranks and A. It is in hexadecimal digits.
	Hash string
}

// NewBase makes a base of a generator.
func NewBase(w *gan.Weights, c Config) (*Base, error) {
	network, err := w.Config.Network()
	if err != nil {
		return nil, err
	}
	params := network.Params.List()
	if len(w.Values) != len(params) {
		return nil, fmt.Errorf("%d tensors for the %d of a %s generator", len(w.Values), len(params), w.Config.Generator)
	}
	for i, p := range params {
		if len(w.Values[i]) != p.Size() {
			return nil, fmt.Errorf("%s has %d values, wanted %d", p.Name, len(w.Values[i]), p.Size())
		}
	}
	layout, err := NewLayout(&network.Params, c)
	if err != nil {
		return nil, err
	}
	return &Base{Generator: w, Layout: layout, Hash: hash(w, layout)}, nil
}

// hash returns Base.Hash.
func hash(w *gan.Weights, l *Layout) string {
	h := sha256.New()
	config, _ := json.Marshal(l.config) // numbers and strings: cannot fail
	fmt.Fprintf(h, "%s\n", config)
	for i, s := range l.slots {
		fmt.Fprintf(h, "%s %v\n", s.param.Name, s.param.Dims)
		buf := make([]byte, 0, 4*len(w.Values[i]))
		for _, v := range w.Values[i] {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		h.Write(buf)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ReadBase reads a base's file.
func ReadBase(path string) (*Base, error) {
	w, _, err := gan.ReadWeights(path)
	if err != nil {
		return nil, err
	}
	b, err := fromFile(w)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// DecodeBase reads a base's file of the given size in bytes.
func DecodeBase(r io.Reader, size int64) (*Base, error) {
	w, err := gan.DecodeWeights(r, size)
	if err != nil {
		return nil, err
	}
	return fromFile(w)
}

func fromFile(w *gan.Weights) (*Base, error) {
	text, ok := w.Metadata[configKey]
	if !ok {
		return nil, errors.New("a generator, but not the base of adapters: use the one that they were trained over")
	}
	c, err := parseConfig(text)
	if err != nil {
		return nil, err
	}
	return NewBase(w, c)
}

func parseConfig(text string) (Config, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	var c Config
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("its %s entry: %w", configKey, err)
	}
	return c, c.check()
}

// Write writes the base's file.
func (b *Base) Write(path string) error {
	config, err := json.Marshal(b.Layout.config)
	if err != nil {
		return err
	}
	w := *b.Generator
	w.Metadata = maps.Clone(w.Metadata)
	if w.Metadata == nil {
		w.Metadata = map[string]string{}
	}
	w.Metadata[configKey] = string(config)
	return w.Write(path)
}

// Parametrization lets package gan train an adapter over the base.
func (b *Base) Parametrization() *gan.Parametrization {
	return &gan.Parametrization{
		Name: "adapter", Params: &b.Layout.Params, Initial: b.Layout.Initial(),
		Base: b.Generator.Values, Weights: b.Layout.Weights, Merge: b.Layout.Merge,
	}
}

// Training returns the configuration to start from for training an adapter: steps at four images, with the L1 loss alone.
func (b *Base) Training(steps int) gan.Config {
	c := b.Generator.Config.WithSteps(steps)
	c.Base, c.Loss, c.Batch, c.LR, c.EMA = b.Hash, gan.LossNone, 4, adapterLR, 0
	return c
}

// adapterLR is the learning rate of adapters. Columns of A have length 1 where those of a kernel have about the square root of 2: B
// has to grow to about 1 to change the base's weights thoroughly, in a hundred steps.
const adapterLR = 6e-3

// Apply returns the generator that the base is with an adapter.
func (b *Base) Apply(a *Adapter) (*gan.Weights, error) {
	if err := b.Layout.check(a.Values); err != nil {
		return nil, err
	}
	c := b.Generator.Config
	c.Base = b.Hash
	return &gan.Weights{Config: c, Step: a.Steps, Values: b.Layout.Merge(b.Generator.Values, a.Values)}, nil
}

// Blend returns the generator that the base is with a mixture of adapters, such as one at half its strength. With no parts it is the base.
func (b *Base) Blend(parts ...Part) (*gan.Weights, error) {
	values, err := b.Layout.Mix(parts...)
	if err != nil {
		return nil, err
	}
	return b.Apply(&Adapter{Values: values})
}
