package tune

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/metrics"
)

// meter measures the quality of a generator's weights.
type meter struct {
	model   *gan.Model
	inputs  []*imageio.Image
	targets []*imageio.Image
}

func newMeter(backend compute.Backend, w *gan.Weights, pairs []gan.Sample) (*meter, error) {
	model, err := gan.NewModel(backend, w)
	if err != nil {
		return nil, err
	}
	m := &meter{model: model}
	for _, p := range pairs {
		m.inputs, m.targets = append(m.inputs, p.Source), append(m.targets, p.Target)
	}
	return m, nil
}

// psnr returns the mean over the pairs.
func (m *meter) psnr(values [][]float32) (float64, error) {
	if err := m.model.SetValues(values); err != nil {
		return 0, err
	}
	outputs, err := m.model.Apply(context.Background(), m.inputs) // not to be cut off: a moment's work
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for i, out := range outputs {
		sum += metrics.PSNR(out, m.targets[i])
	}
	return sum / float64(len(outputs)), nil
}

// Where the quality is measured if the options don't say: at steps that grow by half, but not further apart than that.
const (
	evalGrowth = 0.5
	evalMost   = 200
)

// measure adds a point to the curve for the snapshot that is the end so far. The clock stands still meanwhile.
func (r *run) measure() (err error) {
	r.clock.stop()
	defer r.clock.start()
	r.next = r.step + min(max(1, int(evalGrowth*float64(r.step))), evalMost)
	if r.o.EvalEvery > 0 {
		r.next = r.step + r.o.EvalEvery
	}
	if len(r.o.Quality) > 0 {
		values := r.values(r.end)
		if r.meter == nil {
			if r.meter, err = newMeter(r.backend, &gan.Weights{Config: r.end.phase.config, Values: values}, r.o.Quality); err != nil {
				return err
			}
		}
		if r.end.psnr, err = r.meter.psnr(values); err != nil {
			return err
		}
		if r.best.phase == nil || r.end.psnr > r.best.psnr {
			r.best = r.end
		}
		r.reached = r.o.Until > 0 && r.end.psnr >= r.o.Until
	}
	p := Point{Seconds: r.clock.seconds(), Step: r.end.step, L1: r.watch.smooth, PSNR: r.end.psnr}
	r.curve = append(r.curve, p)
	if r.o.Progress != nil {
		r.o.Progress(p)
	}
	return nil
}
