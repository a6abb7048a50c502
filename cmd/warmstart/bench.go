package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/bench"
	"github.com/warmstart-ml/warmstart/cpu"
)

type benchCmd struct {
	Main    benchMainCmd    `cmd:"" help:"The main table: FID, KID, PSNR, SSIM and time of all ways to a network, on unseen concepts."`
	Curve   benchCurveCmd   `cmd:"" help:"Quality against time and epochs, from the same trainings as the main table."`
	Novelty benchNoveltyCmd `cmd:"" help:"Are generated weights new, or memorised? Their distances to the zoo, and those of their pictures."`

	BlockSize blockSizeCmd `cmd:"" help:"Ablation: weight generators for blocks of 64 to 512 values, and of a whole adapter."`
	Grouping  groupingCmd  `cmd:"" help:"Ablation: blocks within tensors, within layers, and across everything."`
	Steps     stepsCmd     `cmd:"" help:"Ablation: 1 to 50 denoising steps of one weight generator."`
	Target    targetCmd    `cmd:"" help:"Ablation: weight generators that predict x0, v, and the noise."`
	Network   networkCmd   `cmd:"" help:"Ablation: one block at a time (unet1d), and all at once (dit)."`
	ZooSize   zooSizeCmd   `cmd:"" help:"Ablation: weight generators that learnt from 25 adapters, and from more up to all."`
	Stage     stageCmd     `cmd:"" help:"Ablation: training on weights, on pictures, and on both."`

	Kernels kernelsCmd `cmd:"" help:"Single operations: matrix products, convolutions, element-wise work."`
	Step    stepCmd    `cmd:"" help:"Whole training steps: speed, memory, allocations, time to start."`
	Quality qualityCmd `cmd:"" help:"Test PSNR after the same training on both sides, for three edits."`
	Worker  workerCmd  `cmd:"" hidden:"" help:"Answer requests of a benchmark on standard input."`
}

// benchFlags are common to all benchmarks.
type benchFlags struct {
	Peer  string `enum:"torch,none" default:"torch" help:"What to compare with: torch or none."`
	Quick bool   `help:"Fewer and shorter rounds: a look, not a measurement."`
}

// run runs a benchmark and prints its report. Each round of it takes turns between both sides, so that what
// else the machine does hits both.
func (f benchFlags) run(ctx context.Context, u *ui, threads []int, measure func(context.Context, bench.Options) (*bench.Report, error)) error {
	report, err := measure(ctx, bench.Options{Threads: threads, Torch: f.Peer == "torch", Quick: f.Quick, Log: func(line string) { fmt.Fprintln(u.err, line) }})
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

func (c stepCmd) Run(ctx context.Context, u *ui) error {
	return c.runOn(ctx, u, bench.Step)
}

type qualityCmd struct{ benchFlags }

func (c qualityCmd) Run(ctx context.Context, u *ui) error {
	return c.runOn(ctx, u, bench.Quality)
}

// runOn is run for benchmarks that prepare their data with a backend of this process.
func (f benchFlags) runOn(ctx context.Context, u *ui, measure func(context.Context, compute.Backend, bench.Options) (*bench.Report, error)) error {
	backend, err := cpu.New("")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	return f.run(ctx, u, threadCounts(), func(ctx context.Context, o bench.Options) (*bench.Report, error) {
		return measure(ctx, backend, o)
	})
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
