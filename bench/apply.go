package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/contention"
	"github.com/warmstart-ml/warmstart/onnx"
	"github.com/warmstart-ml/warmstart/onnx/ort"
	"github.com/warmstart-ml/warmstart/scene"
)

// applySide is the height and width of the pictures, in pixels.
const applySide = 256

// Apply measures how many pictures a second a generator makes, here and by onnxruntime with the exported file, on as many threads and in
// turns, after proving that both make the same pictures. This side begins and ends with a picture, the other with the tensors that it takes;
// neither reads or writes files. Packages is the folder in which npm has installed onnxruntime-node.
func Apply(ctx context.Context, w *gan.Weights, packages string, o Options) (*Report, error) {
	r := &Report{Command: "bench apply", Machine: thisMachine()}
	load := contention.Begin()
	for _, threads := range o.Threads {
		row, err := applyRow(ctx, w, packages, threads, o.Quick, r)
		if err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, row)
		o.Log(fmt.Sprintf("%s, %d threads: %s pictures/s, onnxruntime %s, %.2fx", row.Shape, threads, figure(row.Ours), figure(row.Peer), row.Ratio))
	}
	r.disturbed(load.End())
	r.finish()
	return r, nil
}

// applyRow measures with a number of threads.
func applyRow(ctx context.Context, w *gan.Weights, packages string, threads int, quick bool, r *Report) (Row, error) {
	row := Row{Group: "apply", Shape: fmt.Sprintf("%s %dx%d", w.Config.Preset, applySide, applySide), Threads: threads, Unit: "pictures/s"}
	backend, err := cpu.New("threads=" + strconv.Itoa(threads))
	if err != nil {
		return row, err
	}
	defer backend.Finalize()
	model, err := gan.NewModel(backend, w)
	if err != nil {
		return row, err
	}
	defer model.Close()
	runtime, err := startExport(ctx, w, packages, threads)
	if err != nil {
		return row, err
	}
	defer runtime.Close()
	r.Machine.Peer = runtime.Name + " " + runtime.Version
	difference, err := onnx.Compare(ctx, model, runtime, onnx.Size{Batch: 1, Height: applySide, Width: applySide})
	if err != nil {
		return row, err
	}
	if !(difference < onnx.Tolerance(false)) {
		return row, fmt.Errorf("no comparison: pictures differ by up to %g", difference)
	}
	return row, row.takeTurns(ctx, model, runtime, quick)
}

// startExport starts onnxruntime with a generator's file.
func startExport(ctx context.Context, w *gan.Weights, packages string, threads int) (*ort.Runtime, error) {
	m, err := onnx.Export(w, onnx.Options{})
	if err != nil {
		return nil, err
	}
	file, err := m.Encode()
	if err != nil {
		return nil, err
	}
	runtime, err := ort.Start(ctx, packages, ort.Node, threads)
	if err != nil {
		return nil, err
	}
	if err := runtime.Load(file); err != nil {
		runtime.Close()
		return nil, err
	}
	return runtime, nil
}

// takeTurns measures both sides in turns and sets the row's figures: medians over turns of medians within them.
func (row *Row) takeTurns(ctx context.Context, model *gan.Model, runtime *ort.Runtime, quick bool) error {
	rounds, calls := 15, 20
	if quick {
		rounds, calls = 3, 5
	}
	picture := []*imageio.Image{scene.New(1, applySide, applySide).Image}
	var ours, peer, ratios []float64
	for range rounds {
		var mine, theirs []float64
		for range calls {
			begin := time.Now()
			if _, err := model.Apply(ctx, picture); err != nil {
				return err
			}
			mine = append(mine, time.Since(begin).Seconds())
		}
		durations, err := runtime.Repeat(calls)
		if err != nil {
			return err
		}
		for _, d := range durations {
			theirs = append(theirs, d.Seconds())
		}
		ours, peer = append(ours, 1/median(mine)), append(peer, 1/median(theirs))
		ratios = append(ratios, median(theirs)/median(mine))
	}
	row.Ours, row.Peer, row.Ratio = median(ours), median(peer), median(ratios)
	return nil
}
