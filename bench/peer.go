package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/evaluate"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/contention"
	"github.com/warmstart-ml/warmstart/internal/keep"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// PeerOptions tell Peer what to do.
type PeerOptions struct {
	Options
	Config   evaluate.Config // of the jobs: pairs, pictures to measure with, steps
	Base     *lora.Base      // whose network is trained
	Concepts int
	Cache    string // folder that keeps the results of single jobs; "": nothing is kept
}

// DefaultPeer returns the options of the results of record, without the base; with quick those of a look.
func DefaultPeer(o Options) PeerOptions {
	p := PeerOptions{Options: o, Config: evaluate.DefaultConfig(), Concepts: 4}
	if o.Quick {
		p.Config.TrainScenes, p.Concepts = 256, 1
		p.Config.Race.SetSteps(200)
	}
	return p
}

// Peer does the main job on both sides: pix2pix from scratch as published, on unseen concepts, with the network of a base, from the same weights on
// the same batches. Before that, the losses of three steps must agree, at a rate at which rounding makes no difference. The sides take turns of
// some steps each. This one has the largest number of threads, PyTorch that with which it is fastest.
//
// If ctx is cancelled, the report is of the jobs that are done, marked as partial, beside ctx's error, if there are any. Called again
// with the same cache, it goes on.
func Peer(ctx context.Context, backend compute.Backend, o PeerOptions) (*PeerReport, error) {
	begun := time.Now()
	jobs, pictures, err := evaluate.Jobs(ctx, o.Config, o.Base, o.Concepts)
	if err != nil {
		return nil, err
	}
	r := &PeerReport{Machine: thisMachine(), Threads: o.Threads[len(o.Threads)-1], Steps: o.Config.Race.Steps, Wanted: len(jobs), Job: jobs[0].Config}
	p := &peerBench{PeerOptions: o, backend: backend, threads: r.Threads, total: len(jobs)}
	if err := p.introduce(ctx, r); err != nil {
		return nil, err
	}
	for i, j := range jobs {
		key := struct {
			Pictures, Concept, Ours, Peer string
			Config                        gan.Config
			CPUs, Threads                 int
			Setups                        []TorchSetup
		}{pictures, j.Concept, r.Machine.Ours, r.Machine.Peer, j.Config, r.Machine.CPUs, r.Threads, torchSetups(o.Threads...)}
		kept, err := keep.Remember(keep.Folder(o.Cache), "peer", j.Concept, key, func() (keptRow, error) {
			row, err := p.run(ctx, i, j)
			return row.keep(), err
		})
		if err != nil {
			if ctx.Err() == nil || len(r.Rows) == 0 {
				return nil, fmt.Errorf("%s: %w", j.Concept, err)
			}
			r.Partial = true
			r.finish(begun)
			return r, ctx.Err()
		}
		r.Rows = append(r.Rows, kept.restore())
		p.trials = kept.Trials // one setup for all jobs
	}
	r.finish(begun)
	return r, nil
}

// peerBench is the comparison at work.
type peerBench struct {
	PeerOptions
	backend compute.Backend
	threads int
	total   int          // number of jobs
	trials  []TorchTrial // the fastest first; nil until they have been made
}

// introduce asks both sides who they are. Without PyTorch, where it is wanted, there is nothing to compare with.
func (p *peerBench) introduce(ctx context.Context, r *PeerReport) error {
	dir, err := os.MkdirTemp("", "warmstart-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, err := startOurs(ctx, p.threads)
	if err != nil {
		return err
	}
	defer ours.Close()
	r.Machine.Ours = ours.Hello.about()
	if !p.Torch {
		return nil
	}
	peer, err := startTorch(ctx, TorchSetup{Threads: p.threads}, dir)
	if err != nil {
		return err
	}
	defer peer.Close()
	r.Machine.Peer = peer.Hello.Name + " " + peer.Hello.about()
	return nil
}

// try measures the ways to run PyTorch with some steps of a job, once for all jobs.
func (p *peerBench) try(ctx context.Context, f peerFiles, j evaluate.Job, dir string) (err error) {
	if p.trials != nil {
		return nil
	}
	const warmUp, steps = 5, 25
	rows := order(len(j.X)/(3*j.Config.Size*j.Config.Size), (warmUp+steps)*j.Config.Batch)
	p.trials, err = tryTorch(ctx, torchSetups(p.Threads...), dir, func(w *Process) (seconds float64, err error) {
		if _, err := w.Call(Request{Cmd: "load", File: f.job}); err != nil {
			return 0, err
		}
		for _, part := range [][]int{rows[:warmUp*j.Config.Batch], rows[warmUp*j.Config.Batch:]} {
			a, err := w.Call(Request{Cmd: "train", File: f.data, Order: part})
			if err != nil {
				return 0, err
			}
			seconds = a.Seconds
		}
		return seconds / steps, nil
	})
	return err
}

// turnSteps is the number of steps of a turn.
const turnSteps = 50

// peerFiles are the files of a job.
type peerFiles struct{ proof, job, data, test string }

// run does a job.
func (p *peerBench) run(ctx context.Context, number int, j evaluate.Job) (row PeerRow, err error) {
	load := contention.Begin()
	row = PeerRow{Concept: j.Concept, Prompt: j.Prompt}
	dir, err := os.MkdirTemp("", "warmstart-bench-")
	if err != nil {
		return row, err
	}
	defer os.RemoveAll(dir)
	files, err := p.write(dir, j)
	if err != nil {
		return row, err
	}
	sides := []*Process{nil, nil}
	defer func() {
		for _, s := range sides {
			if s != nil {
				s.Close()
			}
		}
		row.Load = load.End()
	}()
	if sides[0], err = startOurs(ctx, p.threads); err != nil {
		return row, err
	}
	if p.Torch {
		if err := p.try(ctx, files, j, dir); err != nil {
			return row, err
		}
		row.Trials = p.trials
		if sides[1], err = startTorch(ctx, row.Trials[0].TorchSetup, dir); err != nil {
			return row, err
		}
	} else {
		sides = sides[:1]
	}
	if row.Proof, err = prove(sides, files, j); err != nil {
		return row, err
	}
	if row.Turns, err = p.takeTurns(sides, files, j, number); err != nil {
		return row, err
	}
	err = p.judge(sides, files, j, dir, &row)
	return row, err
}

// write writes what both sides read: fresh weights, at the rate of the proof and at the job's; the pairs, and behind them the same mirrored; and
// the pictures to measure with.
func (p *peerBench) write(dir string, j evaluate.Job) (f peerFiles, err error) {
	proof := j.Config
	proof.LR, proof.DiscLR = proofRate, proofRate
	for _, v := range []struct {
		name   string
		config gan.Config
		path   *string
	}{{"proof", proof, &f.proof}, {"job", j.Config, &f.job}} {
		sub := filepath.Join(dir, v.name)
		if err := os.Mkdir(sub, 0o755); err != nil {
			return f, err
		}
		t, err := gan.NewTrainer(p.backend, v.config)
		if err != nil {
			return f, err
		}
		err = t.Save(sub)
		t.Close()
		if err != nil {
			return f, err
		}
		*v.path = filepath.Join(sub, gan.CheckpointFile)
	}
	f.data, f.test = filepath.Join(dir, "pairs.safetensors"), filepath.Join(dir, "test.safetensors")
	size := j.Config.Size
	shape := func(values []float32) []int { return []int{len(values) / (3 * size * size), size, size, 3} }
	x, y := append(j.X, mirrored(j.X, size)...), append(j.Y, mirrored(j.Y, size)...)
	if err := writeTensors(f.data, safetensors.Float32("x", shape(x), x), safetensors.Float32("y", shape(y), y)); err != nil {
		return f, err
	}
	return f, writeTensors(f.test, safetensors.Float32("x", shape(j.TestX), j.TestX))
}

// mirrored returns pictures [n, size, size, rgb] mirrored left to right.
func mirrored(x []float32, size int) []float32 {
	out := make([]float32, len(x))
	for i := range x {
		c, col, row := i%3, i/3%size, i/3/size
		out[(row*size+size-1-col)*3+c] = x[i]
	}
	return out
}

// order returns the rows of the pairs' file that so many steps see: each pair once an epoch, in a new order, mirrored at random.
func order(pairs, samples int) []int {
	rng := rand.New(rand.NewPCG(1, 1))
	var rows []int
	for len(rows) < samples {
		for _, i := range rng.Perm(pairs) {
			rows = append(rows, i+pairs*rng.IntN(2))
		}
	}
	return rows[:samples]
}

// prove trains each side for three steps and compares the losses.
func prove(sides []*Process, f peerFiles, j evaluate.Job) (losses [][][4]float64, err error) {
	const proofSteps = 3
	rows := order(len(j.X)/(3*j.Config.Size*j.Config.Size), proofSteps*j.Config.Batch)
	for _, s := range sides {
		if _, err := s.Call(Request{Cmd: "load", File: f.proof}); err != nil {
			return nil, err
		}
		a, err := s.Call(Request{Cmd: "train", File: f.data, Order: rows})
		if err != nil {
			return nil, err
		}
		losses = append(losses, a.Losses)
	}
	if len(losses) > 1 {
		if err := agree(losses[0], losses[1]); err != nil {
			return nil, fmt.Errorf("%w: the work is not equal, so there is no comparison", err)
		}
	}
	return losses, nil
}

// takeTurns does the job on all sides.
func (p *peerBench) takeTurns(sides []*Process, f peerFiles, j evaluate.Job, number int) (turns []PeerTurn, err error) {
	for _, s := range sides {
		if _, err := s.Call(Request{Cmd: "load", File: f.job}); err != nil {
			return nil, err
		}
	}
	rows := order(len(j.X)/(3*j.Config.Size*j.Config.Size), j.Config.Steps*j.Config.Batch)
	done := 0
	for len(rows) > 0 {
		n := min(len(rows), turnSteps*j.Config.Batch)
		turn := PeerTurn{Steps: done + n/j.Config.Batch}
		for _, s := range sides {
			settle()
			a, err := s.Call(Request{Cmd: "train", File: f.data, Order: rows[:n]})
			if err != nil {
				return nil, err
			}
			l1 := 0.0
			for _, l := range a.Losses {
				l1 += l[1] / float64(len(a.Losses))
			}
			turn.Seconds, turn.L1 = append(turn.Seconds, a.Seconds), append(turn.L1, l1)
		}
		rows, done, turns = rows[n:], turn.Steps, append(turns, turn)
		p.Log(fmt.Sprintf("%d of %d: %-40s step %d of %d  L1 %.4f", number+1, p.total, j.Concept, done, j.Config.Steps, turn.L1))
	}
	return turns, nil
}

// judge measures what both sides make of the test pictures.
func (p *peerBench) judge(sides []*Process, f peerFiles, j evaluate.Job, dir string, row *PeerRow) error {
	targets := images(j.TestY, j.Config.Size)
	row.Input, row.Target = images(j.TestX, j.Config.Size)[0], targets[0]
	for _, s := range sides {
		out := filepath.Join(dir, s.Hello.Name+".safetensors")
		if _, err := s.Call(Request{Cmd: "apply", File: f.test, Out: out}); err != nil {
			return err
		}
		file, err := safetensors.ReadFile(out, safetensors.Options{Finite: true})
		if err != nil {
			return err
		}
		y, ok := file.Find("y")
		if !ok || len(y.F32) != len(j.TestY) {
			return fmt.Errorf("%s holds no y for %d pictures", out, len(targets))
		}
		psnr := 0.0
		made := images(y.F32, j.Config.Size)
		for i, m := range made {
			psnr += metrics.PSNR(m, targets[i]) / float64(len(targets))
		}
		row.PSNR, row.Outputs = append(row.PSNR, psnr), append(row.Outputs, made[0])
	}
	return nil
}

// images turns values [n, size, size, rgb] in [-1,1] into pictures.
func images(values []float32, size int) (list []*imageio.Image) {
	for n := 3 * size * size; len(values) >= n; values = values[n:] {
		list = append(list, imageio.FromTensor(values, size, size))
	}
	return list
}

// about is version and detail of a side.
func (r Response) about() string { return r.Version + " " + r.Detail }
