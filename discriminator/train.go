package discriminator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/trainloop"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/weightgen"
)

// Options tell Train what to do.
type Options struct {
	Config   Config
	Models   *warmstart.Models
	Concepts []concept.Concept // seen ones
	Pictures *corpus.Corpus
	// Dir is the run's folder. It is made if need be. If it holds a checkpoint, the run goes on from there.
	Dir string
	// SaveEvery is the least time between checkpoints; 0 means a minute. There is always one at the end.
	SaveEvery time.Duration
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer
}

// record is a line of the log.
type record struct {
	Concept string `json:"concept"`
	Prompt  string `json:"prompt"`
	Step    int    `json:"step"` // concepts done
	// First and Last are the losses before the first and the last step of the concept's tuning.
	First   gan.Losses `json:"first"`
	Last    gan.Losses `json:"last"`
	DiscLR  float64    `json:"disc_lr"`
	Seconds float64    `json:"seconds"` // since this process began to train
}

// trainer is a training at work. One of its steps is a concept.
type trainer struct {
	o      *Options
	writer *warmstart.Writer
	tuner  *gan.Trainer // of all weights
	order  []int        // of the concepts
	done   int
	disc   [][]float32 // nil before the first concept
}

// Train trains a discriminator to the end, or until ctx is cancelled: then it saves a checkpoint and returns ctx's error. Called again, it
// goes on, to the same bits as if it had not been interrupted.
func Train(ctx context.Context, backend compute.Backend, o Options) (*gan.Discriminator, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	unlock, err := trainloop.Claim(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	t, err := newTrainer(backend, &o)
	if err != nil {
		return nil, err
	}
	defer t.close()
	l := trainloop.Loop{Dir: o.Dir, SaveEvery: o.SaveEvery, Progress: o.Progress, Steps: o.Config.Concepts, Images: o.Config.Steps * o.Config.Tuning.Batch}
	err = l.Run(ctx, t, func(seconds func() float64) (any, string, error) {
		r, err := t.step(context.WithoutCancel(ctx)) // a moment's work
		r.Seconds = seconds()
		return r, fmt.Sprintf("L1 %.4f, fooled %.2f", r.Last.L1, r.Last.GAN), err
	})
	if err != nil {
		return nil, err
	}
	return t.discriminator(), nil
}

func (o *Options) check() error {
	for _, c := range o.Concepts {
		if !c.IsSeen() {
			return fmt.Errorf("discriminator: %s is an unseen concept", c.ID)
		}
	}
	if len(o.Concepts) == 0 {
		return errors.New("discriminator: there are no concepts to tune")
	}
	return o.Config.check()
}

// newTrainer resumes the run in the folder or begins one.
func newTrainer(backend compute.Backend, o *Options) (t *trainer, err error) {
	t = &trainer{o: o, order: rand.New(rand.NewPCG(o.Config.Seed, 1)).Perm(len(o.Concepts))}
	if checkpoint.Exists(o.Dir) {
		if err := t.resume(); err != nil {
			return nil, err
		}
	}
	if t.tuner, err = gan.NewTrainer(backend, t.tuning(0)); err != nil {
		return nil, err
	}
	if t.writer, err = o.Models.Writer(backend); err != nil {
		t.tuner.Close()
		return nil, err
	}
	return t, nil
}

func (t *trainer) close() {
	t.tuner.Close()
	t.writer.Close()
}

// tuning is the training of a concept's generator, all weights of it.
func (t *trainer) tuning(i int) gan.Config {
	c := t.o.Config
	g := c.Tuning.Training(t.o.Models.Base, c.Steps)
	g.Base, g.LR, g.DiscLR = "", c.Tuning.AllLR, c.rate(i)
	return g
}

// step tunes the generator of the next concept against the discriminator.
func (t *trainer) step(ctx context.Context) (r record, err error) {
	c := t.o.Config
	k := t.o.Concepts[t.order[t.done%len(t.order)]]
	wordings := k.Phrasings()
	r = record{Concept: k.ID, Prompt: wordings[rand.New(rand.NewPCG(c.Seed, 2+uint64(t.done))).IntN(len(wordings))], DiscLR: c.rate(t.done)}
	pairs, err := t.pairs(ctx, k)
	if err != nil {
		return r, err
	}
	adapter, _, err := t.writer.Init(ctx, r.Prompt, weightgen.Sampling{})
	if err != nil {
		return r, err
	}
	network, err := t.o.Models.Base.Apply(adapter)
	if err != nil {
		return r, err
	}
	start := gan.Start{Trained: network.Values, Discriminator: t.disc}
	if err := t.tuner.Reset(t.tuning(t.done), start); err != nil {
		return r, err
	}
	batches := pairs.Batches(c.Tuning.Batch, c.Seed)
	for i := range c.Steps {
		x, y, err := batches.Batch(i)
		if err != nil {
			return r, err
		}
		if r.Last, err = t.tuner.Step(x, y); err != nil {
			return r, err
		}
		if i == 0 {
			r.First = r.Last
		}
	}
	disc, err := t.tuner.Discriminator()
	if err != nil {
		return r, err
	}
	if !nn.Finite(disc...) {
		return r, fmt.Errorf("training diverged at concept %d, %s: lower the discriminator's learning rate", t.done+1, k.ID)
	}
	t.disc = disc
	t.done++
	r.Step = t.done
	return r, nil
}

// pairs makes a concept's pairs, on all cores.
func (t *trainer) pairs(ctx context.Context, k concept.Concept) (*corpus.Pairs, error) {
	c := t.o.Config
	p, err := t.o.Pictures.Pairs(k, corpus.Choice{Pairs: c.Pairs, Photos: c.Photos, Seed: c.Seed})
	if err != nil {
		return nil, err
	}
	return p, corpus.Parallel(ctx, p.Len(), p.Make)
}

// discriminator returns it as it is now, for a file that says what it was made with.
func (t *trainer) discriminator() *gan.Discriminator {
	return &gan.Discriminator{Config: t.tuning(0), Step: t.done, Values: t.disc, Metadata: t.madeWith()}
}

// madeWith is what a run must have in common with the one that it goes on with.
func (t *trainer) madeWith() map[string]string {
	training, _ := json.Marshal(t.o.Config) // numbers and strings: cannot fail
	concepts := fnv.New64a()
	for _, c := range t.o.Concepts {
		fmt.Fprintln(concepts, c.ID)
	}
	return map[string]string{
		"training": string(training), "models": t.o.Models.Base.Hash + " " + t.o.Models.ID(), "pictures": t.o.Pictures.ID(),
		"concepts": strconv.FormatUint(concepts.Sum64(), 16),
	}
}

// StepsDone returns the number of concepts done.
func (t *trainer) StepsDone() int { return t.done }

// Save writes the training state into dir.
func (t *trainer) Save(dir string) error {
	file, err := t.discriminator().File()
	if err != nil {
		return err
	}
	return checkpoint.Save(dir, file)
}

// resume takes over the newest whole checkpoint, which is to be of the same training.
func (t *trainer) resume() error {
	d, notice, err := checkpoint.Newest(t.o.Dir, gan.ReadDiscriminator)
	if err != nil {
		return err
	}
	if notice != "" && t.o.Progress != nil {
		fmt.Fprintln(t.o.Progress, notice)
	}
	for key, want := range t.madeWith() {
		if got := d.Metadata[key]; got != want {
			return fmt.Errorf("%s was made with other %s (%.200s instead of %.200s): resume with the same, or train in another folder", filepath.Join(t.o.Dir, checkpoint.File), key, got, want)
		}
	}
	if err := d.Fits(t.tuning(0)); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(t.o.Dir, checkpoint.File), err)
	}
	t.done, t.disc = d.Step, d.Values
	return nil
}
