package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/internal/keep"
)

// Part is a part of the evaluation.
type Part string

// The parts, in the order in which they are done.
const (
	PartQuality Part = "quality" // without tuning, minutes
	PartPhotos  Part = "photos"  // the same on photos
	PartMatch   Part = "match"   // steps of tuning, seconds
	PartRace    Part = "race"    // against training from scratch, an hour or two
)

// Parts lists all parts.
func Parts() []Part { return []Part{PartQuality, PartPhotos, PartMatch, PartRace} }

// Options tell Run what to do.
type Options struct {
	Config Config
	Models Models
	Parts  []Part // nil: all; photos need Photos
	// Photos is a folder with the folders train and test; "": scenes only.
	Photos string
	// Cache is a folder that keeps trained adapters and single results; "": nothing is kept.
	Cache string
	// Progress, if not nil, is told that work on so many units begins, and returns what is to be called with the number done.
	Progress func(what, unit string) func(done, total int)
}

// Run evaluates, or until ctx is cancelled: called again with the same cache, it goes on.
func Run(ctx context.Context, backend compute.Backend, o Options) (*Report, error) {
	begun := time.Now()
	if len(o.Models.Zoo) == 0 {
		return nil, errors.New("evaluate: the zoo has no adapters to compare with")
	}
	l, err := newLab(ctx, backend, o)
	if err != nil {
		return nil, err
	}
	defer l.close()
	r := &Report{
		Machine: ThisMachine(), Base: o.Models.Base.Hash, Generator: o.Models.ID, Config: o.Config,
		TestScenes: l.scenes.test.ID(), TrainScenes: l.scenes.train.ID(),
	}
	for _, p := range []struct {
		part Part
		do   func() error
	}{
		{PartQuality, func() (err error) { r.Quality, err = l.quality(ctx, l.scenes); return }},
		{PartPhotos, func() (err error) { r.Photos, err = l.onPhotos(ctx); return }},
		{PartMatch, func() (err error) { r.Match, err = l.match(ctx); return }},
		{PartRace, func() (err error) { r.Speedup, err = l.race(ctx); return }},
	} {
		if !l.wanted(p.part) {
			continue
		}
		if err := p.do(); err != nil {
			return nil, fmt.Errorf("evaluate %s: %w", p.part, err)
		}
	}
	r.Seconds = time.Since(begun).Seconds()
	return r, nil
}

// lab holds what all parts share.
type lab struct {
	o       Options
	backend compute.Backend
	cache   keep.Folder
	asks    []ask
	scenes  *set
	meter   *meter // of adapters
}

func newLab(ctx context.Context, backend compute.Backend, o Options) (l *lab, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	l = &lab{o: o, backend: backend, cache: keep.Folder(o.Cache), asks: asks(o.Config.Concepts)}
	if l.scenes, err = newScenes(ctx, o.Config, o.Models.Base.Generator.Config.Size); err != nil {
		return nil, err
	}
	l.meter, err = newMeter(backend, o.Models.Base, true, o.Config.Pictures)
	return l, err
}

func (l *lab) close() { l.meter.close() }

func (o *Options) check() error {
	if err := o.Config.check(); err != nil {
		return err
	}
	for _, p := range o.Parts {
		if !slices.Contains(Parts(), p) {
			return fmt.Errorf("evaluate: there is no part %q: the parts are %q", p, Parts())
		}
		if p == PartPhotos && o.Photos == "" {
			return errors.New("evaluate photos: no folder of photos is given")
		}
	}
	for id := range o.Models.Zoo {
		c, err := concept.Find(id)
		if err != nil {
			return fmt.Errorf("evaluate: the zoo: %w", err)
		}
		if !c.IsSeen() {
			return fmt.Errorf("evaluate: the zoo has an adapter of %s, an unseen concept: build it anew without", id)
		}
	}
	return nil
}

// wanted tells whether a part is to be done.
func (l *lab) wanted(p Part) bool {
	if l.o.Parts == nil {
		return p != PartPhotos || l.o.Photos != ""
	}
	return slices.Contains(l.o.Parts, p)
}

func (l *lab) onPhotos(ctx context.Context) (*Quality, error) {
	photos, err := newPhotos(ctx, l.o.Config, l.o.Models.Base.Generator.Config.Size, l.o.Photos)
	if err != nil {
		return nil, err
	}
	return l.quality(ctx, photos)
}

// progress returns what is to be called after each of a number of units; it may be called from several goroutines.
func (l *lab) progress(what, unit string, total int) func() {
	if l.o.Progress == nil {
		return func() {}
	}
	var mu sync.Mutex
	report, done := l.o.Progress(what, unit), 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		report(done, total)
	}
}
