package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/textenc"
	"github.com/warmstart-ml/warmstart/weightgen"
)

type initCmd struct {
	Text string `arg:"" help:"What the network is to do, in English: \"a faded photo of a foggy evening\"."`
	Out  string `short:"o" required:"" placeholder:"FILE" help:"File for the adapter (.safetensors), which apply, eval and tune take."`
	modelsFlag
	samplingFlags
}

// samplingFlags tell how the weight generator makes an adapter.
type samplingFlags struct {
	Steps    int     `default:"1" placeholder:"N" help:"Denoising steps (DDIM). Default: 1, which is best for generators of x0 and v; one of noise makes nothing of use in one."`
	Guidance float64 `default:"1" placeholder:"G" help:"How far what the text adds is exaggerated. Default: 1, as it is."`
	Seed     uint64  `default:"1" placeholder:"N" help:"Of the noise that several steps start from. Default: 1."`
}

// errRemoteSampling tells that a server has its own way.
var errRemoteSampling = misusef("--steps, --guidance and --seed cannot be used with --server: it makes weights in one step")

func (s samplingFlags) sampling() weightgen.Sampling {
	return weightgen.Sampling{Steps: s.Steps, Guidance: s.Guidance, Seed: s.Seed}
}

// initResult tells what was written.
type initResult struct {
	Adapter string   `json:"adapter"`
	Prompt  string   `json:"prompt"`
	Values  int      `json:"values"`            // that were written
	Unknown []string `json:"unknown,omitempty"` // words of the prompt that were skipped
	Nearest []string `json:"nearest,omitempty"` // what is known that is most like the prompt, if words of it were skipped
	Base    string   `json:"base"`              // hash of the base that the adapter is for
	Seconds float64  `json:"seconds"`           // from the start of the process to the file
}

// Run writes the weights of a prompt.
func (c initCmd) Run(ctx context.Context, u *ui) error {
	if err := c.check(); err != nil {
		return err
	}
	models, adapter, unknown, err := c.generate(ctx, c.Text, c.sampling())
	if err != nil {
		return err
	}
	if err := ready(c.Out); err != nil {
		return err
	}
	if err := adapter.Write(c.Out, models.Base); err != nil {
		return err
	}
	r := initResult{
		Adapter: c.Out, Prompt: c.Text, Values: models.Base.Layout.Params.Size(), Unknown: unknown, Base: models.Base.Hash,
		Seconds: time.Since(started).Seconds(),
	}
	if len(unknown) > 0 {
		r.Nearest = nearest(c.Text)
		u.unknown(unknown, r.Nearest)
	}
	return u.result(r, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d weights for %q in %.2f s\n", r.Adapter, r.Values, r.Prompt, r.Seconds)
	})
}

// check refuses files that hold something else, most likely.
func (c initCmd) check() error {
	switch {
	case isFolder(c.Out):
		return misusef("-o %s is a folder: name a file for the adapter", c.Out)
	case !strings.EqualFold(filepath.Ext(c.Out), weightsExt):
		return misusef("-o %s does not end in %s: adapters are such files", c.Out, weightsExt)
	}
	return nil
}

// generate writes the adapter of a prompt.
func (m modelsFlag) generate(ctx context.Context, prompt string, o weightgen.Sampling) (*warmstart.Models, *lora.Adapter, []string, error) {
	models, err := warmstart.Load(m.Models)
	if err != nil {
		return nil, nil, nil, m.hint(err)
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, nil, nil, err
	}
	defer backend.Finalize()
	adapter, unknown, err := models.Init(ctx, backend, prompt, o)
	var p *textenc.PromptError
	if errors.As(err, &p) {
		err = hinted{err, "what it knows is like " + list(nearest(prompt))}
	}
	return models, adapter, unknown, err
}

// nearest names what is known that is most like a prompt.
func nearest(prompt string) []string {
	var names []string
	for _, c := range concept.Nearest(prompt, 3) {
		names = append(names, c.Phrasings()[0])
	}
	return names
}

// unknown tells of words that were skipped.
func (u *ui) unknown(words, nearest []string) {
	const most = 8 // prompts may be long
	shown := words[:min(most, len(words))]
	u.notice("unknown words were skipped (%s); the nearest that is known: %s", strings.Join(shown, ", "), list(nearest))
}

// list quotes names in a row.
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, ", ")
}
