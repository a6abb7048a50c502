package scene

import (
	"math"
	"slices"
)

// setting is a kind of place: how high the eye and the horizon are, and what is there.
type setting struct {
	name    string
	share   float64    // how often it is drawn, relative to the others
	horizon [2]float64 // range, as a share of the picture's height
	eye     [2]float64 // range of the eye's height in metres
	paint   func(*stage)
}

var settings = []setting{
	{"mountain lake", 14, [2]float64{0.42, 0.54}, [2]float64{3, 6}, (*stage).mountainLake},
	{"seaside", 13, [2]float64{0.36, 0.52}, [2]float64{3, 6.5}, (*stage).seaside},
	{"meadow", 13, [2]float64{0.38, 0.58}, [2]float64{1.9, 4.5}, (*stage).flowerMeadow},
	{"farmland", 10, [2]float64{0.36, 0.52}, [2]float64{3, 7}, (*stage).farmland},
	{"village", 13, [2]float64{0.38, 0.50}, [2]float64{2.5, 6}, (*stage).village},
	{"forest path", 10, [2]float64{0.40, 0.52}, [2]float64{1.7, 2.6}, (*stage).forestPath},
	{"river valley", 10, [2]float64{0.36, 0.48}, [2]float64{3, 7}, (*stage).riverValley},
	{"desert", 8, [2]float64{0.38, 0.54}, [2]float64{2.2, 5}, (*stage).desert},
	{"town street", 10, [2]float64{0.46, 0.58}, [2]float64{1.8, 3.4}, (*stage).townStreet},
	{"harbour", 9, [2]float64{0.36, 0.48}, [2]float64{3, 5}, (*stage).harbour},
}

// prop is a thing that stands at distance z.
type prop struct {
	z     float64
	paint func()
}

// stand paints props from far to near.
func stand(props []prop) {
	slices.SortStableFunc(props, func(a, b prop) int {
		switch {
		case a.z > b.z:
			return -1
		case a.z < b.z:
			return 1
		}
		return 0
	})
	for _, p := range props {
		p.paint()
	}
}

// chance is true with probability p.
func (s *stage) chance(p float64) bool { return s.r.Float64() < p }

// flatEdge is a level edge of the ground at height y.
func flatEdge(y float64) func(float64) float64 { return func(float64) float64 { return y } }

// bank is a wavy, slanted edge of the ground around height y.
func (s *stage) bank(y, slant, swing float64) func(float64) float64 {
	seed, tilt := s.texture(), between(s.r, -slant, slant)
	return func(x float64) float64 {
		return y + tilt*(x/s.wide-0.5) + swing*fbm(x*2.2, 0.5, s.px()*2.2, 4, seed)
	}
}

// anywhere draws a place on the ground, evenly over the picture between heights top and bottom.
func (s *stage) anywhere(top, bottom float64) (x, z float64) {
	z = s.distance(between(s.r, top, bottom))
	return between(s.r, -1.05, 1.05) * s.halfWidth(z), z
}

// scatter returns n props between two distances in metres, less those that would stand within margin
// metres of a way. put makes the prop at a place.
func (s *stage) scatter(n int, near, far, margin float64, put func(x, z float64) prop) []prop {
	var props []prop
	for range n {
		x, z := s.anywhere(s.horizon+s.eye/far, s.horizon+s.eye/near)
		if !s.onWay(x, z, margin) {
			props = append(props, put(x, z))
		}
	}
	return props
}

// trees returns a maker of trees for scatter, a share of them conifers.
func (s *stage) trees(conifers float64) func(x, z float64) prop {
	return func(x, z float64) prop { return s.tree(x, z, conifers) }
}

// bushes returns a maker of bushes between two heights in metres.
func (s *stage) bushes(low, high float64) func(x, z float64) prop {
	return func(x, z float64) prop {
		return prop{z, func() { s.bush(x, z, between(s.r, low, high)) }}
	}
}

// backdrop paints what is behind everything else: mountains, hills and woods above the horizon.
func (s *stage) backdrop(mountains float64) {
	if s.chance(mountains) {
		s.mountains(2+s.r.IntN(3), s.horizon+0.01, between(s.r, 0.16, 0.34)*min(1, s.horizon/0.45))
	}
	if n := s.r.IntN(3); n > 0 || mountains == 0 {
		for i := range max(n, 1) {
			up := 0.05 / float64(i+1)
			z := 900 / float64(i+1)
			crest := s.hills(s.horizon-up+0.01, between(s.r, 0.04, 0.09), between(s.r, 0.9, 2), z)
			if s.chance(0.6) {
				s.treeline(crest, between(s.r, 0.018, 0.035), z, s.chance(0.4))
			}
		}
	}
}

// farWood paints a wood that ends the flat ground.
func (s *stage) farWood(p float64) {
	if s.chance(p) {
		tall := between(s.r, 0.03, 0.08)
		s.treeline(flatEdge(s.horizon+0.012), tall, s.eye/0.012, s.chance(0.45))
	}
}

// tree returns a prop: a random tree of the place.
func (s *stage) tree(x, z float64, conifers float64) prop {
	return prop{z, func() {
		switch {
		case s.chance(conifers):
			s.conifer(x, z, between(s.r, 6, 13))
		case s.chance(0.12):
			s.poplar(x, z, between(s.r, 8, 13))
		default:
			s.broadleaf(x, z, between(s.r, 5, 10))
		}
	}}
}

// blooms strews flowers over the ground below the curve edge.
func (s *stage) blooms(patches int, edge func(float64) float64) {
	for range patches {
		cx, cy := s.r.Float64()*s.wide, s.r.Float64()
		col := oneOf(s.r, s.flora.petals...)
		top := edge(cx) + 0.02
		cy = lerp(top, s.high, math.Sqrt(cy))
		for range 6 + s.r.IntN(12) {
			x := cx + s.r.NormFloat64()*0.09
			y := max(cy+s.r.NormFloat64()*0.03, edge(x)+0.02)
			z := s.distance(y)
			r := between(s.r, 0.035, 0.065) / z
			stem, tint := between(s.r, 0.1, 0.3)/z, between(s.r, 0.85, 1.1)
			if s.onWay((x-s.wide/2)*z, z, 0.1) {
				continue
			}
			s.paint(stroke(pt{x, y}, pt{x, y - stem}, 0.25*r, 0.25*r), Ground, z, s.flora.grass[0].scale(0.8), 0.5)
			s.paint(ellipse(x, y-stem, r, r*0.8), Flower, z, col.scale(tint), 0.85)
			s.paint(ellipse(x, y-stem, r*0.35, r*0.3), Flower, z, col.mix(rgb{.95, .80, .25}, 0.7), 0.8)
		}
	}
}

// tufts sets blades of grass below the curve edge, dense in front.
func (s *stage) tufts(n int, edge func(float64) float64) {
	for range n {
		x := s.r.Float64() * s.wide
		y := lerp(edge(x)+0.01, s.high*1.02, math.Sqrt(s.r.Float64()))
		z := s.distance(y)
		c := s.grassMix(s.r.Float64())
		if s.onWay((x-s.wide/2)*z, z, 0.1) {
			continue
		}
		for range 3 + s.r.IntN(3) {
			h, lean := between(s.r, 0.12, 0.34)/z, between(s.r, -0.12, 0.12)/z
			dx := between(s.r, -0.1, 0.1) / z
			s.paint(stroke(pt{x + dx, y}, pt{x + dx + lean, y - h}, 0.03/z, 0), Ground, z, c, between(s.r, 0.5, 1))
		}
	}
}
