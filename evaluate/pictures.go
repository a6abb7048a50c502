package evaluate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/warmstart-ml/warmstart/corpus"
)

// set is a kind of pictures, scenes or photos, to test with and to learn from.
type set struct {
	test, train *corpus.Corpus
	photos      float64 // 1 for photos, 0 for scenes
	config      Config
}

// Folders within one of photos.
const (
	trainFolder = "train"
	testFolder  = "test"
)

// seed chooses pairs and orders them. That of test pictures may be the same: they are others.
const seed = 1

func newScenes(ctx context.Context, c Config, size int) (s *set, err error) {
	s = &set{config: c}
	if s.test, err = corpus.New(ctx, corpus.Config{Size: size, Scenes: c.TestScenes, First: corpus.TestScenes}); err != nil {
		return nil, err
	}
	s.train, err = corpus.New(ctx, corpus.Config{Size: size, Scenes: c.TrainScenes, First: corpus.TrainScenes})
	return s, err
}

// newPhotos reads a folder that holds the folders train and test, which must not share pictures. Photos are used whole, cut to a square.
func newPhotos(ctx context.Context, c Config, size int, dir string) (s *set, err error) {
	s = &set{config: c, photos: 1}
	for _, part := range []struct {
		name   string
		first  uint64
		need   int
		corpus **corpus.Corpus
	}{{testFolder, corpus.TestScenes, c.Pictures, &s.test}, {trainFolder, corpus.TrainScenes, c.Pairs, &s.train}} {
		path := filepath.Join(dir, part.name)
		k, err := corpus.New(ctx, corpus.Config{Size: size, First: part.first, Photos: path})
		if err != nil {
			return nil, fmt.Errorf("photos to %s with: %w", part.name, err)
		}
		if len(k.Skipped) > 0 {
			return nil, fmt.Errorf("photos to %s with: %w", part.name, errors.Join(k.Skipped...))
		}
		if k.Photos() < part.need {
			return nil, fmt.Errorf("%s holds %d photos, and %d of each concept are needed", path, k.Photos(), part.need)
		}
		*part.corpus = k
	}
	if shared := s.train.Shared(s.test); len(shared) > 0 {
		return nil, fmt.Errorf("%d photos to test with are among those to train with, the first as %s and %s: keep them apart",
			len(shared), shared[0][1], shared[0][0])
	}
	return s, nil
}

// name tells sets apart in messages.
func (s *set) name() string {
	if s.photos > 0 {
		return "photos"
	}
	return "scenes"
}

// usable leaves out concepts that cannot be applied to the set's pictures.
func (s *set) usable(all []ask) []ask {
	if s.photos == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(a ask) bool { return a.NeedsMasks })
}

// exam holds a concept's test pictures.
type exam struct {
	pairs *corpus.Pairs
	x, y  []float32 // [pictures, size, size, 3] in [-1,1]
}

// exam returns the test pictures for a concept.
func (s *set) exam(ctx context.Context, a ask) (*exam, error) {
	p, err := s.test.Pairs(a.Concept, corpus.Choice{Pairs: s.config.Pictures, Photos: s.photos, Seed: seed})
	if err != nil {
		return nil, err
	}
	n := s.test.Size() * s.test.Size() * 3
	e := &exam{pairs: p, x: make([]float32, p.Len()*n), y: make([]float32, p.Len()*n)}
	return e, corpus.Parallel(ctx, p.Len(), func(i int) error { return p.Copy(i, false, e.x[i*n:][:n], e.y[i*n:][:n]) })
}

// lessons returns the pairs to learn a concept from, made already so that no training has to wait for them.
func (s *set) lessons(ctx context.Context, a ask) (*corpus.Pairs, error) {
	p, err := s.train.Pairs(a.Concept, corpus.Choice{Pairs: s.config.Pairs, Photos: s.photos, Seed: seed})
	if err != nil {
		return nil, err
	}
	return p, corpus.Parallel(ctx, p.Len(), p.Make)
}

// batches serves pairs to a training, so many per step.
func batches(p *corpus.Pairs, n int) *corpus.Batches { return p.Batches(n, seed) }
