package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/evaluate"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/studio"
	"github.com/warmstart-ml/warmstart/tune"
)

// Recipes of the training from scratch.
const (
	RecipePublished = "published" // pix2pix's settings
	RecipeBest      = "best"      // the best that are known
)

// training is a job at work.
type training struct {
	m       *Manager
	job     *job
	tuned   *side
	scratch *side // nil unless it is a race
	inputs  []*imageio.Image
	targets []*imageio.Image
	best    snapshot // of the effect, by PSNR; the newest if that is not the aim
	reached bool     // whether the quality that was asked for is reached
	next    float64  // seconds of training at the next point
}

// side is one of the trainings of a job.
type side struct {
	name    string
	batch   int
	session *tune.Session
	now     snapshot // at the last measurement
	preview string

	told tune.Point // at the last point
}

// snapshot is what has been trained at some moment, and how good it is.
type snapshot struct {
	tune.Point
	*tune.Result
	psnr float64
}

func (s *side) done() bool { return s.session.Done() }

// prepare gets the pairs and compiles what is to be trained, or goes on with what was saved.
func (m *Manager) prepare(ctx context.Context, j *job) (*training, error) {
	lesson, err := m.lesson(ctx, j)
	if err != nil {
		return nil, err
	}
	t := &training{m: m, job: j}
	for _, s := range lesson.Tests {
		t.inputs, t.targets = append(t.inputs, s.Source), append(t.targets, s.Target)
	}
	if t.tuned, err = t.open(SideTuned, lesson); err != nil {
		return t, err
	}
	if j.Kind == api.KindRace {
		if t.scratch, err = t.open(SideScratch, lesson); err != nil {
			return t, err
		}
	}
	if err := t.introduce(lesson); err != nil {
		return t, err
	}
	return t, t.measureFirst(ctx)
}

// lesson returns the pairs of a job.
func (m *Manager) lesson(ctx context.Context, j *job) (*studio.Lesson, error) {
	if j.Pairs == "" {
		return m.o.Studio.Edit(ctx, j.Client, j.Edit)
	}
	dir, err := m.o.Pairs(j.Pairs)
	if err != nil {
		return nil, err
	}
	return m.o.Studio.Folder(ctx, dir)
}

// open begins a side's training, or goes on with it.
func (t *training) open(name string, lesson *studio.Lesson) (*side, error) {
	o, err := t.options(name)
	if err != nil {
		return nil, err
	}
	if o.Train, err = lesson.Batches(o.Settings.Batch, o.Settings.Seed); err != nil {
		return nil, err
	}
	s := &side{name: name, batch: o.Settings.Batch}
	dir := filepath.Join(t.m.o.Dir.Path(t.job.ID), name)
	backend := t.m.o.Studio.Backend
	if !checkpoint.Exists(dir) {
		s.session, err = tune.NewSession(backend, o)
		return s, err
	}
	seconds := t.job.Tuned
	if name == SideScratch {
		seconds = t.job.Raced
	}
	var notice string
	s.session, notice, err = tune.ResumeSession(backend, o, dir, seconds)
	if notice != "" {
		t.m.o.Log.Warn("a job goes on", "id", t.job.ID, "notice", notice)
	}
	if err != nil {
		return nil, fmt.Errorf("go on with the training: %w", err)
	}
	s.told = s.session.Point()
	return s, nil
}

// options say how a side is trained.
func (t *training) options(name string) (tune.Options, error) {
	j := t.job
	o := tune.Options{Base: t.m.o.Studio.Models.Base, Steps: j.Steps, Seconds: j.Seconds}
	if name == SideScratch {
		o.From, o.Settings = tune.Scratch, evaluate.PublishedScratch()
		if j.Recipe == RecipeBest {
			o.Settings = evaluate.BestScratch()
		}
		return o, nil
	}
	e, w, err := t.m.o.Shelf.Weights(j.Effect)
	if err != nil {
		return o, err
	}
	if w, err = w.At(o.Base, e.Strength); err != nil { // what is seen is what is trained
		return o, err
	}
	o.From, o.Start = tune.Generated, w.Adapter
	if w.Adapter == nil {
		o.From, o.Start = tune.Weights, w.All
	}
	o.Settings = tune.DefaultSettings(o.From)
	if j.GAN {
		o.Settings, o.Discriminator = tune.Adversarial(o.From), t.m.o.Discriminator
	}
	o.AllWeights, o.Settings.AdapterShare = j.AllWeights, 0
	return o, nil
}

// save writes the state of the training, and then what job.json tells of it.
func (t *training) save() error {
	for _, s := range []*side{t.tuned, t.scratch} {
		if s == nil {
			continue
		}
		dir := filepath.Join(t.m.o.Dir.Path(t.job.ID), s.name)
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := s.session.Save(dir); err != nil {
			return err
		}
	}
	t.m.mu.Lock()
	t.job.Tuned = t.tuned.session.Point().Seconds
	if t.scratch != nil {
		t.job.Raced = t.scratch.session.Point().Seconds
	}
	r := t.job.stored()
	t.m.mu.Unlock()
	return t.m.o.Dir.WriteJSON(r.ID, recordFile, r) // nobody else writes it while the job runs
}

func (t *training) close() {
	for _, s := range []*side{t.tuned, t.scratch} {
		if s != nil && s.session != nil {
			s.session.Close()
		}
	}
}
