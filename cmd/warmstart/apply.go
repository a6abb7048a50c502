package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/warmstart-ml/warmstart/apply"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
)

type applyCmd struct {
	Model    string    `arg:"" help:"A run's folder, one of its checkpoints, a weights file or an adapter (.safetensors)."`
	Pictures []string  `arg:"" help:"Pictures (PNG, JPEG, WebP), folders of them, patterns in quotes (\"*.jpg\"), or - for one on standard input."`
	Out      string    `short:"o" required:"" placeholder:"DIR" help:"Folder for the results, NAME.png each. For one picture, a file (.png, .jpg) will do, or - for a PNG on standard output."`
	Then     []string  `sep:"none" placeholder:"MODEL" help:"Apply this model to the results, and so on with every --then."`
	Strength []float32 `placeholder:"S" help:"Strength of adapters: 0 for none, 1 as trained, up to 2. One for all models, or one for each (0.5,1)."`
	Side     int       `default:"0" placeholder:"PIXELS" help:"Detail: networks see pictures whose shorter side is longer scaled to this, 16 to 1024, and the change is carried over to all pixels. 0: four times that of the pictures that the network was trained on."`
	modelsFlag
}

// applyResult tells what was written.
type applyResult struct {
	Model   string   `json:"model"`
	Then    []string `json:"then,omitempty"`
	Written []string `json:"written"`
	Skipped []string `json:"skipped,omitempty"`
}

// Run applies a network, or several in a row, to pictures.
func (c applyCmd) Run(ctx context.Context, u *ui) error {
	if err := c.check(u); err != nil {
		return err
	}
	jobs, err := c.plan()
	if err != nil {
		return err
	}
	chain, err := c.chain(u)
	if err != nil {
		return err
	}
	backend, err := cpu.New("")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	engine := apply.NewEngine(backend)
	defer engine.Close()
	engine.Side = c.Side
	applier, err := engine.Applier(chain...)
	if err != nil {
		return err
	}
	defer applier.Close()
	return c.perform(ctx, u, jobs, localApplier{applier})
}

// perform does all pictures and tells what came of them.
func (c applyCmd) perform(ctx context.Context, u *ui, jobs []applyJob, a applier) error {
	w := &applyWork{
		ui: u, applier: a, jobs: jobs, skipped: make([]error, len(jobs)), decoded: semaphore.NewWeighted(maxDecoded),
		progress: u.progress("applying", "pictures"),
	}
	if err := corpus.Parallel(ctx, len(jobs), func(i int) error { return w.do(ctx, i) }); ctx.Err() != nil {
		return hinted{interrupted{}, "results that are there are whole; the same command does all pictures anew"}
	} else if err != nil {
		return err
	}
	return c.report(u, w)
}

// check refuses flags that make no sense.
func (c applyCmd) check(u *ui) error {
	if c.Side != 0 && (c.Side < apply.MinSide || c.Side > apply.MaxSide) {
		return misusef("--side %d is outside %d to %d pixels", c.Side, apply.MinSide, apply.MaxSide)
	}
	if n := len(c.Strength); n > 1 && n != 1+len(c.Then) {
		return misusef("--strength has %d values for %d models: give one for all, or one for each", n, 1+len(c.Then))
	}
	for _, s := range c.Strength {
		if !(s >= 0 && s <= maxStrength) {
			return misusef("--strength %g is outside 0 to %d", s, maxStrength)
		}
	}
	if unwritable(c.Out) {
		return misusef("-o %s: pictures are written as .png or .jpg: name such a file, or a folder", c.Out)
	}
	if c.Out == stdio && u.json {
		return misusef("--json and -o - would both write to standard output: name a file")
	}
	return nil
}

// maxStrength is twice as trained: beyond, colours clip.
const maxStrength = 2

// chain reads the models.
func (c applyCmd) chain(u *ui) ([]*gan.Weights, error) {
	var chain []*gan.Weights
	for i, path := range append([]string{c.Model}, c.Then...) {
		strength := float32(1)
		if len(c.Strength) > 0 {
			strength = c.Strength[min(i, len(c.Strength)-1)]
		}
		w, err := c.atStrength(u, path, strength)
		if err != nil {
			return nil, err
		}
		chain = append(chain, w)
	}
	return chain, nil
}

const (
	maxDecoded = 40_000_000 // pixels of the pictures that are in memory, each about 50 bytes; the most that one may have
	maxEncoded = 256 << 20  // bytes of a picture file
)

// applier changes pictures: here or at a server. One that cannot be used is a refused error, which others do not suffer from.
type applier interface {
	apply(ctx context.Context, in *imageio.Encoded) (*imageio.Image, error)
}

// refused is the error of a picture that cannot be used.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// localApplier changes pictures here.
type localApplier struct{ *apply.Applier }

func (a localApplier) apply(ctx context.Context, in *imageio.Encoded) (*imageio.Image, error) {
	m, err := in.Decode()
	if err != nil {
		return nil, refused{err}
	}
	return a.Apply(ctx, m)
}

// applyWork is pictures under way.
type applyWork struct {
	ui       *ui
	applier  applier
	jobs     []applyJob
	decoded  *semaphore.Weighted // maxDecoded
	progress func(done, total int)

	mu      sync.Mutex
	done    int
	skipped []error // by job
}

// do does one picture. One that cannot be read or is refused is left out.
func (w *applyWork) do(ctx context.Context, i int) error {
	job := w.jobs[i]
	encoded, err := job.open(ctx)
	if err != nil {
		return w.finish(i, fmt.Errorf("%s: %w", job.source(), err))
	}
	share := int64(encoded.W) * int64(encoded.H)
	if err := w.decoded.Acquire(ctx, share); err != nil {
		return err
	}
	defer w.decoded.Release(share)
	out, err := w.applier.apply(ctx, encoded)
	if err != nil {
		err = fmt.Errorf("%s: %w", job.source(), err)
		if errors.As(err, new(refused)) {
			return w.finish(i, err)
		}
		return err
	}
	if err := job.write(w.ui, out); err != nil {
		return err
	}
	return w.finish(i, nil)
}

// finish counts a picture that is done or skipped.
func (w *applyWork) finish(i int, skipped error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.skipped[i] = skipped
	w.done++
	w.progress(w.done, len(w.jobs))
	return nil
}

// report tells what was written and what was left out.
func (c applyCmd) report(u *ui, w *applyWork) error {
	r := applyResult{Model: c.Model, Then: c.Then, Written: []string{}}
	var skipped []error
	for i, job := range w.jobs {
		if err := w.skipped[i]; err != nil {
			skipped = append(skipped, err)
		} else {
			r.Written = append(r.Written, job.out)
		}
	}
	if len(r.Written) == 0 {
		return fmt.Errorf("none of the %d pictures can be used; the first: %w", len(skipped), skipped[0])
	}
	u.skipped(skipped)
	r.Skipped = messages(skipped)
	if c.Out == stdio {
		return nil
	}
	return u.result(r, func(w io.Writer) { fmt.Fprintln(w, strings.Join(r.Written, "\n")) })
}

// stdio stands for standard input or output.
const stdio = "-"

// applyJob is a picture and where its result goes.
type applyJob struct{ in, out string }

// source names the picture in errors.
func (j applyJob) source() string {
	if j.in == stdio {
		return "standard input"
	}
	return j.in
}

// open reads the picture's file. It does not wait for standard input after the context ends.
func (j applyJob) open(ctx context.Context) (*imageio.Encoded, error) {
	limits := imageio.Limits{MaxBytes: maxEncoded, MaxPixels: maxDecoded}
	if j.in != stdio {
		f, err := os.Open(j.in)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return imageio.Read(f, limits)
	}
	type result struct {
		*imageio.Encoded
		error
	}
	read := make(chan result, 1)
	go func() {
		e, err := imageio.Read(os.Stdin, limits)
		read <- result{e, err}
	}()
	select {
	case r := <-read:
		return r.Encoded, r.error
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// write writes the result, all or nothing.
func (j applyJob) write(u *ui, m *imageio.Image) error {
	if j.out != stdio {
		if err := os.MkdirAll(filepath.Dir(j.out), 0o755); err != nil {
			return err
		}
		return imageio.WriteFile(j.out, m)
	}
	var b bytes.Buffer
	if err := m.EncodePNG(&b); err != nil {
		return err
	}
	_, err := u.out.Write(b.Bytes())
	return err
}
