package onnx

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/onnx/ort"
	"github.com/warmstart-ml/warmstart/weightgen"
)

// startRuntime starts onnxruntime in the folder that WARMSTART_ORT names, and skips the test if there is none.
func startRuntime(t *testing.T, name string) *ort.Runtime {
	t.Helper()
	dir := os.Getenv("WARMSTART_ORT")
	if dir == "" {
		t.Skip("WARMSTART_ORT names no folder in which npm has installed onnxruntime (npm ci --ignore-scripts in testdata/node)")
	}
	r, err := ort.Start(t.Context(), dir, name, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// generated returns mini with the adapter of a prompt, from the models in the repository.
func generated(t testing.TB) *gan.Weights {
	t.Helper()
	models, err := warmstart.Load("")
	if err != nil {
		t.Fatal(err)
	}
	backend := cputest.New(t, "")
	adapter, _, err := models.Init(context.Background(), backend, "a faded photo of a foggy evening", weightgen.Sampling{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := models.Base.Apply(adapter)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestDefinition compares what exported files say, computed as ONNX defines it, with what the generators make, and all sizes on the way with those
// that Infer says.
func TestDefinition(t *testing.T) {
	for _, c := range []struct {
		name    string
		weights *gan.Weights
		sizes   []Size
	}{
		{"mini", drawn(t, "mini", 4, 0), []Size{{2, 24, 16}, {1, 5, 30}, {1, 72, 65}}},
		{"mini with two heads", drawn(t, "mini", 22, 0), []Size{{1, 16, 8}}},
		{"resnet", drawn(t, "resnet9", 2, 2), []Size{{2, 5, 12}}},
		{"unet", drawn(t, "unet256", 2, 5), []Size{{2, 17, 40}}},
	} {
		file, err := Decode(exported(t, c.weights, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		model, err := gan.NewModel(cputest.New(t, ""), c.weights)
		if err != nil {
			t.Fatal(err)
		}
		defer model.Close()
		for _, s := range c.sizes {
			if d, err := Compare(t.Context(), model, evaluator{file}, s); err != nil || !(d < 2e-5) {
				t.Errorf("%s, %v: outputs differ by up to %g, error %v", c.name, s, d, err)
			}
			compareShapes(t, file, s)
		}
	}
}

func compareShapes(t *testing.T, file *Model, s Size) {
	t.Helper()
	inferred, err := file.Infer(map[string]int64{"batch": int64(s.Batch), "height": int64(s.Height), "width": int64(s.Width)})
	if err != nil {
		t.Fatal(err)
	}
	_, image := testPictures(s)
	values := evaluator{file}.values(image, s.Batch, 3, s.Height, s.Width)
	if len(values) != len(inferred) {
		t.Errorf("%d values, inferred were %d", len(values), len(inferred))
	}
	for name, v := range values {
		if got, want := fmt.Sprint(inferred[name].Dims), fmt.Sprint(v.dims); got != want {
			t.Errorf("%v: %s has sizes %s, inferred were %s", s, name, want, got)
		}
	}
}

// TestParity compares what onnxruntime makes of exported files with what the generators make.
func TestParity(t *testing.T) {
	cases := []struct {
		name    string
		weights *gan.Weights
		sizes   []Size
	}{
		{"mini with a generated adapter", generated(t), []Size{
			{1, 64, 64}, {3, 100, 72}, {3, 64, 64}, {1, 100, 72}, {1, 256, 256}, {3, 256, 256}, {1, 5, 41}, {3, 5, 41}, {1, 129, 65}, {3, 129, 65},
		}},
		{"resnet9", drawn(t, "resnet9", 4, 9), []Size{{1, 64, 64}, {3, 5, 7}}},
		{"unet", drawn(t, "unet256", 2, 8), []Size{{1, 256, 256}, {2, 129, 300}}},
		{"unet of depth 3", drawn(t, "unet256", 4, 3), []Size{{1, 24, 16}, {2, 5, 13}}},
	}
	for _, name := range []string{ort.Node, ort.Web} {
		t.Run(name, func(t *testing.T) {
			runtime := startRuntime(t, name)
			for _, c := range cases {
				compare(t, runtime, c.name, c.weights, false, c.sizes)
				compare(t, runtime, c.name, c.weights, true, c.sizes[:2])
			}
		})
	}
}

func compare(t *testing.T, runtime *ort.Runtime, name string, w *gan.Weights, half bool, sizes []Size) {
	t.Helper()
	file := exported(t, w, Options{Half: half})
	if err := runtime.Load(file); err != nil {
		t.Fatal(err)
	}
	model, err := gan.NewModel(cputest.New(t, ""), w)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	limit := Tolerance(half)
	for _, s := range sizes {
		difference, err := Compare(context.Background(), model, runtime, s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !(difference < limit) {
			t.Errorf("%s, half %t, %v: outputs differ by up to %g", name, half, s, difference)
		} else {
			t.Logf("%s, half %t, %v: outputs differ by up to %.2g", name, half, s, difference)
		}
	}
}

// exported returns a file that is checked.
func exported(t testing.TB, w *gan.Weights, o Options) []byte {
	t.Helper()
	m, err := Export(w, o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// drawn returns a preset's generator of another width and depth with random weights.
func drawn(t testing.TB, preset string, width, depth int) *gan.Weights {
	t.Helper()
	c, err := gan.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	c.Width, c.Depth = width, depth
	network, err := c.Network()
	if err != nil {
		t.Fatal(err)
	}
	w := &gan.Weights{Config: c}
	for i, p := range network.Params.List() {
		values := make([]float32, p.Size())
		network.Params.Draw(nn.Ref(i), 1, values)
		for j := range values {
			if len(p.Dims) == 1 {
				values[j] += float32(j%5)/10 - 0.2 // biases and norms that show
			}
		}
		w.Values = append(w.Values, values)
	}
	return w
}
