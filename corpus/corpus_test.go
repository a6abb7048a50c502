package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

// photos writes n small pictures that differ.
func photos(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		m := imageio.New(40, 24)
		for j := range m.Pix {
			m.Pix[j] = float32((j*(i+3))%97) / 96
		}
		if err := imageio.WriteFile(filepath.Join(dir, string(rune('a'+i))+".png"), m); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func newCorpus(t *testing.T, c Config) *Corpus {
	t.Helper()
	k, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func find(t *testing.T, id string) concept.Concept {
	t.Helper()
	c, err := concept.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPairsAreEditsOfScenes(t *testing.T) {
	k := newCorpus(t, Config{Size: 16, Scenes: 5, First: TestScenes})
	fog := find(t, "fog")
	p, err := k.Pairs(fog, Choice{Pairs: 3, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	chain, err := teacher.Parse(fog.Expr)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		seed := TestScenes + uint64(p.sources[i])
		s := scene.New(seed, 16, 16)
		want, err := chain.Apply(teacher.FromScene(s), seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, flip := range []bool{false, true} {
			x, y := make([]float32, 16*16*3), make([]float32, 16*16*3)
			if err := p.Copy(i, flip, x, y); err != nil {
				t.Fatal(err)
			}
			compare(t, x, s.Image, flip)
			compare(t, y, want, flip)
		}
	}
}

// compare checks a tensor against a picture, mirrored if flip is set.
func compare(t *testing.T, values []float32, m *imageio.Image, flip bool) {
	t.Helper()
	for row := range m.H {
		for col := range m.W {
			at := col
			if flip {
				at = m.W - 1 - col
			}
			r, _, _ := m.At(at, row)
			if d := (values[(row*m.W+col)*3]+1)/2 - r; d > 1e-2 || d < -1e-2 {
				t.Fatalf("flip %v: row %d, column %d differs by %g", flip, row, col, d)
			}
		}
	}
}

func TestPhotoShare(t *testing.T) {
	k := newCorpus(t, Config{Size: 16, Scenes: 8, First: TrainScenes, Photos: photos(t, 2), Crops: 4})
	if k.Photos() != 8 {
		t.Fatalf("%d crops, wanted 8", k.Photos())
	}
	for id, want := range map[string]int{"sepia": 4, "sunset": 0} {
		p, err := k.Pairs(find(t, id), Choice{Pairs: 8, Photos: 0.5, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		n, used := 0, map[int]bool{}
		for i := range p.Len() {
			if p.sources[i] >= p.corpus.scenes {
				n++
			}
			if used[p.sources[i]] {
				t.Errorf("%s uses a picture twice", id)
			}
			used[p.sources[i]] = true
			if err := p.Make(i); err != nil {
				t.Error(err)
			}
		}
		if n != want {
			t.Errorf("%s: %d photos of 8, wanted %d", id, n, want)
		}
	}
}

func TestIdentity(t *testing.T) {
	k := newCorpus(t, Config{Size: 16, Scenes: 2, First: TrainScenes})
	p, err := k.Identity(Choice{Pairs: 2})
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := p.Pair(1)
	if err != nil || !slices.Equal(a.Pix, b.Pix) {
		t.Errorf("source and target differ (error %v)", err)
	}
}

func TestBatchesAreFunctionsOfTheStep(t *testing.T) {
	k := newCorpus(t, Config{Size: 16, Scenes: 5, First: TrainScenes})
	p, err := k.Pairs(find(t, "sepia"), Choice{Pairs: 5})
	if err != nil {
		t.Fatal(err)
	}
	forward, backward := p.Batches(2, 7), p.Batches(2, 7)
	var want [][]float32
	for step := range 6 {
		x, y, err := forward.Batch(step)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, slices.Concat(x, y))
	}
	for step := 5; step >= 0; step-- {
		x, y, err := backward.Batch(step)
		if err != nil || !slices.Equal(slices.Concat(x, y), want[step]) {
			t.Errorf("step %d differs when read in another order (error %v)", step, err)
		}
	}
	if slices.Equal(want[0], want[1]) {
		t.Error("all batches are the same")
	}
}

// What a corpus is known by are its pictures, not the folder they are in.
func TestID(t *testing.T) {
	c := Config{Size: 16, Scenes: 2, First: TrainScenes, Photos: photos(t, 2)}
	first := newCorpus(t, c).ID()
	c.Photos = photos(t, 2)
	if newCorpus(t, c).ID() != first {
		t.Error("the same pictures in another folder are another corpus")
	}
	for name, change := range map[string]func(c *Config){
		"scenes": func(c *Config) { c.Scenes++ }, "first": func(c *Config) { c.First = TestScenes },
		"crops": func(c *Config) { c.Crops = 1 }, "photos": func(c *Config) { c.Photos = photos(t, 3) },
	} {
		other := c
		if change(&other); newCorpus(t, other).ID() == first {
			t.Errorf("other %s, the same ID", name)
		}
	}
}

// What lies in the folder beside pictures leaves no trace in any pair.
func TestBrokenPhotoLeavesNoTrace(t *testing.T) {
	c := Config{Size: 16, Scenes: 2, First: TrainScenes, Photos: photos(t, 3), Crops: 2}
	whole := newCorpus(t, c)
	c.Photos = photos(t, 3)
	if err := os.WriteFile(filepath.Join(c.Photos, "-.png"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	k := newCorpus(t, c)
	if len(k.Skipped) != 1 || k.ID() != whole.ID() {
		t.Errorf("skipped %v; another corpus: %v", k.Skipped, k.ID() != whole.ID())
	}
	for i, s := range k.sources {
		if s.seed != whole.sources[i].seed {
			t.Errorf("the edits of picture %d have another seed", i)
		}
	}
}

func TestErrors(t *testing.T) {
	broken := photos(t, 1)
	if err := os.WriteFile(filepath.Join(broken, "b.png"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	k := newCorpus(t, Config{Size: 16, Photos: broken})
	if len(k.Skipped) != 1 || !strings.Contains(k.Skipped[0].Error(), "b.png") {
		t.Errorf("skipped %v", k.Skipped)
	}
	if _, err := k.Pairs(find(t, "sunset"), Choice{Pairs: 1}); err == nil || !strings.Contains(err.Error(), "needs scenes") {
		t.Errorf("sunset on photos: error %v", err)
	}
	if _, err := k.Pairs(find(t, "sepia"), Choice{Pairs: 2, Photos: 1}); err == nil {
		t.Error("more pairs than pictures")
	}
	for name, c := range map[string]Config{
		"nothing": {Size: 16}, "size": {Size: 8, Scenes: 1}, "no folder": {Size: 16, Photos: filepath.Join(broken, "none")}, "empty": {Size: 16, Photos: t.TempDir()},
	} {
		if _, err := New(t.Context(), c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
