package corpus

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/teacher"
)

// Choice says which of a corpus's pictures the pairs of a concept are made of.
type Choice struct {
	Pairs int // at most as many as there are pictures of a kind
	// Photos is the share of pairs made of photos, for concepts that can be applied to them, if the corpus has any.
	Photos float64
	Seed   uint64
}

// Pairs are a concept's pairs. They are safe for concurrent use.
type Pairs struct {
	corpus  *Corpus
	edit    teacher.Chain // empty: the target is the source
	sources []int

	mu      sync.Mutex
	targets [][]uint8 // [size, size, rgb] each; nil until they are needed
}

// Pairs chooses pictures for a concept. Sources differ between concepts and seeds.
func (k *Corpus) Pairs(c concept.Concept, o Choice) (*Pairs, error) {
	edit, err := teacher.Parse(c.Expr)
	if err != nil {
		return nil, fmt.Errorf("concept %s: %w", c.ID, err)
	}
	photos := o.Photos
	if c.NeedsMasks {
		photos = 0
	}
	return k.choose(edit, c.ID, o, photos)
}

// Identity returns pairs whose targets are their sources.
func (k *Corpus) Identity(o Choice) (*Pairs, error) { return k.choose(nil, "", o, o.Photos) }

func (k *Corpus) choose(edit teacher.Chain, name string, o Choice, share float64) (*Pairs, error) {
	if o.Pairs < 1 || !(share >= 0 && share <= 1) {
		return nil, fmt.Errorf("corpus: %d pairs, a share of %g of photos", o.Pairs, share)
	}
	if k.Photos() == 0 {
		share = 0
	}
	photos := int(float64(o.Pairs)*share + 0.5)
	if k.scenes == 0 && photos < o.Pairs {
		return nil, fmt.Errorf("corpus: %q needs scenes, and there are photos only", name)
	}
	if photos > k.Photos() || o.Pairs-photos > k.scenes {
		return nil, fmt.Errorf("corpus: %d pairs from %d scenes and %d photos", o.Pairs, k.scenes, k.Photos())
	}
	rng := rand.New(rand.NewPCG(o.Seed, hash(name)))
	p := &Pairs{corpus: k, edit: edit, targets: make([][]uint8, o.Pairs)}
	scenes, crops := rng.Perm(k.scenes), rng.Perm(k.Photos())
	for i := range o.Pairs {
		// Photos are spread evenly: pair i is one if that keeps their share.
		if (i+1)*photos/o.Pairs > i*photos/o.Pairs {
			p.sources, crops = append(p.sources, k.scenes+crops[0]), crops[1:]
		} else {
			p.sources, scenes = append(p.sources, scenes[0]), scenes[1:]
		}
	}
	return p, nil
}

// hash is FNV-1a.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// Len returns the number of pairs.
func (p *Pairs) Len() int { return len(p.sources) }

// target returns the target of pair i, which it makes if need be.
func (p *Pairs) target(i int) ([]uint8, error) {
	s := &p.corpus.sources[p.sources[i]]
	if len(p.edit) == 0 {
		return s.pix, nil
	}
	p.mu.Lock()
	t := p.targets[i]
	p.mu.Unlock()
	if t != nil {
		return t, nil
	}
	m, err := p.edit.Apply(s.Source, s.seed)
	if err != nil {
		return nil, fmt.Errorf("%s on picture %d: %w", p.edit, p.sources[i], err)
	}
	t = pack(m)
	p.mu.Lock()
	p.targets[i] = t // another goroutine may have made the same
	p.mu.Unlock()
	return t, nil
}

// Make makes the target of pair i, so that Copy finds it.
func (p *Pairs) Make(i int) error {
	_, err := p.target(i)
	return err
}

// Copy writes source x and target y of pair i, each [size, size, rgb] in [-1,1], mirrored left to right if flip is set.
func (p *Pairs) Copy(i int, flip bool, x, y []float32) error {
	t, err := p.target(i)
	if err != nil {
		return err
	}
	size := p.corpus.config.Size
	unpack(x, p.corpus.sources[p.sources[i]].pix, size, flip)
	unpack(y, t, size, flip)
	return nil
}

// Pair returns source and target of pair i as pictures, as Copy has them.
func (p *Pairs) Pair(i int) (source, target *imageio.Image, err error) {
	size := p.corpus.config.Size
	x, y := make([]float32, size*size*3), make([]float32, size*size*3)
	if err := p.Copy(i, false, x, y); err != nil {
		return nil, nil, err
	}
	return imageio.FromTensor(x, size, size), imageio.FromTensor(y, size, size), nil
}

// Batches serves pairs to the training of a GAN, in a new order every epoch and mirrored at random. It is not for concurrent use.
type Batches struct {
	pairs *Pairs
	batch int
	seed  uint64
	x, y  []float32
	order []int
	epoch int
}

// Batches returns batches of the given number of pairs.
func (p *Pairs) Batches(batch int, seed uint64) *Batches {
	n := batch * p.corpus.config.Size * p.corpus.config.Size * 3
	return &Batches{pairs: p, batch: batch, seed: seed, x: make([]float32, n), y: make([]float32, n), epoch: -1}
}

// Batch returns sources x and targets y of a step, counted from 0, each [batch, size, size, rgb] in [-1,1]: a function of pairs, seed and step.
// The slices are overwritten by the next call.
func (b *Batches) Batch(step int) (x, y []float32, err error) {
	n := len(b.x) / b.batch
	for j := range b.batch {
		sample := step*b.batch + j
		if epoch := sample / b.pairs.Len(); epoch != b.epoch {
			b.order, b.epoch = rand.New(rand.NewPCG(b.seed, uint64(epoch)<<1)).Perm(b.pairs.Len()), epoch
		}
		flip := rand.NewPCG(b.seed, uint64(sample)<<1|1).Uint64()&1 == 1
		if err := b.pairs.Copy(b.order[sample%b.pairs.Len()], flip, b.x[j*n:][:n], b.y[j*n:][:n]); err != nil {
			return nil, nil, err
		}
	}
	return b.x, b.y, nil
}
