package studio

import (
	"fmt"
	"slices"
	"sync"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/server/api"
)

// sample is a procedural scene to try effects on.
type sample struct {
	api.Sample
	seed uint64
}

var samples = []sample{
	{api.Sample{ID: "lake", Name: "mountain lake"}, 53},
	{api.Sample{ID: "harbour", Name: "harbour"}, 43},
	{api.Sample{ID: "street", Name: "town street"}, 5},
	{api.Sample{ID: "village", Name: "village"}, 59},
	{api.Sample{ID: "lavender", Name: "lavender field"}, 2},
	{api.Sample{ID: "seaside", Name: "seaside"}, 42},
	{api.Sample{ID: "river", Name: "river valley"}, 36},
	{api.Sample{ID: "forest", Name: "forest path"}, 26},
}

// Samples lists the pictures to try effects on.
func Samples() []api.Sample {
	list := make([]api.Sample, len(samples))
	for i, s := range samples {
		list[i] = s.Sample
	}
	return list
}

// HasSample tells whether there is a sample of that ID.
func HasSample(id string) bool {
	return slices.ContainsFunc(samples, func(s sample) bool { return s.ID == id })
}

// Sample returns a sample at some width and height in pixels. It is not to be changed.
func (s *Studio) Sample(id string, side int) (*imageio.Image, error) {
	i := slices.IndexFunc(samples, func(s sample) bool { return s.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("there is no sample %.40q", id)
	}
	return s.painted.get(samples[i].seed, side), nil
}

// gallery keeps painted scenes: painting takes longer than applying an effect.
type gallery struct {
	mu   sync.Mutex
	list []painting // the last used in front
}

type painting struct {
	seed uint64
	side int
	*imageio.Image
}

// maxPaintings is the number that is kept, of 3 MB each at most.
const maxPaintings = 48

func (g *gallery) get(seed uint64, side int) *imageio.Image {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.list, func(p painting) bool { return p.seed == seed && p.side == side })
	if i < 0 {
		g.list = append(g.list, painting{seed, side, scene.New(seed, side, side).Image})
		i = len(g.list) - 1
	}
	p := g.list[i]
	g.list = slices.Insert(slices.Delete(g.list, i, i+1), 0, p)
	g.list = g.list[:min(len(g.list), maxPaintings)]
	return p.Image
}
