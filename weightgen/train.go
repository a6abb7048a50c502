package weightgen

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/internal/checkpoint"
)

// Options tell Train what to do.
type Options struct {
	Config Config
	Data   *Dataset
	// Held are datasets that nothing is learnt from: adapters of other concepts, or the training's own with wordings
	// that Data lacks. Their errors are logged.
	Held []Held
	Run
}

// Train trains a generator on adapters to the end, or until ctx is cancelled: then it saves a checkpoint and returns ctx's error.
// Called again, it goes on, to the same bits as if it had not been interrupted.
func Train(ctx context.Context, backend compute.Backend, o Options) (*Result, error) {
	return o.Run.do(ctx, func() (training, error) { return newFirstStage(backend, o) })
}

// firstStage is a trainer that is evaluated.
type firstStage struct {
	*Trainer
	evaluators []*evaluator
	sampler    *sampler
}

func newFirstStage(backend compute.Backend, o Options) (s *firstStage, err error) {
	s = &firstStage{}
	if checkpoint.Exists(o.Dir) {
		var notice string
		s.Trainer, notice, err = Resume(backend, o.Dir, o.Config, o.Data)
		o.notice(notice)
	} else {
		s.Trainer, err = NewTrainer(backend, o.Config, o.Data)
	}
	if err != nil {
		return nil, err
	}
	for _, h := range o.Held {
		e, err := newEvaluator(s.model, s.data, h)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.evaluators = append(s.evaluators, e)
	}
	if len(o.Held) > 0 {
		if s.sampler, err = newSampler(backend, s.model, evalBatch); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *firstStage) evaluate(ctx context.Context, r *Record) error {
	for _, e := range s.evaluators {
		errs, err := e.errors(ctx, s.sampler, s.averaged())
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if r.Held == nil {
			r.Held = map[string]Errors{}
		}
		r.Held[e.held.Name] = errs
	}
	return nil
}

func (s *firstStage) Close() {
	s.Trainer.Close()
	if s.sampler != nil {
		s.sampler.program.Close()
	}
}
