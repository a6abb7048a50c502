package gan

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/nn"
)

// offsets trains what is added to weights drawn from a seed.
func offsets(t *testing.T, c Config) *Parametrization {
	t.Helper()
	network, err := c.Network()
	if err != nil {
		t.Fatal(err)
	}
	p := &Parametrization{Name: "offset", Params: &nn.Params{}}
	for i, q := range network.Params.List() {
		p.Params.Add(q.Name, nn.Init{}, q.Dims...)
		values := make([]float32, q.Size())
		network.Params.Draw(nn.Ref(i), c.Seed, values)
		p.Base = append(p.Base, values)
	}
	p.Weights = func(base, trained []*Node) []*Node {
		sums := make([]*Node, len(base))
		for i, b := range base {
			sums[i] = Add(b, trained[i])
		}
		return sums
	}
	p.Merge = func(base, trained [][]float32) [][]float32 {
		sums := make([][]float32, len(base))
		for i, b := range base {
			sums[i] = make([]float32, len(b))
			for j := range b {
				sums[i][j] = b[j] + trained[i][j]
			}
		}
		return sums
	}
	return p
}

func steps(t *testing.T, tr *Trainer, n int) []Losses {
	t.Helper()
	var all []Losses
	for i := range n {
		x, y, _ := randomBatches{tr.Config()}.Batch(i)
		l, err := tr.Step(x, y)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// TestOffsetsTrainLikeWeights: the gradient with respect to an offset is that with respect to the weight, so that both
// trainings show the same losses, up to the rounding of sums.
func TestOffsetsTrainLikeWeights(t *testing.T) {
	for _, loss := range []string{LossLSGAN, LossNone} {
		c := tinyConfigs()[0]
		c.Loss = loss
		plain, err := NewTrainer(cputest.New(t, ""), c)
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		p := offsets(t, c)
		c.Base = "a hash"
		offset, err := NewParametrizedTrainer(cputest.New(t, ""), c, p)
		if err != nil {
			t.Fatal(err)
		}
		defer offset.Close()
		a, b := steps(t, plain, 3), steps(t, offset, 3)
		for i := range a {
			if d := a[i].L1 - b[i].L1; d > 1e-3 || d < -1e-3 {
				t.Errorf("%s, step %d: %+v and %+v", loss, i, a[i], b[i])
			}
		}
		if a[0].L1 != b[0].L1 {
			t.Errorf("%s: losses %g and %g at the start", loss, a[0].L1, b[0].L1)
		}
		if disc, err := offset.Discriminator(); err != nil || (disc == nil) != (loss == LossNone) {
			t.Errorf("%s: %d discriminator tensors, error %v", loss, len(disc), err)
		}
		if (a[2].GAN == 0) != (loss == LossNone) {
			t.Errorf("%s: adversarial loss %g", loss, a[2].GAN)
		}
	}
}

func TestReset(t *testing.T) {
	c := tinyConfigs()[0]
	tr, err := NewParametrizedTrainer(cputest.New(t, ""), c, offsets(t, c))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	first := steps(t, tr, 3)
	trained, err := tr.Trained()
	if err != nil {
		t.Fatal(err)
	}
	disc, err := tr.Discriminator()
	if err != nil {
		t.Fatal(err)
	}
	other := c
	other.Seed, other.LR = 9, 1e-3
	if err := tr.Reset(other, Start{Trained: trained, Discriminator: disc}); err != nil {
		t.Fatal(err)
	}
	if got, _ := tr.Trained(); got[0][0] != trained[0][0] || tr.StepsDone() != 0 {
		t.Error("the given values were not taken over")
	}
	if got, _ := tr.Discriminator(); got[0][0] != disc[0][0] {
		t.Error("the given discriminator was not taken over")
	}
	warm := steps(t, tr, 1)
	if err := tr.Reset(c, Start{}); err != nil {
		t.Fatal(err)
	}
	for i, l := range steps(t, tr, 3) {
		if l != first[i] {
			t.Errorf("step %d after a reset: %+v, wanted %+v", i, l, first[i])
		}
	}
	if warm[0] == first[0] {
		t.Error("a warm start makes no difference")
	}
	for name, spoil := range map[string]func() error{
		"size":          func() error { d := c; d.Size = 32; return tr.Reset(d, Start{}) },
		"loss":          func() error { d := c; d.Loss = LossNone; return tr.Reset(d, Start{}) },
		"tensors":       func() error { return tr.Reset(c, Start{Trained: trained[1:]}) },
		"tensor":        func() error { return tr.Reset(c, Start{Trained: append([][]float32{{1}}, trained[1:]...)}) },
		"discriminator": func() error { return tr.Reset(c, Start{Discriminator: disc[1:]}) },
	} {
		if spoil() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParametrizedRunResumes(t *testing.T) {
	c := tinyConfigs()[0]
	c.Steps, c.DecaySteps, c.Base = 6, 3, "a hash"
	p := offsets(t, c)
	whole, parts := t.TempDir(), t.TempDir()
	picture := imageio.New(16, 16)
	if _, err := train(t, Options{Config: c, Dir: whole, Parametrization: p, Samples: []Sample{{picture, picture}}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Train(ctx, cputest.New(t, ""), Options{
		Config: c, Dir: parts, Parametrization: p, Data: cancelling{randomBatches{c}, 2, cancel}, SaveEvery: time.Nanosecond,
	})
	var i *InterruptedError
	if !errors.As(err, &i) {
		t.Fatal(err)
	}
	if _, _, err := ReadWeights(parts); err == nil || !strings.Contains(err.Error(), "adapter") {
		t.Errorf("weights of an unfinished adapter: error %v", err)
	}
	other := c
	other.Base = "another hash"
	if _, err := train(t, Options{Config: other, Dir: parts, Parametrization: p, Resume: true}); err == nil || !strings.Contains(err.Error(), c.Base) {
		t.Errorf("another base: error %v", err)
	}
	if _, err := train(t, Options{Config: c, Dir: parts, Parametrization: p, Resume: true}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{CheckpointFile, WeightsFile} {
		if !bytes.Equal(readAll(t, filepath.Join(whole, name)), readAll(t, filepath.Join(parts, name))) {
			t.Errorf("%s differs from that of an unbroken run", name)
		}
	}
}

func TestWeightsFile(t *testing.T) {
	c := tinyConfigs()[1]
	tr, err := NewTrainer(cputest.New(t, ""), c)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	w, err := tr.Weights()
	if err != nil {
		t.Fatal(err)
	}
	w.Metadata = map[string]string{"note": "kept"}
	path := filepath.Join(t.TempDir(), WeightsFile)
	if err := w.Write(path); err != nil {
		t.Fatal(err)
	}
	b := readAll(t, path)
	got, err := DecodeWeights(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Config != c || got.Values[0][0] != w.Values[0][0] || len(got.Metadata) != 1 || got.Metadata["note"] != "kept" {
		t.Errorf("%+v, metadata %v", got.Config, got.Metadata)
	}
	w.Values = w.Values[1:]
	if err := w.Write(path); err == nil {
		t.Error("a generator without its first tensor was written")
	}
	if _, err := NewModel(cputest.New(t, ""), w); err == nil {
		t.Error("a model without its first tensor was made")
	}
}
