package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
	"github.com/warmstart-ml/warmstart/zoo"
)

// NoveltyOptions tell RunNovelty what to do.
type NoveltyOptions struct {
	Models   Models
	Code     *zoo.Code // the space of normalised weights that distances are taken in
	Concepts int       // of each group, spread over it; 0: all
	Scenes   int       // that pictures are made of, with every adapter
	// Progress is that of Options.
	Progress func(what, unit string) func(done, total int)
}

// novelty compares generated adapters with those of a zoo.
type novelty struct {
	*lab
	jury *jury
	code *zoo.Code
	mask []bool

	zoo     sample   // training adapters
	ids     []string // of their concepts
	made    sample   // generated ones, of l.asks
	targets [][]float32
	inputs  []float32
	sources []teacher.Source
}

// sample holds adapters as points in two spaces: of normalised weights, and of what they make of the same pictures.
type sample struct{ weights, pictures [][]float32 }

// RunNovelty tells how far generated adapters are from those that the generator learnt from, against how far these are from each other: in
// weights, and in pictures.
func RunNovelty(ctx context.Context, backend compute.Backend, o NoveltyOptions) (*NoveltyReport, error) {
	begun := time.Now()
	n, err := newNovelty(backend, o)
	if err != nil {
		return nil, err
	}
	defer n.jury.close()
	if err := n.paint(o.Scenes); err != nil {
		return nil, err
	}
	if err := n.sampleZoo(ctx); err != nil {
		return nil, err
	}
	if err := n.sampleMade(ctx); err != nil {
		return nil, err
	}
	r := &NoveltyReport{
		Machine: ThisMachine(), Base: o.Models.Base.Hash, Generator: o.Models.ID, Adapters: len(n.zoo.weights), Scenes: o.Scenes,
	}
	if err := n.measure(ctx, r); err != nil {
		return nil, err
	}
	r.Seconds = time.Since(begun).Seconds()
	return r, nil
}

func newNovelty(backend compute.Backend, o NoveltyOptions) (n *novelty, err error) {
	switch {
	case len(o.Models.Zoo) < 3:
		return nil, fmt.Errorf("novelty: the zoo has %d adapters: at least 3 are needed to compare their distances", len(o.Models.Zoo))
	case o.Scenes < 1 || o.Scenes > 64:
		return nil, fmt.Errorf("novelty: %d scenes: there must be 1 to 64", o.Scenes)
	case o.Concepts < 0:
		return nil, fmt.Errorf("novelty: %d concepts of each group", o.Concepts)
	case o.Code == nil:
		return nil, errors.New("novelty: no normalisation of weights")
	}
	opened := Options{Models: o.Models, Config: DefaultConfig(), Progress: o.Progress}
	if err := opened.check(); err != nil {
		return nil, err
	}
	n = &novelty{
		lab: &lab{o: opened, backend: backend, asks: asks(o.Concepts)}, code: o.Code, mask: o.Code.Blocks.Mask(),
	}
	n.jury, err = newJury(backend, o.Models.Base, nil, o.Scenes)
	return n, err
}

// paint makes the pictures, and the targets of all concepts.
func (n *novelty) paint(scenes int) error {
	size := n.o.Models.Base.Generator.Config.Size
	n.inputs = make([]float32, scenes*size*size*3)
	for i := range scenes {
		s := scene.New(corpus.TestScenes+uint64(i), size, size)
		n.sources = append(n.sources, teacher.FromScene(s))
		s.Image.ToTensor(n.inputs[i*size*size*3:])
	}
	for _, a := range n.asks {
		edit, err := teacher.Parse(a.Expr)
		if err != nil {
			return fmt.Errorf("concept %s: %w", a.ID, err)
		}
		target := make([]float32, len(n.inputs))
		for i, source := range n.sources {
			m, err := edit.Apply(source, corpus.TestScenes+uint64(i))
			if err != nil {
				return fmt.Errorf("%s on scene %d: %w", a.ID, i, err)
			}
			m.ToTensor(target[i*size*size*3:])
		}
		n.targets = append(n.targets, halved(target, size))
	}
	return nil
}

// point turns an adapter into points.
func (n *novelty) point(s *sample, adapter [][]float32) error {
	var weights []float32
	for i, v := range n.code.Encode(adapter) {
		if n.mask[i] {
			weights = append(weights, v)
		}
	}
	base := n.o.Models.Base
	made, err := n.jury.made(base.Layout.Merge(base.Generator.Values, adapter), n.inputs)
	s.weights, s.pictures = append(s.weights, weights), append(s.pictures, halved(made, n.jury.size))
	return err
}

// halved returns pictures [n, size, size, rgb] at half their size, as means of four pixels: that is enough to tell them apart, and a quarter
// of the memory.
func halved(x []float32, size int) []float32 {
	half := size / 2
	count := len(x) / (size * size * 3)
	out := make([]float32, count*half*half*3)
	for i := range count {
		for y := range half {
			for col := range half {
				for c := range 3 {
					at := func(dy, dx int) float32 { return x[((i*size+2*y+dy)*size+2*col+dx)*3+c] }
					out[((i*half+y)*half+col)*3+c] = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4
				}
			}
		}
	}
	return out
}

// sampleZoo takes the training adapters, in the order of their concepts.
func (n *novelty) sampleZoo(ctx context.Context) error {
	tick := n.progress("pictures of the zoo", "adapters", len(n.o.Models.Zoo))
	for _, c := range concept.Seen() {
		adapter, ok := n.o.Models.Zoo[c.ID]
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		n.ids = append(n.ids, c.ID)
		if err := n.point(&n.zoo, adapter); err != nil {
			return err
		}
		tick()
	}
	return nil
}

// sampleMade generates adapters.
func (n *novelty) sampleMade(ctx context.Context) error {
	made, err := n.generated(ctx, n.asks)
	if err != nil {
		return err
	}
	for _, adapter := range made {
		if err := errors.Join(ctx.Err(), n.point(&n.made, adapter)); err != nil {
			return err
		}
	}
	return nil
}

// measure takes all distances.
func (n *novelty) measure(ctx context.Context, r *NoveltyReport) error {
	total := 2*len(n.ids) + len(n.asks)
	tick := n.progress("distances", "adapters", total)
	var err error
	if r.Training.Weights, err = amongEachOther(ctx, n.zoo.weights, tick); err != nil {
		return err
	}
	if r.Training.Pictures, err = amongEachOther(ctx, n.zoo.pictures, tick); err != nil {
		return err
	}
	origin := make([]float32, len(n.zoo.weights[0]))
	for _, w := range n.zoo.weights {
		r.Training.Norm += distance(w, origin) / float64(len(n.zoo.weights))
	}
	rows := make([]NoveltyRow, len(n.asks))
	err = corpus.Parallel(ctx, len(n.asks), func(i int) error {
		a := n.asks[i]
		row := NoveltyRow{Concept: a.ID, Group: a.Group, Prompt: a.prompt, Norm: distance(n.made.weights[i], origin)}
		near := nearestTo(n.zoo.weights, n.made.weights[i], neighbours)
		row.Weights, row.Between = n.neighbour(near), n.between(n.made.weights[i], near)
		row.Pictures = n.neighbour(nearestTo(n.zoo.pictures, n.made.pictures[i], 1))
		row.ToTarget = distance(n.made.pictures[i], n.targets[i])
		row.BestOfZoo = n.neighbour(nearestTo(n.zoo.pictures, n.targets[i], 1))
		rows[i] = row
		tick()
		return nil
	})
	r.Rows = rows
	r.finish()
	return err
}

// neighbour names the first of some points near to another.
func (n *novelty) neighbour(near []place) Neighbour { return Neighbour{n.ids[near[0].at], near[0].d} }

// neighbours is the number of nearest training adapters that interpolations are looked for between.
const neighbours = 16

// between returns the distance to the nearest point on a line between two of the training adapters that are near.
func (n *novelty) between(x []float32, near []place) float64 {
	least := math.Inf(1)
	for i, a := range near {
		for _, b := range near[:i] {
			least = min(least, toSegment(x, n.zoo.weights[a.at], n.zoo.weights[b.at]))
		}
	}
	return least
}

// toSegment returns the distance of x to the line from a to b.
func toSegment(x, a, b []float32) float64 {
	var along, length float64
	for i := range x {
		d := float64(b[i] - a[i])
		along += float64(x[i]-a[i]) * d
		length += d * d
	}
	t := 0.0
	if length > 0 {
		t = min(max(along/length, 0), 1)
	}
	sum := 0.0
	for i := range x {
		d := float64(x[i]) - float64(a[i]) - t*float64(b[i]-a[i])
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(x)))
}

// distance is the root of the mean squared difference. Squares are added up in four sums, which the CPU works on at the same time, and each of these
// over a short stretch, for the sake of precision.
func distance(a, b []float32) float64 {
	const stretch = 1 << 8
	total := 0.0
	for from := 0; from < len(a); from += stretch {
		x := a[from:min(from+stretch, len(a))]
		y := b[from:][:len(x)]
		var sums [4]float32
		i := 0
		for ; i+4 <= len(x); i += 4 {
			for k := range sums {
				d := x[i+k] - y[i+k]
				sums[k] += d * d
			}
		}
		for ; i < len(x); i++ {
			d := x[i] - y[i]
			sums[0] += d * d
		}
		total += float64(sums[0]+sums[1]) + float64(sums[2]+sums[3])
	}
	return math.Sqrt(total / float64(len(a)))
}

// place is a point among others, at a distance.
type place struct {
	at int
	d  float64
}

// nearestTo returns the k points nearest to x, the nearest first.
func nearestTo(points [][]float32, x []float32, k int) []place {
	all := make([]place, len(points))
	for i, p := range points {
		all[i] = place{i, distance(p, x)}
	}
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(a.d, b.d) })
	return all[:min(k, len(all))]
}

// amongEachOther returns the distance of each point to its nearest, in ascending order.
func amongEachOther(ctx context.Context, points [][]float32, tick func()) ([]float64, error) {
	// Each pair is looked at once; bits of float64 that aren't negative are ordered as they are.
	least := make([]atomic.Uint64, len(points))
	for i := range least {
		least[i].Store(math.Float64bits(math.Inf(1)))
	}
	lower := func(i int, d float64) {
		for {
			old := least[i].Load()
			if math.Float64frombits(old) <= d || least[i].CompareAndSwap(old, math.Float64bits(d)) {
				return
			}
		}
	}
	err := corpus.Parallel(ctx, len(points), func(i int) error {
		for k := range i {
			d := distance(points[i], points[k])
			lower(i, d)
			lower(k, d)
		}
		tick()
		return nil
	})
	var all []float64
	for i := range least {
		all = append(all, math.Float64frombits(least[i].Load()))
	}
	slices.Sort(all)
	return all, err
}
