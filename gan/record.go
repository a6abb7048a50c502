package gan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan/tfevents"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/internal/progress"
	"github.com/warmstart-ml/warmstart/internal/steplog"
)

// logFile holds one JSON object per step.
const logFile = "log.jsonl"

// eventEvery is the number of steps between TensorBoard's scalars, whose files would grow large otherwise.
const eventEvery = 10

// record is a line of the log.
type record struct {
	Step int `json:"step"`
	Losses
	LR      float64 `json:"lr"`      // the generator's, at this step
	Seconds float64 `json:"seconds"` // since this process began to train
}

// recorder writes what a run leaves behind besides its checkpoints.
type recorder struct {
	options  *Options
	log      *steplog.Log
	events   *tfevents.Writer
	file     *os.File // of events
	progress progress.Progress
	begun    time.Time
	model    *Model // for samples
}

func newRecorder(backend compute.Backend, t *Trainer, o *Options) (*recorder, error) {
	r := &recorder{options: o, begun: time.Now()}
	var err error
	if r.log, err = steplog.Open(filepath.Join(o.Dir, logFile), t.step); err != nil {
		return nil, err
	}
	if r.events, r.file, err = tfevents.Create(o.Dir); err != nil {
		r.log.Close()
		return nil, err
	}
	r.progress = progress.New(o.Progress, t.step, t.config.Steps, t.config.Batch)
	r.model = &Model{backend: backend, config: t.config, gen: t.gen} // sample sets its weights
	return r, nil
}

// step records the losses of the step that t has just done, and samples if they are due.
func (r *recorder) step(ctx context.Context, t *Trainer, l Losses) error {
	err := r.log.Write(record{
		Step: t.step, Losses: l, LR: t.config.LR * t.config.Rate(t.step-1), Seconds: time.Since(r.begun).Seconds(),
	})
	if err != nil {
		return err
	}
	if t.step%eventEvery == 0 || t.step == t.config.Steps {
		r.events.Scalar("loss/l1", t.step, l.L1)
		r.events.Scalar("loss/gan", t.step, l.GAN)
		r.events.Scalar("loss/disc_real", t.step, l.DiscReal)
		if err := r.events.Scalar("loss/disc_fake", t.step, l.DiscFake); err != nil {
			return err
		}
	}
	r.progress.Step(t.step, fmt.Sprintf("L1 %.4f  GAN %.4f  disc %.4f/%.4f", l.L1, l.GAN, l.DiscReal, l.DiscFake))
	due := t.step == t.config.Steps || r.options.SampleEvery > 0 && t.step%r.options.SampleEvery == 0
	if due && len(r.options.Samples) > 0 {
		return r.sample(ctx, t)
	}
	return nil
}

// sample writes a sheet with a row for each sample: source, output, target.
func (r *recorder) sample(ctx context.Context, t *Trainer) error {
	w, err := t.Weights()
	if err != nil {
		return err
	}
	if err := r.model.SetValues(w.Values); err != nil {
		return err
	}
	var pictures []*imageio.Image
	for _, s := range r.options.Samples {
		out, err := r.model.Apply(ctx, []*imageio.Image{s.Source})
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return nil // the loop is about to notice
		}
		if err != nil {
			return err
		}
		pictures = append(pictures, s.Source, out[0], s.Target)
	}
	sheet := imageio.Grid(pictures, nil, 3)
	dir := filepath.Join(r.options.Dir, "samples")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var png bytes.Buffer
	if err := sheet.EncodePNG(&png); err != nil {
		return err
	}
	err = atomicfile.WriteFile(filepath.Join(dir, fmt.Sprintf("step-%06d.png", t.step)), png.Bytes())
	if err != nil {
		return err
	}
	return r.events.Image("samples", t.step, sheet.W, sheet.H, png.Bytes())
}

func (r *recorder) close() {
	r.progress.Close()
	r.log.Close()
	r.file.Close()
	r.model.Close()
}

// finite tells whether no loss is NaN or infinite.
func (l Losses) finite() bool {
	sum := float64(l.GAN) + float64(l.L1) + float64(l.DiscReal) + float64(l.DiscFake)
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}
