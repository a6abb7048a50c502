// Package extractor holds networks that make features of pictures for the metrics that compare sets: InceptionV3 as published numbers have
// it, and what other networks of this module need to be one.
package extractor

import (
	"context"
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/nn"
)

// Spec describes a network that makes features of pictures.
type Spec struct {
	Name  string
	Size  int // height and width of pictures, in pixels
	Batch int // pictures that are computed at once
	Dim   int // features of a picture

	Params *nn.Params
	Values [][]float32 // one per parameter
	// Scale and Shift turn samples in [0,1] into what Forward takes.
	Scale, Shift float32
	// Forward maps pictures [batch, size, size, rgb] to features [batch, dim].
	Forward func(e *nn.Env, x *Node) *Node
}

// Network is a metrics.Extractor. It is safe for concurrent use, one call at a time.
type Network struct {
	spec    Spec
	program *nn.Program

	mu      sync.Mutex
	weights []compute.Buffer
	x       *nn.Feed
}

// New compiles a network.
func New(backend compute.Backend, spec Spec) (n *Network, err error) {
	n = &Network{spec: spec}
	dims := []int{spec.Batch, spec.Size, spec.Size, 3}
	n.program, err = nn.Compile(backend, spec.Name, func(g *Graph) []*Node {
		e := spec.Params.NewEnv(spec.Params.Inputs(g, ""), nil)
		return []*Node{spec.Forward(e, Parameter(g, "pictures", shapes.Make(dtypes.Float32, dims...)))}
	})
	if err != nil {
		return nil, err
	}
	for i, p := range spec.Params.List() {
		b, err := backend.BufferFromFlatData(0, spec.Values[i], p.Shape())
		if err != nil {
			n.Close()
			return nil, fmt.Errorf("upload %s of %s: %w", p.Name, spec.Name, err)
		}
		n.weights = append(n.weights, b)
	}
	if n.x, err = nn.NewFeed(backend, dims...); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Name implements metrics.Extractor.
func (n *Network) Name() string { return n.spec.Name }

// Features implements metrics.Extractor. Pictures of another size than the network's are scaled to it with Pillow's bicubic filter and not rounded, as
// clean-fid does.
func (n *Network) Features(ctx context.Context, pictures []*imageio.Image) (*metrics.Features, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.spec
	f := &metrics.Features{Extractor: s.Name, Dim: s.Dim, Values: make([]float64, 0, len(pictures)*s.Dim)}
	for from := 0; from < len(pictures); from += s.Batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := pictures[from:min(from+s.Batch, len(pictures))]
		for i, m := range batch {
			dst := n.x.Data[i*s.Size*s.Size*3:][:s.Size*s.Size*3]
			for j, v := range m.Resize(s.Size, s.Size).Pix {
				dst[j] = float32(s.Scale*v) + s.Shift
			}
		}
		values, err := n.run()
		if err != nil {
			return nil, err
		}
		for _, v := range values[:len(batch)*s.Dim] { // what is left of an earlier batch is computed and dropped
			f.Values = append(f.Values, float64(v))
		}
	}
	return f, nil
}

// run returns the features of what is in the feed, [batch, dim].
func (n *Network) run() ([]float32, error) {
	x, err := n.x.Buffer()
	if err != nil {
		return nil, err
	}
	inputs := append(append([]compute.Buffer(nil), n.weights...), x)
	out, err := n.program.Run(inputs, make([]bool, len(inputs)))
	if err != nil {
		return nil, err
	}
	defer out[0].Finalize()
	values := make([]float32, n.spec.Batch*n.spec.Dim)
	return values, out[0].ToFlatData(values)
}

// Close frees the compiled network.
func (n *Network) Close() {
	n.program.Close()
	for _, b := range n.weights {
		b.Finalize()
	}
	n.weights = nil
}
