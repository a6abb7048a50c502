package teacher

import (
	"math"

	"github.com/warmstart-ml/warmstart/scene"
)

// What edits of weather, season and light know about the place. For a photo, which has no masks, depth
// and horizon are guesses that serve haze and the like.

// mask sums the coverage of regions; it is zero for a photo.
func (c *canvas) mask(regions ...scene.Region) plane {
	sum := newPlane(c.img.W, c.img.H)
	if c.scene == nil {
		return sum
	}
	for _, r := range regions {
		for i, v := range c.scene.Masks[r] {
			sum.v[i] += v
		}
	}
	return sum
}

// skyMask covers everything above the land.
func (c *canvas) skyMask() plane { return c.mask(scene.Sky, scene.Sun, scene.Cloud) }

// leafMask covers foliage: the scene's trees, or whatever is green in a photo.
func (c *canvas) leafMask() plane {
	if c.scene != nil {
		return c.mask(scene.Tree)
	}
	return c.plane(func(x, y int) float32 { return greenness(pixel(c.img, x, y)) })
}

// far is the depth of a pixel, 0 near to 1 far. In a photo, what is higher up is taken to
// be farther, but never so far that haze would hide it.
func (c *canvas) far(x, y int) float32 {
	if c.scene != nil {
		return c.scene.Depth[y*c.img.W+x]
	}
	return 0.55 * smoothstep(1, 0, (float32(y)+0.5)/float32(c.img.H))
}

// horizon is the height of the horizon in pixels from the top.
func (c *canvas) horizon() float32 {
	if c.scene != nil {
		return max(1, c.scene.Horizon*float32(c.img.H))
	}
	return 0.45 * float32(c.img.H)
}

// skyHeight is 0 at the horizon, 1 at the top of the picture, and mirrored in what lies below.
func (c *canvas) skyHeight(y int) float32 {
	h := c.horizon()
	return clamp01(abs(h-float32(y)-0.5) / h)
}

// onGround projects a pixel below the horizon on flat ground, in arbitrary metres to the right and away;
// near falls from 1 at the feet to 0 at the horizon, where the pattern is too fine to show.
func (c *canvas) onGround(x, y int) (gx, gz, near float32) {
	below := (float32(y) + 0.5 - c.horizon()) / c.unit
	d := 1 / max(below, 0.02)
	u, _ := c.uv(x, y)
	return (u - 0.5) * d, d, smoothstep(0.03, 0.3, below)
}

// shading is the lightness of a region relative to its mean, so that it can be given another colour and
// keep its forms.
func (c *canvas) shading(region plane) plane {
	l := luma(c.img)
	var sum, n float32
	for i, m := range region.v {
		sum, n = sum+m*l.v[i], n+m
	}
	mean := max(sum/max(n, 1), 0.05)
	for i, v := range l.v {
		l.v[i] = min(0.3+0.7*v/mean, 1.7)
	}
	return l
}

// recolour gives a region other colours and keeps its shading; colour may depend on the place.
func (c *canvas) recolour(region plane, amount float32, colour func(x, y int) rgb) {
	shade := c.shading(region)
	c.each(func(x, y int, p rgb) rgb {
		m := region.at(x, y) * amount
		if m == 0 {
			return p
		}
		return p.mix(colour(x, y).scale(shade.at(x, y)), m)
	})
}

// skyPaint is another sky.
type skyPaint struct {
	open  ramp // from the horizon to the top
	cloud rgb  // of the lit parts of clouds
	sun   rgb
	cover float32 // how much of the old sky is replaced
	glow  float32 // how bright the air around the sun is
}

// repaintSky replaces the sky, keeps the shapes of its clouds, and lays its colours on water.
func (c *canvas) repaintSky(s skyPaint) {
	open, cloud, sun := c.mask(scene.Sky), c.mask(scene.Cloud), c.mask(scene.Sun)
	water := c.mask(scene.Water)
	shade, gleam := c.shading(cloud), c.shading(water)
	halo := sun.blur(0.06 * c.unit)
	c.each(func(x, y int, p rgb) rgb {
		base := s.open.at(c.skyHeight(y))
		base = base.screen(s.sun.scale(clamp01(s.glow * halo.at(x, y))))
		lit := base.mix(s.cloud, 0.75*smoothstep(0.55, 1.2, shade.at(x, y)))
		o, cl, su := open.at(x, y), cloud.at(x, y), sun.at(x, y)
		if all := o + cl + su; all > 0 {
			painted := base.scale(o / all).add(lit.scale(cl / all)).add(s.sun.scale(su / all))
			p = p.mix(painted, s.cover*min(all, 1))
		}
		mirrored := s.open.at(c.skyHeight(y)).scale(0.88 * gleam.at(x, y))
		return p.mix(mirrored, 0.62*s.cover*water.at(x, y))
	})
}

// landTone maps the colours of everything but the sky.
func (c *canvas) landTone(f func(p rgb) rgb) {
	sky := c.skyMask()
	c.each(func(x, y int, p rgb) rgb { return p.mix(f(p), 1-clamp01(sky.at(x, y))) })
}

// daylight brightens the land of scenes that lie in the dark.
func (c *canvas) daylight() {
	sky, l := c.skyMask(), luma(c.img)
	var sum, n float32
	for i, v := range l.v {
		land := 1 - clamp01(sky.v[i])
		sum, n = sum+land*v, n+land
	}
	const usual = 0.3 // mean lightness of land under an open sky
	gain := min(max(usual*n/max(sum, 0.01), 1), 4)
	c.landTone(func(p rgb) rgb { return p.each(func(v float32) float32 { return 1 - pow(1-min(v, 1), gain) }) })
}

// haze mixes in the colour of the air by depth.
func (c *canvas) haze(air rgb, density float32) {
	c.each(func(x, y int, p rgb) rgb {
		// Beer-Lambert: light falls off exponentially with the distance z = d/(1-d).
		d := min(c.far(x, y), 0.995)
		return p.mix(air, 1-exp(-density*d/(1-d)))
	})
}

// lampGlow lights windows and street lamps, with a halo.
func (c *canvas) lampGlow(strength float32) {
	window := c.mask(scene.Window)
	lamps := c.plane(func(x, y int) float32 { return c.lampAt(x, y) })
	lit := c.plane(func(x, y int) float32 { return window.at(x, y) + lamps.at(x, y) })
	near, wide := lit.blur(0.012*c.unit), lit.blur(0.05*c.unit)
	core, glow := hex(0xffe3a0), hex(0xff9f3a)
	c.each(func(x, y int, p rgb) rgb {
		halo := clamp01(strength * (0.8*near.at(x, y) + 1.8*wide.at(x, y)))
		p = p.screen(glow.scale(0.75 * halo))
		return p.mix(core, clamp01(strength*lit.at(x, y)))
	})
}

// lampAt is the disc of the street lamps at a pixel.
func (c *canvas) lampAt(x, y int) float32 {
	if c.scene == nil {
		return 0
	}
	var k float32
	r := max(0.012*c.unit, 0.8)
	for _, l := range c.scene.Lamps {
		dx, dy := float32(x)+0.5-l.X*float32(c.img.W), float32(y)+0.5-l.Y*float32(c.img.H)
		k = max(k, smoothstep(r, 0.4*r, hypot(dx, dy)))
	}
	return k
}

// stars are points of light of random brightness, 0 to 1.
func (c *canvas) stars(cells float32) plane {
	return c.plane(func(x, y int) float32 {
		u, v := c.uv(x, y)
		n := worley(c.seed+40, u*cells, v*cells, 1)
		b := hash01(c.seed+42, n.x, n.y)
		r := max(0.07+0.1*b*b, 0.75*cells/c.unit) // never smaller than a pixel
		return b * b * smoothstep(r, 0.3*r, n.d1)
	})
}

// streaks are falling drops drawn out by the exposure, 0 to 1: slant is the sideways drift per fall.
func (c *canvas) streaks(cells, length, slant float32, share float32, seed uint64) plane {
	cells = min(cells, 0.45*c.unit)
	return c.plane(func(x, y int) float32 {
		u, v := c.uv(x, y)
		col := (u + slant*v) * cells
		i := floor(col)
		v = v/length + 17*hash01(seed, i, 0)
		j := floor(v)
		if hash01(seed+1, i, j) > share {
			return 0
		}
		t := v - float32(j)
		across := abs(col - float32(i) - 0.5)
		return smoothstep(0.5, 0.1, across) * sin(math.Pi*t) * (0.4 + 0.6*hash01(seed+2, i, j))
	})
}
