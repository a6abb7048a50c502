package evaluate

import (
	"context"
	"fmt"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/tune"
)

// GridOptions say what a grid of pictures shows.
type GridOptions struct {
	Concepts int     // rows, spread over the groups
	Seconds  float64 // of tuning, and of training from scratch
	Side     int     // of a picture, in pixels
	// Scratch says how weights from scratch are trained.
	Scratch tune.Settings
}

// DefaultGrid returns the options of the grid of record.
func DefaultGrid() GridOptions {
	return GridOptions{Concepts: 10, Seconds: 1, Side: 128, Scratch: BestScratch()}
}

// BestScratch returns the best settings known for training mini from scratch without a search: the L1 loss alone, at ten times the
// published rate.
func BestScratch() tune.Settings {
	return tune.Settings{Batch: 4, LR: 2e-3, Decay: 0.5, Beta1: 0.9, Loss: gan.LossNone, LambdaL1: 100, DiscLR: 2e-4, Seed: 1}
}

// PublishedScratch returns pix2pix's settings, with four pairs a step.
func PublishedScratch() tune.Settings {
	return tune.Settings{Batch: 4, LR: 2e-4, Decay: 0.5, Beta1: 0.5, Loss: gan.LossLSGAN, LambdaL1: 100, DiscLR: 2e-4, Seed: 1}
}

// about says what is new about concepts of a group.
var about = map[concept.Group]string{
	concept.Pair: "a pair never trained on", concept.Triple: "a triple never trained on",
	concept.Setting: "a setting never trained on", concept.Wording: "a wording never trained on",
}

// Grid draws the first test picture of some unseen concepts: input, teacher, and what networks make of it with generated weights, after
// tuning them, and after training from scratch for the same time. Every other row shows a photo, where there are any and the concept
// can be applied to them.
func Grid(ctx context.Context, backend compute.Backend, o Options, g GridOptions) (*imageio.Image, error) {
	if g.Concepts < 0 {
		return nil, fmt.Errorf("evaluate: pictures of %d concepts: there must be some, or 0 for all", g.Concepts)
	}
	l, err := newLab(ctx, backend, o)
	if err != nil {
		return nil, err
	}
	defer l.close()
	photos := l.scenes
	if o.Photos != "" {
		if photos, err = newPhotos(ctx, o.Config, o.Models.Base.Generator.Config.Size, o.Photos); err != nil {
			return nil, err
		}
	}
	some := spread(l.asks, g.Concepts)
	tick := l.progress("pictures", "rows", len(some))
	var rows []*imageio.Image
	for i, a := range some {
		s := l.scenes
		if i%2 == 1 && !a.NeedsMasks {
			s = photos
		}
		row, err := l.row(ctx, s, a, g)
		if err != nil {
			return nil, fmt.Errorf("pictures of %s: %w", a.ID, err)
		}
		rows = append(rows, row)
		tick()
	}
	return stack(rows), nil
}

// row draws the row of a concept.
func (l *lab) row(ctx context.Context, s *set, a ask, g GridOptions) (*imageio.Image, error) {
	test, err := s.test.Pairs(a.Concept, corpus.Choice{Pairs: l.o.Config.Pictures, Photos: s.photos, Seed: seed})
	if err != nil {
		return nil, err
	}
	input, target, err := test.Pair(0)
	if err != nil {
		return nil, err
	}
	generators, seconds, err := l.generators(ctx, s, a, g)
	if err != nil {
		return nil, err
	}
	pictures := []*imageio.Image{input, target}
	captions := []string{fmt.Sprintf("input %.1f dB", metrics.PSNR(input, target)), "teacher"}
	for i, name := range []string{"generated", fmt.Sprintf("%.1f s tuned", seconds), fmt.Sprintf("%.1f s scratch", seconds)} {
		m, err := gan.NewModel(l.backend, generators[i])
		if err != nil {
			return nil, err
		}
		out, err := m.Apply(ctx, []*imageio.Image{input})
		m.Close()
		if err != nil {
			return nil, err
		}
		pictures, captions = append(pictures, out[0]), append(captions, fmt.Sprintf("%s %.1f", name, metrics.PSNR(out[0], target)))
	}
	for i, p := range pictures {
		pictures[i] = p.Resize(g.Side, g.Side)
	}
	row := imageio.Grid(pictures, captions, len(pictures))
	return stack([]*imageio.Image{title(fmt.Sprintf("%q (%s)", a.prompt, about[a.Group]), row.W), row}), nil
}

// generators returns those of the three ways to make one: from the text alone, tuned, and from scratch. Seconds is the time that each of
// the last two took.
func (l *lab) generators(ctx context.Context, s *set, a ask, g GridOptions) (list []*gan.Weights, seconds float64, err error) {
	b := l.o.Models.Base
	pairs, err := s.lessons(ctx, a)
	if err != nil {
		return nil, 0, err
	}
	begun := time.Now()
	maker, err := l.o.Models.Open(l.backend)
	if err != nil {
		return nil, 0, err
	}
	defer maker.Close()
	made, err := maker.Adapter(ctx, a.prompt)
	if err != nil {
		return nil, 0, err
	}
	spent := time.Since(begun).Seconds()
	untuned, err := b.Apply(&lora.Adapter{Values: made})
	if err != nil {
		return nil, 0, err
	}
	options := tune.Options{Base: b, From: tune.Generated, Start: made, Settings: l.o.Config.Warm, Seconds: g.Seconds}
	options.Train = pairs.Batches(options.Settings.Batch, seed)
	tuned, err := tune.Run(ctx, l.backend, options)
	if err != nil {
		return nil, 0, err
	}
	seconds = spent + tuned.Seconds
	options.From, options.Start, options.Settings, options.Seconds = tune.Scratch, nil, g.Scratch, seconds
	options.Train = pairs.Batches(options.Settings.Batch, seed)
	scratch, err := tune.Run(ctx, l.backend, options)
	if err != nil {
		return nil, 0, err
	}
	return []*gan.Weights{untuned, tuned.Generator, scratch.Generator}, seconds, nil
}

// title is text over the width of a sheet, in as many lines as it needs.
func title(text string, width int) *imageio.Image {
	line := imageio.New(width-8, 1) // Grid adds a margin
	for i := range line.Pix {
		line.Pix[i] = 1
	}
	var lines []*imageio.Image
	for _, s := range imageio.Lines(text, line.W) {
		lines = append(lines, imageio.Grid([]*imageio.Image{line}, []string{s}, 1))
	}
	return stack(lines)
}

// stack puts sheets of one width below each other.
func stack(sheets []*imageio.Image) *imageio.Image {
	height := 0
	for _, s := range sheets {
		height += s.H
	}
	all := imageio.New(sheets[0].W, height)
	y := 0
	for _, s := range sheets {
		all.Paste(s, 0, y)
		y += s.H
	}
	return all
}
