package scene

import "math"

// vec is a point or direction of the world, metres.
type vec struct{ x, y, z float64 }

func (a vec) add(b vec, k float64) vec { return vec{a.x + k*b.x, a.y + k*b.y, a.z + k*b.z} }

func (a vec) dot(b vec) float64 { return a.x*b.x + a.y*b.y + a.z*b.z }

// house is a box with a gabled roof. Its ridge runs along its length.
type house struct {
	x, z           float64 // middle of the floor
	yaw            float64 // turns of the length axis away from the x axis, radians
	length, depth  float64
	eaves, ridge   float64 // heights of the wall and of the roof above it
	wall, roof     rgb
	trim, door     rgb
	floors         int
	chimney, plank bool
}

// newHouse draws a cottage at (x, z).
func (s *stage) newHouse(x, z float64) house {
	floors := 1 + s.r.IntN(2)
	return house{
		x: x, z: z, yaw: between(s.r, -0.7, 0.7) + oneOf(s.r, 0.0, 0.0, math.Pi/2),
		length: between(s.r, 6.5, 11), depth: between(s.r, 5, 7),
		eaves: 2.9 * float64(floors), ridge: between(s.r, 2, 3.6), floors: floors,
		wall: s.wallColour(), roof: s.roofColour(),
		trim:    oneOf(s.r, rgb{.95, .94, .90}, rgb{.35, .26, .20}, rgb{.86, .84, .78}),
		door:    oneOf(s.r, rgb{.45, .26, .16}, rgb{.22, .38, .30}, rgb{.60, .18, .15}, rgb{.20, .30, .46}),
		chimney: s.r.IntN(3) > 0, plank: s.r.IntN(4) == 0,
	}
}

func (s *stage) wallColour() rgb {
	return oneOf(s.r, rgb{.93, .90, .83}, rgb{.95, .93, .90}, rgb{.88, .76, .58}, rgb{.76, .50, .38}, rgb{.70, .34, .26},
		rgb{.90, .82, .62}, rgb{.66, .72, .76}, rgb{.62, .48, .36}, rgb{.92, .74, .66}, rgb{.78, .82, .70})
}

func (s *stage) roofColour() rgb {
	return oneOf(s.r, rgb{.64, .28, .20}, rgb{.72, .38, .26}, rgb{.40, .32, .30}, rgb{.34, .36, .42}, rgb{.52, .34, .24}, rgb{.56, .50, .34}, rgb{.30, .42, .44})
}

// face is a flat part of a house: its lower left corner, its edges to the right and up, its size.
type face struct {
	origin, right, up vec
	w, h              float64
	normal            vec
}

// quad projects a rectangle of the face; u and v are metres from its origin.
func (s *stage) quad(f face, u0, v0, u1, v1 float64) []pt {
	corner := func(u, v float64) pt {
		p := f.origin.add(f.right, u).add(f.up, v)
		return s.at(p.x, p.y, max(p.z, 0.5))
	}
	return []pt{corner(u0, v0), corner(u1, v0), corner(u1, v1), corner(u0, v1)}
}

// sees tells whether the eye is in front of the face.
func (s *stage) sees(f face) bool {
	p := f.origin.add(f.right, f.w/2).add(f.up, f.h/2)
	return p.add(vec{0, s.eye, 0}, -1).dot(f.normal) < 0
}

// axes returns the unit vectors along the length and out of the front of the house.
func (h house) axes() (along, front vec) {
	sn, cs := math.Sincos(h.yaw)
	return vec{cs, 0, sn}, vec{sn, 0, -cs}
}

// walls returns front, back, left and right.
func (h house) walls() [4]face {
	a, f := h.axes()
	back, left := vec{-f.x, 0, -f.z}, vec{-a.x, 0, -a.z}
	up, c := vec{0, 1, 0}, vec{h.x, 0, h.z}
	l, d := h.length/2, h.depth/2
	return [4]face{
		{c.add(a, -l).add(f, d), a, up, h.length, h.eaves, f},
		{c.add(a, l).add(f, -d), left, up, h.length, h.eaves, back},
		{c.add(a, -l).add(f, -d), f, up, h.depth, h.eaves, left},
		{c.add(a, l).add(f, d), back, up, h.depth, h.eaves, a},
	}
}

// build paints a house: walls, gables, roof, then what is on them.
func (s *stage) build(h house) {
	s.shadow(h.x, h.z, h.length*0.55, h.eaves+h.ridge)
	if h.chimney {
		s.chimney(h)
	}
	for i, w := range h.walls() {
		if !s.sees(w) {
			continue
		}
		k := s.facing(w.normal.x, w.normal.y, w.normal.z)
		outline := s.quad(w, 0, 0, w.w, w.h)
		if i >= 2 {
			apex := s.quad(w, w.w/2, w.h+h.ridge, w.w, w.h)[0]
			outline = []pt{outline[0], outline[1], outline[2], apex, outline[3]}
		}
		s.wallPaint(outline, h, k)
		if i >= 2 {
			s.verge(w, h, k)
		}
		s.facade(w, h, i == 0 || i == 3 && h.length < h.depth, k)
	}
	s.roofs(h)
}

// verge paints the edge of the roof over a gable.
func (s *stage) verge(w face, h house, k float64) {
	const thick, over = 0.28, 0.35
	slope := h.ridge / (w.w / 2)
	for _, end := range []float64{-over, w.w + over} {
		low := s.quad(w, end, w.h-over*slope, w.w/2, w.h+h.ridge)
		high := s.quad(w, end, w.h-over*slope+thick, w.w/2, w.h+h.ridge+thick)
		s.paint([]pt{low[0], low[2], high[2], high[0]}, Roof, h.z, h.roof.mix(h.trim, 0.25), k)
	}
}

func (s *stage) wallPaint(poly []pt, h house, k float64) {
	seed := s.texture()
	f := h.z * 0.8
	s.fill(poly, House, h.z, func(x, y float64) (rgb, float64) {
		n := fbm(x*f, y*f, s.px()*f, 3, seed)
		if h.plank {
			n += 0.5 * noise(x*f*2.5, 0.5, seed) * smoothstep(0.6, 0.2, s.px()*f*2.5)
		}
		return s.tone(h.wall.scale(1+0.14*n), k, h.z), 1
	})
}

// facade sets windows and, on the entrance side, a door.
func (s *stage) facade(w face, h house, entrance bool, k float64) {
	n := max(1, int(w.w/2.6))
	step := w.w / float64(n)
	storey := h.eaves / float64(h.floors)
	doorAt := -1
	if entrance {
		doorAt = s.r.IntN(n)
	}
	for floor := range h.floors {
		for i := range n {
			u, v := (float64(i)+0.5)*step, float64(floor)*storey
			if floor == 0 && i == doorAt {
				s.paint(s.quad(w, u-0.6, 0, u+0.6, 2.2), House, h.z, h.trim, k)
				s.paint(s.quad(w, u-0.47, 0, u+0.47, 2.08), House, h.z, h.door, k)
				continue
			}
			s.window(w, u, v+0.32*storey, min(1.15, 0.42*step), 0.46*storey, h, k)
		}
	}
}

// window sets one window with its lower edge at height v.
func (s *stage) window(w face, u, v, wide, high float64, h house, k float64) {
	b := 0.1
	s.paint(s.quad(w, u-wide/2-b, v-b, u+wide/2+b, v+high+b), House, h.z, h.trim, k)
	pane := s.quad(w, u-wide/2, v, u+wide/2, v+high)
	if s.lit && s.r.Float64() < 0.7 {
		warm := rgb{1, .80, .42}.mix(rgb{1, .90, .62}, s.r.Float64())
		s.fill(pane, Window, h.z, flat(warm.mix(s.haze, 0.5-0.5*math.Exp(-h.z/s.visibility))))
	} else {
		shine := between(s.r, 0.1, 0.55)
		s.fill(pane, Window, h.z, flat(s.tone(rgb{.16, .20, .26}, 0.5, h.z).mix(s.middle, shine)))
	}
	s.paint(s.quad(w, u-0.035, v, u+0.035, v+high), House, h.z, h.trim, k)
	s.paint(s.quad(w, u-wide/2, v+high*0.55-0.03, u+wide/2, v+high*0.55+0.03), House, h.z, h.trim, k)
}

// roofs paints the slopes that the eye sees in courses of tiles.
func (s *stage) roofs(h house) {
	const over = 0.35 // metres the roof reaches past the walls
	a, f := h.axes()
	slope := math.Hypot(h.depth/2, h.ridge)
	for _, side := range []float64{1, -1} {
		out := vec{f.x * side, 0, f.z * side}
		right := vec{a.x * side, 0, a.z * side}
		up := vec{-out.x * h.depth / 2 / slope, h.ridge / slope, -out.z * h.depth / 2 / slope}
		normal := vec{out.x * h.ridge / slope, h.depth / 2 / slope, out.z * h.ridge / slope}
		origin := vec{h.x, h.eaves, h.z}.add(out, h.depth/2).add(right, -h.length/2-over).add(up, -over)
		r := face{origin, right, up, h.length + 2*over, slope + over, normal}
		if !s.sees(r) {
			continue
		}
		k := s.facing(normal.x, normal.y, normal.z)
		const courses = 7
		for i := range courses {
			v0, v1 := r.h*float64(i)/courses, r.h*float64(i+1)/courses
			c := h.roof.scale(between(s.r, 0.9, 1.06))
			s.paint(s.quad(r, 0, v0, r.w, r.h), Roof, h.z, c, k)
			s.paint(s.quad(r, 0, v0, r.w, v0+(v1-v0)*0.22), Roof, h.z, c.scale(0.78), k)
		}
		s.paint(s.quad(r, 0, 0, r.w, 0.1), Roof, h.z, h.trim.scale(0.9), k*0.8)
	}
}

// chimney sets a stack on the ridge; walls and roof painted after it hide its foot.
func (s *stage) chimney(h house) {
	a, _ := h.axes()
	p := vec{h.x, 0, h.z}.add(a, h.length*between(s.r, -0.32, 0.32))
	base, top, half := h.eaves+h.ridge*0.6, h.eaves+h.ridge+0.9, 0.4
	l, r := s.at(p.x-half, base, p.z), s.at(p.x+half, top, p.z)
	mid := lerp(l.x, r.x, 0.65)
	brick := h.roof.mix(rgb{.55, .36, .30}, 0.6)
	s.paint(rect(l.x, r.y, mid, l.y), House, h.z, brick, s.facing(0, 0, -1))
	s.paint(rect(mid, r.y, r.x, l.y), House, h.z, brick.scale(0.8), s.facing(1, 0, 0))
	s.paint(rect(l.x-0.08*half/h.z, r.y-0.12/h.z, r.x+0.08*half/h.z, r.y+0.1/h.z), House, h.z, brick.scale(0.7), 0.5)
}

// church paints a nave with a steeple at its left end.
func (s *stage) church(x, z float64) {
	nave := s.newHouse(x, z)
	nave.wall, nave.chimney, nave.floors, nave.plank = rgb{.93, .91, .86}, false, 1, false
	nave.length, nave.depth, nave.eaves, nave.ridge = 13, 7, 5, 4
	nave.yaw = between(s.r, -0.4, 0.4)
	s.build(nave)
	a, _ := nave.axes()
	s.tower(x-a.x*8, z-a.z*8-0.5, nave)
}

// tower paints a square tower with a pointed roof.
func (s *stage) tower(x, z float64, style house) {
	t := style
	t.x, t.z, t.length, t.depth, t.eaves, t.ridge = x, z, 4, 4, 13, 0
	for _, w := range t.walls() {
		if !s.sees(w) {
			continue
		}
		k := s.facing(w.normal.x, 0, w.normal.z)
		s.wallPaint(s.quad(w, 0, 0, w.w, w.h), t, k)
		s.window(w, w.w/2, 9.6, 1, 1.8, t, k)
		s.window(w, w.w/2, 4.5, 0.8, 1.5, t, k)
	}
	apex := vec{x, 13 + 8, z}
	for _, w := range t.walls() {
		if s.sees(w) {
			q := s.quad(w, -0.3, w.h-0.2, w.w+0.3, w.h-0.2)
			k := s.facing(w.normal.x*0.85, 0.5, w.normal.z*0.85)
			s.paint([]pt{q[0], q[1], s.at(apex.x, apex.y, apex.z)}, Roof, z, t.roof, k)
		}
	}
}

// lighthouse paints a banded round tower with a lantern.
func (s *stage) lighthouse(x, z, tall float64) {
	band := oneOf(s.r, rgb{.78, .18, .16}, rgb{.16, .24, .42}, rgb{.25, .25, .27})
	const n = 5
	radius := func(t float64) float64 { return tall * lerp(0.10, 0.06, t) }
	round := func(y0, y1, r0, r1 float64, region Region, c rgb) {
		a, b := s.at(x, y0, z), s.at(x, y1, z)
		s.fill(stroke(a, b, 2*r0/z, 2*r1/z), region, z, func(px, _ float64) (rgb, float64) {
			across := clamp((px-a.x)/(r0/z), -1, 1)
			return s.tone(c, s.facing(across, 0, -math.Sqrt(1-across*across)), z), 1
		})
	}
	for i := range n {
		c := rgb{.95, .94, .92}
		if i%2 == 1 {
			c = band
		}
		t0, t1 := float64(i)/n, float64(i+1)/n
		round(tall*0.8*t0, tall*0.8*t1, radius(t0), radius(t1), House, c)
	}
	round(tall*0.80, tall*0.82, radius(0.6), radius(0.6), House, band.scale(0.7))
	glass := rgb{.55, .65, .70}
	if s.lit {
		glass = rgb{3, 2.6, 1.6} // shines by itself
	}
	round(tall*0.82, tall*0.92, radius(1)*0.8, radius(1)*0.8, Window, glass)
	round(tall*0.92, tall, radius(1), 0, Roof, band)
	s.lanterns = append(s.lanterns, lantern{s.at(x, tall*0.87, z), z})
}
