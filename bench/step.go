package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/contention"
	"github.com/warmstart-ml/warmstart/safetensors"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

// stepCase is a network to train.
type stepCase struct {
	preset      string
	size, batch int
	steps       int     // in one turn
	rate        float64 // learning rate, or 0 for the preset's
}

func stepCases() []stepCase {
	return []stepCase{
		{preset: "mini", size: 64, batch: 4, steps: 10, rate: proofRate},
		{preset: "mini", size: 64, batch: 1, steps: 20, rate: proofRate},
		{preset: "resnet9", size: 128, batch: 1, steps: 2, rate: proofRate},
	}
}

func (c stepCase) String() string {
	return fmt.Sprintf("%s %dx%d batch %d", c.preset, c.size, c.size, c.batch)
}

// proofRate is the learning rate of the comparison. A step takes as long at any rate, but at the published one the first
// steps of a GAN amplify rounding: PyTorch's own losses in float32 and float64 differ by up to 1e-3 at the third step of
// resnet9, which would hide unequal work.
const proofRate = 2e-5

// agreement is how far the losses of the first steps may be apart, relative to the larger of the loss and a hundredth.
const agreement = 1e-3

// Step measures whole training steps (generator, discriminator, both Adams) on both sides in turns, after proving that
// they do the same work: from the same weights and batches, the losses of the first three steps must agree.
func Step(ctx context.Context, backend compute.Backend, o Options) (*Report, error) {
	r := &Report{Command: "bench step", Machine: thisMachine(), Losses: map[string][2][][4]float64{}}
	dir, err := os.MkdirTemp("", "warmstart-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	load := contention.Begin()
	for _, c := range stepCases() {
		files, err := c.prepare(backend, dir)
		if err != nil {
			return nil, err
		}
		for _, threads := range o.Threads {
			if err := c.compare(ctx, o, r, threads, dir, files); err != nil {
				return nil, fmt.Errorf("%s: %w", c, err)
			}
		}
	}
	r.disturbed(load.End())
	r.finish()
	return r, nil
}

// inputs are the files that both sides read.
type inputs struct{ checkpoint, batches string }

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

// prepare writes initial weights and three batches.
func (c stepCase) prepare(backend compute.Backend, dir string) (inputs, error) {
	config, err := gan.Preset(c.preset)
	if err != nil {
		return inputs{}, err
	}
	config.Size, config.Batch, config.Seed = c.size, c.batch, 1
	if c.rate > 0 {
		config.LR, config.DiscLR = c.rate, c.rate
	}
	dir, err = os.MkdirTemp(dir, c.preset)
	if err != nil {
		return inputs{}, err
	}
	in := inputs{filepath.Join(dir, gan.CheckpointFile), filepath.Join(dir, "batches.safetensors")}
	t, err := gan.NewTrainer(backend, config)
	if err != nil {
		return in, err
	}
	defer t.Close()
	if err := t.Save(dir); err != nil {
		return in, err
	}
	x, y, err := editedScenes("sepia", 1, 3*c.batch, c.size)
	if err != nil {
		return in, err
	}
	shape := []int{3 * c.batch, c.size, c.size, 3}
	return in, writeTensors(in.batches, safetensors.Float32("x", shape, x), safetensors.Float32("y", shape, y))
}

// compare measures one network with one number of threads.
func (c stepCase) compare(ctx context.Context, o Options, r *Report, threads int, dir string, in inputs) error {
	ours, err := o.ours(ctx, threads, r)
	if err != nil {
		return err
	}
	defer ours.Close()
	mine, err := begin(ours, in)
	if err != nil {
		return err
	}
	start := time.Since(ours.Started).Seconds() // to the end of the third step: an upper bound of what it is to the first
	peers, err := o.peers(ctx, threads, dir, r)
	if err != nil {
		return err
	}
	defer closeAll(peers)
	var theirs [][4]float64
	for _, p := range peers {
		if theirs, err = begin(p, in); err != nil {
			return err
		}
		if err := agree(mine, theirs); err != nil {
			return fmt.Errorf("%w: the work is not equal, so there is no comparison", err)
		}
	}
	r.Losses[c.String()] = [2][][4]float64{mine, theirs}
	if err := c.measure(o, r, threads, ours, peers); err != nil {
		return err
	}
	r.Rows = append(r.Rows, Row{Group: "start", Model: c.String(), Threads: threads, Unit: "s to first steps", Ours: start})
	return nil
}

// begin loads the weights and trains on the three batches.
func begin(p *Process, in inputs) ([][4]float64, error) {
	if _, err := p.Call(Request{Cmd: "load", File: in.checkpoint}); err != nil {
		return nil, err
	}
	a, err := p.Call(Request{Cmd: "train", File: in.batches})
	return a.Losses, err
}

// agree compares losses step by step.
func agree(a, b [][4]float64) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d and %d steps", len(a), len(b))
	}
	for i := range a {
		for k := range a[i] {
			x, y := a[i][k], b[i][k]
			if !(math.Abs(x-y) <= agreement*max(math.Abs(y), 0.01)) {
				return fmt.Errorf("step %d, loss %d is %g here and %g at the peer", i+1, k, x, y)
			}
		}
	}
	return nil
}

// measure times steps in turns and adds the rows for speed, memory and allocations. Of the peers, the faster one counts.
func (c stepCase) measure(o Options, r *Report, threads int, ours *Process, peers []*Process) error {
	rounds := 5
	if o.Quick {
		rounds = 2
	}
	var heap int64
	mine, theirs, peer, err := race(ours, peers, rounds, func(p *Process) (float64, error) {
		a, err := p.Call(Request{Cmd: "steps", N: c.steps})
		if err != nil {
			return 0, err
		}
		if p == ours {
			heap = a.StepBytes
		}
		return median(a.Durations), nil
	})
	if err != nil {
		return err
	}
	speed := Row{Group: "step", Model: c.String(), Threads: threads, Unit: "images/s", Ours: float64(c.batch) / mine}
	if peer != nil {
		speed.Peer, speed.Ratio, speed.Setup = float64(c.batch)/theirs, theirs/mine, peer.Setup
	}
	o.Log(fmt.Sprintf("%-28s %d threads  %6.1f images/s  %5.2fx", c, threads, speed.Ours, speed.Ratio))
	memory, err := c.memory(threads, ours, peer)
	r.Rows = append(r.Rows, speed, memory, Row{Group: "heap", Model: c.String(), Threads: threads, Unit: "KiB/step", Ours: float64(heap) / 1024})
	return err
}

// memory compares peak resident memory; its ratio is ours over the peer's.
func (c stepCase) memory(threads int, ours, peer *Process) (Row, error) {
	row := Row{Group: "memory", Model: c.String(), Threads: threads, Unit: "MiB"}
	x, err := ours.Call(Request{Cmd: "memory"})
	if err != nil {
		return row, err
	}
	row.Ours = float64(x.PeakBytes) / (1 << 20)
	if peer != nil {
		y, err := peer.Call(Request{Cmd: "memory"})
		if err != nil {
			return row, err
		}
		row.Peer = float64(y.PeakBytes) / (1 << 20)
		row.Ratio = row.Ours / row.Peer
	}
	return row, nil
}
