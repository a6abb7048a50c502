package base

import (
	"slices"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/safetensors"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

func newTestData(t *testing.T) *data {
	t.Helper()
	c := tinyConfig()
	d, err := newData(c, c.concepts())
	if err != nil {
		t.Fatal(err)
	}
	d.paint()
	return d
}

// batch returns what a draw shows.
func (d *data) batch(t *testing.T, w draw, step int) (examples []example, x, y []float32) {
	t.Helper()
	batches, err := d.batches([]draw{w}, step)
	if err != nil {
		t.Fatal(err)
	}
	n := d.config.Generator.Batch * d.config.Generator.Size * d.config.Generator.Size * 3
	x, y = make([]float32, n), make([]float32, n)
	d.fill(batches[0], x, y)
	return batches[0], x, y
}

func TestBatch(t *testing.T) {
	d := newTestData(t)
	c := d.config
	w := draw{concept: 4, visit: 2}
	examples, x, y := d.batch(t, w, 9)
	if again, x2, y2 := newTestData(t).batch(t, w, 77); !slices.Equal(examples, again) || !slices.Equal(x, x2) || !slices.Equal(y, y2) {
		t.Error("a concept's batch depends on more than the visit")
	}
	// The fifth and sixth picture of a concept with 3 pairs: its second and third one, mirrored.
	size := c.Generator.Size
	for i, e := range examples {
		if !e.flip {
			t.Error("the second round is not mirrored")
		}
		s := scene.New(sceneSeeds+uint64(e.scene), size, size)
		target, err := d.edits[w.concept].Apply(teacher.FromScene(s), sceneSeeds+uint64(e.scene))
		if err != nil {
			t.Fatal(err)
		}
		for name, m := range map[string]*imageio.Image{"source": s.Image, "target": target} {
			values := x
			if name == "target" {
				values = y
			}
			got := imageio.FromTensor(values[i*size*size*3:][:size*size*3], size, size)
			for row := range size {
				for col := range size {
					r, _, _ := got.At(col, row)
					want, _, _ := m.At(size-1-col, row)
					if diff := r - want; diff > 1e-2 || diff < -1e-2 {
						t.Fatalf("%s %d: %g at %d, %d, wanted %g", name, i, r, col, row, want)
					}
				}
			}
		}
	}
}

func TestIdentityBatch(t *testing.T) {
	d := newTestData(t)
	_, x, y := d.batch(t, draw{concept: identity}, 1)
	if !slices.Equal(x, y) {
		t.Error("the identity changes pictures")
	}
	if _, other, _ := d.batch(t, draw{concept: identity}, 2); slices.Equal(x, other) {
		t.Error("the identity shows the same pictures at every step")
	}
	if slices.ContainsFunc(d.targets, func(t []uint8) bool { return t != nil }) {
		t.Error("targets were made that nothing needs")
	}
}

// FuzzCheckpointMetadata feeds a checkpoint's text entries to their parser.
func FuzzCheckpointMetadata(f *testing.F) {
	c := tinyConfig()
	tr, err := newTrainer(testBackend(f), c)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(tr.Close)
	m := tr.metadata()
	f.Add(m["format"], m["version"], m["step"], m["config"], m["concepts"])
	f.Fuzz(func(t *testing.T, format, version, step, config, concepts string) {
		err := tr.restore(&safetensors.File{Metadata: map[string]string{
			"format": format, "version": version, "step": step, "config": config, "concepts": concepts,
		}})
		if err == nil || tr.shared != nil {
			t.Error("a checkpoint without tensors was accepted")
		}
	})
}
