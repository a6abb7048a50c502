package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/tune"
)

// tuneResult tells what was trained and how good it is.
type tuneResult struct {
	Weights string   `json:"weights"` // the adapter's file, or that of all weights
	Gallery string   `json:"gallery,omitempty"`
	Curve   string   `json:"curve,omitempty"` // the file with a tuneRecord
	Prompt  string   `json:"prompt"`
	Unknown []string `json:"unknown,omitempty"` // words of the prompt that were skipped
	From    string   `json:"from"`
	Steps   int      `json:"steps"`   // that led to the weights, of an interrupted training perhaps not all
	Seconds float64  `json:"seconds"` // of compiling and training
	Pairs   int      `json:"pairs"`   // trained on
	Skipped []string `json:"skipped,omitempty"`
	tuneQuality
}

// tuneQuality holds means over test pairs, in dB PSNR to the target.
type tuneQuality struct {
	Split  string  `json:"split"` // of the pairs: "test", or where there are none "val" or "train"
	Tests  int     `json:"tests"`
	Input  float64 `json:"psnr_input"`           // the untouched input
	Before float64 `json:"psnr_start,omitempty"` // with the weights that training started from, unless they were drawn
	After  float64 `json:"psnr_output"`
}

// tuneRecord is the content of the curve's file.
type tuneRecord struct {
	tuneResult
	Base     string        `json:"base"` // hash
	Settings tune.Settings `json:"settings"`
	Points   []tune.Point  `json:"points"`
}

func (r *tuneResult) print(w io.Writer) {
	before := ""
	if r.Before != 0 {
		before = fmt.Sprintf("%.2f dB before, ", r.Before)
	}
	fmt.Fprintf(w, "%s: %d steps in %.2f s; %.2f dB PSNR over %d %s pairs (%sthe untouched input has %.2f dB)\n",
		r.Weights, r.Steps, r.Seconds, r.After, r.Tests, r.Split, before, r.Input)
	if r.Gallery != "" {
		fmt.Fprintln(w, r.Gallery)
	}
}

// curve returns a callback that tells how the quality grows.
func (u *ui) curve() func(tune.Point) {
	const every = 2 * time.Second
	last := time.Now()
	return func(p tune.Point) {
		if time.Since(last) < every {
			return
		}
		last = time.Now()
		u.notice("step %d, %.1f s: %.2f dB", p.Step, p.Seconds, p.PSNR)
	}
}

// finish measures what was trained and writes it.
func (c tuneCmd) finish(ctx context.Context, u *ui, start tuneStart, data tuneData, o tune.Options, t *tune.Result) (*tuneResult, error) {
	r := &tuneResult{
		Weights: c.weightsPath(t.Adapter != nil), Prompt: start.prompt, Unknown: start.unknown, From: start.from, Steps: t.Generator.Step, Seconds: t.Seconds,
		Pairs: data.train.Len(), Skipped: messages(data.train.Skipped),
	}
	if start.from != c.From && c.From != "" {
		r.From = c.From
	}
	// Weights are kept at once, and again with their quality: to measure it takes a while where there are many pairs.
	if err := r.writeWeights(start, o, t); err != nil {
		return nil, err
	}
	examples, err := compare(ctx, u, start, data, o, t)
	if err != nil {
		return nil, err
	}
	r.tuneQuality = measure(data, examples)
	if err := r.writeWeights(start, o, t); err != nil || c.outFile() {
		return r, err
	}
	r.Gallery, r.Curve = filepath.Join(c.Out, "gallery.png"), filepath.Join(c.Out, "tune.json")
	if err := imageio.WriteFile(r.Gallery, gallery(examples[:min(16, len(examples))]).sheet()); err != nil {
		return nil, err
	}
	record := tuneRecord{tuneResult: *r, Base: start.base.Hash, Settings: o.Settings, Points: t.Curve}
	return r, writeJSON(r.Curve, record)
}

// comparedPairs is the most test pairs that are compared after a training.
const comparedPairs = 200

// compare applies the generator to the first test pairs, as it was at the start and as it is now.
func compare(ctx context.Context, u *ui, start tuneStart, data tuneData, o tune.Options, t *tune.Result) ([]example, error) {
	first, err := startWeights(start, o)
	if err != nil {
		return nil, err
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	model, err := gan.NewModel(backend, t.Generator)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	examples := make([]example, min(data.test.Len(), comparedPairs))
	if len(examples) < data.test.Len() {
		u.notice("measured on the first %d of %d %s pairs: warmstart eval measures on all", len(examples), data.test.Len(), data.split)
	}
	progress := u.progress("measuring", "pairs")
	for i := range examples {
		if examples[i], err = tryOut(ctx, model, data.test, i); err != nil {
			return nil, err
		}
		progress(i+1, len(examples))
	}
	if first == nil {
		return examples, nil
	}
	if err := model.SetValues(first); err != nil {
		return nil, err
	}
	progress = u.progress("measuring the start", "pairs")
	for i := range examples {
		e, err := tryOut(ctx, model, data.test, i)
		if err != nil {
			return nil, err
		}
		examples[i].start = e.output
		progress(i+1, len(examples))
	}
	return examples, nil
}

// startWeights returns the generator's weights at the start; nil if they were drawn.
func startWeights(start tuneStart, o tune.Options) ([][]float32, error) {
	switch start.from {
	case tune.Generated:
		w, err := start.base.Apply(&lora.Adapter{Values: start.values})
		if err != nil {
			return nil, err
		}
		return w.Values, nil
	case tune.Zero:
		return start.base.Generator.Values, nil
	case tune.Weights:
		return start.values, nil
	}
	return nil, nil
}

// measure takes means over the examples.
func measure(data tuneData, examples []example) tuneQuality {
	q := tuneQuality{Split: data.split, Tests: len(examples)}
	n := float64(len(examples))
	for _, e := range examples {
		q.Input += metrics.PSNR(e.input, e.target) / n
		q.After += metrics.PSNR(e.output, e.target) / n
		if e.start != nil {
			q.Before += metrics.PSNR(e.start, e.target) / n
		}
	}
	return q
}

// writeWeights writes the adapter, or all weights.
func (r *tuneResult) writeWeights(start tuneStart, o tune.Options, t *tune.Result) error {
	if t.Adapter == nil {
		t.Generator.Metadata = map[string]string{"prompt": r.Prompt}
		return t.Generator.Write(r.Weights)
	}
	a := &lora.Adapter{Values: t.Adapter, Info: lora.Info{
		Prompt: r.Prompt, Seed: o.Settings.Seed, Steps: t.Generator.Step,
		Metrics: map[string]float64{"psnr": r.After, "psnr_start": r.Before, "psnr_input": r.Input},
	}}
	return a.Write(r.Weights, start.base)
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, append(text, '\n'))
}
