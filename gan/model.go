package gan

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/nn"
)

// Model applies a trained generator. It is not safe for concurrent use.
type Model struct {
	backend compute.Backend
	config  Config
	gen     *Network
	weights []compute.Buffer

	// The program for the last picture's size: most calls see one size only.
	program       *nn.Program
	input         *nn.Feed
	height, width int
}

// Load makes a model of what ReadWeights reads.
func Load(backend compute.Backend, path string) (m *Model, notice string, err error) {
	w, notice, err := ReadWeights(path)
	if err != nil {
		return nil, "", err
	}
	m, err = NewModel(backend, w)
	return m, notice, err
}

// NewModel makes a model of a generator.
func NewModel(backend compute.Backend, w *Weights) (*Model, error) {
	network, err := w.Config.Network()
	if err != nil {
		return nil, err
	}
	m := &Model{backend: backend, config: w.Config, gen: network}
	return m, m.SetValues(w.Values)
}

// SetValues exchanges the weights, given in the order of the network's parameters; nothing is compiled anew.
func (m *Model) SetValues(values [][]float32) error {
	buffers, err := upload(m.backend, &m.gen.Params, values)
	if err != nil {
		return err
	}
	m.freeWeights()
	m.weights = buffers
	return nil
}

func (m *Model) freeWeights() {
	for _, b := range m.weights {
		b.Finalize()
	}
	m.weights = nil
}

// Config returns what the generator was trained with.
func (m *Model) Config() Config { return m.config }

// Apply returns the generator's outputs for pictures of any size. Sizes that it cannot halve often enough are
// extended by reflection and the result is cut back.
func (m *Model) Apply(ctx context.Context, pictures []*imageio.Image) ([]*imageio.Image, error) {
	out := make([]*imageio.Image, len(pictures))
	for i, p := range pictures {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if out[i], err = m.apply(p); err != nil {
			return nil, fmt.Errorf("apply %s to a picture of %dx%d: %w", m.config.Preset, p.W, p.H, err)
		}
	}
	return out, nil
}

func (m *Model) apply(p *imageio.Image) (*imageio.Image, error) {
	if p.W <= 0 || p.H <= 0 {
		return nil, fmt.Errorf("the picture is empty")
	}
	padded := reflected(p, roundUp(p.W, m.gen.Unit(p.W)), roundUp(p.H, m.gen.Unit(p.H)))
	if err := m.compile(padded.H, padded.W); err != nil {
		return nil, err
	}
	padded.ToTensor(m.input.Data)
	x, err := m.input.Buffer()
	if err != nil {
		return nil, err
	}
	inputs := append(append([]compute.Buffer{}, m.weights...), x)
	out, err := m.program.Run(inputs, make([]bool, len(inputs)))
	if err != nil {
		return nil, err
	}
	defer out[0].Finalize()
	values, err := nn.Values(out[0])
	if err != nil {
		return nil, err
	}
	return imageio.FromTensor(values, padded.W, padded.H).Crop(0, 0, p.W, p.H), nil
}

// compile makes the program for a size unless it is there.
func (m *Model) compile(height, width int) (err error) {
	if m.program != nil && m.height == height && m.width == width {
		return nil
	}
	if m.program != nil {
		m.program.Close()
		m.program = nil
	}
	if m.input, err = nn.NewFeed(m.backend, 1, height, width, 3); err != nil {
		return err
	}
	m.height, m.width = height, width
	m.program, err = nn.Compile(m.backend, m.config.Preset+" generator", func(g *Graph) []*Node {
		e := m.gen.Params.NewEnv(m.gen.Params.Inputs(g, ""), nil)
		return []*Node{m.gen.Forward(e, Parameter(g, "x", shapes.Make(dtypes.Float32, 1, height, width, 3)))}
	})
	return err
}

// Close frees the compiled generator and its weights.
func (m *Model) Close() {
	if m.program != nil {
		m.program.Close()
	}
	m.freeWeights()
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// reflected extends a picture to w by h pixels by mirroring it at its right and bottom edge, as often as needed.
func reflected(p *imageio.Image, w, h int) *imageio.Image {
	if w == p.W && h == p.H {
		return p
	}
	out := imageio.New(w, h)
	for y := range h {
		for x := range w {
			r, g, b := p.At(nn.Mirror(x, p.W), nn.Mirror(y, p.H))
			out.Set(x, y, r, g, b)
		}
	}
	return out
}
