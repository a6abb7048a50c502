package weightgen

import (
	"testing"

	"github.com/warmstart-ml/warmstart/textenc"
)

// louder reads prompts as another version of an encoder might.
type louder struct{ textenc.Encoder }

func (e louder) Encode(prompt string, rows, mask []float32) ([]string, error) {
	unknown, err := e.Encoder.Encode(prompt, rows, mask)
	rows[0] *= 2
	return unknown, err
}

// TestFingerprint: a run is not gone on with when its prompts are read in another way, as it is not with other prompts or values.
func TestFingerprint(t *testing.T) {
	data, _ := syntheticZoo(2, 16)
	m, err := newModel(testConfig(NetworkDiT), data.Layout, textenc.NewVocabulary(data.Prompts))
	if err != nil {
		t.Fatal(err)
	}
	prints := map[string]string{"as it is": data.fingerprint(m.Encoder)}
	if again := data.fingerprint(m.Encoder); again != prints["as it is"] {
		t.Fatal("it is not the same twice")
	}
	prints["another reading"] = data.fingerprint(louder{m.Encoder})
	data.Adapters[0][0]++
	prints["another value"] = data.fingerprint(m.Encoder)
	data.Adapters[0][0]--
	data.Prompts[0][0] += " again"
	prints["another prompt"] = data.fingerprint(m.Encoder)
	seen := map[string]string{}
	for name, p := range prints {
		if before, ok := seen[p]; ok {
			t.Errorf("%s and %s have the same fingerprint", before, name)
		}
		seen[p] = name
	}
}
