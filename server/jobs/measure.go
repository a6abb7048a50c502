package jobs

import (
	"context"
	"fmt"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/picture"
	"github.com/warmstart-ml/warmstart/server/shelf"
	"github.com/warmstart-ml/warmstart/server/studio"
)

// Points of a training: so many seconds apart at first, and later that share of the time so far.
const (
	pointSeconds = 0.25
	pointShare   = 1.0 / 40
)

// due tells whether it is time for a point.
func (t *training) due() bool { return t.seconds() >= t.next }

// seconds is the time of training of the side that had more.
func (t *training) seconds() float64 {
	s := t.tuned.session.Point().Seconds
	if t.scratch != nil {
		s = max(s, t.scratch.session.Point().Seconds)
	}
	return s
}

// introduce tells what is trained on.
func (t *training) introduce(lesson *studio.Lesson) error {
	input, err := picture.DataURL(t.inputs[0])
	if err != nil {
		return err
	}
	target, err := picture.DataURL(t.targets[0])
	if err != nil {
		return err
	}
	untuned := psnr(t.inputs, t.targets)
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	j := t.job
	j.Train, j.Test, j.Untuned = lesson.Train, len(lesson.Tests), untuned
	j.Example = &api.Example{Input: input, Target: target}
	j.tell()
	return nil
}

// measureFirst adds the point before the first step; where a training goes on, it measures without one.
func (t *training) measureFirst(ctx context.Context) error {
	if t.tuned.told.Step == 0 && len(t.job.Points) == 0 {
		return t.measure(ctx)
	}
	for _, s := range []*side{t.tuned, t.scratch} {
		if s != nil {
			if err := t.look(ctx, s); err != nil {
				return err
			}
		}
	}
	t.plan()
	return nil
}

// measure adds a point.
func (t *training) measure(ctx context.Context) error {
	p := api.Point{Seconds: t.seconds()}
	if err := t.look(ctx, t.tuned); err != nil {
		return err
	}
	p.Tuned = t.tuned.point()
	if t.scratch != nil {
		if err := t.look(ctx, t.scratch); err != nil {
			return err
		}
		s := t.scratch.point()
		p.Scratch = &s
	}
	t.reached = t.job.Until > 0 && t.tuned.now.psnr >= t.job.Until
	t.plan()
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.job.addPoint(p)
	return nil
}

func (t *training) plan() {
	now := t.seconds()
	t.next = now + max(pointSeconds, now*pointShare)
}

// look measures a side and shows what it makes of the example.
func (t *training) look(ctx context.Context, s *side) error {
	r, err := s.session.Result()
	if err != nil {
		return err
	}
	now := snapshot{Point: s.session.Point(), Result: r}
	n := shelf.Network{Key: fmt.Sprintf("%s/%s/%d", t.job.ID, s.name, now.Step), Values: r.Generator.Values}
	outputs, err := t.m.o.Studio.Measure(ctx, t.job.Client, n.Key, n.Values, t.inputs)
	if err != nil {
		return err
	}
	now.psnr = psnr(outputs, t.targets)
	s.now = now
	if s == t.tuned && (t.best.Result == nil || t.job.GAN || now.psnr > t.best.psnr) {
		t.best = now
	}
	if s.preview, err = picture.DataURL(outputs[0]); err != nil {
		return err
	}
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.job.live[s.name] = n
	return nil
}

// point tells how far a side is.
func (s *side) point() api.Side {
	p := s.now.Point
	out := api.Side{Step: p.Step, Seconds: p.Seconds, Loss: p.L1, PSNR: s.now.psnr, Preview: s.preview}
	if took := p.Seconds - s.told.Seconds; took > 0 {
		out.Rate = float64((p.Step-s.told.Step)*s.batch) / took
	}
	s.told = p
	return out
}

// psnr is the mean over pictures, in dB.
func psnr(outputs, targets []*imageio.Image) float64 {
	sum := 0.0
	for i, out := range outputs {
		sum += metrics.PSNR(out, targets[i])
	}
	return sum / float64(len(outputs))
}
