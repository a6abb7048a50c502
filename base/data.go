package base

import (
	"context"
	"fmt"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/imageloss"
)

// data are the pairs of all concepts, and of the identity.
type data struct {
	concepts []*corpus.Pairs
	identity *corpus.Pairs
	batch    int
}

func newData(c Config, pictures *corpus.Corpus, concepts []concept.Concept) (*data, error) {
	if pictures.Size() != c.Generator.Size {
		return nil, fmt.Errorf("base: pictures of %d pixels for a network of %d", pictures.Size(), c.Generator.Size)
	}
	d := &data{batch: c.Generator.Batch}
	for _, k := range concepts {
		p, err := pictures.Pairs(k, c.choice())
		if err != nil {
			return nil, err
		}
		d.concepts = append(d.concepts, p)
	}
	var err error
	d.identity, err = pictures.Identity(c.choice())
	return d, err
}

// example is a picture of a batch.
type example struct {
	pairs *corpus.Pairs
	pair  int
	flip  bool
}

// examples returns what a draw shows: pairs in turn, mirrored every second time round.
func (d *data) examples(w draw) []example {
	p := d.identity
	if w.concept != identity {
		p = d.concepts[w.concept]
	}
	batch := make([]example, d.batch)
	for i := range batch {
		n := w.visit*d.batch + i
		batch[i] = example{p, n % p.Len(), n/p.Len()%2 == 1}
	}
	return batch
}

// fill writes the pictures of draws into their tasks, on all cores.
func (d *data) fill(draws []draw, tasks []imageloss.Task) error {
	return corpus.Parallel(context.Background(), len(draws), func(k int) error {
		t := &tasks[k]
		n := len(t.X) / d.batch
		for i, e := range d.examples(draws[k]) {
			if err := e.pairs.Copy(e.pair, e.flip, t.X[i*n:][:n], t.Y[i*n:][:n]); err != nil {
				return err
			}
		}
		return nil
	})
}
