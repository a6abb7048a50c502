package evaluate

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/nn"
)

// meter measures adapters, or whole generators, on batches of test pictures. It is compiled once.
type meter struct {
	backend compute.Backend
	params  *nn.Params // of what is measured
	program *nn.Program
	base    []compute.Buffer // the base's weights; none for whole generators
	x, y    *nn.Feed
	errors  []float32 // [pictures], mean squared ones
}

// newMeter compiles a meter of a base's adapters, or of generators like the base.
func newMeter(backend compute.Backend, b *lora.Base, adapters bool, pictures int) (m *meter, err error) {
	c := b.Generator.Config
	network, err := c.Network()
	if err != nil {
		return nil, err
	}
	m = &meter{backend: backend, params: &network.Params, errors: make([]float32, pictures)}
	if adapters {
		m.params = &b.Layout.Params
	}
	m.program, err = nn.Compile(backend, "quality", func(g *Graph) []*Node {
		weights := m.params.Inputs(g, "measured/")
		if adapters {
			weights = b.Layout.Weights(network.Params.Inputs(g, "base/"), weights)
		}
		image := shapes.Make(dtypes.Float32, pictures, c.Size, c.Size, 3)
		x, y := Parameter(g, "x", image), Parameter(g, "y", image)
		out := network.Forward(network.Params.NewEnv(weights, nil), x)
		return []*Node{ReduceMean(Square(Sub(out, y)), 1, 2, 3)}
	})
	if err != nil {
		return nil, err
	}
	for _, f := range []**nn.Feed{&m.x, &m.y} {
		if *f, err = nn.NewFeed(backend, pictures, c.Size, c.Size, 3); err != nil {
			m.close()
			return nil, err
		}
	}
	if adapters {
		if m.base, err = uploadAll(backend, &network.Params, b.Generator.Values); err != nil {
			m.close()
			return nil, err
		}
	}
	return m, nil
}

// psnr returns the mean PSNR over the exam's pictures, in dB.
func (m *meter) psnr(values [][]float32, e *exam) (float64, error) {
	copy(m.x.Data, e.x)
	copy(m.y.Data, e.y)
	inputs, err := uploadAll(m.backend, m.params, values)
	defer func() { finalize(inputs[:min(len(inputs), len(values))]) }()
	if err != nil {
		return 0, err
	}
	inputs = append(inputs, m.base...)
	for _, f := range []*nn.Feed{m.x, m.y} {
		b, err := f.Buffer()
		if err != nil {
			return 0, err
		}
		inputs = append(inputs, b)
	}
	out, err := m.program.Run(inputs, make([]bool, len(inputs)))
	if err != nil {
		return 0, err
	}
	defer finalize(out)
	if err := out[0].ToFlatData(m.errors); err != nil {
		return 0, err
	}
	return meanPSNR(m.errors), nil
}

// meanPSNR returns the mean PSNR of pictures with the given mean squared errors of values in [-1,1], in dB. Values that are no finite
// numbers give 0.
func meanPSNR(errors []float32) float64 {
	sum := 0.0
	for _, e := range errors {
		switch psnr := 10 * math.Log10(4/float64(e)); {
		case math.IsNaN(psnr) || psnr < 0:
		case psnr > metrics.Equal:
			sum += metrics.Equal
		default:
			sum += psnr
		}
	}
	return sum / float64(len(errors))
}

func (m *meter) close() {
	m.program.Close()
	finalize(m.base)
}

// uploadAll makes buffers of values for parameters. With an error it returns those that were made.
func uploadAll(backend compute.Backend, params *nn.Params, values [][]float32) (buffers []compute.Buffer, err error) {
	list := params.List()
	if len(values) != len(list) {
		return nil, fmt.Errorf("%d tensors, wanted %d", len(values), len(list))
	}
	for i, p := range list {
		if len(values[i]) != p.Size() {
			return buffers, fmt.Errorf("%s has %d values, wanted %d", p.Name, len(values[i]), p.Size())
		}
		b, err := backend.BufferFromFlatData(0, values[i], p.Shape())
		if err != nil {
			return buffers, fmt.Errorf("upload %s: %w", p.Name, err)
		}
		buffers = append(buffers, b)
	}
	return buffers, nil
}

func finalize(buffers []compute.Buffer) {
	for _, b := range buffers {
		b.Finalize()
	}
}
