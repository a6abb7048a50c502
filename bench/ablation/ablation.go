// Package ablation trains small weight generators that differ in one thing, with everything else equal, and measures what that thing is
// worth on concepts that nothing was trained on.
//
// All generators of an ablation learn from the same adapters for the same number of steps, from the same seed. A few adapters of the zoo are
// held back from all of them, to measure the error of the weights themselves: in the normalised space of the adapters that are learnt from,
// in blocks of one size for all, so that generators of other blocks compare. What counts is the quality of pictures without any tuning.
package ablation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/evaluate"
	"github.com/warmstart-ml/warmstart/internal/keep"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// Config is what all generators of an ablation have in common, unless it is what they differ in.
type Config struct {
	Network     string          `json:"network"`
	Steps       int             `json:"steps"`        // on weights
	RefineSteps int             `json:"refine_steps"` // on pictures, where that is a stage
	Evaluate    evaluate.Config `json:"evaluate"`     // concepts, pictures, and the adapters to compare with
}

// DefaultConfig returns the configuration to start from.
func DefaultConfig() Config {
	c := Config{Network: weightgen.NetworkDiT, Steps: 800, RefineSteps: 1200, Evaluate: evaluate.DefaultConfig()}
	c.Evaluate.Concepts = 6
	return c
}

// Options tell Run what to do.
type Options struct {
	Kind     Kind
	Config   Config
	Zoo      *zoo.Zoo
	Pictures *corpus.Corpus // to learn from; only for kinds that NeedPictures
	// Dir keeps trained generators and adapters: what is in it is not trained again.
	Dir string
	// Progress receives a progress bar if it is a terminal and a line now and then if not; nil keeps silent.
	Progress io.Writer
	// Say, if not nil, is told what begins; Ticks is evaluate's progress.
	Say   func(format string, args ...any)
	Ticks func(what, unit string) func(done, total int)
}

// bench is an ablation at work.
type bench struct {
	Options
	backend compute.Backend
	keep    keep.Folder
	learn   *zoo.Zoo // what generators learn from,
	held    *zoo.Zoo // and what is held back
	code    *zoo.Code
	untuned *evaluate.Untuned
}

// Run does an ablation, or until ctx is cancelled: then it returns what is known so far, marked as partial, beside ctx's error. Called again
// with the same folder, it goes on.
func Run(ctx context.Context, backend compute.Backend, o Options) (*Report, error) {
	begun := time.Now()
	b, err := newBench(backend, o)
	if err != nil {
		return nil, err
	}
	variants, err := o.Kind.variants(o.Config, b.learn)
	if err != nil {
		return nil, err
	}
	if b.untuned, err = b.newUntuned(ctx); err != nil {
		return nil, err
	}
	defer b.untuned.Close()
	r := b.report()
	for i, v := range variants {
		b.Say("%d of %d: %s", i+1, len(variants), v.label)
		row, err := b.row(ctx, v)
		if err != nil {
			if ctx.Err() == nil || len(r.Rows) == 0 {
				return nil, fmt.Errorf("%s: %w", v.label, err)
			}
			r.Partial = true
			r.finish(begun)
			return r, errors.Join(ctx.Err(), b.pictures(context.WithoutCancel(ctx), r))
		}
		r.Rows = append(r.Rows, *row)
	}
	if err := b.pictures(ctx, r); err != nil {
		return nil, err
	}
	r.finish(begun)
	return r, nil
}

func newBench(backend compute.Backend, o Options) (*bench, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if o.Dir == "" {
		return nil, errors.New("ablation: no folder to work in")
	}
	if o.Kind.NeedsPictures && o.Pictures == nil {
		return nil, fmt.Errorf("ablation %s: no pictures to learn from", o.Kind.Name)
	}
	if o.Config.Steps < 1 || o.Config.RefineSteps < 1 {
		return nil, fmt.Errorf("ablation: %d and %d steps: there must be some", o.Config.Steps, o.Config.RefineSteps)
	}
	b := &bench{Options: o, backend: backend, keep: keep.Folder(o.Dir)}
	b.learn, b.held = holdBack(o.Zoo)
	if len(b.learn.Entries) < 2 || len(b.held.Entries) == 0 {
		return nil, fmt.Errorf("the zoo has %d adapters: an ablation needs more, to learn from and to hold back", len(o.Zoo.Entries))
	}
	var err error
	b.code, err = b.learn.Code(zoo.BlockSize)
	return b, err
}

// Adapters that are held back: a share of the zoo, but no more than are needed for a mean.
const (
	heldShare = 0.1
	heldMost  = 48
)

// holdBack splits a zoo. What is held back are combinations, spread evenly, as far as there are any: what they consist of is learnt from
// others.
func holdBack(z *zoo.Zoo) (learn, held *zoo.Zoo) {
	var combined []int
	for i, e := range z.Entries {
		if c, err := concept.Find(e.ID); err == nil && len(c.Parts()) > 1 {
			combined = append(combined, i)
		}
	}
	n := min(max(int(heldShare*float64(len(z.Entries))), 1), heldMost)
	if len(combined) < 2*n { // a very small zoo
		combined = nil
		for i := range z.Entries {
			combined = append(combined, i)
		}
	}
	chosen := map[int]bool{}
	for i := range n {
		chosen[combined[(2*i+1)*len(combined)/(2*n)]] = true
	}
	learn, held = &zoo.Zoo{Base: z.Base}, &zoo.Zoo{Base: z.Base}
	for i, e := range z.Entries {
		part := learn
		if chosen[i] {
			part = held
		}
		part.Entries, part.Adapters = append(part.Entries, e), append(part.Adapters, z.Adapters[i])
	}
	return learn, held
}

// first returns a zoo of the first n adapters, or all for 0.
func first(z *zoo.Zoo, n int) *zoo.Zoo {
	if n == 0 {
		return z
	}
	return &zoo.Zoo{Base: z.Base, Entries: z.Entries[:n], Adapters: z.Adapters[:n]}
}

// newUntuned prepares to measure quality.
func (b *bench) newUntuned(ctx context.Context) (*evaluate.Untuned, error) {
	m := evaluate.Models{Base: b.Zoo.Base, Mean: b.code.Blocks.Join(b.code.Mean), Zoo: map[string][][]float32{}}
	for i, e := range b.learn.Entries {
		m.Zoo[e.ID] = b.learn.Adapters[i]
	}
	return evaluate.NewUntuned(ctx, b.backend, evaluate.Options{
		Config: b.Config.Evaluate, Models: m, Parts: []evaluate.Part{evaluate.PartQuality}, Cache: b.Dir, Progress: b.Ticks,
	})
}

// heldPrompts returns the prompt of each adapter that is held back: the first wording of the first one, the second of the second, and so on.
func (b *bench) heldPrompts() ([]string, error) {
	var prompts []string
	for i, e := range b.held.Entries {
		c, err := concept.Find(e.ID)
		if err != nil {
			return nil, err
		}
		wordings := c.Phrasings()
		prompts = append(prompts, wordings[i%len(wordings)])
	}
	return prompts, nil
}

// errorOf returns the mean squared error of an adapter's normalised values.
func (b *bench) errorOf(adapter, truth [][]float32) float64 {
	x, y := b.code.Encode(adapter), b.code.Encode(truth)
	sum, n := 0.0, 0
	for i, is := range b.code.Blocks.Mask() {
		if is {
			d := float64(x[i] - y[i])
			sum, n = sum+d*d, n+1
		}
	}
	return sum / float64(n)
}

// names lists the ablations for messages.
func names() []string {
	var list []string
	for _, k := range Kinds() {
		list = append(list, k.Name)
	}
	return list
}

// Find returns the ablation of a name.
func Find(name string) (Kind, error) {
	i := slices.IndexFunc(Kinds(), func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, fmt.Errorf("there is no ablation %q: there are %q", name, names())
	}
	return Kinds()[i], nil
}
