package pairs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

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
	N      int // pairs wanted, at most a million; 0: one of every photo, or 100 scenes. What Dir holds beyond them stays.
	Size   int // width and height of A and of B, in pixels, 16 to 2048
	Layout Layout
	Seed   uint64
	// Val and Test are the fractions of pairs put aside, each in [0,1). Photos below the folders train, val and test
	// of Photos itself stay in those splits instead; folders of these names further down count for nothing.
	Val, Test float64
	Threads   int // at once; 0: all cores. The pairs do not depend on it.
	// Progress, if set, is called after each pair, one call at a time.
	Progress func(done, total int)
}

// Result tells what Make did. Made and Kept together are the pairs that the folder holds now.
type Result struct {
	Made    int           // pairs made now
	Kept    int           // pairs that were there from an earlier run, also of more pairs
	Photos  int           // pictures found in Options.Photos, which are as many pairs at most; 0 for scenes
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
	jobs, err := o.plan(src, n)
	if err != nil {
		return Result{}, err
	}
	progress := counter{total: len(jobs), report: o.Progress}
	kept, skipped := make([]bool, len(jobs)), make([]error, len(jobs))
	err = forEach(ctx, len(jobs), o.Threads, func(i int) error {
		defer progress.add()
		if kept[i] = o.have(jobs[i].Record); kept[i] {
			return nil
		}
		in, err := src.load(jobs[i].number, o.Size, jobs[i].Seed)
		if err != nil {
			skipped[i] = err
			return nil
		}
		return o.makePair(jobs[i].Record, in)
	})
	if err != nil {
		return Result{}, err
	}
	result, err := o.finish(jobs, kept, skipped)
	result.Photos, result.Skipped = max(src.len(), 0), append(result.Skipped, src.leftOut()...)
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

// job is a pair that the folder is to hold.
type job struct {
	number int // of the picture in the source
	Record
}

// plan returns the first n pairs, and those beyond them that the folder holds from an earlier call with a larger N: whoever trains on the
// folder reads them too.
func (o Options) plan(src source, n int) ([]job, error) {
	there, err := o.there(src)
	if err != nil {
		return nil, err
	}
	most := n
	for p := range there {
		most = max(most, p.number+1)
	}
	jobs := o.deal(src, most)
	more := slices.DeleteFunc(jobs[n:], func(j job) bool { return !there[place{j.Split, j.number}] })
	return jobs[:n+len(more)], nil
}

// place is where a pair of a certain number is.
type place struct {
	split  Split
	number int
}

// there finds the pairs in the folder that have a number of this source, whoever made them.
func (o Options) there(src source) (map[place]bool, error) {
	most := maxPairs
	if src.len() >= 0 {
		most = src.len()
	}
	places := map[place]bool{}
	for _, split := range splits() {
		found, _, err := list(o.Dir, o.Layout, split)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			if i, err := strconv.Atoi(e.name); err == nil && e.name == pairName(i) && i < most {
				places[place{split, i}] = true
			}
		}
	}
	return places, nil
}

func pairName(number int) string { return fmt.Sprintf("%06d", number) }

// deal names the first n pairs and deals them out to the splits: each goes to the split that is furthest behind
// its fraction, so that the first k pairs are the same whatever n is.
func (o Options) deal(src source, n int) []job {
	share := map[Split]float64{Train: 1 - o.Val - o.Test, Val: o.Val, Test: o.Test}
	dealt := map[Split]float64{}
	free := 0.0
	jobs := make([]job, n)
	for i := range jobs {
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
		jobs[i] = job{i, Record{
			Name: pairName(i), Split: split, Source: src.name(i), Edit: o.Edit.String(), Seed: pairSeed(o.Seed, i),
		}}
	}
	return jobs
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
func (o Options) finish(jobs []job, kept []bool, skipped []error) (Result, error) {
	result := Result{Splits: map[Split]int{}}
	var there []Record
	for i, j := range jobs {
		switch {
		case skipped[i] != nil:
			result.Skipped = append(result.Skipped, skipped[i])
			continue
		case kept[i]:
			result.Kept++
		default:
			result.Made++
		}
		result.Splits[j.Split]++
		there = append(there, j.Record)
	}
	if len(there) == 0 {
		return result, fmt.Errorf("make pairs: none of the %d photos in %s can be used; the first: %w",
			len(jobs), o.Photos, result.Skipped[0])
	}
	return result, writeManifest(o.Dir, there)
}
