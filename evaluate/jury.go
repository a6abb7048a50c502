package evaluate

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/nn"
)

// Score is how near the pictures that a generator makes of test pictures come to their targets: as sets, and each to its own.
type Score struct {
	FID    float64 `json:"fid"`
	KID    float64 `json:"kid"`     // mean over subsets of half the pictures
	KIDStd float64 `json:"kid_std"` // over the subsets
	PSNR   float64 `json:"psnr"`    // mean over the pictures, in dB
	SSIM   float64 `json:"ssim"`    // mean over the pictures
}

// jury judges whole generators like a base's by what they make of many pictures.
type jury struct {
	backend   compute.Backend
	extractor metrics.Extractor
	params    *nn.Params
	program   *nn.Program
	x         *nn.Feed
	size      int // of pictures
	batch     int // made at once
}

// juryBatch is the number of pictures that are made at once.
const juryBatch = 16

func newJury(backend compute.Backend, b *lora.Base, extractor metrics.Extractor, batch int) (j *jury, err error) {
	c := b.Generator.Config
	network, err := c.Network()
	if err != nil {
		return nil, err
	}
	j = &jury{backend: backend, extractor: extractor, params: &network.Params, size: c.Size, batch: batch}
	if j.x, err = nn.NewFeed(backend, batch, c.Size, c.Size, 3); err != nil {
		return nil, err
	}
	j.program, err = nn.Compile(backend, "pictures", func(g *Graph) []*Node {
		weights := j.params.Inputs(g, "")
		x := Parameter(g, "x", shapes.Make(dtypes.Float32, batch, c.Size, c.Size, 3))
		return []*Node{network.Forward(j.params.NewEnv(weights, nil), x)}
	})
	return j, err
}

func (j *jury) close() { j.program.Close() }

// panel is what generators are judged by on a concept.
type panel struct {
	exam    *exam
	targets []*imageio.Image
	// features are those of the targets.
	features *metrics.Features
}

// panel makes the targets of a concept, and their features.
func (j *jury) panel(ctx context.Context, s *set, a ask) (p *panel, err error) {
	p = &panel{}
	if p.exam, err = s.exam(ctx, a); err != nil {
		return nil, err
	}
	p.targets = pictures(p.exam.y, j.size)
	p.features, err = j.extractor.Features(ctx, p.targets)
	return p, err
}

// pictures turns values [n, size, size, rgb] in [-1,1] into pictures.
func pictures(values []float32, size int) (list []*imageio.Image) {
	for n := 3 * size * size; len(values) >= n; values = values[n:] {
		list = append(list, imageio.FromTensor(values, size, size))
	}
	return list
}

// outputs returns what a generator makes of a concept's test pictures.
func (j *jury) outputs(values [][]float32, p *panel) ([]*imageio.Image, error) {
	made, err := j.made(values, p.exam.x)
	return pictures(made, j.size), err
}

// made returns what a generator makes of pictures x [n, size, size, rgb], likewise.
func (j *jury) made(values [][]float32, x []float32) ([]float32, error) {
	weights, err := uploadAll(j.backend, j.params, values)
	defer func() { finalize(weights) }()
	if err != nil {
		return nil, err
	}
	out := make([]float32, 0, len(x))
	made := make([]float32, len(j.x.Data))
	for len(x) > 0 {
		n := copy(j.x.Data, x)
		x = x[n:]
		feed, err := j.x.Buffer()
		if err != nil {
			return nil, err
		}
		inputs := append(append([]compute.Buffer{}, weights...), feed)
		result, err := j.program.Run(inputs, make([]bool, len(inputs)))
		if err != nil {
			return nil, err
		}
		err = result[0].ToFlatData(made)
		finalize(result)
		if err != nil {
			return nil, err
		}
		out = append(out, made[:n]...)
	}
	return out, nil
}

// glance returns FID and PSNR of a generator, for a point of a curve.
func (j *jury) glance(ctx context.Context, values [][]float32, p *panel) (fid, psnr float64, err error) {
	outputs, err := j.outputs(values, p)
	if err != nil {
		return 0, 0, err
	}
	features, err := j.extractor.Features(ctx, outputs)
	if err != nil {
		return 0, 0, err
	}
	for i, out := range outputs {
		psnr += metrics.PSNR(out, p.targets[i]) / float64(len(outputs))
	}
	fid, err = metrics.FID(features, p.features)
	return fid, psnr, err
}

// score judges pictures.
func (j *jury) score(ctx context.Context, outputs []*imageio.Image, p *panel) (s Score, err error) {
	features, err := j.extractor.Features(ctx, outputs)
	if err != nil {
		return s, err
	}
	c, err := metrics.Compare(features, p.features, metrics.KIDOptions{Subsets: kidSubsets, Size: max(len(outputs)/2, 2), Seed: seed})
	if err != nil {
		return s, fmt.Errorf("%d pictures of each concept: %w", len(outputs), err)
	}
	s.FID, s.KID, s.KIDStd = c.FID, c.KID.Mean, c.KID.Std
	similar := make([]float64, len(outputs))
	err = corpus.Parallel(ctx, len(outputs), func(i int) error {
		similar[i] = metrics.SSIM(outputs[i], p.targets[i])
		return nil
	})
	for i, out := range outputs {
		s.PSNR += metrics.PSNR(out, p.targets[i]) / float64(len(outputs))
		s.SSIM += similar[i] / float64(len(outputs))
	}
	return s, err
}

// kidSubsets is the number of subsets that KID is the mean over.
const kidSubsets = 50
