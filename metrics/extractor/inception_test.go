package extractor

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// reference is testdata/inception.json, which testdata/make.py writes.
type reference struct {
	Cases []struct {
		Narrow     int
		Seed, W, H int // of the picture
		Size       int // that it is resized to
		Every      int // every so many features are recorded
		Features   []float64
	}
	Shapes map[string][]int // of all tensors
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	b, err := os.ReadFile("testdata/inception.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// noise is that of make.py.
func noise(seed uint32, i int) float64 {
	v := seed*1664525 + uint32(i)*1013904223 + 12345
	v ^= v >> 15
	return float64(v*2654435761) / (1 << 32)
}

func picture(seed uint32, w, h int) *imageio.Image {
	m := imageio.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = float32(noise(seed, i))
	}
	return m
}

// weights makes up those of make.py.
func (n *inception) weights() *safetensors.File {
	f := &safetensors.File{}
	add := func(name string, scale, shift float64, shape ...int) {
		h := fnv.New32a()
		h.Write([]byte(name))
		size := 1
		for _, d := range shape {
			size *= d
		}
		values := make([]float32, size)
		for i := range values {
			values[i] = float32(scale*noise(h.Sum32(), i) + shift)
		}
		f.Tensors = append(f.Tensors, safetensors.Float32(name, shape, values))
	}
	for _, c := range n.convs {
		d := n.params.List()[c.weight].Dims
		bound := math.Sqrt(6 / float64(d[0]*d[1]*d[2]))
		add(c.name+".conv.weight", 2*bound, -bound, d[3], d[2], d[0], d[1])
		add(c.name+".bn.weight", 0.5, 0.75, d[3])
		add(c.name+".bn.bias", 0.2, -0.1, d[3])
		add(c.name+".bn.running_mean", 0.2, -0.1, d[3])
		add(c.name+".bn.running_var", 1, 0.5, d[3])
	}
	add("fc.weight", 1, 0, classes, inceptionDim/n.narrow)
	return f
}

func TestInceptionAgreesWithPyTorch(t *testing.T) {
	backend := cputest.New(t, "")
	for _, c := range readReference(t).Cases {
		n := newInception(c.Narrow)
		values, err := n.fold(n.weights())
		if err != nil {
			t.Fatal(err)
		}
		network, err := n.extractor(backend, values, c.Size)
		if err != nil {
			t.Fatal(err)
		}
		// The picture comes in the second batch, beside another.
		pictures := append(slices.Repeat([]*imageio.Image{imageio.New(8, 8)}, network.spec.Batch), picture(9, 5, 5), picture(uint32(c.Seed), c.W, c.H))
		f, err := network.Features(t.Context(), pictures)
		if err != nil {
			t.Fatal(err)
		}
		network.Close()
		if f.Dim != inceptionDim/c.Narrow || f.Len() != len(pictures) || f.Extractor != network.Name() {
			t.Fatalf("%d times %d features of %s", f.Len(), f.Dim, f.Extractor)
		}
		got := f.Values[len(f.Values)-f.Dim:]
		for i, want := range c.Features {
			if v := got[i*c.Every]; math.Abs(v-want) > 2e-5 {
				t.Errorf("%d channels, %dx%d: feature %d is %v, wanted %v", f.Dim, c.W, c.H, i*c.Every, v, want)
				break
			}
		}
	}
}

// The tensors that are read are those of the network in PyTorch.
func TestInceptionShapes(t *testing.T) {
	n := newInception(1)
	got := map[string][]int{}
	for _, c := range n.convs {
		d := n.params.List()[c.weight].Dims
		got[c.name+".conv.weight"] = []int{d[3], d[2], d[0], d[1]}
		for _, name := range []string{"weight", "bias", "running_mean", "running_var"} {
			got[c.name+".bn."+name] = []int{d[3]}
		}
	}
	if diff := cmp.Diff(readReference(t).Shapes, got); diff != "" {
		t.Error(diff)
	}
}

func TestInceptionRefuses(t *testing.T) {
	n := newInception(16)
	spoil := func(name string, change func(*safetensors.Tensor)) *safetensors.File {
		f := n.weights()
		for i := range f.Tensors {
			if f.Tensors[i].Name == name {
				change(&f.Tensors[i])
			}
		}
		return f
	}
	for _, c := range []struct {
		file *safetensors.File
		says string
	}{
		{&safetensors.File{}, `tensor "Conv2d_1a_3x3.conv.weight" is missing: this is not the InceptionV3 of FID: convert`},
		{spoil("Mixed_7c.branch_pool.bn.bias", func(t *safetensors.Tensor) { t.Name = "other" }), `"Mixed_7c.branch_pool.bn.bias" is missing`},
		{spoil("Mixed_5b.branch1x1.conv.weight", func(t *safetensors.Tensor) { t.Shape = []int{12, 4, 1, 1} }), "is [12 4 1 1], wanted [4 12 1 1]"},
		{spoil("fc.weight", func(t *safetensors.Tensor) { t.Shape[0] = 1000 }), `"fc.weight" is [1000 128], wanted [1008 128]`}, // torchvision's
		{spoil("Conv2d_2a_3x3.bn.weight", func(t *safetensors.Tensor) { t.DType = "F16" }), "is F16, wanted F32"},
		{spoil("Conv2d_2a_3x3.bn.running_var", func(t *safetensors.Tensor) { t.F32[1] = -1 }), "negative variance"},
	} {
		if _, err := n.fold(c.file); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, wanted one that says %s", err, c.says)
		}
	}
}

func TestInceptionFile(t *testing.T) {
	backend := cputest.New(t, "")
	if _, err := Inception(backend, filepath.Join(t.TempDir(), "none.safetensors")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
	// Files are named in errors, and tensors that are not needed are no obstacle.
	f := newInception(16).weights()
	f.Tensors = append(f.Tensors, safetensors.Tensor{Name: "Conv2d_1a_3x3.bn.num_batches_tracked", DType: "I64", Raw: make([]byte, 8)})
	path := filepath.Join(t.TempDir(), "narrow.safetensors")
	if err := atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, f) }); err != nil {
		t.Fatal(err)
	}
	if _, err := Inception(backend, path); err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), "[2 3 3 3], wanted [32 3 3 3]") {
		t.Errorf("narrow: error %v", err)
	}
	read, err := safetensors.ReadFile(path, safetensors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newInception(16).fold(read); err != nil {
		t.Error(err)
	}
}

func TestNetwork(t *testing.T) {
	var _ metrics.Extractor = &Network{}
	n := newInception(16)
	values, err := n.fold(n.weights())
	if err != nil {
		t.Fatal(err)
	}
	open := func(threads string) *Network {
		network, err := n.extractor(cputest.New(t, threads), values, 75)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(network.Close)
		return network
	}
	one, two := open("threads=1"), open("threads=2")
	pictures := []*imageio.Image{picture(1, 75, 75), picture(2, 40, 90)}
	a, err := one.Features(t.Context(), pictures)
	if err != nil {
		t.Fatal(err)
	}
	b, err := two.Features(t.Context(), pictures)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Values, b.Values) {
		t.Error("1 and 2 threads make different features")
	}
	if none, err := one.Features(t.Context(), nil); err != nil || none.Len() != 0 || none.Dim != a.Dim {
		t.Errorf("of no pictures: %+v, error %v", none, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := one.Features(ctx, pictures); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	// Other weights have another name.
	values[0][0]++
	if other := open("threads=1"); other.Name() == one.Name() || !strings.HasPrefix(other.Name(), "InceptionV3 ") {
		t.Errorf("%s, with other weights %s", one.Name(), other.Name())
	}
}
