package pairs

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/teacher"
)

// maxPairs bounds Options.N; more is a typing error.
const maxPairs = 1_000_000

// Options say what Make makes.
type Options struct {
	Dir  string        // where the pairs go: a new or empty folder, or one to resume
	Edit teacher.Chain // what is done to A to get B
	// Photos is the folder of the inputs, or a link to it, searched with its subfolders except those that Make wrote; "": procedural
	// scenes.
	Photos string
	N      int // pairs wanted, at most a million; 0: one of every photo, or 100 scenes
	Size   int // width and height of A and of B, in pixels, 16 to 2048
	Layout Layout
	Seed   uint64
	// Val and Test are the fractions of pairs put aside, each in [0,1). Photos below folders called
	// train, val and test stay in those splits instead.
	Val, Test float64
	Threads   int // at once; 0: all cores. The pairs do not depend on it.
	// Progress, if set, is called after each pair, one call at a time.
	Progress func(done, total int)
}

// Result tells what Make did.
type Result struct {
	Made    int           // pairs made now
	Kept    int           // pairs that were there from an earlier run
	Skipped []error       // inputs that could not be used, each naming its file, and folders of other pairs that were left out
	Splits  map[Split]int // pairs in each split
}

// Make writes pairs to o.Dir. A pair depends on the options and its number alone, so an interrupted call
// is repeated to go on: pairs that are there and readable are kept. Unusable photos are skipped and told
// in the result; it is an error if all are.
func Make(ctx context.Context, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	src, n, err := o.open()
	if err != nil {
		return Result{}, err
	}
	if err := o.claimDir(src); err != nil {
		return Result{}, err
	}
	records := o.plan(src, n)
	progress := counter{total: n, report: o.Progress}
	kept, skipped := make([]bool, n), make([]error, n)
	err = forEach(ctx, n, o.Threads, func(i int) error {
		defer progress.add()
		if kept[i] = o.have(records[i]); kept[i] {
			return nil
		}
		in, err := src.load(i, o.Size, records[i].Seed)
		if err != nil {
			skipped[i] = err
			return nil
		}
		return o.makePair(records[i], in)
	})
	if err != nil {
		return Result{}, err
	}
	result, err := o.finish(records, kept, skipped)
	result.Skipped = append(result.Skipped, src.leftOut()...)
	return result, err
}

func (o Options) check() error {
	switch {
	case o.Dir == "":
		return errors.New("make pairs: no folder to write to")
	case len(o.Edit) == 0:
		return errors.New("make pairs: no edit given")
	case o.Size < teacher.MinSide || o.Size > 2048:
		return fmt.Errorf("make pairs: size %d is outside %d to 2048 pixels", o.Size, teacher.MinSide)
	case o.N < 0 || o.N > maxPairs:
		return fmt.Errorf("make pairs: %d pairs wanted: 0 to %d can be made", o.N, maxPairs)
	case o.Layout != SideBySide && o.Layout != Apart:
		return fmt.Errorf("make pairs: layout %q is not %s or %s", o.Layout, SideBySide, Apart)
	case !(o.Val >= 0 && o.Test >= 0 && o.Val+o.Test < 1):
		return fmt.Errorf("make pairs: fractions val %g and test %g: each is at least 0, together they leave some for training",
			o.Val, o.Test)
	case o.Photos != "" && o.Edit.NeedsMasks():
		return fmt.Errorf("make pairs: the edit %s needs the masks of scenes: leave out the photos, or choose another edit", o.Edit)
	}
	return nil
}

// open returns the source and how many pairs to make of it.
func (o Options) open() (source, int, error) {
	if o.Photos == "" {
		if o.N == 0 {
			return scenes{}, 100, nil
		}
		return scenes{}, o.N, nil
	}
	src, err := newPhotos(o.Photos, o.Dir, o.Seed)
	if err != nil {
		return nil, 0, err
	}
	if o.N == 0 {
		return src, src.len(), nil
	}
	return src, min(o.N, src.len()), nil
}

// plan names the pairs and deals them out to the splits: each goes to the split that is furthest behind
// its fraction, so that the first k pairs are the same whatever n is.
func (o Options) plan(src source, n int) []Record {
	share := map[Split]float64{Train: 1 - o.Val - o.Test, Val: o.Val, Test: o.Test}
	dealt := map[Split]float64{}
	free := 0.0
	records := make([]Record, n)
	for i := range records {
		split := src.split(i)
		if split == "" {
			free++
			split = Train
			for _, s := range splits() {
				if share[s]*free-dealt[s] > share[split]*free-dealt[split]+1e-9 {
					split = s
				}
			}
			dealt[split]++
		}
		records[i] = Record{
			Name: fmt.Sprintf("%06d", i), Split: split, Source: src.name(i),
			Edit: o.Edit.String(), Seed: pairSeed(o.Seed, i),
		}
	}
	return records
}

// have reports whether the pair is there from an earlier run, whole and of the right size.
func (o Options) have(r Record) bool {
	a, b := o.Layout.paths(o.Dir, r.Split, r.Name+".png")
	if _, err := os.Stat(a); err != nil {
		return false
	}
	picA, picB, err := o.Layout.read(a, b, imageio.Limits{})
	return err == nil && picA.W == o.Size && picA.H == o.Size && picB.W == o.Size
}

func (o Options) makePair(r Record, in teacher.Source) error {
	out, err := o.Edit.Apply(in, r.Seed)
	if err != nil {
		return fmt.Errorf("make pair %s from %s: %w", r.Name, r.Source, err)
	}
	a, b := o.Layout.paths(o.Dir, r.Split, r.Name+".png")
	return o.Layout.write(a, b, in.Image, out)
}

// finish counts and writes the manifest of what is there.
func (o Options) finish(records []Record, kept []bool, skipped []error) (Result, error) {
	result := Result{Splits: map[Split]int{}}
	var there []Record
	for i, r := range records {
		switch {
		case skipped[i] != nil:
			result.Skipped = append(result.Skipped, skipped[i])
			continue
		case kept[i]:
			result.Kept++
		default:
			result.Made++
		}
		result.Splits[r.Split]++
		there = append(there, r)
	}
	if len(there) == 0 {
		return result, fmt.Errorf("make pairs: none of the %d photos in %s can be used; the first: %w",
			len(records), o.Photos, result.Skipped[0])
	}
	return result, writeManifest(o.Dir, there)
}
