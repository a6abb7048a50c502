package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// KIDOptions say what subsets of pictures KID looks at.
type KIDOptions struct {
	Subsets int    // how many; 0 means 100
	Size    int    // pictures of each set in a subset; 0 means 1000, or as many as the smaller set has
	Seed    uint64 // of the choice
}

// Defaults of KIDOptions, which are those of clean-fid.
const (
	defaultSubsets    = 100
	defaultSubsetSize = 1000
)

// KIDResult is the kernel distance of two sets of pictures.
type KIDResult struct {
	Mean    float64 `json:"mean"` // over the subsets; unbiased, so that it may be a little below 0
	Std     float64 `json:"std"`  // over the subsets, dividing by their number; 0 for one subset
	Subsets int     `json:"subsets"`
	Size    int     `json:"size"` // pictures of each set in a subset
}

// KID is the squared maximum mean discrepancy of the features of two sets, with the kernel (x·y/d + 1)³ (Bińkowski et al., arXiv 1801.01401): the
// mean of unbiased estimates from random subsets, drawn without replacement. Unlike FID, its mean does not depend on the number of
// pictures. The same seed gives the same subsets. If both sets have Size pictures, all subsets are the same: then there is one, and no
// deviation.
func KID(a, b *Features, o KIDOptions) (KIDResult, error) {
	r := KIDResult{Subsets: o.Subsets, Size: o.Size}
	if r.Subsets == 0 {
		r.Subsets = defaultSubsets
	}
	if r.Size == 0 {
		r.Size = min(defaultSubsetSize, max(min(a.Len(), b.Len()), 2))
	}
	if r.Subsets < 1 || r.Size < 2 {
		return KIDResult{}, fmt.Errorf("KID: %d subsets of %d pictures: at least 1 and 2 are needed", r.Subsets, r.Size)
	}
	if err := checkSets("KID", a, b, r.Size); err != nil {
		return KIDResult{}, err
	}
	if a.Len() == r.Size && b.Len() == r.Size {
		r.Subsets = 1
	}
	estimates := estimates(a, b, r, o.Seed)
	for _, v := range estimates {
		r.Mean += v / float64(len(estimates))
	}
	for _, v := range estimates {
		r.Std += (v - r.Mean) * (v - r.Mean) / float64(len(estimates))
	}
	r.Std = math.Sqrt(r.Std)
	return r, nil
}

// maxKernels is the number of kernel values that are kept for all subsets to read: half a GiB.
const maxKernels = 1 << 26

// estimates returns that of each subset.
func estimates(a, b *Features, r KIDResult, seed uint64) []float64 {
	var shared *kernels
	if n, m := a.Len(), b.Len(); n*n+n*m+m*m <= maxKernels {
		shared = newKernels(a, b)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	list := make([]float64, r.Subsets)
	for i := range list {
		x, y := rng.Perm(a.Len())[:r.Size], rng.Perm(b.Len())[:r.Size]
		k := shared
		if k == nil {
			k = newKernels(a.pick(x), b.pick(y))
			x, y = count(r.Size), count(r.Size)
		}
		list[i] = k.mmd(x, y)
	}
	return list
}

// pick returns the features of some of the pictures.
func (f *Features) pick(pictures []int) *Features {
	p := &Features{Dim: f.Dim, Values: make([]float64, 0, len(pictures)*f.Dim)}
	for _, i := range pictures {
		p.Values = append(p.Values, f.row(i)...)
	}
	return p
}

// count returns 0 … n-1.
func count(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// kernels are the kernel's values for the pictures of two sets.
type kernels struct{ xx, xy, yy *mat.Dense }

func newKernels(a, b *Features) *kernels {
	x, y := mat.NewDense(a.Len(), a.Dim, a.Values), mat.NewDense(b.Len(), b.Dim, b.Values)
	between := func(x, y *mat.Dense) *mat.Dense {
		var k mat.Dense
		k.Mul(x, y.T())
		k.Apply(func(_, _ int, v float64) float64 {
			v = v/float64(a.Dim) + 1
			return v * v * v
		}, &k)
		return &k
	}
	return &kernels{between(x, x), between(x, y), between(y, y)}
}

// mmd returns the unbiased estimate from pictures x of the first set and as many, y, of the second: without the kernel of a picture with itself.
func (k *kernels) mmd(x, y []int) float64 {
	within, across := 0.0, 0.0
	for i := range x {
		for j := range y {
			across += k.xy.At(x[i], y[j])
			if i != j {
				within += k.xx.At(x[i], x[j]) + k.yy.At(y[i], y[j])
			}
		}
	}
	n := float64(len(x))
	return within/(n*(n-1)) - 2*across/(n*n)
}
