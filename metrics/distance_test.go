package metrics

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

func TestFID(t *testing.T) {
	for _, c := range readReference(t).Distances {
		got, err := FID(features(1, c.N, c.D), features(2, c.M, c.D))
		if err != nil {
			t.Fatal(err)
		}
		// With fewer pictures than features, SciPy's root of a singular matrix is what is imprecise.
		tolerance := 1e-11
		if min(c.N, c.M) <= c.D {
			tolerance = 1e-6
		}
		if !near(got, c.FID, tolerance) {
			t.Errorf("%d and %d pictures, %d features: %v, wanted %v", c.N, c.M, c.D, got, c.FID)
		}
	}
}

// plainFID is the definition, by the eigenvalues of covariances.
func plainFID(t *testing.T, a, b *Features) float64 {
	t.Helper()
	distance := 0.0
	var covariances [2]mat.SymDense
	for i, f := range []*Features{a, b} {
		stat.CovarianceMatrix(&covariances[i], mat.NewDense(f.Len(), f.Dim, f.Values), nil)
		distance += mat.Trace(&covariances[i])
	}
	for j := range a.Dim {
		column := func(f *Features) []float64 { return mat.Col(nil, j, mat.NewDense(f.Len(), f.Dim, f.Values)) }
		d := stat.Mean(column(a), nil) - stat.Mean(column(b), nil)
		distance += d * d
	}
	root := rootOf(t, &covariances[0])
	var product mat.Dense // similar to S1 S2, and symmetric
	product.Product(root, &covariances[1], root)
	return distance - 2*mat.Trace(rootOf(t, &product))
}

// rootOf returns the root of a symmetric matrix without negative eigenvalues but for rounding.
func rootOf(t *testing.T, m mat.Matrix) *mat.Dense {
	t.Helper()
	n, _ := m.Dims()
	symmetric := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			symmetric.SetSym(i, j, m.At(i, j))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric, true) {
		t.Fatal("no eigenvalues")
	}
	values := eigen.Values(nil)
	for i, v := range values {
		values[i] = math.Sqrt(max(v, 0))
	}
	var vectors, root mat.Dense
	eigen.VectorsTo(&vectors)
	root.Product(&vectors, mat.NewDiagDense(n, values), vectors.T())
	return &root
}

// The form for few pictures and the ordinary one agree, on both sides of as many pictures as features.
func TestFIDAgreesWithTheDefinition(t *testing.T) {
	const d = 12
	for _, n := range []int{d / 2, d, d + 1, 3 * d} {
		for _, m := range []int{d - 1, d + 1, 5 * d} {
			a, b := features(3, n, d), features(5, m, d)
			got, err := FID(a, b)
			if err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-10
			if min(n, m) <= d {
				tolerance = 1e-6 // the definition takes the root of eigenvalues that should be 0
			}
			if want := plainFID(t, a, b); !near(got, want, tolerance) {
				t.Errorf("%d and %d pictures: %v, wanted %v", n, m, got, want)
			}
		}
	}
}

func TestDistanceOfEqualSets(t *testing.T) {
	for _, n := range []int{5, 40} {
		f := features(1, n, 8)
		if got, err := FID(f, f); err != nil || got > 1e-12 || got < 0 {
			t.Errorf("FID %v, error %v", got, err)
		}
	}
}

func TestKID(t *testing.T) {
	for _, c := range readReference(t).Distances {
		a, b := features(1, c.N, c.D), features(2, c.M, c.D)
		if got := newKernels(a, b).mmd(c.Rows[0], c.Rows[1]); !near(got, c.MMD, 1e-11) {
			t.Errorf("%d features: %v of some pictures, wanted %v", c.D, got, c.MMD)
		}
		if c.KID == nil {
			continue
		}
		got, err := KID(a, b, KIDOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !near(got.Mean, *c.KID, 1e-11) || got.Std != 0 || got.Subsets != 1 || got.Size != c.N {
			t.Errorf("%d pictures, %d features: %+v, wanted %v", c.N, c.D, got, *c.KID)
		}
	}
}

// Subsets follow from the seed, and their mean is near what all pictures together give.
func TestKIDOfSubsets(t *testing.T) {
	a, b := features(1, 60, 16), features(2, 70, 16)
	o := KIDOptions{Subsets: 400, Size: 20, Seed: 1}
	first, err := KID(a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := KID(a, b, o); err != nil || again != first {
		t.Errorf("%+v, then %+v (error %v)", first, again, err)
	}
	if first.Subsets != o.Subsets || first.Size != o.Size || first.Std == 0 {
		t.Errorf("%+v", first)
	}
	o.Seed++
	if other, err := KID(a, b, o); err != nil || other.Mean == first.Mean {
		t.Errorf("%+v for another seed (error %v)", other, err)
	}
	whole, err := KID(&Features{"noise", 16, a.Values}, &Features{"noise", 16, b.Values[:60*16]}, KIDOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if e := 5 * first.Std / math.Sqrt(float64(o.Subsets)); math.Abs(first.Mean-whole.Mean) > e+0.02 {
		t.Errorf("mean %v of subsets, %v of all, more than %v apart", first.Mean, whole.Mean, e)
	}
}

// What is kept for all subsets is what each computes for itself.
func TestKIDOfPickedPictures(t *testing.T) {
	a, b := features(1, 30, 16), features(2, 31, 16)
	x, y := []int{3, 29, 0, 7}, []int{30, 1, 2, 11}
	if shared, own := newKernels(a, b).mmd(x, y), newKernels(a.pick(x), b.pick(y)).mmd(count(4), count(4)); !near(own, shared, 1e-12) {
		t.Errorf("%v, shared %v", own, shared)
	}
}

func TestCompare(t *testing.T) {
	a, b := features(1, 30, 16), features(2, 31, 16)
	c, err := Compare(a, b, KIDOptions{Subsets: 3, Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	fid, _ := FID(a, b)
	kid, _ := KID(a, b, KIDOptions{Subsets: 3, Size: 10})
	if want := (Comparison{Extractor: "noise", Pictures: [2]int{30, 31}, FID: fid, KID: kid}); c != want {
		t.Errorf("%+v, wanted %+v", c, want)
	}
}

func TestSetsThatCannotBeCompared(t *testing.T) {
	good := features(1, 5, 4)
	with := func(i int, v float64) *Features {
		f := features(2, 5, 4)
		f.Values[i] = v
		return f
	}
	for _, c := range []struct {
		name string
		b    *Features
		says string
	}{
		{"too few", features(2, 1, 4), "1 in the second set, at least 2"},
		{"none", &Features{Extractor: "noise", Dim: 4}, "0 in the second set"},
		{"NaN", with(9, math.NaN()), "feature 1 of picture 2 of the second set is NaN"},
		{"infinity", with(0, math.Inf(-1)), "feature 0 of picture 0 of the second set is -Inf"},
		{"dimensions", features(2, 5, 3), "take both from one network"},
		{"network", &Features{"other", 4, good.Values}, "of other"},
		{"rows", &Features{"noise", 4, good.Values[:9]}, "9 values"},
		{"no dimensions", &Features{"noise", 0, nil}, "take both"},
	} {
		_, errFID := FID(good, c.b)
		_, errKID := KID(good, c.b, KIDOptions{})
		_, errBoth := Compare(good, c.b, KIDOptions{})
		for metric, err := range map[string]error{"FID": errFID, "KID": errKID, "FID: ": errBoth} {
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), metric) {
				t.Errorf("%s: %s: error %v", metric, c.name, err)
			}
		}
	}
	if _, err := KID(good, good, KIDOptions{Size: 6}); !errors.Is(err, ErrTooFew) {
		t.Errorf("subsets larger than the sets: error %v", err)
	}
	for _, o := range []KIDOptions{{Subsets: -1}, {Size: 1}} {
		if _, err := KID(good, good, o); err == nil || !strings.Contains(err.Error(), "at least 1 and 2") {
			t.Errorf("%+v: error %v", o, err)
		}
	}
}
