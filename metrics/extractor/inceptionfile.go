package extractor

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/safetensors"
)

// Inception makes the features that published FID and KID are computed from: the last pool of InceptionV3, 2048 values of a picture. As in clean-fid,
// pictures are scaled to 299x299 pixels with Pillow's bicubic filter, each channel as floating point numbers, not rounded, and samples v in 0 to 255
// become (v - 128)/128. Pictures of package imageio are not rounded to 8 bits either before that; those read from files are of 8 bits.
//
// Path is a safetensors file of the weights that pytorch-fid has published as pt_inception-2015-12-05-6726825d.pth. In Python:
//
//	import torch, safetensors.torch
//	weights = torch.load("pt_inception-2015-12-05-6726825d.pth")
//	safetensors.torch.save_file(weights, "inception.safetensors")
//
// The name of the network has the first digits of a hash of the weights.
func Inception(backend compute.Backend, path string) (*Network, error) {
	file, err := safetensors.ReadFile(path, safetensors.Options{Finite: true})
	if err != nil {
		return nil, err
	}
	n := newInception(1)
	values, err := n.fold(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return n.extractor(backend, values, inceptionSize)
}

// extractor compiles the network for pictures of a size.
func (n *inception) extractor(backend compute.Backend, values [][]float32, size int) (*Network, error) {
	h := sha256.New()
	for _, v := range values {
		binary.Write(h, binary.LittleEndian, v) // a hash takes everything
	}
	return New(backend, Spec{
		Name: "InceptionV3 2015-12-05 " + hex.EncodeToString(h.Sum(nil)[:4]), Size: size, Batch: 8, Dim: inceptionDim / n.narrow,
		Params: &n.params, Values: values, Scale: 255. / 128, Shift: -1, Forward: n.forward,
	})
}

// normEpsilon is added to variances.
const normEpsilon = 1e-3

// classes is the number of logits of the network, which are not computed: it tells the network apart from torchvision's, which has the same
// tensors, other weights and 1000 classes.
const classes = 1008

// fold returns the values of the parameters: kernels with the channels last, and with the batch norms' scales and shifts in them.
func (n *inception) fold(file *safetensors.File) (values [][]float32, err error) {
	r := reader{file: file}
	for _, c := range n.convs {
		dims := n.params.List()[c.weight].Dims
		height, width, in, out := dims[0], dims[1], dims[2], dims[3]
		kernel := r.read(c.name+".conv.weight", out, in, height, width)
		gamma, beta := r.read(c.name+".bn.weight", out), r.read(c.name+".bn.bias", out)
		mean, variance := r.read(c.name+".bn.running_mean", out), r.read(c.name+".bn.running_var", out)
		if r.err != nil {
			return nil, r.err
		}
		folded, bias := make([]float32, len(kernel)), make([]float32, out)
		for o := range out {
			scale := float64(gamma[o]) / math.Sqrt(float64(variance[o])+normEpsilon)
			bias[o] = float32(float64(beta[o]) - scale*float64(mean[o]))
			if math.IsNaN(scale) {
				return nil, fmt.Errorf("tensor %q has a negative variance", c.name+".bn.running_var")
			}
			for i := range in {
				for k := range height * width {
					folded[(k*in+i)*out+o] = float32(scale * float64(kernel[(o*in+i)*height*width+k]))
				}
			}
		}
		values = append(values, folded, bias)
	}
	r.read("fc.weight", classes, inceptionDim/n.narrow)
	return values, r.err
}

// reader reads tensors until one is not as it should be.
type reader struct {
	file *safetensors.File
	err  error
}

func (r *reader) read(name string, shape ...int) []float32 {
	if r.err != nil {
		return nil
	}
	const remedy = "convert pytorch-fid's pt_inception-2015-12-05-6726825d.pth, all of it"
	t, ok := r.file.Find(name)
	switch {
	case !ok:
		r.err = fmt.Errorf("tensor %q is missing: this is not the InceptionV3 of FID: %s", name, remedy)
	case t.DType != "F32":
		r.err = fmt.Errorf("tensor %q is %s, wanted F32: %s, as it is", name, t.DType, remedy)
	case !slices.Equal(t.Shape, shape):
		r.err = fmt.Errorf("tensor %q is %v, wanted %v: this is not the InceptionV3 of FID: %s", name, t.Shape, shape, remedy)
	}
	return t.F32
}
