package evaluate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/warmstart-ml/warmstart/internal/keep"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/zoo"
)

// lesson is an adapter to train from zero on a concept's own pairs.
type lesson struct {
	ask
	lr float64
}

// references returns trained adapters. Those of the same set, base and settings are trained once and kept in the cache.
func (l *lab) references(ctx context.Context, s *set, lessons []lesson) ([][][]float32, error) {
	tick := l.progress("trained adapters of "+s.name(), "adapters", len(lessons))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([][][]float32, len(lessons))
	next := make(chan int)
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(lessons)) {
		group.Go(func() {
			apprentice := &apprentice{lab: l, set: s}
			defer apprentice.close()
			for i := range next {
				var err error
				if results[i], err = apprentice.adapter(ctx, lessons[i]); err != nil {
					cancel(err) // the first one counts
					continue
				}
				tick()
			}
		})
	}
feed:
	for i := range lessons {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	group.Wait()
	return results, context.Cause(ctx)
}

// apprentice trains one adapter at a time, on one thread.
type apprentice struct {
	*lab
	set    *set
	worker *zoo.Worker // nil until there is something to train
}

func (a *apprentice) close() {
	if a.worker != nil {
		a.worker.Close()
	}
}

// adapter returns the adapter of a lesson from the cache, or trains it.
func (a *apprentice) adapter(ctx context.Context, l lesson) ([][]float32, error) {
	c := a.o.Config
	config := zoo.Config{Steps: c.Reference.Steps, Batch: c.Batch, LR: l.lr, Pairs: c.Pairs, Photos: a.set.photos, Seed: seed}
	path, _, err := a.cache.Path("trained", l.ID, struct {
		Base, Train, Concept string
		Config               zoo.Config
	}{a.o.Models.Base.Hash, a.set.train.ID(), l.ID, config})
	if err != nil {
		return nil, err
	}
	path += ".safetensors"
	if a.cache != "" {
		if known, err := lora.ReadAdapter(path, a.o.Models.Base); err == nil { // a damaged file is as good as none
			return known.Values, nil
		}
	}
	values, err := a.train(ctx, l, config)
	if err != nil || a.cache == "" {
		return values, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	adapter := &lora.Adapter{Values: values, Info: lora.Info{Concept: l.ID, Prompt: l.prompt, Seed: config.Seed, Steps: config.Steps}}
	return values, adapter.Write(path, a.o.Models.Base)
}

// train trains an adapter. A training that diverges gives the zero adapter: what is left of a rate that is too high.
func (a *apprentice) train(ctx context.Context, l lesson, c zoo.Config) ([][]float32, error) {
	base := a.o.Models.Base
	if a.worker == nil {
		var err error
		if a.worker, err = zoo.NewWorker(base, c); err != nil {
			return nil, err
		}
	}
	pairs, err := a.set.lessons(ctx, l.ask)
	if err != nil {
		return nil, err
	}
	values, _, err := a.worker.Train(ctx, nil, batches(pairs, c.Batch), c)
	if errors.Is(err, zoo.ErrDiverged) {
		return base.Layout.Initial(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("train an adapter of %s: %w", l.ID, err)
	}
	return values, nil
}

// referenceRate returns the learning rate that gives the best adapters of a set: the mean over some concepts decides.
func (l *lab) referenceRate(ctx context.Context, s *set, some []ask) (Candidate, error) {
	c := l.o.Config
	var ids []string
	for _, a := range some {
		ids = append(ids, a.ID)
	}
	key := struct {
		Base, Test, Train      string
		Pictures, Pairs, Batch int
		Reference              Reference
		Concepts               []string
	}{l.o.Models.Base.Hash, s.test.ID(), s.train.ID(), c.Pictures, c.Pairs, c.Batch, c.Reference, ids}
	return keep.Remember(l.cache, "search", "trained", key, func() (Candidate, error) { return l.searchReference(ctx, s, some) })
}

func (l *lab) searchReference(ctx context.Context, s *set, some []ask) (Candidate, error) {
	var lessons []lesson
	for _, lr := range l.o.Config.Reference.LRs {
		for _, a := range some {
			lessons = append(lessons, lesson{a, lr})
		}
	}
	adapters, err := l.references(ctx, s, lessons)
	if err != nil {
		return Candidate{}, err
	}
	var found []Candidate
	for i, lr := range l.o.Config.Reference.LRs {
		found = append(found, Candidate{LR: lr})
		for j, a := range some {
			psnr, err := l.measure(ctx, s, a, adapters[i*len(some)+j])
			if err != nil {
				return Candidate{}, err
			}
			found[i].PSNR += psnr / float64(len(some))
		}
	}
	return best(found), nil
}
