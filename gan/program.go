package gan

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/nn"
)

// Program is a generator compiled for inputs of one size. It is not safe for concurrent use.
type Program struct {
	program *nn.Program
	feed    *nn.Feed
	kept    []bool // marks no input: all are used again
}

// Compile compiles the generator of a configuration for images of a size that Network.Extended returns.
func Compile(backend compute.Backend, c Config, height, width int) (*Program, error) {
	gen, err := c.Network()
	if err != nil {
		return nil, err
	}
	feed, err := nn.NewFeed(backend, 1, height, width, 3)
	if err != nil {
		return nil, err
	}
	program, err := nn.Compile(backend, c.Preset+" generator", func(g *Graph) []*Node {
		e := gen.Params.NewEnv(gen.Params.Inputs(g, ""), nil)
		return []*Node{gen.Forward(e, Parameter(g, "x", shapes.Make(dtypes.Float32, feed.Dims()...)))}
	})
	if err != nil {
		return nil, err
	}
	inputs, _ := program.Inputs()
	return &Program{program: program, feed: feed, kept: make([]bool, len(inputs))}, nil
}

// Run applies the generator with weights that Upload made to a picture no larger than the images. What is missing at its right and
// bottom is mirrored at its edges, as often as needed, and cut off the result, which is of the picture's size.
func (p *Program) Run(weights []compute.Buffer, in *imageio.Image) (*imageio.Image, error) {
	p.set(in)
	x, err := p.feed.Buffer()
	if err != nil {
		return nil, err
	}
	results, err := p.program.Run(append(slices.Clip(weights), x), p.kept)
	if err != nil {
		return nil, err
	}
	defer results[0].Finalize()
	values, err := nn.Values(results[0])
	if err != nil {
		return nil, err
	}
	out, width := imageio.New(in.W, in.H), p.feed.Dims()[2]
	for y := range in.H {
		imageio.FromSigned(out.Pix[3*in.W*y:][:3*in.W], values[3*width*y:])
	}
	return out, nil
}

// set writes the picture into the input [1, height, width, 3].
func (p *Program) set(in *imageio.Image) {
	height, width := p.feed.Dims()[1], p.feed.Dims()[2]
	for y := range height {
		src, dst := in.Pix[3*in.W*nn.Mirror(y, in.H):][:3*in.W], p.feed.Data[3*width*y:][:3*width]
		imageio.ToSigned(dst, src)
		for x := in.W; x < width; x++ {
			imageio.ToSigned(dst[3*x:], src[3*nn.Mirror(x, in.W):][:3])
		}
	}
}

// Close frees the program.
func (p *Program) Close() { p.program.Close() }
