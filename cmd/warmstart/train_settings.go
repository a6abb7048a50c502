package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
)

// settingsName is the file in a run's folder that says how it was begun.
const settingsName = "run.json"

// settings are a run's, resolved: what resuming needs beside the checkpoint.
type settings struct {
	Data     string     `json:"data"`               // as given
	Pairs    string     `json:"pairs_id,omitempty"` // what pairs.Set.ID was; "" in runs of older versions
	LoadSize int        `json:"load_size"`
	Reverse  bool       `json:"reverse"`
	Flip     bool       `json:"flip"`
	Config   gan.Config `json:"config"`
}

// settings resolves the flags over the preset, or over the run's own settings when resuming.
func (c trainCmd) settings() (settings, error) {
	if c.Resume {
		s, err := readSettings(c.Out)
		if err != nil {
			return s, err
		}
		begun := s
		s = c.override(s)
		if err := s.goesOn(begun, c.Out); err != nil {
			return s, err
		}
		return s, s.check()
	}
	preset := c.Preset
	if preset == "" {
		preset = "mini"
	}
	config, err := gan.Preset(preset)
	if err != nil {
		return settings{}, err
	}
	config.Seed = 1
	s := c.override(settings{Data: c.Data, Flip: true, Config: config})
	if c.LoadSize == nil {
		s.LoadSize = loadSize(s.Config.Size)
	}
	return s, s.check()
}

// goesOn refuses to read pairs in another way than the run was begun with; the rest is for gan to compare.
func (s settings) goesOn(begun settings, run string) error {
	for _, flag := range []struct {
		name string
		same bool
	}{
		{"--load-size", s.LoadSize == begun.LoadSize},
		{"--direction", s.Reverse == begun.Reverse},
		{"--no-flip", s.Flip == begun.Flip},
	} {
		if !flag.same {
			return fmt.Errorf("%s: the run in %s was begun otherwise, as its %s tells: leave the flag out, or train anew in another folder",
				flag.name, run, settingsName)
		}
	}
	return nil
}

// sameData refuses to go on with other pairs than the run was begun with: that would be no training on either. A folder that has been
// moved or copied will do.
func (s settings) sameData(u *ui, data, run, id string) error {
	moved := filepath.Clean(data) != filepath.Clean(s.Data)
	switch {
	case s.Pairs == "" && moved:
		return fmt.Errorf("%s was begun with the pairs in %s, not those in %s: if it is the same folder, put its new name into %s",
			run, s.Data, data, filepath.Join(run, settingsName))
	case s.Pairs == "" || s.Pairs == id && !moved:
		return nil
	case s.Pairs == id:
		u.notice("%s was begun with the pairs in %s: those in %s are the same", run, s.Data, data)
		return nil
	case moved:
		return fmt.Errorf("%s was begun with the pairs in %s, and %s holds others: resume with the same, or train anew in another folder",
			run, s.Data, data)
	}
	return fmt.Errorf("the pairs in %s have changed since the run in %s was begun: restore them, or train anew in another folder", data, run)
}

// check refuses what would take all memory or is no number; the rest is for gan to judge.
func (s settings) check() error {
	const maxLoad, maxPixels = 4096, 16 << 20
	c := s.Config
	switch {
	case c.Size < 1 || c.Batch < 1 || c.Size > maxLoad || c.Batch > maxPixels/(c.Size*c.Size):
		return fmt.Errorf("--batch %d of --size %d: both are at least 1, and a step has at most %d million pixels", c.Batch, c.Size, maxPixels>>20)
	case s.LoadSize < c.Size || s.LoadSize > maxLoad:
		return fmt.Errorf("--load-size %d is outside %d (--size) to %d pixels", s.LoadSize, c.Size, maxLoad)
	case c.Steps < 1:
		return fmt.Errorf("--steps %d is less than 1", c.Steps)
	}
	return checkRate("--lr", &c.LR)
}

// checkRate refuses the value of a flag that is no learning rate; nil stands for none given.
func checkRate(flag string, rate *float64) error {
	if rate != nil && !(*rate > 0 && *rate <= math.MaxFloat32) {
		return misusef("%s %g is no learning rate: those are above 0", flag, *rate)
	}
	return nil
}

// loadSize is what pix2pix scales pictures to, which it then crops to size.
func loadSize(size int) int { return (size*286 + 128) / 256 }

// override puts the flags that were given into s.
func (c trainCmd) override(s settings) settings {
	set(&s.Config.Preset, c.Preset)
	give(&s.Config.Size, c.Size)
	give(&s.Config.Batch, c.Batch)
	give(&s.Config.LR, c.LR)
	give(&s.Config.EMA, c.EMA)
	give(&s.Config.Seed, c.Seed)
	give(&s.LoadSize, c.LoadSize)
	if c.Steps != nil {
		s.Config = s.Config.WithSteps(*c.Steps)
	}
	if c.Direction != "" {
		s.Reverse = c.Direction == "b2a"
	}
	if c.NoFlip {
		s.Flip = false
	}
	return s
}

// give puts a flag that was given into to, whatever its value: a zero is for check to refuse.
func give[T any](to, flag *T) {
	if flag != nil {
		*to = *flag
	}
}

// set is give for flags whose zero value stands for none given.
func set[T comparable](to *T, value T) {
	var zero T
	if value != zero {
		*to = value
	}
}

func readSettings(run string) (settings, error) {
	var s settings
	path := filepath.Join(run, settingsName)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("%s holds no run to resume: train without --resume", run)
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("%s is damaged (%w): restore it, or train anew in another folder", path, err)
	}
	return s, nil
}

// vacant refuses a folder that holds a run, or anything that is not of one: what tune has left there would be taken for the run's weights
// or the other way round. What a run leaves that was cut off before its first checkpoint may be there, and so may hidden files.
func vacant(run string) error {
	if checkpoint.Exists(run) {
		return fmt.Errorf("%s holds a training run already: go on with --resume, or choose another folder", run)
	}
	items, err := os.ReadDir(run)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, item := range items {
		switch name := item.Name(); {
		case strings.HasPrefix(name, "."), name == settingsName, name == checkpoint.File+".new":
		default:
			return fmt.Errorf("-o %s holds %s and no run of warmstart train: name a new folder", run, name)
		}
	}
	return nil
}

// begin writes the settings of a new run into its folder.
func begin(run string, s settings) error {
	if err := vacant(run); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(run, settingsName), append(text, '\n'))
}
