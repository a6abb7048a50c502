package metrics

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// FID is the Fréchet distance of two normal distributions, fitted to the features of two sets of at least two pictures each (Heusel et al., arXiv
// 1706.08500): |m1 - m2|² + Tr(S1 + S2 - 2 sqrt(S1 S2)), with covariances that divide by n - 1. It is what pytorch-fid and clean-fid
// compute. It depends on the number of pictures: compare only numbers of as many.
//
// With X1 and X2 the centred features [n, d], over sqrt(n - 1), Tr sqrt(S1 S2) is the sum of the singular values of X1 X2ᵀ. This never forms S1 S2,
// whose root is ill-conditioned, and takes no time with fewer pictures than features. Where there are more, X may be replaced by R of X = Q R,
// which has the same covariance.
func FID(a, b *Features) (float64, error) {
	if err := checkSets("FID", a, b, 2); err != nil {
		return 0, err
	}
	x, y := newMoments(a), newMoments(b)
	distance := 0.0
	for i, m := range x.mean {
		distance += (m - y.mean[i]) * (m - y.mean[i])
	}
	var product mat.Dense
	product.Mul(x.root, y.root.T())
	var svd mat.SVD
	if !svd.Factorize(&product, mat.SVDNone) {
		return 0, errors.New("FID: the singular values did not converge")
	}
	distance += x.trace + y.trace
	for _, s := range svd.Values(nil) {
		distance -= 2 * s
	}
	return max(distance, 0), nil // equal sets are a rounding error away from 0
}

// moments are the mean and the covariance of features.
type moments struct {
	mean  []float64
	root  *mat.Dense // [at most d, d]: its transpose times itself is the covariance
	trace float64    // of the covariance
}

func newMoments(f *Features) *moments {
	n, d := f.Len(), f.Dim
	m := &moments{mean: make([]float64, d), root: mat.NewDense(n, d, nil)}
	for i := range n {
		for j, v := range f.row(i) {
			m.mean[j] += v / float64(n)
		}
	}
	scale := 1 / math.Sqrt(float64(n-1))
	for i := range n {
		for j, v := range f.row(i) {
			c := scale * (v - m.mean[j])
			m.root.Set(i, j, c)
			m.trace += c * c
		}
	}
	if n > d {
		var qr mat.QR
		qr.Factorize(m.root)
		var r mat.Dense
		qr.RTo(&r)
		m.root = mat.DenseCopyOf(r.Slice(0, d, 0, d))
	}
	return m
}
