package scene

import "math"

// water describes a body of water lying on the flat ground.
type water struct {
	shore  float64 // height in the picture of the far shore, where the mirror lies
	deep   rgb
	waves  float64 // 0 is a pond without wind, 1 the open sea
	mirror float64 // how much it reflects, 0 to 1
}

// fillWater paints water within a polygon. It mirrors what is painted above the far shore, so
// everything that stands behind the water must be there already.
func (s *stage) fillWater(poly []pt, w water) {
	seed := s.texture()
	length := lerp(0.5, 0.12, w.waves) // ripples per metre
	// Where there is more water than there is picture above it, the mirror image is squeezed to fit.
	squeeze := min(1, 0.9*w.shore/(s.high-w.shore))
	s.fill(poly, Water, floor, func(x, y float64) (rgb, float64) {
		wx, wz, fp := s.spot(x, y)
		n := fbm(wx*length*0.35, wz*length, fp*length*0.6, 5, seed)
		below := y - w.shore
		strength := w.waves*0.6 + 0.12
		ry := w.shore - below*squeeze*(1+0.9*strength*n) - 0.01*strength*n
		image := s.sample(x+0.05*strength*n*min(below*4, 1), ry)
		// Fresnel: still water far away is seen at a grazing angle and mirrors nearly all.
		grazing := w.mirror * lerp(0.42, 0.95, math.Exp(-3.2*below))
		body := s.tone(w.deep.scale(1+0.5*n), 0.75, wz)
		c := body.mix(image, clamp(grazing-0.35*strength*n, 0, 1))
		c = c.mix(s.low, clamp(0.5*strength*(n-0.15), 0, 0.5))
		c = c.mix(s.disc, s.glitter(x, y, w.shore, n))
		if w.waves > 0.5 {
			crest := smoothstep(0.36, 0.5, n) * smoothstep(160, 10, wz)
			c = c.mix(s.tone(rgb{.95, .97, 1}, 0.9, wz), 0.65*crest)
		}
		return c, 1
	})
}

// glitter is the share of the source's light that waves of height n throw at the eye below it.
func (s *stage) glitter(x, y, shore, n float64) float64 {
	if s.dir[2] < 0 || s.glowing < 0.15 {
		return 0
	}
	below := y - shore
	d := (x - s.source.x) / (0.035 + 0.22*below)
	return clamp(s.glowing*math.Exp(-d*d)*(0.25+2.6*max(n, 0)), 0, 0.85)
}

// sample reads the canvas between pixels; outside it repeats the edge.
func (s *stage) sample(x, y float64) rgb {
	fx, fy := clamp(x*s.scale-0.5, 0, float64(s.w-1)), clamp(y*s.scale-0.5, 0, float64(s.h-1))
	ix, iy := int(fx), int(fy)
	jx, jy := min(ix+1, s.w-1), min(iy+1, s.h-1)
	tx, ty := fx-float64(ix), fy-float64(iy)
	at := func(x, y int) rgb {
		p := s.pix[3*(y*s.w+x):]
		return rgb{float64(p[0]), float64(p[1]), float64(p[2])}
	}
	return at(ix, iy).mix(at(jx, iy), tx).mix(at(ix, jy).mix(at(jx, jy), tx), ty)
}

// lake paints still water from its far shore to the lower edge of the picture.
func (s *stage) lake(shore float64) {
	deep := oneOf(s.r, rgb{.10, .28, .36}, rgb{.12, .34, .36}, rgb{.10, .22, .34}, rgb{.16, .38, .46})
	s.fillWater(rect(0, shore, s.wide, s.high), water{shore: shore, deep: deep, waves: between(s.r, 0, 0.45), mirror: between(s.r, 0.75, 1)})
}

// sea paints open water from the horizon down.
func (s *stage) sea() {
	deep := oneOf(s.r, rgb{.06, .32, .48}, rgb{.08, .40, .50}, rgb{.10, .30, .42}, rgb{.05, .26, .46})
	s.fillWater(rect(0, s.horizon, s.wide, s.high), water{shore: s.horizon, deep: deep, waves: between(s.r, 0.5, 1), mirror: 0.6})
}

// beach paints sand below a shore line, the wet strip along it and the foam of the last waves.
func (s *stage) beach(edge func(x float64) float64) {
	base := oneOf(s.r, rgb{.90, .80, .58}, rgb{.94, .87, .70}, rgb{.80, .70, .54}, rgb{.86, .76, .64})
	s.sand(edge, base)
	seed := s.texture()
	reach := func(x float64) float64 { return 0.028 + 0.014*noise(x*3, 1, seed) }
	band := func(from, to float64) []pt {
		return s.band(func(x float64) float64 { return edge(x) + from*reach(x) },
			func(x float64) float64 { return edge(x) + to*reach(x) })
	}
	s.fill(band(0, 1.5), keep, floor, func(x, y float64) (rgb, float64) {
		t := (y - edge(x)) / reach(x)
		return s.tone(base.mul(rgb{.62, .62, .66}), 0.6, 5).mix(s.low, 0.25), 0.7 * smoothstep(1.5, 0.7, t)
	})
	s.fill(band(-0.9, 0.45), Water, floor, func(x, y float64) (rgb, float64) {
		t := (y - edge(x)) / reach(x)
		lace := fbm(x*22, y*40, s.px()*30, 4, seed+1)
		a := smoothstep(-0.9, 0.2, t-0.8*lace) * smoothstep(0.45, 0.3, t)
		return s.tone(rgb{.97, .98, 1}, 0.85, 10), 0.9 * a
	})
}

// islands sets rocky or wooded islands on the horizon of the sea.
func (s *stage) islands(n int) {
	for range n {
		cx, half := s.r.Float64()*s.wide, between(s.r, 0.08, 0.3)
		tall, seed := half*between(s.r, 0.2, 0.5), s.texture()
		z := between(s.r, 0.2, 0.6) * s.visibility
		top := func(x float64) float64 {
			d := (x - cx) / half
			return s.horizon + 0.004 - tall*max(0, 1-d*d)*(0.5+ridged(x*7, 0, s.px()*7, 5, seed)*0.9)
		}
		wooded := s.r.Float64()
		s.fill(s.profile(s.horizon+0.004, top), Mountain, z, func(x, y float64) (rgb, float64) {
			h := ridged(x*16, y*16, s.px()*16, 4, seed+1)
			c := rgb{.50, .46, .42}.mix(s.flora.leaves[0], wooded*smoothstep(s.horizon, s.horizon-0.3*tall, y))
			return s.tone(c, clamp(0.1+0.9*h, 0, 1), z), 1
		})
	}
}
