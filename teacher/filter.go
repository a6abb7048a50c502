package teacher

import (
	"math"

	"github.com/warmstart-ml/warmstart/imageio"
)

// plane is one channel, [height, width]. Reading outside gives the nearest border sample.
type plane struct {
	w, h int
	v    []float32
}

func newPlane(w, h int) plane { return plane{w, h, make([]float32, w*h)} }

func (p plane) at(x, y int) float32 {
	return p.v[min(max(y, 0), p.h-1)*p.w+min(max(x, 0), p.w-1)]
}

// sample interpolates bilinearly; (0,0) is the centre of the first pixel.
func (p plane) sample(x, y float32) float32 {
	ix, iy := floor(x), floor(y)
	tx, ty := x-float32(ix), y-float32(iy)
	return mix(mix(p.at(ix, iy), p.at(ix+1, iy), tx), mix(p.at(ix, iy+1), p.at(ix+1, iy+1), tx), ty)
}

// fill sets every sample from its coordinates.
func (p plane) fill(f func(x, y int) float32) plane {
	for y := range p.h {
		for x := range p.w {
			p.v[y*p.w+x] = f(x, y)
		}
	}
	return p
}

// pixel reads a colour; outside gives the nearest border pixel.
func pixel(m *imageio.Image, x, y int) rgb {
	i := 3 * (min(max(y, 0), m.H-1)*m.W + min(max(x, 0), m.W-1))
	return rgb{m.Pix[i], m.Pix[i+1], m.Pix[i+2]}
}

// sampleRGB interpolates a colour bilinearly; (0,0) is the centre of the first pixel.
func sampleRGB(m *imageio.Image, x, y float32) rgb {
	ix, iy := floor(x), floor(y)
	tx, ty := x-float32(ix), y-float32(iy)
	top := pixel(m, ix, iy).mix(pixel(m, ix+1, iy), tx)
	return top.mix(pixel(m, ix, iy+1).mix(pixel(m, ix+1, iy+1), tx), ty)
}

// luma returns the lightness of a picture.
func luma(m *imageio.Image) plane {
	return newPlane(m.W, m.H).fill(func(x, y int) float32 { return pixel(m, x, y).luma() })
}

// gaussKernel returns half of a normalised Gaussian: weights of offsets 0, 1, 2 … (to 3 sigma).
func gaussKernel(sigma float32) []float32 {
	radius := int(math.Ceil(float64(3 * sigma)))
	k := make([]float32, radius+1)
	var total float32
	for i := range k {
		k[i] = exp(-float32(i*i) / (2 * sigma * sigma))
		total += k[i]
		if i > 0 {
			total += k[i]
		}
	}
	for i := range k {
		k[i] /= total
	}
	return k
}

// convolveLine filters n interleaved samples with a symmetric kernel, repeating the ends.
func convolveLine(dst, src []float32, n, stride int, k []float32) {
	for i := range n {
		sum := k[0] * src[i*stride]
		for j := 1; j < len(k); j++ {
			sum += k[j] * (src[max(i-j, 0)*stride] + src[min(i+j, n-1)*stride])
		}
		dst[i*stride] = sum
	}
}

// blurSamples is a separable Gaussian over [h, w, channels].
func blurSamples(v []float32, w, h, channels int, sigma float32) []float32 {
	out := append([]float32(nil), v...)
	if sigma < 0.2 { // narrower than a pixel: the kernel would be the identity
		return out
	}
	k, tmp := gaussKernel(sigma), make([]float32, len(v))
	for y := range h {
		for c := range channels {
			o := y*w*channels + c
			convolveLine(tmp[o:], v[o:], w, channels, k)
		}
	}
	for i := range w * channels {
		convolveLine(out[i:], tmp[i:], h, w*channels, k)
	}
	return out
}

func (p plane) blur(sigma float32) plane {
	return plane{p.w, p.h, blurSamples(p.v, p.w, p.h, 1, sigma)}
}

func blurred(m *imageio.Image, sigma float32) *imageio.Image {
	return &imageio.Image{W: m.W, H: m.H, Pix: blurSamples(m.Pix, m.W, m.H, 3, sigma)}
}

// gradient is the Scharr derivative in units of value per pixel.
func (p plane) gradient(x, y int) (gx, gy float32) {
	a, b, c := p.at(x-1, y-1), p.at(x, y-1), p.at(x+1, y-1)
	d, e := p.at(x-1, y), p.at(x+1, y)
	f, g, h := p.at(x-1, y+1), p.at(x, y+1), p.at(x+1, y+1)
	return (3*(c-a) + 10*(e-d) + 3*(h-f)) / 32, (3*(f-a) + 10*(g-b) + 3*(h-c)) / 32
}

// edges is the gradient length per `unit` pixels after a blur, so that it doesn't depend on resolution.
func (p plane) edges(sigma, unit float32) plane {
	b := p.blur(sigma)
	return newPlane(p.w, p.h).fill(func(x, y int) float32 {
		gx, gy := b.gradient(x, y)
		return hypot(gx, gy) * unit
	})
}

// flowField holds the local direction of a picture: the smoothed structure tensor's minor eigenvector
// (along edges) and its anisotropy from 0 (none) to 1 (a clean edge). Kyprianidis & Döllner 2008.
type flowField struct {
	tx, ty, aniso plane
}

func flow(l plane, sigma float32) flowField {
	xx, xy, yy := newPlane(l.w, l.h), newPlane(l.w, l.h), newPlane(l.w, l.h)
	for i := range l.v {
		gx, gy := l.gradient(i%l.w, i/l.w)
		xx.v[i], xy.v[i], yy.v[i] = gx*gx, gx*gy, gy*gy
	}
	xx, xy, yy = xx.blur(sigma), xy.blur(sigma), yy.blur(sigma)
	f := flowField{newPlane(l.w, l.h), newPlane(l.w, l.h), newPlane(l.w, l.h)}
	for i := range l.v {
		e, d := xx.v[i]+yy.v[i], hypot(xx.v[i]-yy.v[i], 2*xy.v[i])
		angle := 0.5*atan2(2*xy.v[i], xx.v[i]-yy.v[i]) + math.Pi/2
		f.tx.v[i], f.ty.v[i] = cos(angle), sin(angle)
		f.aniso.v[i] = d / (e + 1e-5)
	}
	return f
}

// along averages a plane along the flow (line integral convolution, Cabral & Leedom 1993) over
// `length` pixels to both sides.
func (f flowField) along(p plane, length float32) plane {
	steps := max(1, int(length))
	return newPlane(p.w, p.h).fill(func(x, y int) float32 {
		sum, n := p.at(x, y), float32(1)
		for _, sign := range [2]float32{1, -1} {
			fx, fy, dx, dy := float32(x), float32(y), float32(0), float32(0)
			for range steps {
				ix, iy := floor(fx+0.5), floor(fy+0.5)
				tx, ty := f.tx.at(ix, iy)*sign, f.ty.at(ix, iy)*sign
				if tx*dx+ty*dy < 0 { // the field has no sign: keep going the way we came
					tx, ty = -tx, -ty
				}
				dx, dy = tx, ty
				fx, fy = fx+dx, fy+dy
				sum, n = sum+p.sample(fx, fy), n+1
			}
		}
		return sum / n
	})
}

// inkLines is the extended difference of Gaussians (Winnemöller, Kyprianidis, Olsen 2012) smoothed along
// the flow: 1 is paper, 0 is ink. A larger p gives more lines, a larger phi harder ones.
func inkLines(l plane, sigma, p, eps, phi float32) plane {
	narrow, wide := l.blur(sigma), l.blur(1.6*sigma)
	d := newPlane(l.w, l.h).fill(func(x, y int) float32 { return (1+p)*narrow.at(x, y) - p*wide.at(x, y) })
	d = flow(l, 2*sigma).along(d, 2.5*sigma)
	for i, v := range d.v {
		if v >= eps {
			d.v[i] = 1
		} else {
			d.v[i] = 1 + float32(math.Tanh(float64(phi*(v-eps))))
		}
	}
	return d
}
