package lora

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// Files of Hugging Face's PEFT library, within a folder for each adapter.
const (
	peftWeights = "adapter_model.safetensors"
	peftConfig  = "adapter_config.json"
)

// peftPrefix is what PEFT puts before the names of a model's modules.
const peftPrefix = "base_model.model."

// WritePEFT writes the adapter of base b into a folder as PEFT's LoRA, for a PyTorch module whose convolutions and linear layers bear the
// names of ours without ".weight". Norms bear their own name if it is theirs alone ("transformer.norm1"), else that of their
// convolution and "_norm" ("down1_norm").
//
// Axes are PyTorch's: lora_A is [rank, in, height, width] and lora_B [out, rank, 1, 1] for convolutions, [rank, in] and [out, rank] for
// linear layers; alpha equals the rank, so that W + B A is what PEFT computes. It has no offsets: biases and norms are written as a
// whole, the base's values included. PEFT has no adapters for transposed convolutions with shared kernels: those are refused.
func (a *Adapter) WritePEFT(dir string, b *Base) error {
	if err := b.Layout.check(a.Values); err != nil {
		return err
	}
	metadata, err := a.Info.metadata(b)
	if err != nil {
		return err
	}
	e := &peftExport{
		layout: b.Layout, base: b.Generator.Values, adapter: a.Values, norms: map[string]bool{}, ranks: map[string]int{},
		file: safetensors.File{Metadata: metadata},
	}
	e.file.Metadata["format"] = "pt" // what PEFT's reader asks for
	if err := e.collect(); err != nil {
		return err
	}
	config, err := json.MarshalIndent(e.config(b), "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err = atomicfile.Write(filepath.Join(dir, peftWeights), func(w io.Writer) error { return safetensors.Write(w, &e.file) })
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, peftConfig), append(config, '\n'))
}

// peftExport gathers an adapter's tensors in PEFT's names.
type peftExport struct {
	layout        *Layout
	base, adapter [][]float32
	file          safetensors.File
	norms         map[string]bool // modules that are written as a whole
	ranks         map[string]int  // of the modules with low-rank factors
}

func (e *peftExport) collect() error {
	for i, s := range e.layout.slots {
		module, kind := s.param.Name, ""
		if dot := strings.LastIndexByte(module, '.'); dot >= 0 {
			module, kind = module[:dot], module[dot+1:]
		}
		switch {
		case s.b != nn.None:
			if s.param.Transposed {
				return fmt.Errorf("%s is a transposed convolution, for which PEFT has no adapters", s.param.Name)
			}
			e.factors(module, s)
		case s.offset == nn.None: // rank 0
		case kind == "bias":
			e.add(module+".base_layer.bias", s.param.Dims, add(e.base[i], e.adapter[s.offset]))
		case kind == "scale" || kind == "shift":
			norm := module
			if e.layout.has(module + ".weight") {
				norm += "_norm"
			}
			e.norms[norm] = true
			e.add(norm+map[string]string{"scale": ".weight", "shift": ".bias"}[kind], s.param.Dims, add(e.base[i], e.adapter[s.offset]))
		default:
			return fmt.Errorf("%s is neither a kernel nor a bias nor a norm", s.param.Name)
		}
	}
	return nil
}

// has tells whether the network has a parameter.
func (l *Layout) has(name string) bool {
	return slices.ContainsFunc(l.slots, func(s slot) bool { return s.param.Name == name })
}

func add(a, b []float32) []float32 {
	sum := slices.Clone(a)
	for i, v := range b {
		sum[i] += v
	}
	return sum
}

func (e *peftExport) add(name string, dims []int, values []float32) {
	e.file.Tensors = append(e.file.Tensors, safetensors.Float32(peftPrefix+name, dims, values))
}

// factors adds A and B of one module, in PyTorch's order of axes.
func (e *peftExport) factors(module string, s slot) {
	a, b := s.projection, e.adapter[s.b]
	if s.a != nn.None {
		a = e.adapter[s.a]
	}
	e.ranks[module] = s.rank
	dimsA, dimsB := []int{s.rank, s.inputs()}, []int{s.outputs(), s.rank}
	window := 1 // positions of the kernel
	if d := s.param.Dims; len(d) == 4 {
		window = d[0] * d[1]
		dimsA, dimsB = []int{s.rank, d[2], d[0], d[1]}, []int{d[3], s.rank, 1, 1}
	}
	channels := s.inputs() / window
	down := make([]float32, 0, len(a))
	for k := range s.rank {
		for c := range channels {
			for position := range window {
				down = append(down, a[(position*channels+c)*s.rank+k])
			}
		}
	}
	up := make([]float32, 0, len(b))
	for o := range s.outputs() {
		for k := range s.rank {
			up = append(up, b[k*s.outputs()+o])
		}
	}
	e.add(module+".lora_A.weight", dimsA, down)
	e.add(module+".lora_B.weight", dimsB, up)
}

// config returns the content of adapter_config.json.
func (e *peftExport) config(b *Base) map[string]any {
	highest := 0
	for _, r := range e.ranks {
		highest = max(highest, r)
	}
	return map[string]any{
		"peft_type": "LORA", "task_type": nil, "inference_mode": true,
		"base_model_name_or_path": "warmstart/" + b.Generator.Config.Preset, "revision": b.Hash,
		"r": highest, "lora_alpha": highest, "rank_pattern": e.ranks, "alpha_pattern": e.ranks,
		"target_modules": slices.Sorted(maps.Keys(e.ranks)), "modules_to_save": slices.Sorted(maps.Keys(e.norms)),
		"bias": "all", "lora_dropout": 0, "use_rslora": false, "use_dora": false, "fan_in_fan_out": false,
		"init_lora_weights": true,
	}
}
