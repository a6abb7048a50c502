package base

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

// sceneSeeds is where the seeds of scenes start, far from those that others use, so that tests see other pictures.
const sceneSeeds = 1 << 50

// data makes pairs and keeps them, at 8 bits a sample: a quarter of float32, and what picture files hold.
type data struct {
	config Config
	edits  []teacher.Chain

	scenes  []*scene.Scene
	sources [][]uint8 // of the scenes
	targets [][]uint8 // [concepts*pairs]; nil until they are needed
}

func newData(c Config, concepts []concept.Concept) (*data, error) {
	d := &data{
		config: c, scenes: make([]*scene.Scene, c.Scenes), sources: make([][]uint8, c.Scenes),
		targets: make([][]uint8, len(concepts)*c.Pairs),
	}
	for _, c := range concepts {
		chain, err := teacher.Parse(c.Expr)
		if err != nil {
			return nil, fmt.Errorf("concept %s: %w", c.ID, err)
		}
		d.edits = append(d.edits, chain)
	}
	return d, nil
}

// example is a picture of a batch.
type example struct {
	scene, target int // target is an index of data.targets, or identity
	flip          bool
}

// examples returns what the draw at a place of a step shows: a concept's pairs in turn, mirrored every second time round; for the
// identity any scenes.
func (d *data) examples(w draw, step, place int) []example {
	c := d.config
	batch := make([]example, c.Generator.Batch)
	if w.concept == identity {
		rng := rand.New(rand.NewPCG(c.Generator.Seed, uint64(step*c.Together+place)))
		for i := range batch {
			batch[i] = example{rng.IntN(c.Scenes), identity, rng.IntN(2) == 1}
		}
		return batch
	}
	chosen := rand.New(rand.NewPCG(c.Generator.Seed, uint64(w.concept))).Perm(c.Scenes)
	for i := range batch {
		n := w.visit*c.Generator.Batch + i
		pair := n % c.Pairs
		batch[i] = example{chosen[pair], w.concept*c.Pairs + pair, n/c.Pairs%2 == 1}
	}
	return batch
}

// batches returns what the draws of a step show, and makes what is not there yet, on all cores.
func (d *data) batches(draws []draw, step int) ([][]example, error) {
	batches := make([][]example, len(draws))
	var missing []example
	for i, w := range draws {
		batches[i] = d.examples(w, step, i)
		for _, e := range batches[i] {
			if e.target != identity && d.targets[e.target] == nil {
				missing = append(missing, e)
			}
		}
	}
	errs := make([]error, len(missing))
	parallel(len(missing), func(i int) {
		e := missing[i]
		edit := d.edits[e.target/d.config.Pairs]
		m, err := edit.Apply(teacher.FromScene(d.scenes[e.scene]), sceneSeeds+uint64(e.scene))
		if err != nil {
			errs[i] = fmt.Errorf("%s on scene %d: %w", edit, e.scene, err)
			return
		}
		d.targets[e.target] = pack(m)
	})
	return batches, errors.Join(errs...)
}

// fill writes a batch's sources x and targets y, each [batch, size, size, 3] in [-1,1].
func (d *data) fill(batch []example, x, y []float32) {
	size := d.config.Generator.Size
	n := size * size * 3
	for i, e := range batch {
		source, target := d.sources[e.scene], d.sources[e.scene]
		if e.target != identity {
			target = d.targets[e.target]
		}
		unpack(x[i*n:][:n], source, size, e.flip)
		unpack(y[i*n:][:n], target, size, e.flip)
	}
}

// paint paints all scenes.
func (d *data) paint() {
	size := d.config.Generator.Size
	parallel(len(d.scenes), func(i int) {
		d.scenes[i] = scene.New(sceneSeeds+uint64(i), size, size)
		d.sources[i] = pack(d.scenes[i].Image)
	})
}

// parallel calls do for 0 … n-1, some at once.
func parallel(n int, do func(i int)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			do(i)
			<-slots
		})
	}
	group.Wait()
}

// pack rounds samples in [0,1] to 8 bits.
func pack(m *imageio.Image) []uint8 {
	out := make([]uint8, len(m.Pix))
	for i, v := range m.Pix {
		out[i] = uint8(v*255 + 0.5)
	}
	return out
}

// unpack writes a square picture's samples as values in [-1,1].
func unpack(dst []float32, pix []uint8, size int, flip bool) {
	for y := range size {
		for x := range size {
			from := x
			if flip {
				from = size - 1 - x
			}
			for c := range 3 {
				dst[(y*size+x)*3+c] = float32(pix[(y*size+from)*3+c])/127.5 - 1
			}
		}
	}
}
