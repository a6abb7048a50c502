package ablation

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/internal/trainloop"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// trained is a generator.
type trained struct {
	code    *zoo.Code
	weights *weightgen.Weights
	seconds float64 // of training
	learnt  int     // adapters that it learnt from
}

// Folders of the stages within a generator's.
const (
	weightsDir  = "weights"
	picturesDir = "pictures"
)

// train trains a generator, or goes on with that, or reads it if it is there.
func (b *bench) train(ctx context.Context, t training) (*trained, error) {
	z := first(b.learn, t.adapters)
	blocks, err := zoo.NewGroupedBlocks(z.Base.Layout, t.size, t.grouping)
	if err != nil {
		return nil, err
	}
	g := &trained{code: zoo.Fit(blocks, z.Base.Hash, z.Adapters), learnt: len(z.Entries)}
	dir, err := b.folder(z, g.code, t)
	if err != nil {
		return nil, err
	}
	stage := filepath.Join(dir, weightsDir)
	g.weights, err = known(stage, func() (*weightgen.Result, error) {
		data, err := weightgen.NewDataset(z, g.code)
		if err != nil {
			return nil, err
		}
		return weightgen.Train(ctx, b.backend, weightgen.Options{
			Config: t.config, Data: data, Run: weightgen.Run{Dir: stage, Progress: b.Progress, EvalEvery: never},
		})
	})
	if err != nil {
		return nil, err
	}
	g.seconds = logged(stage)
	if t.refine.Steps == 0 {
		return g, nil
	}
	stage = filepath.Join(dir, picturesDir)
	g.weights, err = known(stage, func() (*weightgen.Result, error) {
		var concepts []concept.Concept
		for _, e := range z.Entries {
			c, err := concept.Find(e.ID)
			if err != nil {
				return nil, err
			}
			concepts = append(concepts, c)
		}
		return weightgen.Refine(ctx, b.backend, weightgen.RefineOptions{
			Config: t.refine, Weights: g.weights, Base: z.Base, Code: g.code, Pictures: b.Pictures, Concepts: concepts,
			Run: weightgen.Run{Dir: stage, Progress: b.Progress, EvalEvery: never},
		})
	})
	g.seconds += logged(stage)
	return g, err
}

// never is a number of steps between evaluations during training, of which there are to be none.
const never = math.MaxInt

// known reads the weights in a folder, or makes them. Damaged ones are as good as none.
func known(dir string, make func() (*weightgen.Result, error)) (*weightgen.Weights, error) {
	if w, err := weightgen.ReadWeightsFile(filepath.Join(dir, weightgen.WeightsFile)); err == nil {
		return w, nil
	}
	r, err := make()
	if err != nil {
		return nil, err
	}
	return r.Weights, nil
}

// folder returns where a generator is kept: by all that it follows from. Ablations share those that they have in common.
func (b *bench) folder(z *zoo.Zoo, code *zoo.Code, t training) (string, error) {
	key := struct {
		Zoo, Schema, Pictures string
		Config                weightgen.Config
		Refine                weightgen.RefineConfig
	}{hashZoo(z), code.Schema(), "", t.config, t.refine}
	if t.refine.Steps > 0 {
		key.Pictures = b.Pictures.ID()
	}
	path, _, err := b.keep.Path("generators", fmt.Sprintf("%s-%d", t.config.Network, t.size), key)
	return path, err
}

// hashZoo identifies adapters and what they are called.
func hashZoo(z *zoo.Zoo) string {
	h := sha256.New()
	var buf []byte
	for i, e := range z.Entries {
		fmt.Fprintf(h, "%s\n", e.ID)
		for _, tensor := range z.Adapters[i] {
			buf = buf[:0]
			for _, v := range tensor {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			}
			h.Write(buf)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// logged returns the seconds that a training has taken according to its log, whose clock begins anew where it was resumed.
func logged(dir string) float64 {
	f, err := os.Open(filepath.Join(dir, trainloop.LogFile))
	if err != nil {
		return 0
	}
	defer f.Close()
	total, last := 0.0, 0.0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r struct{ Seconds float64 }
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			break
		}
		if r.Seconds < last {
			total += last
		}
		last = r.Seconds
	}
	return total + last
}
