package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/evaluate"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/tune"
	"github.com/warmstart-ml/warmstart/weightgen"
)

type demoCmd struct {
	Text         *string `arg:"" optional:"" help:"What the network is to do, in words. Default: the words of --concept."`
	Concept      string  `default:"${demo_concept}" placeholder:"ID" help:"What the network is to do, by its ID; warmstart demo --list lists what no model has learnt. Default: ${demo_concept}."`
	List         bool    `help:"List concepts that no model has learnt, with their words, and do nothing else."`
	Out          string  `short:"o" default:"warmstart-demo" placeholder:"DIR" help:"Folder for everything that is made. What an earlier demo left there is replaced. Default: warmstart-demo."`
	Steps        int     `default:"100" placeholder:"N" help:"Steps of tuning the adapter; all weights are tuned for three times as many. Default: 100, about a second."`
	ScratchSteps int     `default:"400" placeholder:"N" help:"Steps of training from scratch beside it: of pix2pix as published, and of the same network at the best settings known. Default: 400."`
	Seed         uint64  `default:"1" help:"Of the landscapes and of everything else that is random."`
	modelsFlag
}

// demoConcept is what the demo shows if it isn't told: two edits that no model has seen together, and good to look at.
const demoConcept = "snow+duotone-teal-pink"

// demoResult tells what the demo made and how good it is.
type demoResult struct {
	Page      string   `json:"page"`
	Gallery   string   `json:"gallery"`
	Pairs     string   `json:"pairs"`
	Adapter   string   `json:"adapter"`   // tuned
	Generator string   `json:"generator"` // all weights tuned
	Prompt    string   `json:"prompt"`
	Unknown   []string `json:"unknown,omitempty"` // words of the prompt that were skipped
	Concept   string   `json:"concept"`           // what the landscapes were painted with, by its ID,
	Edit      string   `json:"edit"`              // as edits,
	News      string   `json:"news"`              // and what is new about it to the models
	Size      int      `json:"size"`              // of pictures, in pixels
	Train     int      `json:"train"`             // pairs trained on
	Test      int      `json:"test"`              // pairs that the quality is measured on
	Input     float64  `json:"psnr_input"`        // of the untouched inputs, as the quality of the methods
	Methods   methods  `json:"methods"`

	Batch        int     `json:"batch"`         // pairs per step of tuning,
	ScratchBatch int     `json:"scratch_batch"` // and from scratch
	PublishedLR  float64 `json:"published_lr"`
	BestLR       float64 `json:"best_lr"`

	// Faster is how much sooner than pix2pix as published the generated weights, tuned if need be, have the quality that it ends with, and
	// FasterBest the same against the best settings from scratch; 0 if they don't get there.
	Faster     float64 `json:"faster,omitempty"`
	FasterBest float64 `json:"faster_best,omitempty"`
	Seconds    float64 `json:"seconds"` // for all of it
}

// methods are the ways to a network that the demo compares, in the order of the story.
type methods struct {
	Generated method `json:"generated"`   // weights in one step from the prompt
	Tuned     method `json:"tuned"`       // the same, then the adapter trained
	All       method `json:"all_weights"` // the same, then the adapter and all weights trained
	Short     method `json:"scratch"`     // pix2pix from scratch for as many steps as the adapter was tuned
	Long      method `json:"scratch_long"`
	Best      method `json:"scratch_best"` // the same network from scratch at the best settings known, for as many steps as Long
}

// method is a way to a network and what it led to.
type method struct {
	Seconds float64 `json:"seconds"` // from the prompt, or from random weights, to the network
	Steps   int     `json:"steps"`   // of training
	PSNR    float64 `json:"psnr"`    // mean over the test pairs, in dB
	// Curve shows how the quality grew; its seconds count as those of the method.
	Curve   []tune.Point `json:"curve,omitempty"`
	weights *gan.Weights
}

// demo is a demo at work.
type demo struct {
	demoCmd
	stage
	r demoResult

	base    *lora.Base
	adapter *lora.Adapter
}

// Run tells the whole story.
func (c demoCmd) Run(ctx context.Context, u *ui) error {
	if c.List {
		return listConcepts(u)
	}
	if err := c.check(); err != nil {
		return err
	}
	topic, err := c.topic()
	if err != nil {
		return err
	}
	d := &demo{demoCmd: c, stage: stage{u: u, seed: c.Seed}}
	err = d.run(ctx, topic)
	if ctx.Err() != nil {
		return hinted{interrupted{}, "the same command begins anew"}
	}
	if err != nil {
		return err
	}
	for _, next := range d.next() {
		u.notice("next: %s", next.Command)
	}
	return u.result(d.r, d.print)
}

func (c demoCmd) check() error {
	const most = 1_000_000
	switch {
	case c.Steps < 1 || c.Steps > most:
		return fmt.Errorf("--steps %d is outside 1 to a million", c.Steps)
	case c.ScratchSteps < 1 || c.ScratchSteps > most:
		return fmt.Errorf("--scratch-steps %d is outside 1 to a million", c.ScratchSteps)
	}
	return nil
}

func (d *demo) run(ctx context.Context, topic topic) error {
	start := time.Now()
	d.r.Prompt, d.r.Concept, d.r.Edit, d.r.News = topic.prompt, topic.concept.ID, topic.concept.Expr, topic.news()
	if !topic.exact {
		d.u.notice("%q is none of the wordings that can be painted: the landscapes show the nearest, %q", d.r.Prompt, topic.name())
	}
	if err := d.initial(ctx); err != nil {
		return err
	}
	if err := d.claim(); err != nil {
		return err
	}
	d.u.notice("2 of 5: painting landscapes to tune and to measure with, each as it is and as it should become")
	d.r.Size, d.r.Train, d.r.Test = d.base.Generator.Config.Size, demoTrain, demoTest
	if err := d.paint(ctx, d.r.Pairs, d.r.Edit, d.r.Size); err != nil {
		return err
	}
	backend, err := cpu.New("")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	d.backend = backend
	if err := d.compare(ctx); err != nil {
		return err
	}
	if err := d.writeWeights(); err != nil {
		return err
	}
	if err := d.report(ctx); err != nil {
		return err
	}
	d.r.Seconds = time.Since(start).Seconds()
	return writeJSON(filepath.Join(d.Out, demoMarker), d.r)
}

// initial writes the first weights.
func (d *demo) initial(ctx context.Context) error {
	d.u.notice("1 of 5: weights from words: %q", d.r.Prompt)
	start := time.Now()
	models, adapter, unknown, err := d.generate(ctx, d.r.Prompt, weightgen.Sampling{})
	if err != nil {
		return err
	}
	d.u.notice("        %s", d.r.News)
	d.base, d.adapter, d.r.Unknown = models.Base, adapter, unknown
	if len(unknown) > 0 {
		d.u.unknown(unknown, nearest(d.r.Prompt))
	}
	g := &d.r.Methods.Generated
	if g.weights, err = models.Base.Apply(adapter); err != nil {
		return err
	}
	g.Seconds = time.Since(start).Seconds()
	d.u.notice("        %d weights in %.2f s", models.Base.Layout.Params.Size(), g.Seconds)
	return nil
}

// compare measures the generated weights, and trains what is beside them.
func (d *demo) compare(ctx context.Context) (err error) {
	m := &d.r.Methods
	if m.Generated.PSNR, err = d.quality(ctx, m.Generated.weights); err != nil {
		return err
	}
	m.Generated.Curve = []tune.Point{{Seconds: m.Generated.Seconds, PSNR: m.Generated.PSNR}}
	d.r.Input = d.untouched()
	d.u.notice("        %.1f dB PSNR with the generated weights; the untouched landscapes have %.1f dB", m.Generated.PSNR, d.r.Input)

	warm := tune.Options{Base: d.base, From: tune.Generated, Start: d.adapter.Values, Settings: tune.DefaultSettings(tune.Generated)}
	d.u.notice("3 of 5: tuning them: the adapter, and beside that all weights")
	warm.Steps = d.Steps
	d.r.Batch = warm.Settings.Batch
	tuned, err := d.train(ctx, &m.Tuned, warm, m.Generated.Seconds)
	if err != nil {
		return err
	}
	d.adapter.Values, d.adapter.Seed, d.adapter.Steps = tuned.Adapter, warm.Settings.Seed, d.Steps
	d.adapter.Metrics = map[string]float64{"psnr": m.Tuned.PSNR}
	warm.Steps, warm.AllWeights = 3*d.Steps, true
	if _, err := d.train(ctx, &m.All, warm, m.Generated.Seconds); err != nil {
		return err
	}
	return d.fromScratch(ctx)
}

// fromScratch trains the same network from random weights.
func (d *demo) fromScratch(ctx context.Context) error {
	m := &d.r.Methods
	d.u.notice("4 of 5: from scratch: pix2pix for as many steps as the adapter, then for %d, then as many at the best settings known", d.ScratchSteps)
	published, best := evaluate.PublishedScratch(), evaluate.BestScratch()
	d.r.ScratchBatch, d.r.PublishedLR, d.r.BestLR = published.Batch, published.LR, best.LR
	for _, s := range []struct {
		method   *method
		settings tune.Settings
		steps    int
	}{{&m.Short, published, d.Steps}, {&m.Long, published, d.ScratchSteps}, {&m.Best, best, d.ScratchSteps}} {
		cold := tune.Options{Base: d.base, From: tune.Scratch, Settings: s.settings, Steps: s.steps}
		if _, err := d.train(ctx, s.method, cold, 0); err != nil {
			return err
		}
	}
	d.r.Faster, d.r.FasterBest = m.faster(&m.Long), m.faster(&m.Best)
	return nil
}

// faster returns how much sooner than a method the generated weights have the quality that it ends with; 0 if they don't get there.
func (m *methods) faster(than *method) float64 {
	if t, ok := m.reach(than.PSNR); ok {
		return than.Seconds / t
	}
	return 0
}

// reach returns when the generated weights, tuned if need be, are at least so good.
func (m *methods) reach(psnr float64) (seconds float64, ok bool) {
	for _, way := range []*method{&m.Generated, &m.Tuned, &m.All} {
		if t, ok := way.reach(psnr); ok {
			return t, true
		}
	}
	return 0, false
}

// reach returns when the method was first seen to be at least so good.
func (m *method) reach(psnr float64) (seconds float64, ok bool) {
	for _, p := range m.Curve {
		if p.PSNR >= psnr {
			return p.Seconds, true
		}
	}
	return 0, false
}

// Files in the demo's folder. The first one says that the folder is a demo's; at the end it holds the result.
const (
	demoMarker  = "demo.json"
	demoPage    = "report.html"
	demoGallery = "gallery.png"
	demoPairs   = "pairs"
)

// claim makes the folder ready and clears what an earlier demo has made there.
func (d *demo) claim() error {
	in := func(name string) string { return filepath.Join(d.Out, name) }
	d.r.Page, d.r.Gallery, d.r.Pairs = in(demoPage), in(demoGallery), in(demoPairs)
	d.r.Adapter, d.r.Generator = in(adapterFile), in(gan.WeightsFile)
	items, err := os.ReadDir(d.Out)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(items) > 0 && !exists(in(demoMarker)) {
		return fmt.Errorf("%s holds something else than an earlier demo: choose another folder with -o", d.Out)
	}
	if err := os.MkdirAll(d.Out, 0o755); err != nil {
		return err
	}
	if err := writeJSON(in(demoMarker), struct{}{}); err != nil {
		return err
	}
	for _, path := range []string{d.r.Page, d.r.Gallery, d.r.Pairs, d.r.Adapter, d.r.Generator} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) writeWeights() error {
	if err := d.adapter.Write(d.r.Adapter, d.base); err != nil {
		return err
	}
	return d.r.Methods.All.weights.Write(d.r.Generator)
}

// print writes the result for people.
func (d *demo) print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "time\tsteps\tPSNR\t\t")
	for _, r := range d.r.table() {
		fmt.Fprintf(table, "%s\t%s\t%s\t\t%s\n", r.Seconds, r.Steps, r.PSNR, r.Name)
	}
	table.Flush()
	fmt.Fprintf(w, "%s\n%s\n", d.r.Page, d.r.Gallery)
}
