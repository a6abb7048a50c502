package scene

import "math"

// mountains paints n ranges, each nearer, lower and less hazy than the one behind it. foot is the
// height of their feet in the picture, tall the height of the farthest range, in units.
func (s *stage) mountains(n int, foot, tall float64) {
	rock := oneOf(s.r, rgb{.52, .47, .44}, rgb{.46, .46, .48}, rgb{.58, .47, .40}, rgb{.42, .44, .50})
	snow := 2.0 // share of the height above which snow lies; 2 is never
	if s.r.Float64() < 0.6 {
		snow = between(s.r, 0.4, 0.75)
	}
	for i := range n {
		t := float64(i) / math.Max(1, float64(n-1))
		haze := lerp(0.62, 0.22, t)
		if n == 1 {
			haze = between(s.r, 0.3, 0.55)
		}
		m := massif{
			s: s, foot: foot, tall: tall * lerp(1, 0.42, t) * between(s.r, 0.85, 1.15),
			freq: between(s.r, 1.6, 2.8), seed: s.texture(), snow: snow + 0.25*t,
			z: -s.visibility * math.Log(1-haze), rock: rock,
			peak: s.wide * between(s.r, 0.1, 0.9), spread: s.wide * between(s.r, 0.25, 0.6),
		}
		if i == n-1 && n > 1 && s.r.IntN(2) == 0 {
			m.forest = 0.8
		}
		m.paint()
	}
}

// massif is one range of mountains.
type massif struct {
	s            *stage
	foot, tall   float64
	freq         float64 // peaks per unit
	peak, spread float64 // where it is highest, and how far it reaches
	seed         uint32
	snow, forest float64 // share of the height where snow begins and forest ends
	z            float64
	rock         rgb
}

// ridge is the height of the crest at x in units from the top.
func (m *massif) ridge(x float64) float64 {
	d := (x - m.peak) / m.spread
	env := 0.45 + 0.55*math.Exp(-d*d)
	crest := ridged(x*m.freq, 0.5, m.s.px()*m.freq, 8, m.seed)
	return m.foot - m.tall*env*(0.05+0.85*crest*math.Sqrt(crest))*1.1
}

func (m *massif) paint() {
	s := m.s
	relief := func(x, y float64) float64 {
		f := m.freq * 2.2
		// Warping makes the spurs run down and bend.
		wx := x + 0.05*noise(x*6, y*6, m.seed+3)
		return ridged(wx*f, y*f*0.7, s.px()*f, 5, m.seed+7)
	}
	side := 1.0
	if s.dir[0] < 0 {
		side = -1
	}
	const eps = 0.012
	mist := s.haze.mix(s.low, 0.3)
	s.fill(s.profile(m.foot, m.ridge), Mountain, m.z, func(x, y float64) (rgb, float64) {
		h := relief(x, y)
		slope := (h - relief(x+side*eps, y-eps*0.6)) / eps
		k := clamp(0.42+0.11*slope, 0, 1)
		up := (m.foot - y) / m.tall // share of the height
		c := m.rock.scale(0.85 + 0.3*h)
		if m.forest > 0 {
			wood := smoothstep(m.forest, m.forest-0.3, up+0.25*noise(x*14, y*14, m.seed+1))
			c = c.mix(s.flora.needle.scale(0.8+0.4*h), 0.85*wood)
		}
		edge := up + 0.22*(h-0.5) + 0.10*noise(x*9, y*9, m.seed+2) - 0.12*clamp(-slope*0.2, 0, 1)
		lies := smoothstep(m.snow-0.03, m.snow+0.05, edge)
		c = c.mix(rgb{1, 1.02, 1.06}, lies)
		k = lerp(k, 0.25+0.75*k, lies)
		// Air is thicker at the feet.
		return s.tone(c, k, m.z).mix(mist, 0.45*smoothstep(0.55, 0, up)), 1
	})
}
