package teacher

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
)

// maxExpr bounds an expression: room for dozens of edits.
const maxExpr = 4096

// Step is an edit with a value for each of its parameters.
type Step struct {
	Edit   Edit
	Values []float64 // in the order of Edit.Params; an index for a choice
}

// Chain is a row of edits, applied from left to right.
type Chain []Step

// Parse reads an expression such as
//
//	sepia
//	sepia:strength=0.6+vignette
//	tint:colour=teal,strength=0.5+film-grain:amount=0.1
//
// Parameters that are left out have their default.
func Parse(expr string) (Chain, error) {
	if strings.TrimSpace(expr) == "" {
		return nil, errors.New("the edit is empty; write for example sepia:strength=0.6+vignette")
	}
	if len(expr) > maxExpr {
		return nil, fmt.Errorf("the edit has %d characters; at most %d are read", len(expr), maxExpr)
	}
	var chain Chain
	for part := range strings.SplitSeq(expr, "+") {
		step, err := parseStep(part)
		if err != nil {
			return nil, fmt.Errorf("edit %q: %w", strings.TrimSpace(part), err)
		}
		chain = append(chain, step)
	}
	return chain, nil
}

// parseStep reads "name" or "name:key=value,key=value".
func parseStep(s string) (Step, error) {
	name, settings, has := strings.Cut(s, ":")
	name = strings.TrimSpace(name)
	if name == "" {
		return Step{}, errors.New("a name is missing; edits are joined by single + signs")
	}
	edit, err := Find(name)
	if err != nil {
		return Step{}, err
	}
	step := Step{edit, make([]float64, len(edit.Params))}
	for i, p := range edit.Params {
		step.Values[i] = p.Default
	}
	if !has {
		return step, nil
	}
	seen := make([]bool, len(edit.Params))
	for setting := range strings.SplitSeq(settings, ",") {
		if err := step.set(setting, seen); err != nil {
			return Step{}, err
		}
	}
	return step, nil
}

// set reads one "key=value"; seen marks the parameters that already have one.
func (s *Step) set(setting string, seen []bool) error {
	key, value, ok := strings.Cut(setting, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok {
		return fmt.Errorf("%q is not of the form key=value", strings.TrimSpace(setting))
	}
	var names []string
	for i, p := range s.Edit.Params {
		names = append(names, p.Name)
		if p.Name != key {
			continue
		}
		if seen[i] {
			return fmt.Errorf("%s is set twice", key)
		}
		seen[i] = true
		v, err := p.parse(value)
		s.Values[i] = v
		return err
	}
	return fmt.Errorf("it has no parameter %q; it has %s", key, strings.Join(names, ", "))
}

// parse reads a value and checks its range.
func (p Param) parse(value string) (float64, error) {
	if p.Choices != nil {
		for i, c := range p.Choices {
			if c == value {
				return float64(i), nil
			}
		}
		return 0, fmt.Errorf("%s=%s is unknown; nearest: %s", p.Name, value, strings.Join(closest(value, p.Choices, 3), ", "))
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0, fmt.Errorf("%s=%q is not a number", p.Name, value)
	}
	if !(v >= p.Min && v <= p.Max) { // also refuses NaN
		return 0, fmt.Errorf("%s=%s is outside %g..%g", p.Name, value, p.Min, p.Max)
	}
	return v, nil
}

// String returns the expression with the parameters that differ from their defaults; Parse reads it back.
func (c Chain) String() string {
	steps := make([]string, len(c))
	for i, s := range c {
		var settings []string
		for j, p := range s.Edit.Params {
			if s.Values[j] == p.Default {
				continue
			}
			value := strconv.FormatFloat(s.Values[j], 'f', -1, 64)
			if p.Choices != nil {
				value = p.Choices[int(s.Values[j])]
			}
			settings = append(settings, p.Name+"="+value)
		}
		steps[i] = s.Edit.Name
		if settings != nil {
			steps[i] += ":" + strings.Join(settings, ",")
		}
	}
	return strings.Join(steps, "+")
}

// NeedsMasks tells whether the chain can only be applied to a scene, not to a photo.
func (c Chain) NeedsMasks() bool {
	for _, s := range c {
		if s.Edit.NeedsMasks {
			return true
		}
	}
	return false
}

// Apply returns the edited picture, of the source's size, every sample in [0,1]. The same chain, source and
// seed give the same bits. It fails where the picture is smaller than MinSide, where it doesn't fit its
// scene, and where an edit needs a scene and there is none.
func (c Chain) Apply(src Source, seed uint64) (*imageio.Image, error) {
	if err := src.check(); err != nil {
		return nil, err
	}
	img := src.Image
	for i, s := range c {
		if s.Edit.NeedsMasks && src.Scene == nil {
			return nil, fmt.Errorf("edit %q needs the masks of a scene: use it with procedural scenes, not photos", s.Edit.Name)
		}
		cv := &canvas{
			img:   img.Clone(),
			scene: src.Scene,
			step:  s,
			unit:  float32(min(img.W, img.H)),
			seed:  mix64(seed + uint64(i)),
		}
		s.Edit.apply(cv)
		blend(cv.img, img, cv.num("strength"))
		img = cv.img
	}
	if len(c) == 0 {
		img = img.Clone()
	}
	return img, nil
}

// check refuses sources that edits can't work on.
func (s Source) check() error {
	m := s.Image
	switch {
	case m == nil:
		return errors.New("the source has no picture")
	case len(m.Pix) != 3*m.W*m.H:
		return fmt.Errorf("the picture has %d samples, which isn't 3 x %d x %d", len(m.Pix), m.W, m.H)
	case m.W < MinSide || m.H < MinSide:
		return fmt.Errorf("the picture is %d x %d pixels; edits need at least %d x %d", m.W, m.H, MinSide, MinSide)
	case s.Scene == nil:
		return nil
	}
	n := m.W * m.H
	if p := s.Scene.Image; p == nil || p.W != m.W || p.H != m.H || len(s.Scene.Depth) != n {
		return fmt.Errorf("the scene isn't of the picture's size, %d x %d pixels", m.W, m.H)
	}
	for r, mask := range s.Scene.Masks {
		if mask != nil && len(mask) != n {
			return fmt.Errorf("the mask of region %v has %d samples instead of %d", scene.Region(r), len(mask), n)
		}
	}
	return nil
}

// blend sets dst to the mix of before (0) and dst (1), clamped to [0,1].
func blend(dst, before *imageio.Image, strength float32) {
	for i, v := range dst.Pix {
		dst.Pix[i] = mix(before.Pix[i], clamp01(v), strength)
	}
}
