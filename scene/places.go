package scene

import "math"

func (s *stage) mountainLake() {
	s.mountains(2+s.r.IntN(3), s.horizon+0.012, between(s.r, 0.24, 0.40)*min(1.2, s.horizon/0.45))
	if s.chance(0.4) {
		s.hills(s.horizon-0.01, 0.05, between(s.r, 1, 2), 700)
	}
	conifers := oneOf(s.r, 0.9, 0.5, 0.1)
	shore := s.horizon + between(s.r, 0.012, 0.03)
	s.treeline(flatEdge(shore), between(s.r, 0.03, 0.07), 180, conifers > 0.3)
	s.lake(shore)
	s.waterLife(shore+0.04, s.high*0.8, 0.4)
	edge := s.bank(between(s.r, 0.76, 0.92)*s.high, 0.25, 0.06)
	if s.chance(0.3) {
		x := between(s.r, -0.5, 0.5) * s.halfWidth(s.nearest())
		s.pier(x, s.nearest(), s.distance(lerp(shore, s.high, 0.35)))
	}
	s.meadow(edge)
	var props []prop
	for range 2 + s.r.IntN(5) {
		side := oneOf(s.r, -1.0, 1.0)
		x := between(s.r, 0.55, 1.1) * side
		y := edge(clamp((x+1)/2, 0, 1) * s.wide)
		z := s.distance(between(s.r, y, max(y, s.high)))
		props = append(props, s.tree(x*s.halfWidth(z), z, conifers))
	}
	for range s.r.IntN(6) {
		px := s.r.Float64() * s.wide
		z := s.distance(edge(px) + between(s.r, 0, 0.1))
		x := (px - s.wide/2) * z
		props = append(props, prop{z, func() { s.boulder(x, z, between(s.r, 0.3, 1.1)) }})
	}
	props = append(props, s.people(s.r.IntN(3), edge, s.wide*0.5)...)
	stand(props)
	s.tufts(40, edge)
	s.blooms(s.r.IntN(6), edge)
}

// waterLife puts boats on the water between two heights and birds above it.
func (s *stage) waterLife(top, bottom, p float64) {
	if s.chance(p) {
		var props []prop
		for range 1 + s.r.IntN(3) {
			x, z := s.anywhere(top, lerp(top, bottom, 0.5))
			props = append(props, prop{z, func() { s.boat(x*0.85, z, between(s.r, 3, 5)) }})
		}
		stand(props)
	}
	if s.chance(0.4) && !s.moon {
		s.birds(3 + s.r.IntN(6))
	}
}

// people returns n people on the ground below the curve edge; they keep within reach of the middle.
func (s *stage) people(n int, edge func(float64) float64, reach float64) []prop {
	var props []prop
	for range n {
		px := s.wide/2 + between(s.r, -1, 1)*reach*0.95
		top := max(edge(px), s.horizon+s.eye/45)
		if top > s.high {
			continue
		}
		z := max(s.distance(between(s.r, top, s.high)), min(9, s.distance(top)))
		x := (px - s.wide/2) * z
		props = append(props, prop{z, func() { s.person(x, z) }})
	}
	return props
}

func (s *stage) seaside() {
	if s.chance(0.3) {
		s.mountains(2, s.horizon+0.005, between(s.r, 0.08, 0.18))
	}
	s.islands(s.r.IntN(4))
	s.sea()
	s.waterLife(s.horizon+0.03, s.high*0.8, 0.65)
	edge := s.bank(between(s.r, 0.68, 0.9)*s.high, 0.5, 0.05)
	s.beach(edge)
	var props []prop
	if s.chance(0.3) {
		z := between(s.r, 35, 60)
		x := oneOf(s.r, -1.0, 1.0) * between(s.r, 0.5, 0.85) * s.halfWidth(z)
		props = append(props, prop{z + 1, func() { s.lighthouse(x, z, between(s.r, 13, 20)) }})
		for range 9 {
			bx, bz := x+between(s.r, -6, 6), z-between(s.r, 0, 4)
			props = append(props, prop{bz, func() { s.boulder(bx, bz, between(s.r, 1.5, 4)) }})
		}
	}
	if s.chance(0.5) {
		for range 1 + s.r.IntN(4) {
			px := oneOf(s.r, between(s.r, 0, 0.35), between(s.r, 0.65, 1)) * s.wide
			z := s.distance(max(edge(px)+0.02, s.high*between(s.r, 0.8, 1.05)))
			x := (px - s.wide/2) * z
			props = append(props, prop{z, func() { s.palm(x, z, between(s.r, 4, 7)) }})
		}
	}
	for range s.r.IntN(5) {
		px := s.r.Float64() * s.wide
		z := s.distance(edge(px) + between(s.r, -0.05, 0.15))
		x := (px - s.wide/2) * z
		props = append(props, prop{z, func() { s.boulder(x, z, between(s.r, 0.3, 1)) }})
	}
	props = append(props, s.people(s.r.IntN(6), func(x float64) float64 { return edge(x) + 0.03 }, s.wide*0.5)...)
	stand(props)
}

func (s *stage) flowerMeadow() {
	s.backdrop(0.55)
	edge := s.bank(s.horizon+0.012, 0, 0.01)
	s.farWood(0.5)
	s.meadow(edge)
	if s.chance(0.45) {
		s.path(s.newWay(between(s.r, 0.5, 1.1), between(s.r, 2, 6)), 120, 0.18, s.earth())
	}
	s.aloft(0.2)
	var props []prop
	conifers := oneOf(s.r, 0, 0, 0.2, 0.8)
	props = append(props, s.scatter(2+s.r.IntN(9), 10, 90, 1, s.trees(conifers))...)
	props = append(props, s.scatter(s.r.IntN(5), 7, 40, 1, s.bushes(0.7, 1.6))...)
	props = append(props, s.livestock(0.35)...)
	props = append(props, s.people(s.r.IntN(3), edge, s.wide*0.4)...)
	if s.chance(0.3) {
		z := between(s.r, 12, 30)
		props = append(props, prop{z, func() { s.fence(-s.halfWidth(z)*1.1, z*between(s.r, 0.8, 1.4), s.halfWidth(z)*1.1, z) }})
	}
	if s.chance(0.2) {
		props = append(props, s.scatter(1, 30, 70, 7, s.home)...)
	}
	stand(props)
	near := func(x float64) float64 { return lerp(s.horizon, s.high, 0.25) }
	s.tufts(90, near)
	s.blooms(5+s.r.IntN(22), near)
}

// aloft may add balloons or birds.
func (s *stage) aloft(p float64) {
	if s.chance(p) && !s.moon {
		for range 1 + s.r.IntN(3) {
			s.balloon(s.wide*between(s.r, 0.1, 0.9), s.horizon*between(s.r, 0.15, 0.6), between(s.r, 0.025, 0.075))
		}
	} else if s.chance(0.4) && !s.moon {
		s.birds(3 + s.r.IntN(7))
	}
}

// home returns a prop: a random house.
func (s *stage) home(x, z float64) prop {
	h := s.newHouse(x, z)
	return prop{z, func() { s.build(h) }}
}

func (s *stage) earth() rgb {
	return oneOf(s.r, rgb{.76, .66, .50}, rgb{.68, .56, .42}, rgb{.80, .74, .62}, rgb{.62, .54, .46})
}

// livestock may return a small herd.
func (s *stage) livestock(p float64) []prop {
	var props []prop
	if !s.chance(p) {
		return nil
	}
	cx, cz := s.anywhere(s.horizon+s.eye/45, s.horizon+s.eye/14)
	for range 3 + s.r.IntN(6) {
		x, z := cx+s.r.NormFloat64()*3.5, cz*between(s.r, 0.8, 1.25)
		props = append(props, prop{z, func() { s.sheep(x, z) }})
	}
	return props
}

func (s *stage) farmland() {
	s.backdrop(0.3)
	for i := range 1 + s.r.IntN(2) {
		z := 320 / float64(i+1)
		crest := s.hills(s.horizon+0.012+0.03*float64(i), 0.03, between(s.r, 0.8, 1.8), z)
		if s.chance(0.5) {
			s.treeline(crest, between(s.r, 0.02, 0.04), z, false)
		}
	}
	edge := s.bank(s.horizon+between(s.r, 0.04, 0.08), 0.02, 0.02)
	s.meadow(edge)
	s.crop(edge)
	w := s.newWay(between(s.r, 1, 1.8), between(s.r, 2, 8))
	s.path(w, s.eye/0.07, 0.18, s.earth())
	s.aloft(0.15)
	var props []prop
	x, z := s.anywhere(s.horizon+s.eye/55, s.horizon+s.eye/25)
	for i := range 1 + s.r.IntN(3) {
		h := s.newHouse(x+float64(i)*13, z+between(s.r, -4, 6))
		if w.has(h.x, h.z, 6) {
			h.x += 14
		}
		props = append(props, prop{h.z, func() { s.build(h) }})
	}
	props = append(props, s.avenue(w)...)
	props = append(props, s.scatter(2+s.r.IntN(5), 16, 80, 3, s.trees(0.1))...)
	props = append(props, s.livestock(0.5)...)
	props = append(props, s.people(s.r.IntN(2), edge, s.wide*0.3)...)
	stand(props)
	s.tufts(30, func(float64) float64 { return lerp(s.horizon, s.high, 0.6) })
}

// avenue returns a row of trees on one side of a way.
func (s *stage) avenue(w way) []prop {
	var props []prop
	side := oneOf(s.r, -1.0, 1.0)
	for z := between(s.r, 10, 18); z < 70; z *= 1.28 {
		x, poplar := w.middle(z)+side*(w.half+2.2), s.chance(0.5)
		props = append(props, prop{z, func() {
			if poplar {
				s.poplar(x, z, between(s.r, 7, 10))
			} else {
				s.broadleaf(x, z, between(s.r, 5, 7))
			}
		}})
	}
	return props
}

// crop may cover the meadow with rows of grain, green or flowers that run to the vanishing point.
func (s *stage) crop(edge func(float64) float64) {
	if !s.chance(0.6) {
		return
	}
	c := oneOf(s.r, rgb{.86, .74, .36}, rgb{.60, .44, .78}, rgb{.44, .60, .24}, rgb{.90, .80, .24}, rgb{.54, .42, .30})
	region := Ground
	if c[2] > 0.7 {
		region = Flower // lavender
	}
	seed, turn := s.texture(), between(s.r, -0.5, 0.5)
	s.fill(s.profile(s.high, func(x float64) float64 { return edge(x) + 0.015 }), region, floor, func(x, y float64) (rgb, float64) {
		wx, wz, fp := s.spot(x, y)
		n := fbm(wx*1.5, wz, fp*1.5, 4, seed)
		row := math.Cos((wx+turn*wz)*2*math.Pi/1.6+n) * smoothstep(0.5, 0.15, wz*s.px()/1.6*2)
		k := 0.65 + 0.28*row + 0.5*n
		return s.tone(c.mix(s.flora.grass[0].scale(0.8), clamp(0.3-0.4*row, 0, 0.7)), clamp(k, 0, 1), wz), 1
	})
}
