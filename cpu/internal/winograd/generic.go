package winograd

// The transforms in plain Go, one channel at a time: for machines without the assembly, and as a statement
// of what it computes. All are nested: a one-dimensional transform over the rows, then over the columns.

// The points of the interpolation are 0, ±a, ±b and infinity; see the package comment.
const (
	a = 5.0 / 8
	b = 3.0 / 2
)

// Scales of the rows of G: 1 over the product of the differences of a point to all others.
const (
	g0 = 1 / (a * a * b * b)
	ga = 1 / (2 * a * a * (a*a - b*b))
	gb = 1 / (2 * b * b * (b*b - a*a))
)

type six [6]float32

// inputBT is Bᵀ d.
func inputBT(d six) six {
	ea, oa := d[4]-b*b*d[2], a*(d[3]-b*b*d[1])
	eb, ob := d[4]-a*a*d[2], b*(d[3]-a*a*d[1])
	return six{
		a*a*b*b*d[0] - (a*a+b*b)*d[2] + d[4],
		ea + oa, ea - oa, eb + ob, eb - ob,
		a*a*b*b*d[1] - (a*a+b*b)*d[3] + d[5],
	}
}

// gradA is A d of d's first four values.
func gradA(d six) six {
	ea, oa := d[0]+a*a*d[2], a*(d[1]+a*a*d[3])
	eb, ob := d[0]+b*b*d[2], b*(d[1]+b*b*d[3])
	return six{d[0], ea + oa, ea - oa, eb + ob, eb - ob, d[3]}
}

// filterG is G g of g's first three values.
func filterG(g six) six {
	ea, oa := ga*(g[0]+a*a*g[2]), ga*a*g[1]
	eb, ob := gb*(g[0]+b*b*g[2]), gb*b*g[1]
	return six{g0 * g[0], ea + oa, ea - oa, eb + ob, eb - ob, g[2]}
}

// outputAT is Aᵀ m: four values.
func outputAT(m six) six {
	sa, da, sb, db := m[1]+m[2], m[1]-m[2], m[3]+m[4], m[3]-m[4]
	return six{
		m[0] + sa + sb,
		a*da + b*db,
		a*a*sa + b*b*sb,
		a*a*a*da + b*b*b*db + m[5],
	}
}

// weightGT is Gᵀ m: three values.
func weightGT(m six) six {
	sa, da, sb, db := m[1]+m[2], m[1]-m[2], m[3]+m[4], m[3]-m[4]
	return six{
		g0*m[0] + ga*sa + gb*sb,
		ga*a*da + gb*b*db,
		ga*a*a*sa + gb*b*b*sb + m[5],
	}
}

// both applies f to the columns of m, then to the rows of what that gives.
func both(m *[6]six, f func(six) six) {
	for range 2 {
		var t [6]six // transposed: t[j] is f of column j
		for j := range 6 {
			t[j] = f(six{m[0][j], m[1][j], m[2][j], m[3][j], m[4][j], m[5][j]})
		}
		*m = t
	}
}

func scatterGeneric(dst []float32, stride int, src []float32, t *tile, chunks int, f func(six) six) {
	for c := range chunks * generic.lanes() {
		var d [6]six
		for i, n := range t.mask {
			for j := range 6 {
				if c%generic.lanes() < n && t.cols>>j&1 == 1 {
					d[i][j] = src[t.row[i]+t.left+j*t.pixel+c]
				}
			}
		}
		both(&d, f)
		for k := range 36 {
			dst[k*stride+c] = d[k/6][k%6]
		}
	}
}

// frequencies reads 36 values stride apart.
func frequencies(src []float32, stride int) (m [6]six) {
	for k := range 36 {
		m[k/6][k%6] = src[k*stride]
	}
	return m
}

func outputGeneric(dst []float32, t *tile, src []float32, stride, chunks int) {
	for c := range chunks * generic.lanes() {
		m := frequencies(src[c:], stride)
		both(&m, outputAT)
		for i := range 4 {
			for j := range 4 {
				if c%generic.lanes() < t.mask[i] && t.cols>>j&1 == 1 {
					dst[t.row[i]+t.left+j*t.pixel+c] = m[i][j]
				}
			}
		}
	}
}

func filterGeneric(dst []float32, stride, ldd int, w []float32, origin, tap, lds, rows, mask int) {
	for r := range rows {
		for c := range generic.lanes() {
			var g [6]six
			for k := range 9 {
				if c < mask {
					g[k/3][k%3] = w[origin+r*lds+k*tap+c]
				}
			}
			both(&g, filterG)
			for k := range 36 {
				dst[k*stride+r*ldd+c] = g[k/6][k%6]
			}
		}
	}
}

func weightGeneric(dw []float32, tap, ldd int, u []float32, stride, lds, rows, mask, acc int) {
	for r := range rows {
		for c := range mask {
			m := frequencies(u[r*lds+c:], stride)
			both(&m, weightGT)
			for k := range 9 {
				p := &dw[r*ldd+k*tap+c]
				if acc == 0 {
					*p = 0
				}
				*p += m[k/3][k%3]
			}
		}
	}
}

func transposeGeneric(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for i := range rows {
		for j := range cols {
			dst[j*ldd+i] = src[i*lds+j]
		}
	}
}
