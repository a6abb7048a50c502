package tune

import (
	"errors"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
)

// Session is a training that its owner drives step by step: between two steps it may rest for as long as one likes, be saved,
// and be gone on with from what was saved, to the same bits. It measures no quality, so that Quality, Until, EvalEvery and Progress
// of its options are not looked at. It is not safe for concurrent use.
type Session struct {
	run  *run
	p    *phase
	t    *gan.Trainer
	plan plan
}

// NewSession compiles the training that the options ask for. Those with AllWeights must have no share for the adapter. The time
// of compiling is not a part of the budget.
func NewSession(backend compute.Backend, o Options) (*Session, error) {
	s, err := newSession(backend, &o)
	if err != nil {
		return nil, err
	}
	if s.t, err = s.run.trainer(s.p, true); err != nil {
		return nil, err
	}
	return s, nil
}

// ResumeSession goes on with what Save has written into dir, after the given seconds of training. Notice, if not empty, tells that
// an older state had to be used.
func ResumeSession(backend compute.Backend, o Options, dir string, seconds float64) (s *Session, notice string, err error) {
	if s, err = newSession(backend, &o); err != nil {
		return nil, "", err
	}
	var target *gan.Parametrization
	if s.p.adapter {
		target = o.Base.Parametrization()
	}
	if s.t, notice, err = gan.ResumeParametrized(backend, dir, s.p.config, target); err != nil {
		return nil, "", err
	}
	s.run.step, s.run.clock.total = s.t.StepsDone(), time.Duration(seconds*float64(time.Second))
	if err := s.plan.resume(s.t, seconds); err != nil {
		s.Close()
		return nil, "", err
	}
	return s, notice, nil
}

func newSession(backend compute.Backend, o *Options) (*Session, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	phases := o.phases()
	if len(phases) > 1 {
		return nil, errors.New("tune: a session trains the adapter or all weights, not one after the other: set the adapter's share to 0")
	}
	p := phases[0]
	return &Session{run: &run{o: o, backend: backend}, p: p, plan: plan{phase: p, decay: o.Settings.Decay}}, nil
}

// Step does a step. It is a *DivergedError if the loss explodes; then the session is of no use any more.
func (s *Session) Step() error {
	s.run.clock.start()
	defer s.run.clock.stop()
	if err := s.run.train(s.t, s.p); err != nil {
		return err
	}
	return s.plan.update(s.t, s.run.step, s.run.clock.seconds())
}

// Done tells whether the budget is used up.
func (s *Session) Done() bool { return s.t.StepsDone() >= s.t.Config().Steps }

// Point tells how far the training is. Its L1 begins anew where a session was resumed, and it has no PSNR.
func (s *Session) Point() Point {
	return Point{Seconds: s.run.clock.seconds(), Step: s.run.step, L1: s.run.watch.smooth}
}

// Result returns what has been trained so far. Its curve is empty.
func (s *Session) Result() (*Result, error) {
	if err := s.run.snapshot(s.t, s.p); err != nil {
		return nil, err
	}
	return s.run.result(), nil
}

// Save writes the state into dir, which exists, for ResumeSession.
func (s *Session) Save(dir string) error { return s.t.Save(dir) }

// Close frees the compiled training.
func (s *Session) Close() { s.t.Close() }

// resume plans the rest of a phase that is to end at a certain time, so that its rate goes on from where it was.
func (p *plan) resume(t *gan.Trainer, now float64) error {
	done := t.StepsDone()
	if p.until == 0 || done == 0 {
		return nil
	}
	c := t.Config()
	c.Steps = done + stepsLeft(max(p.until-now, 0), done, now)
	c.DecaySteps = int(p.decay * float64(c.Steps))
	p.falls = max(c.Steps-c.DecaySteps, 1)
	return t.Schedule(c)
}
