package bench

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

//go:embed peers/torch_peer.py
var torchPeer []byte

// ErrNoTorch says that no Python here has PyTorch, and how to get one.
var ErrNoTorch = errors.New("PyTorch was not found (on Debian and Ubuntu: apt-get install python3-torch; elsewhere: https://pytorch.org/get-started)")

// TorchSetup is how PyTorch is run.
type TorchSetup struct {
	Threads int `json:"threads"`
	// Passive is OMP_WAIT_POLICY=passive: threads that wait sleep. By default they spin for a while, and then those of the forward
	// pass, of the backward pass (which has a thread of its own with more below it) and of OpenBLAS are in each other's way on few cores.
	Passive bool `json:"passive"`
}

func (s TorchSetup) String() string {
	switch {
	case s.Threads == 1 && s.Passive:
		return "one thread that sleeps where it waits"
	case s.Threads == 1:
		return "one thread"
	case s.Passive:
		return fmt.Sprintf("%d threads that sleep where they wait", s.Threads)
	}
	return fmt.Sprintf("%d threads", s.Threads)
}

// torchSetups returns the ways to run PyTorch with those numbers of threads.
func torchSetups(threads ...int) (list []TorchSetup) {
	for _, n := range threads {
		list = append(list, TorchSetup{Threads: n}, TorchSetup{Threads: n, Passive: true})
	}
	return list
}

// startTorch runs the PyTorch peer. dir is for its script.
func startTorch(ctx context.Context, s TorchSetup, dir string) (*Process, error) {
	python, err := findTorch(ctx)
	if err != nil {
		return nil, err
	}
	script := filepath.Join(dir, "torch_peer.py")
	if err := os.WriteFile(script, torchPeer, 0o600); err != nil {
		return nil, err
	}
	n := strconv.Itoa(s.Threads)
	// The matrix products are OpenBLAS's, the rest OpenMP's: each is told the number of threads.
	env := []string{"OMP_NUM_THREADS=" + n, "OPENBLAS_NUM_THREADS=" + n, "MKL_NUM_THREADS=" + n}
	if s.Passive {
		env = append(env, "OMP_WAIT_POLICY=passive")
	}
	return start(ctx, env, python, script, "--threads", n)
}

// TorchTrial is how long PyTorch takes in a setup.
type TorchTrial struct {
	TorchSetup
	Seconds float64 `json:"seconds"`
}

// tryTorch measures setups with seconds, which is given a fresh worker, and returns them with the fastest first. Each is tried twice.
func tryTorch(ctx context.Context, setups []TorchSetup, dir string, seconds func(*Process) (float64, error)) (trials []TorchTrial, err error) {
	for i, s := range slices.Concat(setups, setups) {
		p, err := startTorch(ctx, s, dir)
		if err != nil {
			return nil, err
		}
		took, err := seconds(p)
		p.Close()
		if err != nil {
			return nil, err
		}
		if i < len(setups) {
			trials = append(trials, TorchTrial{s, took})
		} else {
			t := &trials[i-len(setups)]
			t.Seconds = min(t.Seconds, took)
		}
	}
	slices.SortStableFunc(trials, func(a, b TorchTrial) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return trials, nil
}

// findTorch returns a Python interpreter that has PyTorch.
func findTorch(ctx context.Context) (string, error) {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(ctx, python, "-c", "import torch").Run() == nil {
			return python, nil
		}
	}
	return "", ErrNoTorch
}
