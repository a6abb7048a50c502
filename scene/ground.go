package scene

import (
	"math"
	"math/rand/v2"
	"slices"
)

// flora holds the colours of what grows.
type flora struct {
	grass  [3]rgb // lush, plain, dry
	leaves []rgb  // of broadleaf trees
	needle rgb    // of conifers
	petals []rgb
}

var petals = []rgb{
	{.95, .90, .30}, {.96, .95, .92}, {.86, .22, .24}, {.62, .40, .82}, {.95, .56, .70}, {.96, .60, .18}, {.36, .46, .90},
}

func newFlora(r *rand.Rand) flora {
	meadows := [][3]rgb{
		{{.34, .52, .17}, {.46, .60, .22}, {.62, .64, .28}},
		{{.42, .60, .20}, {.54, .68, .26}, {.70, .72, .34}},
		{{.26, .44, .20}, {.36, .52, .26}, {.50, .56, .30}},
		{{.48, .52, .22}, {.60, .58, .28}, {.74, .66, .36}},
	}
	woods := [][]rgb{
		{{.26, .44, .15}, {.34, .52, .18}, {.42, .56, .20}},
		{{.20, .38, .18}, {.28, .46, .22}, {.40, .50, .18}},
		{{.46, .58, .20}, {.36, .50, .16}, {.30, .46, .22}},
	}
	f := flora{grass: meadows[pick(r, 4, func(i int) float64 { return []float64{5, 4, 3, 2}[i] })], leaves: oneOf(r, woods...)}
	f.needle = oneOf(r, rgb{.17, .35, .22}, rgb{.22, .39, .22}, rgb{.18, .35, .29})
	at := r.IntN(len(petals))
	for i := range 1 + r.IntN(3) {
		f.petals = append(f.petals, petals[(at+2*i)%len(petals)])
	}
	return f
}

// hills paints a rolling ridge at z metres; y is its mean height in the picture and swing how much
// it rolls. It returns the crest, so that things can stand on it.
func (s *stage) hills(y, swing, freq, z float64) (crest func(x float64) float64) {
	seed := s.texture()
	crest = func(x float64) float64 { return y - 1.3*swing*fbm(x*freq, 0.5, s.px()*freq, 3, seed) }
	patchwork := s.r.IntN(2) == 0
	s.fill(s.profile(s.high, crest), Ground, z, func(px, py float64) (rgb, float64) {
		d := py - crest(px)
		n := fbm(px*7, py*18, s.px()*18, 4, seed+1)
		c := s.grassMix(0.5 + 0.9*n)
		if patchwork {
			c = c.mix(s.field(px*5+1.2*noise(px*3, py*5, seed+2), d*22+noise(px*4, 0, seed+3), seed), 0.6)
		}
		// The crest catches the light; the slope turns away from it.
		slope := (crest(px+0.02) - crest(px-0.02)) / 0.04
		k := 0.55 - 0.5*slope*s.dir[0] + 0.2*smoothstep(0.06, 0, d) + 0.2*n
		return s.tone(c, clamp(k, 0, 1), z), 1
	})
	return crest
}

// field is the colour of the field at (u, v) of a patchwork.
func (s *stage) field(u, v float64, seed uint32) rgb {
	i, j := int32(math.Floor(u+0.5*math.Floor(v))), int32(math.Floor(v))
	switch h := hash01(i, j, seed); {
	case h < 0.2:
		return rgb{.78, .68, .34} // grain
	case h < 0.3:
		return rgb{.56, .42, .28} // ploughed
	default:
		return s.grassMix((h - 0.3) * 1.4)
	}
}

// grassMix is a colour between lush (0) and dry (1) grass.
func (s *stage) grassMix(t float64) rgb {
	g := &s.flora.grass
	if t < 0.5 {
		return g[0].mix(g[1], clamp(2*t, 0, 1))
	}
	return g[1].mix(g[2], clamp(2*t-1, 0, 1))
}

// meadow paints the flat ground in front, from the height y to the lower edge.
func (s *stage) meadow(edge func(x float64) float64) {
	seed := s.texture()
	s.fill(s.profile(s.high, edge), Ground, floor, func(x, y float64) (rgb, float64) {
		wx, wz, fp := s.spot(x, y)
		big := fbm(wx*0.05, wz*0.03, fp*0.05, 4, seed)
		fine := fbm(wx*1.1, wz*0.8, fp, 7, seed+1)
		// Blades stand upright: streaks in the picture, not on the ground.
		f := 34 / (1 + 0.12*wz) // coarser far away, so that they never alias
		blades := fbm(wx*f, math.Log(wz)*24, wz*s.px()*f, 2, seed+2)
		c := s.grassMix(0.45 + 0.9*big + 0.35*fine)
		k := 0.62 + 0.4*fine + 0.45*blades + 0.2*big
		return s.tone(c, clamp(k, 0, 1), wz), 1
	})
}

// sand paints bare ground with wind ripples, from the curve edge down.
func (s *stage) sand(edge func(x float64) float64, base rgb) {
	seed := s.texture()
	s.fill(s.profile(s.high, edge), Sand, floor, func(x, y float64) (rgb, float64) {
		wx, wz, fp := s.spot(x, y)
		big := fbm(wx*0.07, wz*0.05, fp*0.07, 4, seed)
		fine := fbm(wx*2, wz*1.5, fp*2, 6, seed+1)
		ripple := noise(wx*0.5+2*big, wz*2.2, seed+2) * smoothstep(0.6, 0.1, fp*2.2)
		k := 0.72 + 0.25*big + 0.2*fine + 0.12*ripple
		return s.tone(base.scale(1+0.18*big), clamp(k, 0, 1), wz), 1
	})
}

// dunes paints n crests of sand between the horizon and the height bottom, lit from the side.
func (s *stage) dunes(n int, bottom float64, base rgb) {
	for i := range n {
		t := (float64(i) + 0.5) / float64(n)
		y := lerp(s.horizon, bottom, t)
		seed, freq := s.texture(), lerp(2.6, 1.0, t)
		crest := func(x float64) float64 {
			return y - lerp(0.03, 0.09, t)*(2*ridged(x*freq, 0.5, s.px()*freq, 2, seed)-0.9)
		}
		z := 40 / (t*t + 0.02)
		s.fill(s.profile(s.high, crest), Sand, z, func(px, py float64) (rgb, float64) {
			d := py - crest(px)
			slope := (crest(px+0.015+d*0.3) - crest(px-0.015+d*0.3)) / 0.03
			k := 0.6 - 0.8*slope*s.dir[0] + 0.10*noise(px*9+4*d, py*70, seed+1)*smoothstep(0.5, 0.1, s.px()*70)
			return s.tone(base, clamp(k, 0.05, 1), z), 1
		})
	}
}

// way is a path or a river: its middle and half width in metres at distance z.
type way struct {
	middle func(z float64) float64
	half   float64
}

// newWay draws a winding way that leaves the picture below.
func (s *stage) newWay(half, bend float64) way {
	x0 := between(s.r, -0.25, 0.25) * s.wide * s.nearest()
	phase, length := between(s.r, 0, 6.28), between(s.r, 22, 45)
	drift := between(s.r, -0.12, 0.12)
	start := bend * math.Sin(phase)
	return way{half: half, middle: func(z float64) float64 {
		grow := smoothstep(0, 30, z) // it starts straight
		return x0 + drift*z + grow*(bend*math.Sin(z/length*2+phase)-start)
	}}
}

// has tells whether the point lies on the way or within margin metres of it.
func (w way) has(x, z, margin float64) bool { return math.Abs(x-w.middle(z)) < w.half+margin }

// onWay tells whether the point lies within margin metres of a path or river painted so far.
func (s *stage) onWay(x, z, margin float64) bool {
	return slices.ContainsFunc(s.ways, func(w way) bool { return w.has(x, z, margin) })
}

// outline is the polygon of the way between two distances; wobble frays its banks.
func (s *stage) outline(w way, near, far, wobble float64) []pt {
	const n = 72
	seed := s.texture()
	left, right := make([]pt, 0, 2*n), make([]pt, 0, n)
	for i := range n {
		z := near * math.Pow(far/near, float64(i)/(n-1))
		f := z / 3
		left = append(left, s.at(w.middle(z)-w.half*(1+wobble*noise(f, 0, seed)), 0, z))
		right = append(right, s.at(w.middle(z)+w.half*(1+wobble*noise(f, 9, seed)), 0, z))
	}
	for i := range right {
		left = append(left, right[n-1-i])
	}
	return left
}

// path paints a way: paved where fray is 0, trodden with worn edges and bumps where it is more.
func (s *stage) path(w way, far, fray float64, base rgb) {
	s.ways = append(s.ways, w)
	seed := s.texture()
	s.fill(s.outline(w, s.nearest()*0.8, far, fray), Path, floor, func(x, y float64) (rgb, float64) {
		wx, wz, fp := s.spot(x, y)
		n := (0.35 + 3.6*fray) * fbm(wx*1.3, wz*0.9, fp*1.3, 6, seed)
		across := (wx - w.middle(wz)) / w.half
		rut := 0.12 * math.Cos(across*5) * smoothstep(1, 0.3, fp)
		return s.tone(base.scale(1+0.25*n), clamp(0.68+0.3*n+rut, 0, 1), wz), 1
	})
}
