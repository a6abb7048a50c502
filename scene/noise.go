package scene

import "math"

// hash mixes lattice coordinates and a seed into 32 random bits (multiply and xor-shift rounds).
func hash(x, y int32, seed uint32) uint32 {
	h := seed ^ uint32(x)*0x9E3779B1 ^ uint32(y)*0x85EBCA77
	h = (h ^ h>>15) * 0x2C1B3C6D
	h = (h ^ h>>12) * 0x297A2D39
	return h ^ h>>15
}

// hash01 is hash as a number in [0,1).
func hash01(x, y int32, seed uint32) float64 { return float64(hash(x, y, seed)) / (1 << 32) }

// gradients are eight directions around the unit circle; their even spread hides the lattice.
var gradients = [8][2]float64{
	{1, 0}, {0.7071, 0.7071}, {0, 1}, {-0.7071, 0.7071}, {-1, 0}, {-0.7071, -0.7071}, {0, -1}, {0.7071, -0.7071},
}

func gradient(x, y int32, seed uint32, dx, dy float64) float64 {
	g := &gradients[hash(x, y, seed)>>29]
	return g[0]*dx + g[1]*dy
}

// noise is gradient noise (Perlin, "Improving Noise", SIGGRAPH 2002) of unit wavelength, about [-1,1].
func noise(x, y float64, seed uint32) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int32(int64(fx)), int32(int64(fy))
	dx, dy := x-fx, y-fy
	u := dx * dx * dx * (dx*(dx*6-15) + 10)
	v := dy * dy * dy * (dy*(dy*6-15) + 10)
	top := lerp(gradient(ix, iy, seed, dx, dy), gradient(ix+1, iy, seed, dx-1, dy), u)
	bottom := lerp(gradient(ix, iy+1, seed, dx, dy-1), gradient(ix+1, iy+1, seed, dx-1, dy-1), u)
	return 1.5 * lerp(top, bottom, v)
}

// fbm sums octaves of noise, each half as strong and twice as fine. Octaves finer than two
// footprints (the width of a pixel in noise coordinates) fade out: they would only alias.
func fbm(x, y, footprint float64, octaves int, seed uint32) float64 {
	var sum float64
	amplitude := 0.5
	for o := range octaves {
		w := clamp(2-4*footprint, 0, 1)
		if w == 0 {
			break
		}
		sum += w * amplitude * noise(x, y, seed+uint32(o)*0x9E37)
		// The offset keeps the lattices of the octaves from lining up at the origin.
		x, y, footprint, amplitude = 2*x+17.3, 2*y+5.7, 2*footprint, amplitude/2
	}
	return sum
}

// ridged is fbm folded at zero, 0 to about 1 with sharp crests: the shape of mountains.
func ridged(x, y, footprint float64, octaves int, seed uint32) float64 {
	var sum float64
	amplitude := 0.5
	for o := range octaves {
		w := clamp(2-4*footprint, 0, 1)
		if w == 0 {
			sum += amplitude // the mean of what is left out, roughly
			break
		}
		n := 1 - math.Abs(noise(x, y, seed+uint32(o)*0x9E37))
		sum += amplitude * (w*n*n + (1-w)*0.5)
		x, y, footprint, amplitude = 2*x+17.3, 2*y+5.7, 2*footprint, amplitude/2
	}
	return sum
}

func lerp(a, b, t float64) float64 { return a + (b-a)*t }

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// smoothstep rises from 0 at a to 1 at b.
func smoothstep(a, b, x float64) float64 {
	t := clamp((x-a)/(b-a), 0, 1)
	return t * t * (3 - 2*t)
}
