package main

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
)

// exported is a model to be exported.
type exported struct {
	weights *gan.Weights // with the adapter, if it is one
	info    lora.Info    // of weights that are no adapter, what they tell

	// The adapter and its base; nil for other weights.
	adapter *lora.Adapter
	base    *lora.Base
}

// title names the effect.
func (e *exported) title() string {
	if e.info.Prompt != "" {
		return e.info.Prompt
	}
	return e.weights.Config.Preset
}

// read reads what apply would apply.
func (c exportCmd) read(u *ui) (*exported, error) {
	path, err := weightsIn(c.Model)
	if err != nil {
		return nil, err
	}
	if !isFolder(path) {
		if is, err := lora.IsAdapter(path); err != nil {
			return nil, err
		} else if is {
			return c.readAdapter(path)
		}
	}
	if c.As == "peft" {
		return nil, hinted{
			fmt.Errorf("%s holds all weights of a network, and PEFT keeps adapters", c.Model), "--as onnx and --as web take any model; init and tune make adapters",
		}
	}
	w, err := c.atStrength(u, path, c.Strength)
	if err != nil {
		return nil, err
	}
	return &exported{weights: w, info: lora.Info{Prompt: w.Metadata["prompt"], Steps: w.Step}}, nil
}

func (c exportCmd) readAdapter(path string) (*exported, error) {
	b, a, err := c.adapter(path, c.Strength)
	if err != nil {
		return nil, err
	}
	if c.Strength != 1 {
		a.Metrics = nil // they are of the adapter as it was trained
	}
	w, err := b.Apply(a)
	return &exported{weights: w, info: a.Info, adapter: a, base: b}, err
}
