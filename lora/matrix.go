package lora

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/warmstart-ml/warmstart/nn"
)

// orthonormal returns a random matrix [rows, columns] with orthonormal columns; there are no more of them than rows.
func orthonormal(rng *rand.Rand, rows, columns int) []float32 {
	q := make([][]float64, columns)
	for j := range q {
		q[j] = make([]float64, rows)
		for i := range q[j] {
			q[j][i] = rng.NormFloat64()
		}
	}
	factorise(q)
	return rowMajor(q)
}

// factorise is a QR factorisation by Gram and Schmidt: it makes the columns orthonormal and returns R, such that column j was
// the sum over i of r[i][j] times new column i. A column that depends on those before it becomes zero.
func factorise(columns [][]float64) (r [][]float64) {
	r = make([][]float64, len(columns))
	for i := range r {
		r[i] = make([]float64, len(columns))
	}
	for j, c := range columns {
		before := math.Sqrt(dot(c, c))
		for range 2 { // the second round removes what rounding left of the first
			for i, q := range columns[:j] {
				p := dot(q, c)
				r[i][j] += p
				for k := range c {
					c[k] -= float64(p * q[k])
				}
			}
		}
		norm := math.Sqrt(dot(c, c))
		if norm <= 1e-12*before {
			clear(c)
			continue
		}
		r[j][j] = norm
		for k := range c {
			c[k] /= norm
		}
	}
	return r
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}

// rowMajor returns columns as a matrix [rows, columns].
func rowMajor(columns [][]float64) []float32 {
	m := make([]float32, len(columns)*len(columns[0]))
	for j, c := range columns {
		for i, v := range c {
			m[i*len(columns)+j] = float32(v)
		}
	}
	return m
}

// Canonical returns an adapter with trained A in the one form that its product A B = U S V' has: A = U sqrt(S) and B = sqrt(S) V', from
// its singular value decomposition, by falling singular value, the largest entry of each column of A positive. Adapters with frozen A
// are in their only form already and are returned as they are.
func (l *Layout) Canonical(adapter [][]float32) [][]float32 {
	canonical := slices.Clone(adapter)
	for _, s := range l.slots {
		if s.a != nn.None {
			canonical[s.a], canonical[s.b] = canonicalFactors(adapter[s.a], adapter[s.b], s.inputs(), s.rank, s.outputs())
		}
	}
	return canonical
}

// canonicalFactors brings a [inputs, rank] and b [rank, outputs] into canonical form. With a = Q R, the small matrix (R b)' is
// decomposed: rotating its columns until they are orthogonal makes them V S, and the same rotations turn Q into U.
func canonicalFactors(a, b []float32, inputs, rank, outputs int) (newA, newB []float32) {
	q := make([][]float64, rank) // columns of a, each [inputs]
	for k := range q {
		q[k] = make([]float64, inputs)
		for i := range q[k] {
			q[k][i] = float64(a[i*rank+k])
		}
	}
	r := factorise(q)
	vs := make([][]float64, rank) // columns of (R b)', each [outputs]
	for k := range vs {
		vs[k] = make([]float64, outputs)
		for m := range rank {
			for j := range outputs {
				vs[k][j] += float64(r[k][m] * float64(b[m*outputs+j]))
			}
		}
	}
	orthogonalise(vs, q)

	type pair struct{ u, v []float64 }
	pairs := make([]pair, rank)
	for k := range pairs {
		pairs[k] = pair{q[k], vs[k]}
		singular := math.Sqrt(dot(vs[k], vs[k]))
		root := math.Sqrt(singular)
		largest := slices.MaxFunc(q[k], func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
		scale(q[k], math.Copysign(root, largest))
		scale(vs[k], math.Copysign(1/max(root, math.SmallestNonzeroFloat32), largest))
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(dot(b.v, b.v), dot(a.v, a.v)) })
	newB = make([]float32, 0, len(b))
	for k, p := range pairs {
		q[k] = p.u
		for _, v := range p.v {
			newB = append(newB, float32(v))
		}
	}
	return rowMajor(q), newB
}

// orthogonalise rotates pairs of columns until all are orthogonal to each other (one-sided Jacobi: Golub and Van Loan, Matrix
// Computations, section 8.6.3), and does the same rotations to the columns of other.
func orthogonalise(columns, other [][]float64) {
	const sweeps = 30 // it converges quadratically: ten are enough for any matrix of this size
	for range sweeps {
		rotated := false
		for i := range columns {
			for j := i + 1; j < len(columns); j++ {
				ii, jj, ij := dot(columns[i], columns[i]), dot(columns[j], columns[j]), dot(columns[i], columns[j])
				if math.Abs(ij) <= 1e-15*math.Sqrt(ii*jj) {
					continue
				}
				rotated = true
				zeta := (jj - ii) / (2 * ij)
				tan := math.Copysign(1, zeta) / (math.Abs(zeta) + math.Hypot(1, zeta))
				cos := 1 / math.Hypot(1, tan)
				rotate(columns[i], columns[j], cos, cos*tan)
				rotate(other[i], other[j], cos, cos*tan)
			}
		}
		if !rotated {
			return
		}
	}
}

func rotate(a, b []float64, cos, sin float64) {
	for k := range a {
		a[k], b[k] = float64(cos*a[k])-float64(sin*b[k]), float64(sin*a[k])+float64(cos*b[k])
	}
}

func scale(v []float64, by float64) {
	for i := range v {
		v[i] *= by
	}
}
