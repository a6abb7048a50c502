package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// trainer is this side's training state, and the last batch it saw.
type trainer struct {
	*gan.Trainer
	x, y []float32
}

// loadTrainer makes a trainer from a checkpoint, with the configuration that it carries.
func loadTrainer(backend compute.Backend, file string) (*trainer, error) {
	f, err := safetensors.ReadFile(file, safetensors.Options{})
	if err != nil {
		return nil, err
	}
	var c gan.Config
	if err := json.Unmarshal([]byte(f.Metadata["config"]), &c); err != nil {
		return nil, fmt.Errorf("%s: its configuration: %w", file, err)
	}
	f = nil // its memory would count as the trainer's
	t, _, err := gan.Resume(backend, filepath.Dir(file), c)
	if err != nil {
		return nil, err
	}
	return &trainer{Trainer: t}, nil
}

// train does a step on each batch of a file, or on batches of its rows in the given order.
func (t *trainer) train(file string, order []int) (a Response, err error) {
	x, y, err := readBatches(file)
	if err != nil {
		return a, err
	}
	c := t.Config()
	n := c.Size * c.Size * 3
	if order == nil {
		for i := range len(x) / n {
			order = append(order, i)
		}
	}
	begin := time.Now()
	for ; len(order) >= c.Batch; order = order[c.Batch:] {
		t.x, t.y = t.x[:0], t.y[:0]
		for _, row := range order[:c.Batch] {
			if row < 0 || (row+1)*n > min(len(x), len(y)) {
				return a, fmt.Errorf("%s has no row %d", file, row)
			}
			t.x, t.y = append(t.x, x[row*n:][:n]...), append(t.y, y[row*n:][:n]...)
		}
		l, err := t.Step(t.x, t.y)
		if err != nil {
			return a, err
		}
		a.Losses = append(a.Losses, [4]float64{float64(l.GAN), float64(l.L1), float64(l.DiscReal), float64(l.DiscFake)})
	}
	a.Seconds = time.Since(begin).Seconds()
	return a, nil
}

// steps repeats the last batch n times.
func (t *trainer) steps(n int) (Response, error) {
	if t.x == nil {
		return Response{}, fmt.Errorf("steps: train on a batch first")
	}
	a := Response{Durations: make([]float64, n)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		begin := time.Now()
		if _, err := t.Step(t.x, t.y); err != nil {
			return Response{}, err
		}
		a.Durations[i] = time.Since(begin).Seconds()
	}
	runtime.ReadMemStats(&after)
	a.StepBytes = int64(after.TotalAlloc-before.TotalAlloc) / int64(max(n, 1))
	return a, nil
}

// apply runs the generator on every picture of a file.
func (t *trainer) apply(backend compute.Backend, file, out string) error {
	x, _, err := readBatches(file)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "warmstart-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	weights := filepath.Join(dir, gan.WeightsFile)
	if err := t.SaveWeights(weights); err != nil {
		return err
	}
	m, _, err := gan.Load(backend, weights)
	if err != nil {
		return err
	}
	defer m.Close()
	size := t.Config().Size
	y := make([]float32, len(x))
	n := 3 * size * size
	for i := 0; i < len(x); i += n {
		p, err := m.Apply(context.Background(), []*imageio.Image{imageio.FromTensor(x[i:i+n], size, size)})
		if err != nil {
			return err
		}
		p[0].ToTensor(y[i : i+n])
	}
	return writeTensors(out, safetensors.Float32("y", []int{len(x) / n, size, size, 3}, y))
}

// readBatches reads x and, if the file has it, y.
func readBatches(file string) (x, y []float32, err error) {
	f, err := safetensors.ReadFile(file, safetensors.Options{})
	if err != nil {
		return nil, nil, err
	}
	tx, ok := f.Find("x")
	if !ok {
		return nil, nil, fmt.Errorf("%s has no tensor x", file)
	}
	ty, _ := f.Find("y")
	return tx.F32, ty.F32, nil
}

func writeTensors(file string, t ...safetensors.Tensor) error {
	return atomicfile.Write(file, func(w io.Writer) error {
		return safetensors.Write(w, &safetensors.File{Tensors: t})
	})
}

// peakMemory is the largest resident memory that this process had, in bytes.
func peakMemory() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("peak memory is known on Linux only: %w", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(v, "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("peak memory: no VmHWM in /proc/self/status")
}
