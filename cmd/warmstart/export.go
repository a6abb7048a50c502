package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/onnx"
	"github.com/warmstart-ml/warmstart/onnx/ort"
	"github.com/warmstart-ml/warmstart/onnx/page"
)

type exportCmd struct {
	Model    string  `arg:"" help:"A run's folder, one of its checkpoints, a weights file or an adapter (.safetensors)."`
	Out      string  `short:"o" required:"" placeholder:"PATH" help:"A file that ends in .onnx, or with --as web or peft a folder."`
	As       string  `enum:"onnx,web,peft" default:"onnx" help:"What for: onnx, a file for ONNX runtimes; web, a folder with a page that runs it in browsers; peft, a folder with the adapter alone, as Hugging Face's PEFT keeps it. Default: onnx."`
	Half     bool    `help:"Keep weights in float16: half the size, for changes that nobody sees. Not for peft."`
	Strength float32 `default:"1" placeholder:"S" help:"Strength of an adapter: 0 for none, 1 as trained, up to 2. Default: 1."`
	ORT      string  `name:"ort" env:"WARMSTART_ORT" placeholder:"DIR" help:"Folder in which npm has installed onnxruntime-node, or for web onnxruntime-web: run the network in it, and write nothing if its pictures differ from ours. A page gets a copy of it. Not for peft."`
	modelsFlag
}

// exportResult tells what was written.
type exportResult struct {
	Out    string   `json:"out"`
	As     string   `json:"as"`
	Files  []string `json:"files"` // within a folder; none of a file
	Prompt string   `json:"prompt,omitempty"`
	Base   string   `json:"base,omitempty"` // hash of the base, of an adapter
	// Bytes is the size of the ONNX file, and Compared what onnxruntime makes of it.
	Bytes    int             `json:"bytes,omitempty"`
	Compared *exportCompared `json:"compared,omitempty"`
}

// exportCompared tells how far outputs of the file are from ours.
type exportCompared struct {
	Runtime    string  `json:"runtime"`
	Difference float64 `json:"max_difference"` // of values in [-1,1]
	Limit      float64 `json:"limit"`
}

// Run writes a model for other programs.
func (c exportCmd) Run(ctx context.Context, u *ui) error {
	if err := c.check(); err != nil {
		return err
	}
	e, err := c.read(u)
	if err != nil {
		return err
	}
	r := exportResult{Out: c.Out, As: c.As, Files: []string{}, Prompt: e.info.Prompt, Base: e.weights.Config.Base}
	switch c.As {
	case "peft":
		err = c.writePEFT(e, &r)
	case "web":
		err = c.writeWeb(ctx, e, &r)
	default:
		var file []byte
		if file, err = c.file(ctx, e, &r); err == nil {
			err = writeFile(c.Out, file)
		}
	}
	if ctx.Err() != nil {
		return hinted{interrupted{}, "the same command begins anew"}
	}
	if err != nil {
		return err
	}
	if c.As == "web" && !isFolder(filepath.Join(c.Out, page.RuntimeFolder)) {
		u.notice("the page needs onnxruntime-web beside it: --ort DIR copies it there, and %s tells how else", filepath.Join(c.Out, cardFile))
	}
	return u.result(r, r.print)
}

// check refuses flags that contradict each other and paths that hold something else.
func (c exportCmd) check() error {
	switch {
	case !(c.Strength >= 0 && c.Strength <= maxStrength):
		return misusef("--strength %g is outside 0 to %d", c.Strength, maxStrength)
	case c.As == "peft" && c.Half:
		return hinted{misusef("--half is not for --as peft"), "adapters are small as they are"}
	case c.As == "onnx" && isFolder(c.Out):
		return hinted{misusef("-o %s is a folder: name a file that ends in .onnx", c.Out), "--as web and --as peft make folders"}
	case c.As == "onnx" && !strings.EqualFold(filepath.Ext(c.Out), ".onnx"):
		return hinted{misusef("-o %s does not end in .onnx", c.Out), "--as web and --as peft make folders"}
	case c.As != "onnx":
		return c.checkFolder()
	}
	return nil
}

func (r exportResult) print(w io.Writer) {
	what := map[string]string{
		"onnx": "a network", "web": "a network and the page that runs it", "peft": "an adapter for PEFT",
	}[r.As]
	if r.Prompt != "" {
		what += fmt.Sprintf(" for %q", r.Prompt)
	}
	fmt.Fprintf(w, "%s: %s\n", r.Out, what)
	if r.Bytes == 0 {
		return
	}
	fmt.Fprintf(w, "checked: %.1f MB, all shapes fit", float64(r.Bytes)/1e6)
	if r.Compared != nil {
		fmt.Fprintf(w, "; in %s, values in [-1,1] differ from ours by up to %.1e\n", r.Compared.Runtime, r.Compared.Difference)
	} else {
		fmt.Fprintln(w, "; not compared with onnxruntime, for which see --ort")
	}
}

// file returns the ONNX file, checked.
func (c exportCmd) file(ctx context.Context, e *exported, r *exportResult) ([]byte, error) {
	m, err := onnx.Export(e.weights, onnx.Options{Half: c.Half, Title: e.title(), Prompt: e.info.Prompt, Version: readVersion().Version})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Model, err)
	}
	file, err := m.Encode()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Model, err)
	}
	if _, err := onnx.Check(file); err != nil {
		return nil, fmt.Errorf("the exported network is not right, please report it: %w", err)
	}
	r.Bytes = len(file)
	if c.ORT != "" {
		r.Compared, err = c.compare(ctx, e.weights, file)
	}
	return file, err
}

// compare runs the file in onnxruntime.
func (c exportCmd) compare(ctx context.Context, w *gan.Weights, file []byte) (*exportCompared, error) {
	name := ort.Node
	if c.As == "web" {
		name = ort.Web
	}
	runtime, err := ort.Start(ctx, c.ORT, name, 1)
	if err != nil {
		return nil, fmt.Errorf("--ort: %w", err)
	}
	defer runtime.Close()
	if err := runtime.Load(file); err != nil {
		return nil, err
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	model, err := gan.NewModel(backend, w)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	size := w.Config.Size
	r := &exportCompared{Runtime: runtime.Name + " " + runtime.Version, Limit: onnx.Tolerance(c.Half)}
	r.Difference, err = onnx.Compare(ctx, model, runtime, onnx.Size{Batch: 1, Height: size, Width: size}, onnx.Size{Batch: 2, Height: size + 9, Width: 2*size + 1})
	if err == nil && !(r.Difference < r.Limit) {
		err = fmt.Errorf("%s makes pictures that differ from ours by up to %g, where %g would do: nothing was written", r.Runtime, r.Difference, r.Limit)
	}
	return r, err
}
