package weightgen

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/zoo"
)

// RefineConfig is everything that the second stage depends on, besides the first one's weights and the data.
type RefineConfig struct {
	Optimiser
	Together int     `json:"together"` // concepts per step
	Batch    int     `json:"batch"`    // pairs of each
	Pairs    int     `json:"pairs"`    // of each concept, of pictures of its own choice
	Photos   float64 `json:"photos"`   // the share of pairs made of photos, where there are some and they make sense
	Seed     uint64  `json:"seed"`
}

// DefaultRefineConfig returns the configuration to start from. The seed is neither the base's nor the zoo's, so that pictures are new.
func DefaultRefineConfig() RefineConfig {
	return RefineConfig{
		Optimiser: Optimiser{Steps: 16000, Warmup: 200, LR: 5e-4, WeightDecay: 0.01, EMA: 0.999},
		Together:  8, Batch: 2, Pairs: 16, Photos: 0.4, Seed: 3,
	}
}

// check returns an error that names the first setting that makes no sense.
func (c RefineConfig) check() error {
	return firstWrong("second stage of the weight generator", append(c.checked(), []setting{
		{"together", between(c.Together, 1, 64), "1 to 64"},
		{"batch", between(c.Batch, 1, 1<<10), "1 to 1024"},
		{"pairs", between(c.Pairs, 1, 1<<20), "1 to 1048576"},
		{"photos", c.Photos >= 0 && c.Photos <= 1, "in [0,1]"},
	}...))
}

// RefineOptions tell Refine what to do.
type RefineOptions struct {
	Config   RefineConfig
	Weights  *Weights // to start from
	Base     *lora.Base
	Code     *zoo.Code
	Pictures *corpus.Corpus
	// Concepts to learn from, all of them seen, in the wordings of Phrasings; nil means concept.Seen().
	Concepts []concept.Concept
	// Test are pictures to evaluate on a few concepts of each unseen group; nil for no evaluation. Nothing is learnt from them.
	Test *corpus.Corpus
	Run
}

// Refine is the second stage: it trains a generator, as it samples in one step, through the frozen base on what pictures become with the
// generated adapters. It does so to the end, or until ctx is cancelled: then it saves a checkpoint and returns ctx's error. Called again,
// it goes on, to the same bits as if it had not been interrupted.
func Refine(ctx context.Context, backend compute.Backend, o RefineOptions) (*Result, error) {
	if o.Concepts == nil {
		o.Concepts = concept.Seen()
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return o.Run.do(ctx, func() (training, error) { return newSecondStage(ctx, backend, o) })
}

func (o RefineOptions) check() error {
	if err := o.Config.check(); err != nil {
		return err
	}
	m := o.Weights.Model
	for _, pictures := range []*corpus.Corpus{o.Pictures, o.Test} {
		if size := o.Base.Generator.Config.Size; pictures != nil && pictures.Size() != size {
			return fmt.Errorf("pictures of %d pixels for a base of %d", pictures.Size(), size)
		}
	}
	switch {
	case o.Code.BaseHash != o.Base.Hash:
		return fmt.Errorf("blocks of adapters of the base with hash %s, not of this one with %s: use its own base", o.Code.BaseHash, o.Base.Hash)
	case m.layout != LayoutOf(o.Code):
		return fmt.Errorf("a weight generator for other blocks (%s) than these (%s): use those that it was trained for", m.layout, LayoutOf(o.Code))
	case m.config.Terminal == 0:
		return errors.New("this weight generator has not learnt to sample in one step: train it with a terminal share above 0")
	case len(o.Concepts) == 0:
		return errors.New("there are no concepts to learn from")
	}
	for _, c := range o.Concepts {
		if !c.IsSeen() {
			return unseenError(c)
		}
	}
	return nil
}

// fingerprint identifies all that the training reads, so that a run is resumed with the data it began with.
func (o RefineOptions) fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", o.Base.Hash, o.Code.Schema(), o.Pictures.ID())
	for _, c := range o.Concepts {
		fmt.Fprintf(h, "%s %s %q\n", c.ID, c.Expr, c.Phrasings())
	}
	var buf []byte
	for _, values := range o.Weights.Values {
		buf = buf[:0]
		for _, v := range values {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		h.Write(buf)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// secondStage is a refiner that is evaluated.
type secondStage struct {
	*refiner
	gallery *gallery // nil for no evaluation
}

func newSecondStage(ctx context.Context, backend compute.Backend, o RefineOptions) (s *secondStage, err error) {
	s = &secondStage{}
	if checkpoint.Exists(o.Dir) {
		var notice string
		s.refiner, notice, err = resumeRefiner(backend, o)
		o.notice(notice)
	} else {
		s.refiner, err = newRefiner(backend, o, fresh(o.Weights.Values))
	}
	if err != nil {
		return nil, err
	}
	if o.Test != nil {
		if s.gallery, err = newGallery(ctx, backend, o); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *secondStage) evaluate(ctx context.Context, r *Record) (err error) {
	if s.gallery == nil {
		return nil
	}
	r.Quality, err = s.gallery.quality(ctx, s.averaged())
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *secondStage) Close() {
	s.refiner.Close()
	if s.gallery != nil {
		s.gallery.close()
	}
}
