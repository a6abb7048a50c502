package weightgen

import (
	"testing"
	"time"
)

// trained trains a generator and returns its errors on held-out combinations and wordings.
func trained(t *testing.T, c Config, train *Dataset, held []Held) (first, last float32, errs map[string]Errors) {
	t.Helper()
	backend := testBackend(t)
	o := Options{Config: c, Data: train, Held: held, EvalEvery: c.Steps, Dir: t.TempDir(), SaveEvery: time.Hour}
	var losses []float32
	o.Progress = func(r Record) { losses = append(losses, r.Loss) }
	r, err := Train(t.Context(), backend, o)
	if err != nil {
		t.Fatal(err)
	}
	mean := func(l []float32) (m float32) {
		for _, v := range l {
			m += v / float32(len(l))
		}
		return m
	}
	return mean(losses[:5]), mean(losses[len(losses)-5:]), r.Held
}

// TestLearns trains both networks on a synthetic zoo. The error on held-out combinations has to be far below every control's.
func TestLearns(t *testing.T) {
	train, held := syntheticZoo(4, 16)
	for _, network := range []string{NetworkDiT, NetworkUNet1D} {
		t.Run(network, func(t *testing.T) {
			begun := time.Now()
			first, last, errs := trained(t, testConfig(network), train, held)
			t.Logf("loss %.3f to %.3f, %+v, %v", first, last, errs, time.Since(begun))
			for name, e := range errs {
				if !(e.Generated < 0.5*min(e.Mean, e.Nearest, e.Shuffled)) && name == "combinations" {
					t.Errorf("%s: %+v", name, e)
				}
			}
		})
	}
}
