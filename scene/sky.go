package scene

import "math"

// sky paints the sky, its source of light and the stars over the whole canvas.
func (s *stage) sky() {
	s.fill(rect(0, 0, s.wide, s.high), keep, 0, func(x, y float64) (rgb, float64) { return s.skyAt(x, y), 1 })
	if s.hour == "night" {
		s.stars()
	}
	if s.sourceVisible() {
		s.disk()
	}
}

// sourceVisible tells whether the sun or the moon stands in the open sky of the picture.
func (s *stage) sourceVisible() bool {
	p := s.source
	return s.glowing > 0.1 && p.x > 0 && p.x < s.wide && p.y > 0 && p.y < s.horizon
}

// skyAt is the colour of the open sky.
func (s *stage) skyAt(x, y float64) rgb {
	t := clamp((s.horizon-y)/max(s.horizon, 0.2), 0, 1)
	c := s.low.mix(s.middle, smoothstep(0, 0.42, t))
	c = c.mix(s.zenith, smoothstep(0.25, 1.05, t))
	// The glow lies flat along the horizon when the sun is low.
	dx, dy := x-s.source.x, (y-s.source.y)*(1+0.8*s.glowing)
	d := math.Hypot(dx, dy)
	g := s.glowing * (0.55*math.Exp(-2.2*d) + 0.45*math.Exp(-9*d))
	return c.mix(s.glow, clamp(g, 0, 0.95))
}

// disk paints the sun or the moon, its face and its halo.
func (s *stage) disk() {
	r := 0.028
	if s.moon || s.hour == "sunset" || s.hour == "dawn" {
		r = 0.042
	}
	p := s.source
	s.fill(ellipse(p.x, p.y, 3*r, 3*r), keep, 0, func(x, y float64) (rgb, float64) {
		d := math.Hypot(x-p.x, y-p.y) / r
		return s.disc, 0.45 * s.glowing * math.Exp(-1.1*max(d-1, 0)) * smoothstep(3, 2, d)
	})
	seed := s.texture()
	s.fill(ellipse(p.x, p.y, r, r), Sun, infinity, func(x, y float64) (rgb, float64) {
		c := s.disc
		if s.moon {
			maria := smoothstep(0.0, 0.3, fbm((x-p.x)/r*1.3, (y-p.y)/r*1.3, s.px()/r*1.3, 3, seed))
			c = c.scale(1 - 0.16*maria)
		}
		return c, 1
	})
}

// stars are sprinkled on a random grid; faint ones are many.
func (s *stage) stars() {
	n := int(260 * s.wide * s.horizon)
	for range n {
		x, y := s.r.Float64()*s.wide, s.r.Float64()*s.horizon
		m := s.r.Float64()
		a := (0.25 + 0.75*m*m*m) * smoothstep(0, 0.25, (s.horizon-y)/s.horizon)
		size := 0.0016 + 0.0022*m*m*m
		s.fill(ellipse(x, y, size, size), keep, 0, func(_, _ float64) (rgb, float64) {
			return rgb{0.95, 0.95, 1}, a
		})
	}
}

// clouds paints what the weather asks for.
func (s *stage) clouds() {
	switch s.weather {
	case "clear":
		if s.r.IntN(2) == 0 {
			s.veil(between(s.r, 0.10, 0.25), 0.55, 4.5)
		}
	case "fair":
		if s.r.IntN(2) == 0 {
			s.veil(0.15, 0.5, 4)
		}
		s.cumuli(3 + s.r.IntN(5))
	case "cloudy":
		s.veil(-0.02, 0.8, 1.8)
		s.cumuli(4 + s.r.IntN(5))
	case "overcast":
		s.veil(-0.5, 0.85, 1.7)
	}
}

// veil paints a deck of clouds where a noise is above threshold; stretch makes streaks (cirrus).
func (s *stage) veil(threshold, opacity, stretch float64) {
	seed := s.texture()
	lit := s.low.mix(rgb{1, 1, 1}, 0.4).mul(s.ambient.add(s.direct).scale(0.95))
	dark := s.middle.mix(s.ambient, 0.5).scale(0.88)
	if s.moon {
		lit = s.low.scale(1.1)
	}
	s.fill(rect(0, 0, s.wide, s.horizon), Cloud, infinity, func(x, y float64) (rgb, float64) {
		e := (s.horizon - y) + 0.12 // perspective of a flat deck: finer towards the horizon
		u, v := (x-s.wide/2)/e*0.9/stretch, 1.1/e*0.9
		fp := s.px() / e * 0.9
		d := fbm(u, v, fp, 6, seed)
		a := smoothstep(threshold, threshold+0.32, d)
		if a == 0 {
			return rgb{}, 0
		}
		thick := smoothstep(threshold+0.1, threshold+0.75, d+0.5*fbm(u*2, v*2, fp*2, 3, seed+9))
		c := lit.mix(dark, 0.75*thick)
		near := s.glowing * math.Exp(-3.5*math.Hypot(x-s.source.x, y-s.source.y))
		c = c.mix(s.glow, clamp(near, 0, 0.8)*(1-0.5*thick))
		return c, opacity * a * smoothstep(-0.02, 0.05, s.horizon-y)
	})
}

// cumuli paints n heaps of cloud, the smaller the nearer to the horizon.
func (s *stage) cumuli(n int) {
	for i := range n {
		f := (float64(i) + s.r.Float64()) / float64(n) // far ones first
		y := s.horizon * (0.88 - 0.72*f)
		width := lerp(0.10, 0.42, f) * between(s.r, 0.6, 1.2)
		s.cumulus(s.r.Float64()*s.wide, y, width)
	}
}

type puff struct{ x, y, r float64 }

// cumulus paints one heap: overlapping balls on a flat base, torn by noise and lit as balls.
func (s *stage) cumulus(cx, base, width float64) {
	n := 7 + s.r.IntN(6)
	puffs := make([]puff, n)
	top := base
	for i := range puffs {
		t := (float64(i)+0.5)/float64(n)*2 - 1
		r := width * (0.13 + 0.13*(1-t*t)) * between(s.r, 0.75, 1.25)
		puffs[i] = puff{cx + t*width*0.42, base - r*between(s.r, 0.35, 0.9)*(1.2-t*t), r}
		top = min(top, puffs[i].y-1.3*r)
	}
	seed := s.texture()
	light := s.ambient.add(s.direct).mix(rgb{1, 1, 1}, 0.55)
	if s.moon {
		light = s.low.scale(1.35)
	}
	lit := s.low.mix(rgb{1, 1, 1}, 0.75).mul(light)
	dark := s.middle.mix(s.ambient, 0.45).mix(s.low, 0.25).scale(0.92)
	far := smoothstep(0.3, 1.0, base/s.horizon) // lost in the haze of the horizon
	f := 3.2 / width
	s.fill(rect(cx-0.75*width, top, cx+0.75*width, base+0.1*width), Cloud, infinity, func(x, y float64) (rgb, float64) {
		m, nx, ny := heap(puffs, x, y)
		if m < -0.9 {
			return rgb{}, 0
		}
		m += 0.75 * fbm(x*f, y*f*1.2, s.px()*f, 5, seed)
		a := smoothstep(0, 0.3, m) * smoothstep(base+0.03*width, base-0.05*width, y)
		if a == 0 {
			return rgb{}, 0
		}
		k := 0.45 + 0.4*(nx*s.dir[0]-ny*max(s.dir[1], 0.3)) + 0.35*(base-y)/(base-top) + 0.5*fbm(x*f*1.5, y*f*2, s.px()*f*2, 4, seed+5)
		c := dark.mix(lit, smoothstep(0.05, 0.95, k))
		near := s.glowing * math.Exp(-4*math.Hypot(x-s.source.x, y-s.source.y))
		return c.mix(s.glow, clamp(0.8*near, 0, 0.7)).mix(s.low, 0.45*far), 0.97 * a
	})
}

// heap returns how deep (x, y) lies in the balls, 1 at a centre and 0 at an edge, and the mean
// normal there.
func heap(puffs []puff, x, y float64) (depth, nx, ny float64) {
	depth = -1
	var sum float64
	for _, p := range puffs {
		dx, dy := (x-p.x)/p.r, (y-p.y)/p.r
		m := 1 - dx*dx - dy*dy
		if m > -0.6 {
			w := (m + 0.6) * (m + 0.6)
			nx, ny, sum = nx+w*dx, ny+w*dy, sum+w
		}
		depth = max(depth, m)
	}
	if sum > 0 {
		nx, ny = nx/sum, ny/sum
	}
	return depth, nx, ny
}
