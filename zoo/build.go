package zoo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/internal/progress"
	"github.com/warmstart-ml/warmstart/lora"
)

// Options tell Build what to do.
type Options struct {
	Dir  string // the zoo's folder; adapters that it has already are kept
	Base *lora.Base
	// Start holds by the IDs of concepts the values that their adapters start from, tensor after tensor as one vector. Other
	// adapters start as the base alone.
	Start    map[string][]float32
	Pictures *corpus.Corpus // of the size that the base was trained with
	Config   Config
	Concepts []concept.Concept // seen ones; nil: all of these
	Workers  int               // adapters to train at a time; 0: one for every core. Results do not depend on it
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer
}

// Build trains the adapters that a zoo lacks, or until ctx is cancelled: called again, it goes on, and the zoo is the same bit for bit as
// from one run. Each adapter follows from base, start, pictures, configuration and concept alone.
//
// Adapters are checked: one that diverged or is worse than its start or than the base alone is trained again, with another seed at
// half the rate, and if that is no better, keeps the values it started from and is flagged in its Entry.
func Build(ctx context.Context, o Options) (*Zoo, error) {
	b, err := newBuilder(o)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, AdaptersDir), 0o755); err != nil {
		return nil, err
	}
	unlock, err := checkpoint.Lock(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := b.begin(); err != nil {
		return nil, err
	}
	missing, err := b.keep()
	if err != nil {
		return nil, err
	}
	if err := b.trainAll(ctx, missing); err != nil {
		return nil, errors.Join(err, writeManifest(o.Dir, b.zoo().Entries))
	}
	z := b.zoo()
	return z, writeManifest(o.Dir, z.Entries)
}

// builder is a zoo that is being built.
type builder struct {
	Options
	adapters []*lora.Adapter // of Concepts; nil where it is missing
}

// newBuilder checks the options and fills in what they leave out.
func newBuilder(o Options) (*builder, error) {
	if err := o.Config.check(); err != nil {
		return nil, err
	}
	if size := o.Base.Generator.Config.Size; o.Pictures.Size() != size {
		return nil, fmt.Errorf("zoo: pictures of %d pixels for a base that was trained with %d", o.Pictures.Size(), size)
	}
	if o.Concepts == nil {
		o.Concepts = concept.Seen()
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	known := map[string]bool{}
	for _, c := range o.Concepts {
		inBook, err := concept.Find(c.ID)
		if err != nil {
			return nil, err
		}
		if !inBook.IsSeen() {
			return nil, fmt.Errorf("zoo: %s is an unseen concept: it is for tests, and nothing may learn from it", c.ID)
		}
		if known[c.ID] {
			return nil, fmt.Errorf("zoo: %s is listed twice", c.ID)
		}
		known[c.ID] = true
		if _, err := o.start(c.ID); err != nil {
			return nil, err
		}
	}
	return &builder{Options: o, adapters: make([]*lora.Adapter, len(o.Concepts))}, nil
}

// start returns the values that the adapter of a concept starts from, rounded.
func (o Options) start(id string) ([][]float32, error) {
	flat, ok := o.Start[id]
	if !ok {
		return round(o.Base.Layout.Initial())
	}
	if want := o.Base.Layout.Params.Size(); len(flat) != want {
		return nil, fmt.Errorf("zoo: %s starts from %d values, wanted %d", id, len(flat), want)
	}
	values, err := round(o.Base.Layout.Cut(flat))
	if err != nil {
		return nil, fmt.Errorf("zoo: start of %s: %w", id, err)
	}
	return values, nil
}

// begin writes the recipe, after comparing it with that of the adapters that are there, which may be of other concepts.
func (b *builder) begin() error {
	r := recipe{recipeFormat, b.Base.Hash, b.Pictures.ID(), hashStarts(b.Start), b.Config, len(b.Concepts)}
	old, err := readRecipe(b.Dir)
	if err == nil {
		if err := r.fits(b.Dir, old); err != nil || old == r {
			return err
		}
		return r.write(b.Dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := b.Base.Write(filepath.Join(b.Dir, BaseFile)); err != nil {
		return err
	}
	return r.write(b.Dir)
}

// keep reads the adapters that are there and returns the indices of the concepts that lack one.
func (b *builder) keep() (missing []int, err error) {
	var damaged []error
	for i, c := range b.Concepts {
		a, err := readAdapter(b.Dir, c.ID, b.Base)
		var system *fs.PathError
		switch {
		case err == nil:
			b.adapters[i] = a
			continue
		case errors.Is(err, fs.ErrNotExist):
		case errors.As(err, &system):
			return nil, err
		default:
			damaged = append(damaged, err)
		}
		missing = append(missing, i)
	}
	if len(damaged) > 0 && b.Progress != nil {
		fmt.Fprintf(b.Progress, "%d adapters cannot be used and are trained anew; the first: %v\n", len(damaged), damaged[0])
	}
	return missing, nil
}

// trainAll trains the adapters of the concepts with the given indices.
func (b *builder) trainAll(ctx context.Context, missing []int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := len(b.Concepts) - len(missing)
	shown := progress.New(b.Progress, done, len(b.Concepts), b.Config.Steps*b.Config.Batch)
	defer shown.Close()
	var group sync.WaitGroup
	var next atomic.Int64
	var mu sync.Mutex // of done, shown and b.adapters
	for range min(b.Workers, len(missing)) {
		group.Go(func() {
			w, err := NewWorker(b.Base, b.Config)
			if err != nil {
				cancel(err)
				return
			}
			defer w.Close()
			for i := int(next.Add(1)) - 1; i < len(missing) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				c := b.Concepts[missing[i]]
				a, err := b.train(ctx, w, c)
				if err != nil {
					cancel(fmt.Errorf("adapter of %s: %w", c.ID, err))
					return
				}
				mu.Lock()
				b.adapters[missing[i]] = a
				done++
				shown.Step(done, fmt.Sprintf("%s  %.1f dB", c.ID, a.Metrics["psnr"]))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// train trains the adapter of a concept and writes its file.
func (b *builder) train(ctx context.Context, w *Worker, c concept.Concept) (*lora.Adapter, error) {
	pairs, err := b.Pictures.Pairs(c, corpus.Choice{Pairs: b.Config.Pairs, Photos: b.Config.Photos, Seed: b.Config.Seed})
	if err != nil {
		return nil, err
	}
	t := trial{worker: w}
	t.learn, t.held = pairs.Split(b.Config.Pairs - b.Config.Held)
	if t.start, err = b.start(c.ID); err != nil {
		return nil, err
	}
	e := Entry{}
	if e.Identity, err = w.Measure(ctx, nil, t.held); err != nil {
		return nil, err
	}
	if e.Start, err = w.Measure(ctx, t.start, t.held); err != nil {
		return nil, err
	}
	config := b.Config
	values, err := t.run(ctx, config, &e)
	if e.Flag != "" && err == nil {
		config.LR, config.Seed, e.Retried = config.LR/2, config.Seed+1, true
		values, err = t.run(ctx, config, &e)
	}
	if err != nil {
		return nil, err
	}
	if e.Flag != "" {
		config.Steps = 0
	}
	a := &lora.Adapter{Values: values, Info: lora.Info{
		Concept: c.ID, Prompt: c.Phrasings()[0], Seed: config.Seed, Steps: config.Steps, Metrics: e.metrics(),
	}}
	return a, a.Write(filepath.Join(b.Dir, filepath.FromSlash(fileOf(c.ID))), b.Base)
}

// trial is one concept's training, which may take two runs.
type trial struct {
	worker      *Worker
	start       [][]float32
	learn, held *corpus.Pairs
}

// tolerance is by how much an adapter may be worse than its start, or than the base alone, without being poor, in dB: what the choice
// of the pairs to measure with makes of equal ones.
const tolerance = 0.1

// run trains and measures, and puts the outcome into e. Flagged, the values are those it started from.
func (t trial) run(ctx context.Context, c Config, e *Entry) ([][]float32, error) {
	flagged := func(flag string) ([][]float32, error) {
		e.PSNR, e.L1, e.Flag = e.Start, 0, flag
		return t.start, nil
	}
	values, loss, err := t.worker.Train(ctx, t.start, t.learn.Batches(c.Batch, c.Seed), c)
	if errors.Is(err, ErrDiverged) {
		return flagged(FlagDiverged)
	}
	if err != nil {
		return nil, err
	}
	if values, err = round(values); err != nil {
		return flagged(FlagDiverged)
	}
	psnr, err := t.worker.Measure(ctx, values, t.held)
	switch {
	case err != nil:
		return nil, err
	case math.IsNaN(psnr):
		return flagged(FlagDiverged)
	case psnr < max(e.Start, e.Identity)-tolerance:
		return flagged(FlagPoor)
	}
	e.PSNR, e.L1, e.Flag = psnr, loss, ""
	return values, nil
}

// zoo returns the adapters that are there.
func (b *builder) zoo() *Zoo {
	z := &Zoo{Base: b.Base}
	for _, a := range b.adapters {
		if a != nil {
			z.Entries, z.Adapters = append(z.Entries, entryOf(a)), append(z.Adapters, a.Values)
		}
	}
	return z
}
