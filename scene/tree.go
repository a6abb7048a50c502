package scene

import "math"

var bark = rgb{.38, .29, .22}

// broadleaf paints a tree with a round crown that stands at (x, z) and is tall metres high.
func (s *stage) broadleaf(x, z, tall float64) {
	leaf := oneOf(s.r, s.flora.leaves...).scale(between(s.r, 0.88, 1.12))
	s.shadow(x, z, tall*0.3, tall)
	lean := between(s.r, -0.05, 0.05) * tall
	wood := bark.scale(between(s.r, 0.8, 1.2))
	foot, fork := s.at(x, 0, z), s.at(x+lean, tall*0.5, z)
	w := tall * between(s.r, 0.05, 0.075) / z
	s.trunk(foot, fork, w, z, wood)
	n := 7 + s.r.IntN(5)
	crown := make([]puff, n)
	spread := tall * between(s.r, 0.24, 0.36)
	for i := range crown {
		a := 2 * math.Pi * (float64(i) + s.r.Float64()*0.8) / float64(n)
		d := spread * math.Sqrt(s.r.Float64()) * 0.8
		p := s.at(x+lean+d*math.Cos(a), tall*0.66+0.75*d*math.Sin(a), z)
		crown[i] = puff{p.x, p.y, spread * between(s.r, 0.42, 0.6) / z}
		if i%3 == 0 {
			s.paint(stroke(fork, p, w*0.45, w*0.15), Wood, z, wood, 0.4)
		}
	}
	s.foliage(crown, leaf, z, tall/z)
}

// trunk paints a stem that flares at its foot, lit from the side.
func (s *stage) trunk(foot, fork pt, w, z float64, wood rgb) {
	knee := pt{lerp(foot.x, fork.x, 0.15), lerp(foot.y, fork.y, 0.15)}
	poly := []pt{
		{foot.x - 0.85*w, foot.y}, {knee.x - 0.5*w, knee.y}, {fork.x - 0.35*w, fork.y},
		{fork.x + 0.35*w, fork.y}, {knee.x + 0.5*w, knee.y}, {foot.x + 0.85*w, foot.y},
	}
	seed := s.texture()
	s.fill(poly, Wood, z, func(x, y float64) (rgb, float64) {
		mid := lerp(foot.x, fork.x, (foot.y-y)/(foot.y-fork.y))
		across := clamp((x-mid)/w*1.8, -1, 1)
		n := fbm(x/w*2.5, y/w*0.5, s.px()/w*2.5, 3, seed)
		return s.tone(wood.scale(1+0.35*n), s.facing(across, 0, -math.Sqrt(1-across*across)), z), 1
	})
}

// poplar paints a slim tree.
func (s *stage) poplar(x, z, tall float64) {
	leaf := oneOf(s.r, s.flora.leaves...)
	s.shadow(x, z, tall*0.12, tall)
	w := tall * 0.03 / z
	s.paint(stroke(s.at(x, 0, z), s.at(x, tall*0.3, z), w, w), Wood, z, bark, 0.4)
	crown := make([]puff, 9)
	for i := range crown {
		t := (float64(i) + 0.5) / 9
		p := s.at(x+between(s.r, -0.015, 0.015)*tall, tall*lerp(0.16, 0.95, t), z)
		crown[i] = puff{p.x, p.y, tall * 0.115 * math.Sqrt(math.Sin(math.Pi*lerp(0.2, 0.97, t))) / z}
	}
	s.foliage(crown, leaf, z, tall/z)
}

// bush paints a low heap of leaves, sometimes in bloom.
func (s *stage) bush(x, z, tall float64) {
	s.shadow(x, z, tall*0.7, tall)
	n := 4 + s.r.IntN(4)
	crown := make([]puff, n)
	for i := range crown {
		t := (float64(i)+0.5)/float64(n)*2 - 1
		p := s.at(x+t*tall*0.7, tall*between(s.r, 0.25, 0.6)*(1.1-0.5*t*t), z)
		crown[i] = puff{p.x, p.y, tall * between(s.r, 0.3, 0.45) / z}
	}
	s.foliage(crown, oneOf(s.r, s.flora.leaves...).scale(between(s.r, 0.85, 1.1)), z, 2*tall/z)
	if s.r.IntN(4) == 0 {
		col := oneOf(s.r, s.flora.petals...)
		for range 14 {
			p, r := oneOf(s.r, crown...), 0.05*tall/z
			cx, cy := p.x+between(s.r, -0.6, 0.6)*p.r, p.y+between(s.r, -0.7, 0.3)*p.r
			s.paint(ellipse(cx, cy, r, r), Flower, z, col, 0.8)
		}
	}
}

// foliage paints leaves that fill balls: frayed at the edge, lit as balls, mottled by clumps. size
// is the extent of the whole plant in units.
func (s *stage) foliage(balls []puff, leaf rgb, z, size float64) {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, b := range balls {
		x0, x1 = min(x0, b.x-1.25*b.r), max(x1, b.x+1.25*b.r)
		y0, y1 = min(y0, b.y-1.25*b.r), max(y1, b.y+1.25*b.r)
	}
	seed, f := s.texture(), 9/size
	soft := max(0.1, 2.5*s.px()/balls[0].r)
	warm := leaf.mix(rgb{.75, .70, .25}, 0.22)
	s.fill(rect(x0, y0, x1, y1), Tree, z, func(x, y float64) (rgb, float64) {
		m, nx, ny := heap(balls, x, y)
		if m < -0.55 {
			return rgb{}, 0
		}
		n := fbm(x*f, y*f, s.px()*f, 4, seed)
		leaves := fbm(x*f*7, y*f*7, s.px()*f*7, 3, seed+1)
		a := smoothstep(-soft, soft, m+0.8*n+0.7*leaves-0.05)
		if a == 0 {
			return rgb{}, 0
		}
		up := (y1 - y) / (y1 - y0)
		front := math.Sqrt(max(0, 1-nx*nx-ny*ny))
		k := s.facing(nx, -ny, -front)*0.75 + 0.8*n + 0.55*leaves + 0.35*(up-0.5)
		c := leaf.scale(0.72+0.4*up).mix(warm, clamp(k, 0, 1))
		return s.tone(c, clamp(k, 0, 1), z), a
	})
}

// conifer paints a spruce: tiers of boughs, the lower the wider.
func (s *stage) conifer(x, z, tall float64) {
	s.shadow(x, z, tall*0.16, tall)
	w := tall * 0.04 / z
	foot := s.at(x, 0, z)
	s.paint(stroke(foot, s.at(x, tall*0.3, z), w, w), Wood, z, bark.scale(0.8), 0.4)
	h := tall / z
	b := boughs{
		x: foot.x, top: foot.y - h, h: 0.93 * h, half: tall * between(s.r, 0.17, 0.25) / z,
		tiers: 7 + float64(s.r.IntN(5)), seed: s.texture(), px: s.px(),
	}
	green := s.flora.needle.scale(between(s.r, 0.85, 1.2))
	light := green.mix(s.flora.leaves[0], 0.5)
	s.fill(rect(b.x-1.4*b.half, b.top, b.x+1.4*b.half, b.top+1.06*b.h), Tree, z, func(x, y float64) (rgb, float64) {
		a, across, tier, n := b.at(x, y)
		if a == 0 {
			return rgb{}, 0
		}
		k := s.facing(across, 0.35, -0.8*(1-across*across))*0.8 + 0.45*(tier-0.55) + 0.9*n
		return s.tone(green.mix(light, clamp(k, 0, 1)), clamp(k, 0, 1), z), a
	})
}

// boughs is the shape of a spruce in the picture.
type boughs struct {
	x, top, h, half float64 // axis, tip, height, and half the width at the foot
	tiers           float64
	seed            uint32
	px              float64
}

// at returns the coverage at a point, its place across the tree (-1 to 1), its place within a tier
// (0 under the tier above, 1 at the tips) and the noise of the needles.
func (b *boughs) at(x, y float64) (cover, across, tier, needles float64) {
	t := (y - b.top) / b.h
	across = (x - b.x) / (b.half*max(t, 0) + 0.01*b.h)
	out := math.Abs(across)
	if t < 0 || out > 1.5 {
		return 0, 0, 0, 0
	}
	f := 26 / b.h
	// Needles hang along the boughs, which droop outwards.
	needles = fbm(x*f, (y-0.5*math.Abs(x-b.x))*f*1.6, b.px*f*1.3, 4, b.seed)
	p := (t - 0.25*math.Abs(x-b.x)/b.h) * b.tiers * (1 + 0.04*needles)
	row := math.Floor(p)
	tier = p - row
	reach := (0.58 + 0.42*tier) * (0.88 + 0.24*hash01(int32(row), int32(math.Copysign(1, across)), b.seed))
	soft := max(0.05, 1.2*b.px/(b.half*t+0.01*b.h))
	cover = smoothstep(-soft, soft, reach+0.4*needles-out) * smoothstep(1.04, 1, t+0.05*needles)
	return cover, clamp(across, -1, 1), tier, needles
}

// palm paints a leaning trunk and a head of fronds.
func (s *stage) palm(x, z, tall float64) {
	s.shadow(x, z, tall*0.2, tall)
	lean := between(s.r, -0.25, 0.25) * tall
	const joints = 8
	prev := s.at(x, 0, z)
	for i := 1; i <= joints; i++ {
		t := float64(i) / joints
		p := s.at(x+lean*t*t, tall*t, z)
		w := tall * lerp(0.055, 0.03, t) / z
		s.paint(stroke(prev, p, w*1.06, w), Wood, z, rgb{.52, .42, .30}.scale(0.9+0.2*float64(i%2)), 0.55)
		prev = p
	}
	n := 9 + s.r.IntN(4)
	green := rgb{.30, .50, .18}.scale(between(s.r, 0.85, 1.1))
	for i := range n {
		a := math.Pi*(float64(i)+0.5)/float64(n)*1.3 - 0.15*math.Pi
		s.frond(prev, math.Cos(a), math.Sin(a), tall*between(s.r, 0.34, 0.44)/z, green, z)
	}
}

// frond paints one leaf of a palm from its root p: it sets out along (dx, dy) and droops.
func (s *stage) frond(p pt, dx, dy, length float64, green rgb, z float64) {
	const n = 12
	var upper, lower []pt
	for i := range n + 1 {
		t := float64(i) / n
		c := pt{p.x + dx*length*t, p.y - dy*length*t*0.8 + 0.75*length*t*t}
		w := 0.17 * length * math.Sin(math.Pi*clamp(t*0.95+0.05, 0, 1))
		upper = append(upper, pt{c.x, c.y - 0.3*w})
		lower = append(lower, pt{c.x, c.y + 0.7*w*(0.45+1.1*float64(i%2))})
	}
	for i := range lower {
		upper = append(upper, lower[n-i])
	}
	s.paint(upper, Tree, z, green, clamp(0.35+0.45*dy+0.4*dx*s.dir[0], 0, 1))
}

// cactus paints a saguaro.
func (s *stage) cactus(x, z, tall float64) {
	s.shadow(x, z, tall*0.15, tall)
	green := rgb{.32, .46, .26}.scale(between(s.r, 0.85, 1.15))
	limb := func(x0, y0, x1, y1, w float64) {
		a, b := s.at(x+x0*tall, y0*tall, z), s.at(x+x1*tall, y1*tall, z)
		r := w * tall / z
		mid := (a.x + b.x) / 2
		shade := func(px, _ float64) (rgb, float64) {
			across := clamp((px-mid)/r*0.9, -1, 1)
			k := s.facing(across, 0.1, -0.9*(1-across*across)) + 0.12*math.Cos(across*9)
			return s.tone(green, clamp(k, 0, 1), z), 1
		}
		s.fill(stroke(a, b, 2*r, 2*r), Tree, z, shade)
		s.fill(ellipse(b.x, b.y, r, r), Tree, z, shade)
		s.fill(ellipse(a.x, a.y, r, r), Tree, z, shade)
	}
	for _, side := range []float64{-1, 1} {
		if s.r.IntN(4) > 0 {
			y, out := between(s.r, 0.3, 0.5), side*between(s.r, 0.17, 0.24)
			limb(0, y, out, y, 0.04)
			limb(out, y, out, y+between(s.r, 0.2, 0.35), 0.042)
		}
	}
	limb(0, 0, 0, 0.95, 0.06)
}

// treeline paints the silhouette of a far wood along a curve of the picture; tall is in units.
func (s *stage) treeline(along func(x float64) float64, tall, z float64, conifers bool) {
	seed := s.texture()
	f := 1.1 / tall
	crest := func(x float64) float64 {
		u := x * f * 2
		var bump float64
		if conifers {
			tooth := math.Abs(u*1.6 - math.Floor(u*1.6) - 0.5)
			bump = 0.55 - 0.9*tooth + 0.45*hash01(int32(math.Floor(u*1.6)), 0, seed)
		} else {
			bump = 0.45 + 0.35*math.Sqrt(math.Abs(math.Sin(u*1.7+noise(u, 3, seed)))) + 0.3*noise(u*0.8, 0, seed)
		}
		gap := smoothstep(-0.45, 0.1, noise(x*2.2, 7, seed)+0.12)
		return along(x) - tall*bump*gap
	}
	leaf := s.flora.leaves[0].mix(s.flora.leaves[1], 0.5)
	if conifers {
		leaf = s.flora.needle
	}
	low := func(x float64) float64 { return along(x) + 0.12*tall }
	s.fill(s.band(crest, low), Tree, z, func(x, y float64) (rgb, float64) {
		n := fbm(x*f*3, y*f*3, s.px()*f*3, 3, seed+1)
		up := clamp((along(x)-y)/tall, 0, 1)
		return s.tone(leaf.scale(0.8+0.5*up), clamp(0.25+0.5*up+0.8*n, 0, 1), z), 1
	})
}
