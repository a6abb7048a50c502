package gan

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Model applies a trained generator. It is not safe for concurrent use.
type Model struct {
	backend compute.Backend
	config  Config
	gen     *Network
	weights []compute.Buffer

	// The program for the last picture's size: most calls see one size only.
	program       *Program
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
	if err := m.compile(m.gen.Extended(p.H, p.W)); err != nil {
		return nil, err
	}
	return m.program.Run(m.weights, p)
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
	m.height, m.width = height, width
	m.program, err = Compile(m.backend, m.config, height, width)
	return err
}

// Close frees the compiled generator and its weights.
func (m *Model) Close() {
	if m.program != nil {
		m.program.Close()
	}
	m.freeWeights()
}
