package cpu

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// trainStep is gradient descent on a small network: convolution, norm, attention, softmax.
// images [batch, 8, 8, 3], kernel [3, 3, 3, 4], weights [4, 5]; the new kernel and weights, and the loss.
func trainStep(images, kernel, weights *Node) (*Node, *Node, *Node) {
	x := Convolve(images, kernel).PadSame().Done()
	mean := ReduceAndKeep(x, ReduceMean, 1, 2)
	x = Sub(x, mean)
	variance := ReduceAndKeep(Square(x), ReduceMean, 1, 2)
	x = Div(x, Sqrt(AddScalar(variance, 1e-5)))
	x = Max(x, MulScalar(x, 0.2))

	batch := x.Shape().Dimensions[0]
	tokens := Reshape(x, batch, 64, 4)
	scores := Softmax(Einsum("bqc,bkc->bqk", tokens, tokens), -1)
	tokens = Einsum("bqk,bkc->bqc", scores, tokens)

	logits := Dot(ReduceMax(tokens, 1), weights).Product()
	loss := Neg(ReduceAllMean(Log(Slice(Softmax(logits, -1), AxisRange(), AxisElem(2)))))
	grads := Gradient(loss, kernel, weights)
	return Sub(kernel, MulScalar(grads[0], 0.1)), Sub(weights, MulScalar(grads[1], 0.1)), loss
}

// train runs some steps and gives the final values, with the losses last.
func train(t *testing.T, b compute.Backend, steps int) [][]float32 {
	t.Helper()
	exec, err := NewExec(b, trainStep)
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	images := wave(2, 8, 8, 3)
	kernel, weights := wave(3, 3, 3, 4), wave(4, 5)
	var losses []float32
	for range steps {
		k, err := DonateTensorBuffer(kernel, b, 0)
		if err != nil {
			t.Fatal(err)
		}
		w, err := DonateTensorBuffer(weights, b, 0)
		if err != nil {
			t.Fatal(err)
		}
		outs, err := exec.Call(images, k, w)
		if err != nil {
			t.Fatal(err)
		}
		kernel, weights = outs[0], outs[1]
		losses = append(losses, outs[2].Value().(float32))
	}
	return [][]float32{values(kernel), values(weights), losses}
}

// wave makes a tensor of smooth values around zero.
func wave(dims ...int) *tensors.Tensor {
	data := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
	for i := range data {
		data[i] = float32(math.Sin(float64(i) * 1.7))
	}
	return tensors.FromFlatDataAndDimensions(data, dims...)
}

func values(t *tensors.Tensor) []float32 { return tensors.MustCopyFlatData[float32](t) }

func TestTraining(t *testing.T) {
	reference, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	want := train(t, reference, 5)
	if losses := want[2]; losses[4] >= losses[0] {
		t.Fatalf("the reference does not learn: losses %v", losses)
	}
	got := train(t, newBackend(t, "threads=2"), 5)
	for i := range want {
		for j := range want[i] {
			if w, v := float64(want[i][j]), float64(got[i][j]); math.Abs(w-v) > 1e-4 {
				t.Fatalf("result %d, value %d: got %g, want %g", i, j, v, w)
			}
		}
	}
}

// TestSameBits: the number of threads changes nothing, nor does running again.
func TestSameBits(t *testing.T) {
	want := train(t, newBackend(t, "threads=1"), 3)
	for _, config := range []string{"threads=1", "threads=2", "threads=3", "threads=8"} {
		got := train(t, newBackend(t, config), 3)
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: result %d differs from that of one thread", config, i)
			}
		}
	}
}

// TestRandomBits: a program with two results of one operation, of which one is used, and several data types.
func TestRandomBits(t *testing.T) {
	draw := func(b compute.Backend) []float32 {
		exec, err := NewExec(b, func(state *Node) *Node {
			_, x := RandomNormal(state, shapes.Make(dtypes.Float32, 100))
			return ConvertDType(ConvertDType(x, dtypes.BFloat16), dtypes.Float32)
		})
		if err != nil {
			t.Fatal(err)
		}
		outs, err := exec.Call(tensors.FromValue([]uint64{1, 2, 3}))
		if err != nil {
			t.Fatal(err)
		}
		return values(outs[0])
	}
	reference, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	want, got := draw(reference), draw(newBackend(t, ""))
	for i := range want {
		// One unit in the last place of a bfloat16.
		if w, v := float64(want[i]), float64(got[i]); math.Abs(w-v) > math.Abs(w)/128+1e-6 {
			t.Errorf("value %d: got %g, want %g", i, v, w)
		}
	}
}
