package scene

import (
	"math"
	"math/rand/v2"
)

// stage is a scene being painted: the canvas, the light, and a camera over flat ground. The world
// is in metres: x to the right of the eye, y up from the ground, z away from the eye.
type stage struct {
	*canvas
	*light
	r        *rand.Rand
	wide     float64 // size of the picture in units
	high     float64
	horizon  float64 // units from the top
	eye      float64 // height of the eye above the ground, metres
	lanterns []lantern
	ways     []way
	flora    flora
}

// at projects a point of the world.
func (s *stage) at(x, y, z float64) pt {
	return pt{s.wide/2 + x/z, s.horizon + (s.eye-y)/z}
}

// distance is how far the flat ground seen at height y is, in metres.
func (s *stage) distance(y float64) float64 { return s.eye / max(y-s.horizon, 0.3*s.px()) }

// spot returns the place on the flat ground that is seen at (x, y), and how far a pixel reaches
// there, in metres, as the mean of its width and its length.
func (s *stage) spot(x, y float64) (wx, wz, footprint float64) {
	wz = s.distance(y)
	wx = (x - s.wide/2) * wz
	// A pixel is z*px wide and z²/eye*px long.
	return wx, wz, wz * math.Sqrt(wz/s.eye) * s.px()
}

// nearest is the distance of the ground at the lower edge of the picture.
func (s *stage) nearest() float64 { return s.eye / (s.high - s.horizon) }

// halfWidth is half the width of the world that is seen at distance z.
func (s *stage) halfWidth(z float64) float64 { return s.wide / 2 * z }

// paint fills a polygon with one colour, lit by k.
func (s *stage) paint(poly []pt, region Region, z float64, base rgb, k float64) {
	s.fill(poly, region, z, flat(s.tone(base, k, z)))
}

// shadow darkens the ground under and beside a thing of the given half width and height (metres).
func (s *stage) shadow(x, z, half, height float64) {
	strength := 0.5 * clamp((s.direct[0]+s.direct[1])/1.1, 0.2, 1)
	// It falls away from the light, at most two heights long.
	k := min(0.8/max(s.dir[1], 0.2), 2) * height * 0.5
	dx, dz := -s.dir[0]*k, -s.dir[2]*k
	cx, cz := x+dx*0.5, z+dz*0.5
	rx, rz := half+math.Abs(dx)*0.5, half*0.7+math.Abs(dz)*0.5
	const n = 16
	poly := make([]pt, 0, n)
	for i := range n {
		sn, cs := math.Sincos(2 * math.Pi * float64(i) / n)
		poly = append(poly, s.at(cx+rx*cs, 0, max(cz+rz*sn, s.nearest()*0.7)))
	}
	centre := s.at(cx, 0, max(cz, s.nearest()*0.7))
	sx := max(poly[0].x-poly[n/2].x, 1e-6) / 2
	sy := max(poly[n/4*3].y-poly[n/4].y, 1e-6) / 2
	dark := s.ambient.scale(0.25)
	s.fill(poly, keep, z, func(px, py float64) (rgb, float64) {
		d := math.Hypot((px-centre.x)/sx, (py-centre.y)/sy)
		return dark, strength * smoothstep(1.05, 0.2, d) * s.level(px, py)
	})
}

// level is the share of the pixel at (x, y) that shows flat ground.
func (s *stage) level(x, y float64) float64 {
	i := min(int(y*s.scale), s.h-1)*s.w + min(int(x*s.scale), s.w-1)
	var sum float32
	for _, r := range []Region{Ground, Sand, Path, Flower} {
		if m := s.masks[r]; m != nil {
			sum += m[i]
		}
	}
	return float64(sum)
}

// profile returns the polygon below a curve that runs across the picture, sampled finely enough for
// the canvas; top gives its height at x in units.
func (s *stage) profile(bottom float64, top func(x float64) float64) []pt {
	n := 2 * s.w
	poly := make([]pt, 0, n+3)
	for i := range n + 1 {
		x := s.wide * float64(i) / float64(n)
		poly = append(poly, pt{x, min(top(x), bottom)})
	}
	return append(poly, pt{s.wide, bottom}, pt{0, bottom})
}

// band returns the polygon between two curves that run across the picture.
func (s *stage) band(top, bottom func(x float64) float64) []pt {
	n := 2*s.w + 1
	upper, lower := s.profile(s.high, top), s.profile(s.high, bottom)
	poly := upper[:n:n]
	for i := n - 1; i >= 0; i-- {
		poly = append(poly, lower[i])
	}
	return poly
}

// texture returns a fresh seed for a noise.
func (s *stage) texture() uint32 { return s.r.Uint32() }

// infinity stands for the distance of the sky, in metres.
const infinity = 1e9
