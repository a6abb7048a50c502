package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/internal/contention"
	"github.com/warmstart-ml/warmstart/safetensors"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

// editedScenes returns n scenes and their edited versions, [n, size, size, 3] in [-1,1].
func editedScenes(edit string, seed uint64, n, size int) (x, y []float32, err error) {
	chain, err := teacher.Parse(edit)
	if err != nil {
		return nil, nil, err
	}
	per := 3 * size * size
	x, y = make([]float32, n*per), make([]float32, n*per)
	for i := range n {
		s := scene.New(seed+uint64(i), size, size)
		target, err := chain.Apply(teacher.FromScene(s), seed+uint64(i))
		if err != nil {
			return nil, nil, err
		}
		s.Image.ToTensor(x[i*per : (i+1)*per])
		target.ToTensor(y[i*per : (i+1)*per])
	}
	return x, y, nil
}

// qualityEdits are a colour, a drawing and a scene edit.
var qualityEdits = []string{"sepia", "pencil-sketch", "snow"}

const (
	qualitySize  = 64
	qualityBatch = 4
	qualityTest  = 32 // test pictures
)

// Quality trains mini on both sides from the same weights on the same batches in the same order, and compares the mean PSNR
// on pictures that neither has seen.
func Quality(ctx context.Context, backend compute.Backend, o Options) (*Report, error) {
	r := &Report{Command: "bench quality", Machine: thisMachine()}
	dir, err := os.MkdirTemp("", "warmstart-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	load := contention.Begin()
	steps, threads := 400, o.Threads[len(o.Threads)-1]
	if o.Quick {
		steps = 60
	}
	// The whole schedule, to the rate 0: before its end the PSNR of a GAN goes up and down by a decibel from step to step.
	c := stepCase{preset: "mini", size: qualitySize, batch: qualityBatch, schedule: steps}
	for _, edit := range qualityEdits {
		in, err := c.prepare(backend, dir)
		if err != nil {
			return nil, err
		}
		q := qualityRun{edit: edit, in: in, dir: filepath.Dir(in.checkpoint)}
		if err := q.write(steps); err != nil {
			return nil, err
		}
		ours, peer, err := o.workers(ctx, threads, dir, r)
		if err != nil {
			return nil, err
		}
		row := Row{Group: "quality", Shape: fmt.Sprintf("%s, %d steps", edit, steps), Threads: threads, Unit: "dB PSNR"}
		row.Ours, err = q.train(ours)
		ours.Close()
		if err == nil && peer != nil {
			row.Peer, err = q.train(peer)
			row.Ratio = row.Ours / row.Peer
			peer.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", edit, err)
		}
		o.Log(fmt.Sprintf("%-20s %.2f dB here, %.2f dB at the peer", edit, row.Ours, row.Peer))
		r.Rows = append(r.Rows, row)
	}
	r.disturbed(load.End())
	r.finish()
	return r, nil
}

// qualityRun is one edit's data.
type qualityRun struct {
	edit, dir string
	in        inputs
	target    []float32 // of the test pictures
}

// write makes the batches of all steps and the test pictures.
func (q *qualityRun) write(steps int) error {
	x, y, err := editedScenes(q.edit, 1000, steps*qualityBatch, qualitySize)
	if err != nil {
		return err
	}
	shape := []int{steps * qualityBatch, qualitySize, qualitySize, 3}
	if err := writeTensors(q.in.batches, safetensors.Float32("x", shape, x), safetensors.Float32("y", shape, y)); err != nil {
		return err
	}
	test, target, err := editedScenes(q.edit, 1, qualityTest, qualitySize)
	if err != nil {
		return err
	}
	q.target = target
	return writeTensors(filepath.Join(q.dir, "test.safetensors"), safetensors.Float32("x", []int{qualityTest, qualitySize, qualitySize, 3}, test))
}

// train trains a worker and returns its mean PSNR on the test pictures, in dB.
func (q *qualityRun) train(p *Process) (float64, error) {
	if _, err := begin(p, q.in); err != nil {
		return 0, err
	}
	out := filepath.Join(q.dir, p.Hello.Name+".safetensors")
	if _, err := p.Call(Request{Cmd: "apply", File: filepath.Join(q.dir, "test.safetensors"), Out: out}); err != nil {
		return 0, err
	}
	f, err := safetensors.ReadFile(out, safetensors.Options{Finite: true})
	if err != nil {
		return 0, err
	}
	y, ok := f.Find("y")
	if !ok || len(y.F32) != len(q.target) {
		return 0, fmt.Errorf("%s holds no y for %d pictures", out, qualityTest)
	}
	sum, n := 0.0, len(q.target)/qualityTest
	for i := range qualityTest {
		sum += psnr(y.F32[i*n:(i+1)*n], q.target[i*n:(i+1)*n])
	}
	return sum / qualityTest, nil
}

// psnr is the peak signal-to-noise ratio of values in [-1,1], in dB.
func psnr(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i] - b[i])
		sum += d * d
	}
	return 10 * math.Log10(4*float64(len(a))/sum)
}
