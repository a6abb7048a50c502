package features

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/internal/rounds"
)

// unedited is how many draws of a round, which has one for every label, are pictures without any edit.
const unedited = 4

// data draws pictures: each label comes as often as any other, whatever the number of concepts that have it, and each time with another
// picture and, while there are any, another concept. All is a function of the seed and the draw's number.
type data struct {
	config   Config
	pictures *corpus.Corpus
	labels   map[string]int
	concepts [][]concept.Concept // those with each label
	rounds   *rounds.Rounds
}

func newData(c Config, pictures *corpus.Corpus, labels []string) (*data, error) {
	if pictures.Size() != c.Size {
		return nil, fmt.Errorf("features: pictures of %d pixels for a network of %d", pictures.Size(), c.Size)
	}
	d := &data{config: c, pictures: pictures, labels: map[string]int{}, concepts: make([][]concept.Concept, len(labels))}
	weights := []int{}
	for i, name := range labels {
		d.labels[name] = i
		weights = append(weights, 1)
	}
	for _, k := range concept.Seen() {
		for _, name := range ingredients(k) {
			i := d.labels[name]
			d.concepts[i] = append(d.concepts[i], k)
		}
	}
	d.rounds = rounds.New(c.Seed, append(weights, unedited))
	return d, nil
}

// example is a picture to draw.
type example struct {
	number  int // of the draw
	edited  bool
	concept concept.Concept
}

// examples returns draws from … from+n-1.
func (d *data) examples(from, n int) []example {
	list := make([]example, n)
	for i := range list {
		draw := d.rounds.At(from + i)
		list[i] = example{number: from + i}
		if draw.Thing < len(d.concepts) {
			concepts := d.concepts[draw.Thing]
			list[i].edited, list[i].concept = true, concepts[draw.Visit%len(concepts)]
		}
	}
	return list
}

// fill writes the pictures x [n, size, size, rgb] in [-1,1] and the labels y [n, labels] of draws, on all cores.
func (d *data) fill(ctx context.Context, list []example, x, y []float32) error {
	clear(y)
	pixels, labels := d.config.Size*d.config.Size*3, len(d.labels)
	return corpus.Parallel(ctx, len(list), func(i int) error {
		e := list[i]
		for _, name := range ingredients(e.concept) {
			y[i*labels+d.labels[name]] = 1
		}
		return d.picture(e, x[i*pixels:][:pixels])
	})
}

// picture writes one picture.
func (d *data) picture(e example, x []float32) error {
	rng := rand.New(rand.NewPCG(d.config.Seed, uint64(e.number)))
	choice := corpus.Choice{Pairs: 1, Seed: rng.Uint64()}
	if rng.Float64() < d.config.Photos {
		choice.Photos = 1
	}
	flip := rng.IntN(2) == 1
	var pairs *corpus.Pairs
	var err error
	if e.edited {
		pairs, err = d.pictures.Pairs(e.concept, choice)
	} else {
		pairs, err = d.pictures.Identity(choice)
	}
	if err != nil {
		return err
	}
	return pairs.Copy(0, flip, make([]float32, len(x)), x)
}
