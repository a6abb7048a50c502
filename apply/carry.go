package apply

import (
	"runtime"
	"sync"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Generators learn from small pictures, 64x64 as a rule, and an effect's strokes, blurs and fogs have sizes in shares of the
// picture. In a large one they see a tenth of an object at a time: lines come out thin, and where it would take the whole to tell,
// such as how far away something is, blotches. Tiles would see less still, and have seams.
//
// So a generator sees a picture at two sizes: as small as those it was trained on, for the look as a whole, and somewhat larger, for strokes and
// other details, whose colours are brought in line with the look. The change from the latter to its result is then carried over to all pixels.
// Both are the same step: around each small pixel, what is between two small pictures is a linear map of colours, and maps are
// interpolated in between (the guided filter of He, Sun and Tang, 2013, with coefficients at low resolution as in He and Sun, arXiv
// 1505.00996). Edges stay those of the large picture, there are no seams, and memory does not grow but by the pictures themselves.
//
// Beside 14 of the built-in edits of scenes at 256x256, from fog to charcoal, the mean PSNR is 22.6 dB if the shipped generators, trained at 64x64,
// see all pixels, and 26.0 dB in this way (TestScenes). It is 26.3 dB if they see 64x64 alone, but then what is meant to be drawn, such as a
// sketch of a photo, has no strokes.

// Shape of the fit.
const (
	fitRadius  = 2    // of the square window, in small pixels
	fitDamping = 1e-3 // added to the variances of colours, squares of samples in [0,1]: where they are less, factors are those of the whole picture
)

// maps says how colours change around each pixel of a small picture: [h, w, 3, 4], for each sample of the result factors of the
// three old ones and an offset.
type maps struct {
	w, h   int
	values []float32
}

const mapSize = 12

// carryOver returns what becomes of a picture if the change from its small copy to another picture of that size is made to it.
func carryOver(full, small, changed *imageio.Image) *imageio.Image {
	m := fit(small, changed).smooth()
	out := imageio.New(full.W, full.H)
	columns := lerps(full.W, m.w, mapSize)
	rows := lerps(full.H, m.h, mapSize*m.w)
	inBands(full.H, func(from, to int) {
		between := make([]float32, mapSize*m.w)
		for y := from; y < to; y++ {
			a, b, t := m.values[rows[y].at:], m.values[rows[y].at+rows[y].step:], rows[y].t
			for i := range between {
				between[i] = a[i] + t*(b[i]-a[i])
			}
			mapRow(out.Pix[3*full.W*y:][:3*full.W], full.Pix[3*full.W*y:], between, columns)
		}
	})
	return out
}

// mapRow maps the colours of a row.
func mapRow(dst, src, maps []float32, columns []lerp) {
	for x, c := range columns {
		p, q := (*[mapSize]float32)(maps[c.at:]), (*[mapSize]float32)(maps[c.at+c.step:])
		in, out := (*[3]float32)(src[3*x:]), (*[3]float32)(dst[3*x:])
		for k := range 3 {
			i := 4 * k
			v := (p[i] + c.t*(q[i]-p[i])) * in[0]
			v += (p[i+1] + c.t*(q[i+1]-p[i+1])) * in[1]
			v += (p[i+2] + c.t*(q[i+2]-p[i+2])) * in[2]
			v += p[i+3] + c.t*(q[i+3]-p[i+3])
			out[k] = min(max(v, 0), 1)
		}
	}
}

// lerp is a position between two values: at at and at+step, the share of the second being t.
type lerp struct {
	at, step int
	t        float32
}

// lerps returns the positions of n pixels among few larger ones, which are stride apart in memory.
func lerps(n, few, stride int) []lerp {
	list := make([]lerp, n)
	for i := range list {
		p := min(max((float64(i)+0.5)*float64(few)/float64(n)-0.5, 0), float64(few-1))
		whole := int(p)
		list[i] = lerp{at: whole * stride, t: float32(p - float64(whole))}
		if whole < few-1 {
			list[i].step = stride
		}
	}
	return list
}

// inBands calls do for bands of n rows, some at once.
func inBands(n int, do func(from, to int)) {
	var group sync.WaitGroup
	bands := min(runtime.GOMAXPROCS(0), n)
	for i := range bands {
		group.Go(func() { do(i*n/bands, (i+1)*n/bands) })
	}
	group.Wait()
}

// sums of a window: of both colours, and of the products of the old colour with itself and with the new.
type sums struct {
	n        float64
	old, new [3]float64
	oldOld   linear
	oldNew   linear
}

// add adds pixel i of both pictures.
func (s *sums) add(from, to *imageio.Image, i int) {
	old, changed := from.Pix[3*i:3*i+3], to.Pix[3*i:3*i+3]
	s.n++
	for i := range 3 {
		a := float64(old[i])
		s.old[i] += a
		s.new[i] += float64(changed[i])
		for j := range 3 {
			s.oldOld[i][j] += a * float64(old[j])
			s.oldNew[i][j] += a * float64(changed[j])
		}
	}
}

func (s *sums) addAll(t *sums) {
	s.n += t.n
	for i := range 3 {
		s.old[i] += t.old[i]
		s.new[i] += t.new[i]
		for j := range 3 {
			s.oldOld[i][j] += t.oldOld[i][j]
			s.oldNew[i][j] += t.oldNew[i][j]
		}
	}
}

// linear is a linear map of colours: factors of old sample i in new sample k at [i][k].
type linear [3][3]float64

// solve returns the map that fits the window best, with factors drawn to those of another map (damped least squares).
func (s *sums) solve(to linear) (factors linear, offsets [3]float64) {
	var variance, covariance linear
	for i := range 3 {
		for j := range 3 {
			variance[i][j] = s.oldOld[i][j]/s.n - s.old[i]*s.old[j]/(s.n*s.n)
			covariance[i][j] = s.oldNew[i][j]/s.n - s.old[i]*s.new[j]/(s.n*s.n) + fitDamping*to[i][j]
		}
		variance[i][i] += fitDamping
	}
	inverse := variance.invert()
	for k := range 3 {
		offsets[k] = s.new[k] / s.n
		for i := range 3 {
			factors[i][k] = inverse[i][0]*covariance[0][k] + inverse[i][1]*covariance[1][k] + inverse[i][2]*covariance[2][k]
			offsets[k] -= factors[i][k] * s.old[i] / s.n
		}
	}
	return factors, offsets
}

// invert inverts a symmetric matrix whose determinant is not 0.
func (m linear) invert() (inverse linear) {
	minor := func(i, j int) float64 { // with its sign
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	determinant := m[0][0]*minor(0, 0) + m[0][1]*minor(0, 1) + m[0][2]*minor(0, 2)
	for i := range 3 {
		for j := range 3 {
			inverse[j][i] = minor(i, j) / determinant
		}
	}
	return inverse
}

// fit returns the maps from one picture to another, each of the window around its pixel.
func fit(from, to *imageio.Image) maps {
	m := maps{from.W, from.H, make([]float32, mapSize*from.W*from.H)}
	all := fitAll(from, to)
	inBands(m.h, func(first, end int) {
		columns := make([]sums, m.w)
		for y := first; y < end; y++ {
			clear(columns)
			for row := max(y-fitRadius, 0); row <= min(y+fitRadius, m.h-1); row++ {
				for x := range columns {
					columns[x].add(from, to, row*m.w+x)
				}
			}
			for x := range m.w {
				var window sums
				for i := max(x-fitRadius, 0); i <= min(x+fitRadius, m.w-1); i++ {
					window.addAll(&columns[i])
				}
				factors, offsets := window.solve(all)
				m.set(y*m.w+x, factors, offsets)
			}
		}
	})
	return m
}

// fitAll returns the factors of one map for the whole picture. A picture of one colour stays.
func fitAll(from, to *imageio.Image) linear {
	var all sums
	for i := range from.W * from.H {
		all.add(from, to, i)
	}
	factors, _ := all.solve(linear{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}})
	return factors
}

// set sets the map of pixel i.
func (m maps) set(i int, factors linear, offsets [3]float64) {
	dst := m.values[mapSize*i:][:mapSize]
	for k := range 3 {
		for j := range 3 {
			dst[4*k+j] = float32(factors[j][k])
		}
		dst[4*k+3] = float32(offsets[k])
	}
}

// smooth returns the means of maps over windows.
func (m maps) smooth() maps {
	out := maps{m.w, m.h, make([]float32, len(m.values))}
	stride := mapSize * m.w
	inBands(m.h, func(first, end int) {
		sum := make([]float32, stride)
		for y := first; y < end; y++ {
			clear(sum)
			top, bottom := max(y-fitRadius, 0), min(y+fitRadius, m.h-1)
			for row := top; row <= bottom; row++ {
				for i, v := range m.values[row*stride:][:stride] {
					sum[i] += v
				}
			}
			for x := range m.w {
				left, right := max(x-fitRadius, 0), min(x+fitRadius, m.w-1)
				mean := out.values[y*stride+x*mapSize:][:mapSize]
				for i := left; i <= right; i++ {
					for k := range mean {
						mean[k] += sum[mapSize*i+k]
					}
				}
				for k := range mean {
					mean[k] /= float32((bottom - top + 1) * (right - left + 1))
				}
			}
		}
	})
	return out
}
