package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/warmstart-ml/warmstart/bench"
	"github.com/warmstart-ml/warmstart/cpu"
)

type benchCmd struct {
	Main    benchMainCmd    `cmd:"" group:"On unseen concepts:" help:"The main table: FID, KID, PSNR, SSIM and time of all ways to a network."`
	Curve   benchCurveCmd   `cmd:"" group:"On unseen concepts:" help:"Quality against time and epochs, from the same trainings as the main table."`
	Novelty benchNoveltyCmd `cmd:"" group:"On unseen concepts:" help:"Are generated weights new, or memorised? Their distances to the zoo, and those of their pictures."`

	BlockSize blockSizeCmd `cmd:"" group:"Ablations of weight generators, on unseen concepts:" help:"Blocks of 64 to 512 values, and of a whole adapter."`
	Grouping  groupingCmd  `cmd:"" group:"Ablations of weight generators, on unseen concepts:" help:"Blocks within tensors, within layers, and across everything."`
	Steps     stepsCmd     `cmd:"" group:"Ablations of weight generators, on unseen concepts:" help:"1 to 50 denoising steps of one weight generator."`
	Target    targetCmd    `cmd:"" group:"Ablations of weight generators, on unseen concepts:" help:"Predicting x0, v, and the noise."`
	Network   networkCmd   `cmd:"" group:"Ablations of weight generators, on unseen concepts:" help:"One block at a time (unet1d), and all at once (dit)."`
	ZooSize   zooSizeCmd   `cmd:"" group:"Ablations of weight generators, on unseen concepts:" help:"Learning from 25 adapters, and from more up to all."`
	Stage     stageCmd     `cmd:"" group:"Ablations of weight generators, on unseen concepts:" help:"Training on weights, on pictures, and on both."`

	Kernels kernelsCmd     `cmd:"" group:"Side by side with others:" help:"Single operations, against PyTorch: matrix products, convolutions, element-wise work."`
	Step    stepCmd        `cmd:"" group:"Side by side with others:" help:"Whole training steps, against PyTorch: speed, memory, allocations, time to start."`
	Peer    benchPeerCmd   `cmd:"" group:"Side by side with others:" help:"pix2pix from scratch on unseen concepts, against PyTorch: the whole training, and quality at its end."`
	Apply   benchApplyCmd  `cmd:"" group:"Side by side with others:" help:"Pictures a second of a trained network, against onnxruntime running its export."`
	Server  benchServerCmd `cmd:"" group:"Side by side with others:" help:"A server: a stream of frames, then many clients at once, which apply, make, train and break off."`
	Worker  workerCmd      `cmd:"" hidden:"" help:"Answer requests of a benchmark on standard input."`
}

// benchFlags are common to all benchmarks.
type benchFlags struct {
	Peer  string `enum:"torch,none" default:"torch" help:"What to compare with: torch or none."`
	Quick bool   `help:"Fewer and shorter rounds: a look, not a measurement."`
}

// run runs a benchmark and prints its report. Each round of it takes turns between both sides, so that what
// else the machine does hits both.
func (f benchFlags) run(ctx context.Context, u *ui, threads []int, measure func(context.Context, bench.Options) (*bench.Report, error)) error {
	report, err := measure(ctx, f.options(u, threads))
	if ctx.Err() != nil {
		return hinted{interrupted{}, "nothing was kept: a benchmark begins anew"} // workers that were killed say so in other words
	}
	if err != nil {
		return err
	}
	if u.json {
		return report.WriteJSON(u.out)
	}
	return report.WriteTable(u.out)
}

func (f benchFlags) options(u *ui, threads []int) bench.Options {
	return bench.Options{Threads: threads, Torch: f.Peer == "torch", Quick: f.Quick, Log: func(line string) { fmt.Fprintln(u.err, line) }}
}

// threadCounts are the numbers of threads to measure with: one, and all (or what --threads says).
func threadCounts() []int {
	if n := runtime.GOMAXPROCS(0); n > 1 {
		return []int{1, n}
	}
	return []int{1}
}

type kernelsCmd struct{ benchFlags }

func (c kernelsCmd) Run(ctx context.Context, u *ui) error {
	return c.run(ctx, u, threadCounts(), bench.Kernels)
}

type stepCmd struct{ benchFlags }

// Run prepares the data with a backend of this process.
func (c stepCmd) Run(ctx context.Context, u *ui) error {
	backend, err := cpu.New("")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	return c.run(ctx, u, threadCounts(), func(ctx context.Context, o bench.Options) (*bench.Report, error) {
		return bench.Step(ctx, backend, o)
	})
}

type benchPeerCmd struct {
	benchFlags
	Concepts int `placeholder:"N" help:"Unseen concepts, spread over all groups. Default: 4, with --quick 1."`
	Steps    int `placeholder:"N" help:"Training steps. Default: 3200, with --quick 200."`
	modelsFlag
	resultFlags
}

// Run does the main job on both sides.
func (c benchPeerCmd) Run(ctx context.Context, u *ui) error {
	report, err := c.measure(ctx, u)
	if errors.Is(err, bench.ErrNoTorch) {
		return hinted{err, "--peer none measures this side alone"}
	}
	return c.finish(ctx, u, report, report != nil && report.Partial, err)
}

func (c benchPeerCmd) measure(ctx context.Context, u *ui) (*bench.PeerReport, error) {
	o := bench.DefaultPeer(c.options(u, threadCounts()))
	o.Cache = c.folder()
	set(&o.Concepts, c.Concepts)
	if c.Steps != 0 {
		o.Config.Race.SetSteps(c.Steps)
	}
	var err error
	if o.Base, err = c.base(); err != nil {
		return nil, err
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	return bench.Peer(ctx, backend, o)
}

type workerCmd struct{}

// Run serves requests with a backend of as many threads as --threads says.
func (workerCmd) Run() error {
	backend, err := cpu.New("")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	return bench.Serve(os.Stdin, os.Stdout, backend, readVersion().Version, strings.Join(cpuFeatures(), " "))
}
