package bench

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/warmstart-ml/warmstart/internal/contention"
)

// Options of a benchmark.
type Options struct {
	Threads []int        // numbers of threads to measure with, one worker each
	Torch   bool         // compare with PyTorch
	Quick   bool         // fewer and shorter rounds
	Log     func(string) // progress, a line at a time
}

// kernelCase is an operation to measure.
type kernelCase struct {
	group, shape string
	op           Op
	// flops of one call, or 0 where operations are not what counts.
	flops float64
}

func gemmCase(m, n, k int, transA, transB bool) kernelCase {
	letter := map[bool]string{false: "N", true: "T"}
	return kernelCase{
		group: "gemm", shape: fmt.Sprintf("%dx%dx%d %s%s", m, n, k, letter[transA], letter[transB]),
		op: Op{Kind: "gemm", M: m, N: n, K: k, TransA: transA, TransB: transB}, flops: 2 * float64(m) * float64(n) * float64(k),
	}
}

// convCase is a convolution over size x size images, forward and both gradients.
func convCase(batch, size, in, out, kernel, stride, pad int) kernelCase {
	side := float64((size+2*pad-kernel)/stride + 1)
	return kernelCase{
		group: "conv2d", shape: fmt.Sprintf("B%d %dx%d %d→%d %dx%d s%d", batch, size, size, in, out, kernel, kernel, stride),
		op:    Op{Kind: "conv", Batch: batch, Height: size, Width: size, In: in, Out: out, Kernel: kernel, Stride: stride, Pad: pad},
		flops: 3 * 2 * float64(batch*in*out*kernel*kernel) * side * side,
	}
}

func conv1dCase(batch, width, in, out, kernel int) kernelCase {
	return kernelCase{
		group: "conv1d", shape: fmt.Sprintf("B%d %d wide %d→%d k%d", batch, width, in, out, kernel),
		op:    Op{Kind: "conv", Batch: batch, Height: 1, Width: width, In: in, Out: out, Kernel: kernel, Stride: 1, Pad: kernel / 2},
		flops: 3 * 2 * float64(batch*width*in*out*kernel),
	}
}

// kernelCases are cubes, products as small convolutional networks have them, their convolutions, and the
// element-wise work around those.
func kernelCases() []kernelCase {
	cases := []kernelCase{
		gemmCase(256, 256, 256, false, false), gemmCase(512, 512, 512, false, false), gemmCase(1024, 1024, 1024, false, false),
		gemmCase(4096, 64, 576, false, false), gemmCase(1024, 128, 1152, false, false), gemmCase(16384, 32, 288, false, false),
		gemmCase(64, 576, 36864, false, false), gemmCase(64, 576, 36864, true, false), gemmCase(4096, 64, 576, false, true),
		gemmCase(16, 256, 256, false, false), gemmCase(64, 128, 128, false, false), gemmCase(16, 512, 512, false, true),
	}
	for _, b := range []int{1, 4, 16} {
		cases = append(cases,
			convCase(b, 64, 32, 32, 3, 1, 1), convCase(b, 32, 64, 64, 3, 1, 1), convCase(b, 16, 128, 128, 3, 1, 1),
			convCase(b, 64, 3, 32, 7, 1, 3), convCase(b, 64, 32, 64, 4, 2, 1), convCase(b, 64, 32, 3, 7, 1, 3),
			conv1dCase(b, 64, 64, 64, 3))
	}
	elementwise := func(shape string, op Op) kernelCase { return kernelCase{group: "elementwise", shape: shape, op: op} }
	return append(cases, convCase(1, 256, 32, 32, 3, 1, 1),
		elementwise("Adam, 5.24 M weights", Op{Kind: "adam", Size: 5242880}),
		elementwise("instance norm + ReLU B16 64x64x32", Op{Kind: "instance_norm_relu", Batch: 16, Height: 64, Width: 64, In: 32}),
		elementwise("instance norm + ReLU B1 256x256x32", Op{Kind: "instance_norm_relu", Batch: 1, Height: 256, Width: 256, In: 32}),
		elementwise("softmax 4096x64", Op{Kind: "softmax", M: 4096, N: 64}),
		elementwise("softmax 512x256", Op{Kind: "softmax", M: 512, N: 256}),
	)
}

// Kernels measures single operations on both sides, taking turns. For each side the median over the rounds counts.
func Kernels(ctx context.Context, o Options) (*Report, error) {
	r := &Report{Command: "bench kernels", Machine: thisMachine()}
	rounds, seconds := 5, 0.12
	if o.Quick {
		rounds, seconds = 3, 0.04
	}
	dir, err := os.MkdirTemp("", "warmstart-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	load := contention.Begin()
	for _, threads := range o.Threads {
		if err := o.kernels(ctx, threads, dir, r, rounds, seconds); err != nil {
			return nil, err
		}
	}
	r.disturbed(load.End())
	r.finish()
	return r, nil
}

// kernels measures all operations with a number of threads.
func (o Options) kernels(ctx context.Context, threads int, dir string, r *Report, rounds int, seconds float64) error {
	ours, err := o.ours(ctx, threads, r)
	if err != nil {
		return err
	}
	defer ours.Close()
	peers, err := o.peers(ctx, threads, dir, r)
	if err != nil {
		return err
	}
	defer closeAll(peers)
	for _, c := range kernelCases() {
		row, err := c.measure(ours, peers, rounds, seconds)
		if err != nil {
			return fmt.Errorf("%s %s: %w", c.group, c.shape, err)
		}
		row.Threads = threads
		r.Rows = append(r.Rows, row)
		o.Log(fmt.Sprintf("%-12s %-34s %d threads  %8s %-9s %5.2fx", c.group, c.shape, threads, figure(row.Ours), row.Unit, row.Ratio))
	}
	return nil
}

func (o Options) ours(ctx context.Context, threads int, r *Report) (*Process, error) {
	p, err := startOurs(ctx, threads)
	if err == nil {
		r.Machine.Ours = p.Hello.Version + " " + p.Hello.Detail
	}
	return p, err
}

// peers starts the peer in each way that it can be run. There are none if it is not wanted, or not installed, which is noted.
func (o Options) peers(ctx context.Context, threads int, dir string, r *Report) (peers []*Process, err error) {
	if !o.Torch {
		return nil, nil
	}
	for _, s := range torchSetups(threads) {
		p, err := startTorch(ctx, s, dir)
		if errors.Is(err, ErrNoTorch) {
			if len(r.Notes) == 0 {
				r.Notes = append(r.Notes, "No comparison: "+err.Error()+".")
			}
			return nil, nil
		}
		if err != nil {
			closeAll(peers)
			return nil, err
		}
		p.Setup = &s
		peers = append(peers, p)
		r.Machine.Peer = p.Hello.Name + " " + p.Hello.Version + " " + p.Hello.Detail
	}
	return peers, nil
}

func closeAll(list []*Process) {
	for _, p := range list {
		p.Close()
	}
}

// race lets both sides do the same in turns, for so many rounds, and returns the medians of the seconds that it takes them. Of the peers
// the fastest counts; without any it is nil.
func race(ours *Process, peers []*Process, rounds int, seconds func(*Process) (float64, error)) (mine, theirs float64, peer *Process, err error) {
	sides := append([]*Process{ours}, peers...)
	times := make([][]float64, len(sides))
	for range rounds {
		for i, s := range sides {
			settle()
			took, err := seconds(s)
			if err != nil {
				return 0, 0, nil, err
			}
			times[i] = append(times[i], took)
		}
	}
	for i, p := range peers {
		if m := median(times[i+1]); peer == nil || m < theirs {
			theirs, peer = m, p
		}
	}
	return median(times[0]), theirs, peer, nil
}

// measure times one case on both sides in turns.
func (c kernelCase) measure(ours *Process, peers []*Process, rounds int, seconds float64) (Row, error) {
	ask := Request{Cmd: "time", Op: &c.op, Seconds: seconds}
	mine, theirs, peer, err := race(ours, peers, rounds, func(p *Process) (float64, error) {
		a, err := p.Call(ask)
		return a.Median, err
	})
	if err != nil {
		return Row{}, err
	}
	row := Row{Group: c.group, Shape: c.shape, Unit: "ms", Ours: 1e3 * mine, Peer: 1e3 * theirs, Ratio: theirs / mine}
	if peer != nil {
		row.Setup = peer.Setup
	}
	if c.flops > 0 {
		row.Unit, row.Ours = "GFLOP/s", c.flops/mine/1e9
		if peer != nil {
			row.Peer = c.flops / theirs / 1e9
		}
	}
	return row, nil
}
