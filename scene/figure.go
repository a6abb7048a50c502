package scene

import "math"

// clothes are the colours of coats, trousers and skirts.
var clothes = []rgb{
	{.76, .20, .18}, {.20, .32, .60}, {.90, .74, .24}, {.24, .46, .32}, {.86, .84, .80}, {.30, .26, .28},
	{.62, .34, .56}, {.88, .50, .22}, {.36, .56, .66},
}

// person paints someone standing or walking at (x, z).
func (s *stage) person(x, z float64) {
	s.shadow(x, z, 0.3, 1.7)
	tall := between(s.r, 1.55, 1.85)
	if s.r.IntN(5) == 0 {
		tall = between(s.r, 1.0, 1.3) // a child
	}
	skin := oneOf(s.r, rgb{.94, .76, .64}, rgb{.80, .58, .44}, rgb{.52, .36, .28}, rgb{.88, .68, .54})
	coat, legs := oneOf(s.r, clothes...), oneOf(s.r, clothes...).scale(0.75)
	hair := oneOf(s.r, rgb{.22, .16, .12}, rgb{.46, .32, .18}, rgb{.78, .62, .34}, rgb{.60, .58, .56})
	step := between(s.r, 0.03, 0.11) * tall
	p := func(dx, y float64) pt { return s.at(x+dx, y*tall, z) }
	u := tall / z
	part := func(poly []pt, c rgb, k float64) { s.paint(poly, Person, z, c, k) }
	if s.r.IntN(3) == 0 { // a dress or long coat
		l, r := p(-0.13*tall, 0.14), p(0.13*tall, 0.14)
		top := p(0, 0.62)
		part([]pt{l, r, {top.x + 0.06*u, top.y}, {top.x - 0.06*u, top.y}}, coat, 0.6)
		legs = skin
	}
	part(stroke(p(-step, 0), p(-0.03*tall, 0.48), 0.06*u, 0.09*u), legs, 0.5)
	part(stroke(p(step, 0), p(0.03*tall, 0.48), 0.06*u, 0.09*u), legs, 0.65)
	swing := between(s.r, 0.4, 1.4) * step
	part(stroke(p(-0.085*tall, 0.78), p(-0.085*tall-swing, 0.48), 0.06*u, 0.045*u), coat, 0.4)
	part(stroke(p(0, 0.44), p(0, 0.78), 0.15*u, 0.21*u), coat, 0.7)
	part(stroke(p(0, 0.775), p(0, 0.85), 0.21*u, 0.08*u), coat, 0.75)
	part(stroke(p(0.085*tall, 0.78), p(0.085*tall+swing, 0.48), 0.06*u, 0.045*u), coat.scale(0.9), 0.8)
	head := p(0, 0.91)
	part(ellipse(head.x, head.y-0.012*u, 0.062*u, 0.075*u), hair, 0.6)
	part(ellipse(head.x, head.y+0.014*u, 0.05*u, 0.06*u), skin, 0.75)
	if s.r.IntN(4) == 0 { // a hat
		hat := oneOf(s.r, clothes...)
		part(rect(head.x-0.11*u, head.y-0.045*u, head.x+0.11*u, head.y-0.02*u), hat, 0.7)
		part(rect(head.x-0.06*u, head.y-0.10*u, head.x+0.06*u, head.y-0.03*u), hat, 0.6)
	}
}

// sheep paints a grazing sheep or, brown and larger, a cow.
func (s *stage) sheep(x, z float64) {
	body, face, size := rgb{.93, .91, .86}, rgb{.22, .20, .20}, 1.0
	if s.r.IntN(3) == 0 {
		body, face, size = oneOf(s.r, rgb{.46, .30, .20}, rgb{.90, .88, .85}, rgb{.24, .20, .19}), rgb{.42, .28, .20}, 1.5
	}
	s.shadow(x, z, 0.5*size, 0.8*size)
	side := oneOf(s.r, -1.0, 1.0)
	u := size / z
	for _, dx := range []float64{-0.36, -0.2, 0.22, 0.36} {
		s.paint(stroke(s.at(x+dx*size, 0, z), s.at(x+dx*size, 0.45*size, z), 0.08*u, 0.1*u), Animal, z, face, 0.4)
	}
	c := s.at(x, 0.62*size, z)
	s.fill(ellipse(c.x, c.y, 0.55*u, 0.32*u), Animal, z, func(px, py float64) (rgb, float64) {
		nx, ny := (px-c.x)/(0.55*u), (c.y-py)/(0.32*u)
		return s.tone(body, s.facing(nx, ny, -0.5), z), 1
	})
	h := s.at(x+side*0.66*size, between(s.r, 0.35, 0.8)*size, z)
	s.paint(stroke(pt{c.x + side*0.4*u, c.y - 0.1*u}, h, 0.28*u, 0.18*u), Animal, z, face.mix(body, 0.4), 0.5)
	s.paint(ellipse(h.x, h.y, 0.17*u, 0.13*u), Animal, z, face, 0.6)
}

// birds scatters a loose flock in the sky.
func (s *stage) birds(n int) {
	cx, cy := s.wide*between(s.r, 0.15, 0.85), s.horizon*between(s.r, 0.2, 0.7)
	dark := s.middle.mix(rgb{.10, .10, .13}, 0.8)
	for range n {
		x, y := cx+between(s.r, -0.16, 0.16), cy+between(s.r, -0.09, 0.09)
		w := between(s.r, 0.010, 0.022)
		lift := between(s.r, 0.25, 0.65) * w
		for _, side := range []float64{-1, 1} {
			tip, elbow := pt{x + side*w, y - 0.2*lift}, pt{x + side*w*0.5, y - lift}
			s.fill([]pt{{x, y}, elbow, tip, {elbow.x, elbow.y + 0.22*w}, {x, y + 0.28*w}}, Animal, 300, flat(dark))
		}
	}
}

// boat paints a sailing or a rowing boat on the water, and its reflection.
func (s *stage) boat(x, z, size float64) {
	sails := s.r.IntN(3) > 0
	hull := oneOf(s.r, rgb{.92, .90, .86}, rgb{.70, .20, .16}, rgb{.18, .28, .44}, rgb{.50, .34, .22}, rgb{.24, .44, .44})
	sail := oneOf(s.r, rgb{.97, .95, .90}, rgb{.96, .92, .82}, rgb{.82, .34, .24}, rgb{.95, .80, .40})
	side := oneOf(s.r, -1.0, 1.0)
	for _, mirror := range []float64{-1, 1} { // the reflection first
		p := func(dx, y float64) pt { return s.at(x+side*dx*size, y*size*mirror, z) }
		part := func(r Region, c rgb, k float64, poly ...pt) {
			if mirror < 0 {
				c = s.tone(c, k, z)
				s.fill(poly, keep, z, func(_, _ float64) (rgb, float64) { return c, 0.35 })
				return
			}
			s.paint(poly, r, z, c, k)
		}
		part(Craft, hull, 0.7, p(-0.5, 0.16), p(0.58, 0.18), p(0.42, 0), p(-0.4, 0))
		part(Craft, hull.scale(0.6), 0.6, p(-0.5, 0.16), p(0.58, 0.18), p(0.55, 0.145), p(-0.49, 0.125))
		if sails {
			part(Craft, bark, 0.5, p(-0.015, 0.16), p(0.015, 0.16), p(0.012, 1.3), p(-0.012, 1.3))
			part(Craft, sail, 0.9, p(-0.03, 1.26), p(-0.46, 0.26), p(-0.2, 0.22), p(-0.03, 0.25))
			part(Craft, sail.scale(0.9), 0.7, p(0.03, 1.15), p(0.5, 0.24), p(0.03, 0.3))
		}
	}
	if !sails {
		c := s.at(x, 0.3*size, z)
		s.paint(stroke(s.at(x, 0.14*size, z), c, 0.16*size/z, 0.12*size/z), Person, z, oneOf(s.r, clothes...), 0.7)
		s.paint(ellipse(c.x, c.y-0.04*size/z, 0.05*size/z, 0.06*size/z), Person, z, rgb{.85, .66, .52}, 0.7)
	}
}

// balloon paints a hot-air balloon in the sky; r is its radius in units.
func (s *stage) balloon(x, y, r float64) {
	a, b := oneOf(s.r, clothes...), oneOf(s.r, rgb{.96, .93, .84}, rgb{.95, .78, .30})
	const z = 250.0
	var envelope []pt
	for i := range 24 {
		sn, cs := math.Sincos(2 * math.Pi * float64(i) / 24)
		w := r
		if sn > 0 { // it narrows towards the basket
			w *= 1 - 0.55*sn*sn*sn
		}
		envelope = append(envelope, pt{x + w*cs, y + r*sn*1.15})
	}
	s.paint(rect(x-0.13*r, y+1.4*r, x+0.13*r, y+1.62*r), Craft, z, rgb{.46, .32, .20}, 0.5)
	for _, side := range []float64{-1, 1} {
		s.paint(stroke(pt{x + side*0.36*r, y + 1.05*r}, pt{x + side*0.11*r, y + 1.42*r}, 0.02*r, 0.02*r), Craft, z, rgb{.3, .25, .2}, 0.5)
	}
	soft := clamp(s.px()/r*4, 0.1, 3)
	s.fill(envelope, Craft, z, func(px, py float64) (rgb, float64) {
		nx, ny := clamp((px-x)/r, -1, 1), clamp((y-py)/r, -1, 1)
		gore := math.Sin(math.Asin(nx*0.98) / math.Max(0.35, math.Sqrt(1-0.7*ny*ny)) * 6)
		return s.tone(a.mix(b, smoothstep(-soft, soft, gore)), s.facing(nx, ny, -0.5), z), 1
	})
}

// fence sets posts and rails from (x0, z0) to (x1, z1).
func (s *stage) fence(x0, z0, x1, z1 float64) {
	n := max(2, int(math.Hypot(x1-x0, z1-z0)/1.8))
	wood := oneOf(s.r, rgb{.55, .44, .33}, rgb{.90, .88, .84}, rgb{.46, .38, .32})
	for i := n; i >= 0; i-- { // from the far end
		t := float64(i) / float64(n)
		x, z := lerp(x0, x1, t), lerp(z0, z1, t)
		if i < n {
			u := float64(i+1) / float64(n)
			nx, nz := lerp(x0, x1, u), lerp(z0, z1, u)
			for _, y := range []float64{0.45, 0.85} {
				s.paint([]pt{s.at(x, y, z), s.at(nx, y, nz), s.at(nx, y+0.12, nz), s.at(x, y+0.12, z)}, Wood, z, wood, 0.6)
			}
		}
		s.paint(stroke(s.at(x, 0, z), s.at(x, 1.15, z), 0.14/z, 0.12/z), Wood, z, wood.scale(0.9), 0.5)
	}
}

// streetLamp paints a lamp post and notes where its light is.
func (s *stage) streetLamp(x, z float64) {
	iron := rgb{.20, .22, .24}
	s.paint(stroke(s.at(x, 0, z), s.at(x, 3.6, z), 0.16/z, 0.10/z), Lamp, z, iron, 0.5)
	p := s.at(x, 3.85, z)
	glass := s.tone(rgb{.85, .86, .82}, 0.8, z)
	if s.lit {
		glass = rgb{1, .90, .62}
		r := 1.6 / z
		s.fill(ellipse(p.x, p.y, r, r), keep, z, func(x, y float64) (rgb, float64) {
			return rgb{1, .80, .45}, 0.55 * math.Exp(-3.5*math.Hypot(x-p.x, y-p.y)/r)
		})
	}
	s.fill(ellipse(p.x, p.y, 0.2/z, 0.28/z), Lamp, z, flat(glass))
	s.paint([]pt{{p.x - 0.24/z, p.y - 0.22/z}, {p.x + 0.24/z, p.y - 0.22/z}, {p.x, p.y - 0.45/z}}, Lamp, z, iron, 0.5)
	s.lanterns = append(s.lanterns, lantern{p, z})
}

// lantern is the head of a lamp at distance z.
type lantern struct {
	pt
	z float64
}

// shining returns the lanterns in the picture that nothing nearer hides.
func (s *stage) shining() []Point {
	var lamps []Point
	for _, l := range s.lanterns {
		if l.x < 0 || l.x >= s.wide || l.y < 0 || l.y >= s.high {
			continue
		}
		depth := s.depth[min(int(l.y*s.scale), s.h-1)*s.w+min(int(l.x*s.scale), s.w-1)]
		if float64(depth) > 0.9*l.z/(l.z+DepthScale) {
			lamps = append(lamps, Point{float32(l.x / s.wide), float32(l.y / s.high)})
		}
	}
	return lamps
}

// boulder paints a rock.
func (s *stage) boulder(x, z, size float64) {
	s.shadow(x, z, size*0.6, size*0.6)
	c := s.at(x, size*0.25, z)
	r, seed := size*0.55/z, s.texture()
	const n = 13
	poly := make([]pt, n)
	for i := range poly {
		sn, cs := math.Sincos(2 * math.Pi * float64(i) / n)
		k := between(s.r, 0.82, 1.12)
		poly[i] = pt{c.x + r*1.15*k*cs, c.y + r*0.72*k*min(sn, 0.55)}
	}
	base := oneOf(s.r, rgb{.50, .48, .46}, rgb{.58, .52, .46}, rgb{.44, .44, .46})
	f := 2.2 / r
	s.fill(poly, Rock, z, func(px, py float64) (rgb, float64) {
		n := fbm(px*f, py*f, s.px()*f, 4, seed)
		k := s.facing((px-c.x)/r+n, (c.y-py)/r+0.3+n, -0.5)
		return s.tone(base.scale(1+0.2*n), k, z), 1
	})
}

// pier paints a plank walk into the water from z0 to z1 metres.
func (s *stage) pier(x, z0, z1 float64) {
	wood := rgb{.54, .44, .34}
	const half, high = 0.9, 0.5
	n := int((z1 - z0) / 0.8)
	for i := n; i >= 0; i-- {
		z := z0 + 0.8*float64(i)
		if i%3 == 0 {
			for _, side := range []float64{-half, half} {
				s.paint(stroke(s.at(x+side, -0.3, z), s.at(x+side, high+0.5, z), 0.2/z, 0.18/z), Wood, z, wood.scale(0.7), 0.5)
			}
		}
		c := wood.scale(between(s.r, 0.9, 1.1))
		s.paint([]pt{s.at(x-half, high, z), s.at(x+half, high, z), s.at(x+half, high, z+0.76), s.at(x-half, high, z+0.76)}, Wood, z, c, 0.75)
		s.paint([]pt{s.at(x-half, high, z), s.at(x+half, high, z), s.at(x+half, high-0.12, z), s.at(x-half, high-0.12, z)}, Wood, z, c.scale(0.7), 0.4)
	}
}
