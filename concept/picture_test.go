package concept

import (
	"cmp"
	"flag"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

var numScenes = flag.Int("scenes", 0, "scenes of 64x64 pixels to apply and compare all concepts on; 0: two, and only what is most telling")

// Concepts are seen at 64x64 pixels, and no unseen one looks like a seen one. Without -scenes, a fifth of the seen combinations must do, and
// an unseen concept is compared with those that it shares an ingredient with.
func TestPictures(t *testing.T) {
	var sources []teacher.Source
	var input []float32
	for i := range cmp.Or(*numScenes, 2) {
		s := teacher.FromScene(scene.New(uint64(100+i), 64, 64))
		sources = append(sources, s)
		input = append(input, s.Image.Pix...)
	}
	all := shown()
	pictures := make([][]float32, len(all)) // [scene, height, width, rgb] of each concept
	var group sync.WaitGroup
	for worker := range runtime.NumCPU() {
		group.Go(func() {
			for i := worker; i < len(all); i += runtime.NumCPU() {
				pictures[i] = applied(t, all[i], sources)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	for i, c := range all {
		if d := difference(input, pictures[i], 1); d < 0.02 {
			t.Errorf("%s changes pictures by %.3f only", c.ID, d)
		}
		for j, other := range all {
			if c.IsSeen() || !other.IsSeen() || *numScenes == 0 && !shares(c, other) || difference(pictures[i], pictures[j], 61) > 0.03 {
				continue
			}
			if d := difference(pictures[i], pictures[j], 1); d < 0.01 {
				t.Errorf("%s of group %s looks like %s, which is seen: they differ by %.4f", c.ID, c.Group, other.ID, d)
			}
		}
	}
}

// shares tells whether two concepts have an ingredient in common.
func shares(a, b Concept) bool {
	return slices.ContainsFunc(a.parts, func(p setting) bool {
		return slices.ContainsFunc(b.parts, func(q setting) bool { return p.name == q.name })
	})
}

// shown returns the concepts to make pictures with: with -scenes all; else the unseen ones, single edits and a fifth of the others.
func shown() []Concept {
	all := All()
	if *numScenes > 0 {
		return all
	}
	return slices.DeleteFunc(all, func(c Concept) bool { return c.IsSeen() && len(c.parts) > 1 && hash("shown", c.ID)%5 != 0 })
}

// applied returns what a concept makes of all sources.
func applied(t *testing.T, c Concept, sources []teacher.Source) []float32 {
	chain, err := teacher.Parse(c.Expr)
	if err != nil {
		t.Errorf("%s: %v", c.ID, err)
		return nil
	}
	if chain.NeedsMasks() != c.NeedsMasks {
		t.Errorf("%s: NeedsMasks is %v, the chain says %v", c.ID, c.NeedsMasks, chain.NeedsMasks())
	}
	var out []float32
	for i, s := range sources {
		m, err := chain.Apply(s, uint64(i))
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			return nil
		}
		out = append(out, m.Pix...)
	}
	return out
}

// difference is the mean absolute difference over every step-th sample.
func difference(a, b []float32, step int) float64 {
	sum, n := 0.0, 0
	for i := 0; i < len(a); i += step {
		sum += math.Abs(float64(a[i] - b[i]))
		n++
	}
	return sum / float64(n)
}

// What says that it works on any photo does, without a scene.
func TestPhotos(t *testing.T) {
	photo := teacher.Source{Image: gradient(24, 20)}
	for _, c := range All() {
		chain, err := teacher.Parse(c.Expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chain.Apply(photo, 1); (err != nil) != c.NeedsMasks {
			t.Errorf("%s on a photo: %v; NeedsMasks is %v", c.ID, err, c.NeedsMasks)
		}
	}
}

// gradient paints a picture that is no scene.
func gradient(w, h int) *imageio.Image {
	m := imageio.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = float32(i%(3*w)) / float32(3*w)
	}
	return m
}
