package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
	"github.com/warmstart-ml/warmstart/tune"
)

// stage is where networks are trained and tried out.
type stage struct {
	backend compute.Backend
	u       *ui
	learn   *pairs.Set
	test    examplePairs // of the size of training
	large   examplePairs // some of the same landscapes, in more detail
	seed    uint64
}

// examplePairs are inputs and targets.
type examplePairs struct{ inputs, targets []*imageio.Image }

const (
	demoTrain, demoTest = 64, 16 // pairs
	demoLarge           = 4      // landscapes that are painted again,
	demoScale           = 3      // so much larger
)

// paint makes the pairs: files to train on and to measure with.
func (s *stage) paint(ctx context.Context, dir, edit string, size int) error {
	chain, err := teacher.Parse(edit)
	if err != nil {
		return err
	}
	const n = demoTrain + demoTest
	if _, err := pairs.Make(ctx, pairs.Options{
		Dir: dir, Edit: chain, N: n, Size: size, Layout: pairs.Apart, Seed: s.seed, Test: float64(demoTest) / n,
		Progress: s.u.progress("painting", "pairs"),
	}); err != nil {
		return err
	}
	if s.learn, err = pairs.Load(ctx, dir, pairs.LoadOptions{Split: pairs.Train, Size: size}); err != nil {
		return err
	}
	test, err := pairs.Load(ctx, dir, pairs.LoadOptions{Split: pairs.Test, Size: size})
	if err != nil {
		return err
	}
	for i := range test.Len() {
		in, target := test.Pair(i)
		s.test.add(in, target)
	}
	return s.enlarge(dir, test.Names[:min(demoLarge, test.Len())], chain, demoScale*size)
}

func (p *examplePairs) add(input, target *imageio.Image) {
	p.inputs, p.targets = append(p.inputs, input), append(p.targets, target)
}

// enlarge paints some of the pairs again, larger.
func (s *stage) enlarge(dir string, names []string, edit teacher.Chain, size int) error {
	f, err := os.Open(filepath.Join(dir, pairs.ManifestName))
	if err != nil {
		return err
	}
	defer f.Close()
	records, err := pairs.ParseManifest(f)
	if err != nil {
		return err
	}
	for _, r := range records {
		if !slices.Contains(names, r.Name) {
			continue
		}
		source := teacher.FromScene(scene.New(r.Seed, size, size))
		target, err := edit.Apply(source, r.Seed)
		if err != nil {
			return err
		}
		s.large.add(source.Image, target)
	}
	return nil
}

// train trains a network and fills in the method. Its time begins after the given seconds.
func (s *stage) train(ctx context.Context, m *method, o tune.Options, after float64) (*tune.Result, error) {
	size := s.learn.Size
	data, err := pairs.NewBatches(s.learn, pairs.BatchOptions{Batch: o.Settings.Batch, Crop: size, Flip: true, Seed: s.seed})
	if err != nil {
		return nil, err
	}
	o.Train, o.Settings.Seed = data, s.seed
	for i, in := range s.test.inputs {
		o.Quality = append(o.Quality, gan.Sample{Source: in, Target: s.test.targets[i]})
	}
	progress := s.u.progress("training", "steps")
	o.Progress = func(p tune.Point) { progress(p.Step, o.Steps) }
	r, err := tune.Run(ctx, s.backend, o)
	if err != nil {
		return nil, err
	}
	*m = method{Seconds: after + r.Seconds, Steps: r.Steps, PSNR: r.After(), Curve: r.Curve, weights: r.Generator}
	for i := range m.Curve {
		m.Curve[i].Seconds += after
	}
	s.u.notice("        %.1f dB after %d steps in %.1f s", m.PSNR, m.Steps, r.Seconds)
	return r, nil
}

// apply returns what a generator makes of pictures.
func (s *stage) apply(ctx context.Context, w *gan.Weights, inputs []*imageio.Image) ([]*imageio.Image, error) {
	model, err := gan.NewModel(s.backend, w)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	return model.Apply(ctx, inputs)
}

// quality returns a generator's mean PSNR over the test pairs.
func (s *stage) quality(ctx context.Context, w *gan.Weights) (float64, error) {
	outputs, err := s.apply(ctx, w, s.test.inputs)
	if err != nil {
		return 0, fmt.Errorf("apply: %w", err)
	}
	return s.test.psnr(outputs), nil
}

// untouched is the quality of the inputs as they are.
func (s *stage) untouched() float64 { return s.test.psnr(s.test.inputs) }

func (p *examplePairs) psnr(outputs []*imageio.Image) float64 {
	sum := 0.0
	for i, out := range outputs {
		sum += metrics.PSNR(out, p.targets[i])
	}
	return sum / float64(len(outputs))
}
