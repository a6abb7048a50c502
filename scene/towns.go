package scene

import "math"

func (s *stage) village() {
	s.backdrop(0.5)
	edge := s.bank(s.horizon+0.015, 0.01, 0.015)
	s.farWood(0.5)
	s.meadow(edge)
	w := s.newWay(between(s.r, 1.2, 2.2), between(s.r, 2, 7))
	s.path(w, 140, 0.18, s.earth())
	s.aloft(0.12)
	var props []prop
	props = append(props, s.homesAlong(w)...)
	if s.chance(0.4) {
		cz := between(s.r, 45, 75)
		cx := between(s.r, -0.5, 0.6) * s.halfWidth(cz)
		props = append(props, prop{cz, func() { s.church(cx, cz) }})
	}
	props = append(props, s.scatter(6+s.r.IntN(9), 13, 80, 2.5, s.trees(0.25))...)
	props = append(props, s.scatter(s.r.IntN(6), 9, 40, 1, s.bushes(0.7, 1.4))...)
	props = append(props, s.lampsAlong(w, 0.5)...)
	for range s.r.IntN(5) {
		z := between(s.r, max(9, s.nearest()*1.3), 34)
		x := w.middle(z) + between(s.r, -1, 1)*w.half
		props = append(props, prop{z, func() { s.person(x, z) }})
	}
	stand(props)
	near := func(float64) float64 { return lerp(s.horizon, s.high, 0.55) }
	s.tufts(30, near)
	s.blooms(s.r.IntN(8), near)
}

// homesAlong returns houses on both sides of a way, some behind a fence.
func (s *stage) homesAlong(w way) []prop {
	var props []prop
	z := between(s.r, 15, 20)
	for range 5 + s.r.IntN(5) {
		side := oneOf(s.r, -1.0, 1.0)
		for _, side := range []float64{side, -side}[:1+s.r.IntN(2)] {
			h := s.newHouse(w.middle(z)+side*(w.half+between(s.r, 6, 14)), z+between(s.r, -1, 2))
			props = append(props, prop{h.z, func() { s.build(h) }})
			if s.chance(0.3) {
				x0, z0 := h.x-side*(h.length/2+1), h.z-5
				props = append(props, prop{z0, func() { s.fence(x0-3.5, z0, x0+3.5, z0+0.3) }})
			}
		}
		z += between(s.r, 12, 20)
	}
	return props
}

// lampsAlong may return street lamps beside a way.
func (s *stage) lampsAlong(w way, p float64) []prop {
	var props []prop
	if !s.chance(p) {
		return nil
	}
	side := oneOf(s.r, -1.0, 1.0)
	for z := between(s.r, 9, 14); z < 70; z += 15 {
		x := w.middle(z) + side*(w.half+0.7)
		props = append(props, prop{z, func() { s.streetLamp(x, z) }})
	}
	return props
}

func (s *stage) forestPath() {
	conifers := oneOf(s.r, 1, 0.8, 0.3, 0)
	if s.chance(0.4) {
		s.mountains(2, s.horizon+0.01, between(s.r, 0.12, 0.25))
	}
	for i := range 3 {
		z := 110 / float64(i+1)
		s.treeline(flatEdge(s.horizon+s.eye/z), between(s.r, 0.09, 0.14)*float64(i+2)/2, z, s.chance(conifers))
	}
	s.meadow(s.bank(s.horizon+0.03, 0, 0.008))
	w := s.newWay(between(s.r, 0.7, 1.4), between(s.r, 1, 4))
	s.path(w, 60, 0.18, s.earth().scale(0.9))
	var props []prop
	n := 46 + s.r.IntN(30)
	for range n {
		z := 5.5 + 50*math.Pow(s.r.Float64(), 1.4)
		x := between(s.r, -1.1, 1.1) * (s.halfWidth(z) + 2)
		if !w.has(x, z, 1.6+z*0.03) {
			props = append(props, s.tall(x, z, conifers))
		}
	}
	props = append(props, s.scatter(12+s.r.IntN(14), s.nearest(), 30, 0.6, s.bushes(0.35, 0.9))...)
	if s.chance(0.5) {
		z := between(s.r, max(9, s.nearest()*2), 22)
		props = append(props, prop{z, func() { s.person(w.middle(z), z) }})
	}
	stand(props)
	off := func(float64) float64 { return lerp(s.horizon, s.high, 0.4) }
	s.tufts(50, off)
	s.blooms(s.r.IntN(7), off)
}

// tall returns a prop: a forest tree, taller than one that stands alone.
func (s *stage) tall(x, z, conifers float64) prop {
	return prop{z, func() {
		if s.chance(conifers) {
			s.conifer(x, z, between(s.r, 9, 18))
		} else {
			s.broadleaf(x, z, between(s.r, 8, 14))
		}
	}}
}

func (s *stage) riverValley() {
	s.mountains(2+s.r.IntN(3), s.horizon+0.012, between(s.r, 0.18, 0.34)*min(1, s.horizon/0.45))
	if s.chance(0.7) {
		crest := s.hills(s.horizon-0.015, between(s.r, 0.04, 0.08), between(s.r, 0.9, 1.8), 420)
		s.treeline(crest, 0.022, 420, s.chance(0.6))
	}
	edge := s.bank(s.horizon+0.012, 0, 0.006)
	s.meadow(edge)
	w := s.newWay(between(s.r, 2.5, 5), between(s.r, 5, 12))
	deep := oneOf(s.r, rgb{.16, .34, .40}, rgb{.14, .30, .34}, rgb{.22, .42, .48})
	// A strip of gravel lines the banks.
	wider := w
	wider.half *= 1.16
	bed := s.earth()
	s.fill(s.outline(wider, s.nearest()*0.8, 160, 0.12), Sand, floor, func(_, y float64) (rgb, float64) {
		return s.tone(bed, 0.6, s.distance(y)), 1
	})
	s.ways = append(s.ways, wider)
	s.fillWater(s.outline(w, s.nearest()*0.8, 160, 0.12), water{shore: s.horizon, deep: deep, waves: between(s.r, 0.1, 0.5), mirror: 0.85})
	s.aloft(0.1)
	var props []prop
	conifers := oneOf(s.r, 0.8, 0.5, 0.1)
	props = append(props, s.scatter(14+s.r.IntN(18), 11, 110, 2, s.trees(conifers))...)
	for range 4 + s.r.IntN(8) {
		z := between(s.r, s.nearest(), 40)
		x := w.middle(z) + oneOf(s.r, -1.0, 1.0)*w.half*between(s.r, 0.9, 1.15)
		props = append(props, prop{z, func() { s.boulder(x, z, between(s.r, 0.4, 1.3)) }})
	}
	if s.chance(0.35) {
		props = append(props, s.scatter(1, 25, 70, 7, s.home)...)
	}
	props = append(props, s.livestock(0.3)...)
	stand(props)
}

func (s *stage) desert() {
	base := oneOf(s.r, rgb{.92, .74, .48}, rgb{.88, .64, .42}, rgb{.84, .58, .40}, rgb{.90, .80, .60})
	if s.chance(0.6) {
		s.mountains(1+s.r.IntN(2), s.horizon+0.012, between(s.r, 0.10, 0.22))
	}
	if s.chance(0.5) {
		s.dunes(3+s.r.IntN(4), lerp(s.horizon, s.high, between(s.r, 0.3, 0.6)), base)
		s.sand(s.bank(lerp(s.horizon, s.high, 0.62), 0.3, 0.05), base)
	} else {
		s.sand(s.bank(s.horizon+0.01, 0, 0.008), base)
	}
	s.aloft(0.15)
	var props []prop
	palms := s.chance(0.35)
	props = append(props, s.scatter(3+s.r.IntN(8), 7, 60, 0, func(x, z float64) prop {
		return prop{z, func() {
			if palms {
				s.palm(x, z, between(s.r, 4, 7))
			} else {
				s.cactus(x, z, between(s.r, 1.8, 4.5))
			}
		}}
	})...)
	props = append(props, s.scatter(s.r.IntN(4), s.nearest(), 50, 0, s.bushes(0.2, 0.5))...)
	props = append(props, s.scatter(3+s.r.IntN(8), s.nearest(), 50, 0, func(x, z float64) prop {
		return prop{z, func() { s.boulder(x, z, between(s.r, 0.3, 1.1)) }}
	})...)
	props = append(props, s.people(s.r.IntN(4), flatEdge(s.horizon), s.wide*0.4)...)
	stand(props)
}

func (s *stage) harbour() {
	s.backdrop(0.6)
	shore := s.horizon + between(s.r, 0.035, 0.06)
	s.meadow(s.bank(s.horizon+0.005, 0, 0.004))
	s.aloft(0)
	far := s.distance(shore)
	s.waterfront(far)
	quay := rgb{.62, .58, .52}
	s.paint(rect(0, shore-0.008, s.wide, shore+0.006), Path, far, quay, 0.6)
	s.lake(shore)
	var props []prop
	for range 2 + s.r.IntN(5) {
		x, z := s.anywhere(shore+0.02, lerp(shore, s.high, 0.42))
		props = append(props, prop{z, func() { s.boat(x*0.9, z, between(s.r, 3.5, 5.5)) }})
	}
	if s.chance(0.5) {
		x := between(s.r, -0.6, 0.6) * s.halfWidth(s.nearest())
		z := s.nearest() * 0.9
		props = append(props, prop{z, func() { s.pier(x, z, s.distance(lerp(shore, s.high, 0.3))) }})
	}
	stand(props)
}

// waterfront paints the houses, trees and the church of a shore at distance far.
func (s *stage) waterfront(far float64) {
	var props []prop
	for x := -s.halfWidth(far) * 1.05; x < s.halfWidth(far)*1.05; {
		h := s.newHouse(x, far+between(s.r, 5, 9))
		h.yaw = between(s.r, -0.15, 0.15) + oneOf(s.r, 0, 0, math.Pi/2)
		props = append(props, prop{h.z, func() { s.build(h) }})
		x += between(s.r, 8, 15)
		tx := x - 6
		if s.chance(0.5) {
			props = append(props, s.tree(tx, far+3, 0.2))
		}
	}
	if s.chance(0.5) {
		cx := between(s.r, -0.7, 0.7) * s.halfWidth(far)
		props = append(props, prop{far + 22, func() { s.church(cx, far+22) }})
	}
	for range 5 {
		x := between(s.r, -1, 1) * s.halfWidth(far)
		props = append(props, s.tree(x, far+between(s.r, 14, 30), 0.3))
	}
	stand(props)
}

func (s *stage) townStreet() {
	s.backdrop(0.5)
	s.meadow(flatEdge(s.horizon + 0.004))
	half := between(s.r, 2.6, 4)           // of the road
	side := between(s.r, 1.4, 2.2)         // of a pavement
	walk := between(s.r, -0.5, 0.5) * half // where the eye stands on the road
	straight := func(float64) float64 { return walk }
	s.path(way{straight, half + side}, 150, 0, rgb{.72, .70, .66})
	s.path(way{straight, half}, 150, 0, oneOf(s.r, rgb{.46, .46, .48}, rgb{.58, .54, .50}, rgb{.52, .46, .42}))
	s.aloft(0.1)
	var props []prop
	for _, hand := range []float64{-1, 1} {
		props = append(props, s.row(walk, hand, half+side)...)
	}
	for z := between(s.r, 7, 10); z < 75; z += 11 {
		props = append(props, prop{z, func() { s.streetLamp(walk+half+0.5, z) }})
		if s.chance(0.6) {
			props = append(props, prop{z + 5, func() { s.broadleaf(walk-half-0.7, z+5, between(s.r, 3.5, 5)) }})
		}
	}
	for range 2 + s.r.IntN(7) {
		z := between(s.r, max(8, s.nearest()*1.2), 36)
		x := oneOf(s.r, between(s.r, -half, half), half+between(s.r, 0.3, side), -half-between(s.r, 0.3, side))
		props = append(props, prop{z, func() { s.person(walk+x, z) }})
	}
	if s.chance(0.4) {
		props = append(props, prop{125, func() { s.church(between(s.r, 4, 8), 125) }})
	}
	stand(props)
}

// row returns the houses on one hand (-1 left, 1 right) of a street, reach metres from its middle.
func (s *stage) row(middle, hand, reach float64) []prop {
	var props []prop
	gaps := s.chance(0.4)
	for z := between(s.r, 3.5, 6); z < 110; {
		h := s.newHouse(0, 0)
		h.length, h.depth = between(s.r, 6, 10), between(s.r, 7, 9)
		h.floors = 1 + s.r.IntN(3)
		h.eaves = 2.9 * float64(h.floors)
		h.x, h.z = middle+hand*(reach+h.depth/2), z+h.length/2
		h.yaw = -hand * math.Pi / 2 // the front looks at the street
		props = append(props, prop{h.z, func() { s.build(h) }})
		z += h.length
		if gaps && s.chance(0.4) {
			tx, tz := middle+hand*(reach+3), z+2
			props = append(props, s.tree(tx, tz, 0.1))
			z += between(s.r, 3, 6)
		}
	}
	return props
}
