package gan

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// peer is the PyTorch worker of the benchmarks.
type peer struct {
	in  io.Writer
	out *bufio.Scanner
}

// newPeer starts the worker or skips the test.
func newPeer(t *testing.T) *peer {
	t.Helper()
	python := ""
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import torch, numpy").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		t.Skip("PyTorch is not installed (Debian, Ubuntu: apt-get install python3-torch)")
	}
	cmd := exec.Command(python, filepath.Join("..", "bench", "peers", "torch_peer.py"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	return &peer{in: in, out: bufio.NewScanner(out)}
}

// call sends a request and returns the losses of the answer, if there are any.
func (p *peer) call(t *testing.T, request map[string]any) [][4]float64 {
	t.Helper()
	line, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(p.in, "%s\n", line)
	if !p.out.Scan() {
		t.Fatal("the peer has stopped")
	}
	var answer struct {
		Error  string
		Losses [][4]float64
	}
	if err := json.Unmarshal(p.out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Error != "" {
		t.Fatal(answer.Error)
	}
	return answer.Losses
}

// TestSameAsPyTorch trains both sides for three steps from the same weights on the same batches: losses agree to
// 1e-3, and so do the pictures that the trained generators make.
func TestSameAsPyTorch(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	for _, c := range tinyConfigs() {
		t.Run(c.Preset, func(t *testing.T) {
			c.EMA = 0
			dir := t.TempDir()
			tr, err := NewTrainer(cputest.New(t, ""), c)
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			if err := tr.Save(dir); err != nil {
				t.Fatal(err)
			}
			p.call(t, map[string]any{"cmd": "load", "file": filepath.Join(dir, CheckpointFile)})

			file := filepath.Join(dir, "batches.safetensors")
			ours := stepsOnFile(t, tr, file, 3)
			theirs := p.call(t, map[string]any{"cmd": "train", "file": file})
			for i := range ours {
				for k := range ours[i] {
					if a, b := ours[i][k], theirs[i][k]; math.Abs(a-b) > 1e-3*math.Max(math.Abs(b), 0.01) {
						t.Errorf("step %d, loss %d: %g here, %g in PyTorch", i+1, k, a, b)
					}
				}
			}
			comparePictures(t, p, tr, dir)
		})
	}
}

// stepsOnFile writes the batches (and dropout masks) of some steps to a file, trains on them and returns the
// losses.
func stepsOnFile(t *testing.T, tr *Trainer, file string, steps int) [][4]float64 {
	t.Helper()
	c := tr.Config()
	var xs, ys []float32
	masks := make([][]float32, tr.masks.Len())
	var losses [][4]float64
	for i := range steps {
		x, y, _ := randomBatches{c}.Batch(i)
		l, err := tr.Step(x, y)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, [4]float64{float64(l.GAN), float64(l.L1), float64(l.DiscReal), float64(l.DiscFake)})
		xs, ys = append(xs, x...), append(ys, y...)
		for m := range masks { // still those of this step
			masks[m] = append(masks[m], tr.feeds[feedMasks+m].Data...)
		}
	}
	shape := []int{steps * c.Batch, c.Size, c.Size, 3}
	f := &safetensors.File{Tensors: []safetensors.Tensor{safetensors.Float32("x", shape, xs), safetensors.Float32("y", shape, ys)}}
	_, shapes := tr.program.Inputs()
	for m, values := range masks {
		d := shapes[len(shapes)-len(masks)+m].Dimensions
		f.Tensors = append(f.Tensors, safetensors.Float32(fmt.Sprintf("dropout.%d", m), []int{steps * c.Batch, d[1], d[2], d[3]}, values))
	}
	if err := writeTestFile(file, f); err != nil {
		t.Fatal(err)
	}
	return losses
}

// comparePictures applies both generators to a picture that is larger than those of training.
func comparePictures(t *testing.T, p *peer, tr *Trainer, dir string) {
	t.Helper()
	const side = 80 // 10x10 tokens for mini, which have to share keys
	size, _ := tr.gen.Extended(side, side)
	picture := imageio.New(size, size)
	for i := range picture.Pix {
		picture.Pix[i] = float32(i*i%101) / 100
	}
	x := make([]float32, len(picture.Pix))
	picture.ToTensor(x)
	in, out, weights := filepath.Join(dir, "in.safetensors"), filepath.Join(dir, "out.safetensors"), filepath.Join(dir, WeightsFile)
	if err := writeTestFile(in, &safetensors.File{Tensors: []safetensors.Tensor{safetensors.Float32("x", []int{1, size, size, 3}, x)}}); err != nil {
		t.Fatal(err)
	}
	if err := tr.SaveWeights(weights); err != nil {
		t.Fatal(err)
	}
	m, _, err := Load(cputest.New(t, ""), weights)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ours, err := m.Apply(t.Context(), []*imageio.Image{picture})
	if err != nil {
		t.Fatal(err)
	}
	p.call(t, map[string]any{"cmd": "apply", "file": in, "out": out})
	f, err := safetensors.ReadFile(out, safetensors.Options{Finite: true})
	if err != nil {
		t.Fatal(err)
	}
	theirs, _ := f.Find("y")
	for i, v := range imageio.FromTensor(theirs.F32, size, size).Pix {
		if math.Abs(float64(v-ours[0].Pix[i])) > 2e-3 {
			t.Fatalf("value %d of the picture: %g here, %g in PyTorch", i, ours[0].Pix[i], v)
		}
	}
}

func writeTestFile(path string, f *safetensors.File) error {
	return atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, f) })
}
