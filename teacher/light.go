package teacher

import (
	"math"

	"github.com/warmstart-ml/warmstart/scene"
)

// lightEdits change the hour and what shines.
func lightEdits() []Edit {
	sky := func(name, title string, apply func(*canvas)) Edit {
		return Edit{Name: name, Title: title, Kind: Scenery, NeedsMasks: true, apply: apply}
	}
	return []Edit{
		{Name: "golden-hour", Title: "golden hour", Kind: Scenery, apply: goldenHour},
		{Name: "blue-hour", Title: "blue hour", Kind: Scenery, apply: blueHour},
		{Name: "sun-rays", Title: "rays of sunlight", Kind: Scenery, apply: sunRays},
		sky("sunset", "sunset", sunset),
		sky("dawn", "dawn", dawn),
		sky("night", "night with stars", night),
		sky("moonlight", "moonlit night", moonlight),
		sky("milky-way", "milky way", milkyWay),
		sky("lights-on", "lit windows at dusk", lightsOn),
		sky("aurora", "northern lights", aurora),
		sky("rainbow", "rainbow", rainbow),
		sky("fireworks", "fireworks", fireworks),
		sky("eclipse", "solar eclipse", eclipse),
		{Name: "fireflies", Title: "fireflies", Kind: Scenery, apply: fireflies},
		{Name: "club-lights", Title: "pink and blue club lights", Kind: Scenery, apply: clubLights},
	}
}

// goldenHour: low warm light from one side, long haze.
func goldenHour(c *canvas) {
	c.each(func(x, y int, p rgb) rgb {
		u, _ := c.centred(x, y)
		side := smoothstep(1.3, -1.1, u) // brighter to the left
		p = p.contrast(1.08).mul(rgb{1.14, 0.95, 0.7}).saturate(1.05)
		return p.scale(0.85 + 0.2*side).screen(hex(0xff8a3a).scale(0.3 * side * side))
	})
}

func blueHour(c *canvas) {
	c.tone(func(p rgb) rgb {
		dim := p.saturate(0.55).each(func(v float32) float32 { return pow(v, 1.25) })
		return dim.mul(rgb{0.46, 0.6, 0.98}).add(rgb{0, 0.01, 0.05})
	})
	c.lampGlow(0.9)
}

// sunRays are crepuscular rays: the light of the sky smeared away from its source (Mitchell, GPU Gems 3).
func sunRays(c *canvas) {
	sx, sy := 0.2*float32(c.img.W), -0.05*float32(c.img.H)
	if c.scene != nil && c.scene.Light.Source.X > 0 && c.scene.Light.Source.X < 1 {
		sx, sy = c.scene.Light.Source.X*float32(c.img.W), c.scene.Light.Source.Y*float32(c.img.H)
	}
	sky := c.skyMask()
	l := luma(c.img)
	open := c.plane(func(x, y int) float32 {
		bright := smoothstep(0.45, 0.9, l.at(x, y))
		if c.scene != nil {
			bright = sky.at(x, y) * (0.4 + 0.6*bright)
		}
		dx, dy := (float32(x)-sx)/c.unit, (float32(y)-sy)/c.unit
		spokes := 0.35 + 1.3*noise(textureSeed, 4.5*atan2(dy, dx), 0)*noise(textureSeed+1, 11*atan2(dy, dx), 0)
		return bright * spokes * exp(-2.2*hypot(dx, dy))
	})
	const steps = 32
	c.each(func(x, y int, p rgb) rgb {
		var sum, w float32 = 0, 1
		for i := range steps {
			t := 0.95 * float32(i) / steps
			sum += w * open.sample(mix(float32(x), sx, t), mix(float32(y), sy, t))
			w *= 0.985
		}
		return p.scale(0.86).mul(rgb{1.03, 1, 0.93}).screen(hex(0xffe2a6).scale(clamp01(4.2 * sum / steps)))
	})
}

func sunset(c *canvas) {
	c.landTone(func(p rgb) rgb { return p.saturate(0.9).mul(rgb{0.82, 0.5, 0.46}) })
	c.haze(hex(0xf58a4a), 0.12)
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xffc65a), hex(0xff8a3c), hex(0xe0525a), hex(0x8a3f86), hex(0x33306f)},
		cloud: hex(0xff9d7a), sun: hex(0xfff1b0), cover: 1, glow: 1.6,
	})
	c.sunOnHorizon(hex(0xfff0a8), hex(0xff9a3a))
}

// sunOnHorizon sets a half-sunk sun into scenes that show none, with its glow over the sky.
func (c *canvas) sunOnHorizon(disc, glow rgb) {
	sky := c.mask(scene.Sky, scene.Cloud)
	sunU := 0.62 * float32(c.img.W) / c.unit
	if c.scene.Light.Visible {
		sunU = c.scene.Light.Source.X * float32(c.img.W) / c.unit
	}
	sunV := (c.horizon() - 0.07*c.unit) / c.unit
	water := c.mask(scene.Water)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		d := hypot(u-sunU, v-sunV)
		p = p.screen(glow.scale(0.75 * exp(-5*d) * sky.at(x, y)))
		p = p.mix(disc, smoothstep(0.062, 0.05, d)*sky.at(x, y))
		// Its path on the water, broken by waves.
		path := smoothstep(0.11, 0, abs(u-sunU)-0.04*noise(textureSeed, u*9, v*40))
		path *= smoothstep(0.25, 0.7, noise(textureSeed+1, u*14, v*70))
		return p.screen(disc.scale(0.85 * path * water.at(x, y)))
	})
}

func dawn(c *canvas) {
	c.landTone(func(p rgb) rgb {
		return p.saturate(0.75).contrast(0.85).mul(rgb{0.86, 0.72, 0.82}).add(rgb{0.05, 0.03, 0.06})
	})
	c.haze(hex(0xf2c4c8), 0.3)
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xfff0d2), hex(0xffcfc0), hex(0xe6b0cb), hex(0xa9b4e0), hex(0x7b98d2)},
		cloud: hex(0xffd9d6), sun: hex(0xfffbe8), cover: 1, glow: 1.2,
	})
	h := c.horizon()
	c.each(func(x, y int, p rgb) rgb { // mist over the low ground
		u, v := c.uv(x, y)
		off := (float32(y) - h) / c.unit
		band := smoothstep(-0.06, 0.03, off) * smoothstep(0.25, 0.05, off)
		return p.mix(hex(0xfbe3e2), 0.7*band*fbm(textureSeed, u*3, v*12, 3))
	})
}

// darken is the land by night, and a sky from horizon to zenith.
func (c *canvas) darken(land rgb, sky ramp, cloud, moon rgb) {
	c.landTone(func(p rgb) rgb {
		return p.saturate(0.4).each(func(v float32) float32 { return pow(v, 1.15) }).mul(land)
	})
	c.repaintSky(skyPaint{open: sky, cloud: cloud, sun: moon, cover: 1, glow: 0.5})
}

// shine adds light to the open sky.
func (c *canvas) shine(f func(x, y int) rgb) {
	sky := c.mask(scene.Sky)
	c.each(func(x, y int, p rgb) rgb { return p.screen(f(x, y).scale(sky.at(x, y)).clamp()) })
}

func night(c *canvas) {
	c.darken(rgb{0.17, 0.23, 0.42}, ramp{hex(0x2b3f6b), hex(0x14224a), hex(0x080e26)}, hex(0x24345c), hex(0xf2f0e0))
	stars := c.stars(26)
	c.shine(func(x, y int) rgb { return hex(0xf6f4ff).scale(stars.at(x, y) * smoothstep(0, 0.2, c.skyHeight(y))) })
	c.lampGlow(1)
}

// moonlight: a bright moon, silver light and long glitter on water.
func moonlight(c *canvas) {
	c.darken(rgb{0.36, 0.46, 0.62}, ramp{hex(0x7f9cb8), hex(0x3a5680), hex(0x1a2c52)}, hex(0x9db2c9), hex(0xfdfbf0))
	sky, water := c.mask(scene.Sky, scene.Cloud), c.mask(scene.Water)
	mu, mv, r := 0.3*float32(c.img.W)/c.unit, 0.4*c.horizon()/c.unit, float32(0.065)
	soft := 0.8 / c.unit
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		d := hypot(u-mu, v-mv)
		p = p.screen(hex(0xbcd0e8).scale(0.6 * exp(-7*d) * sky.at(x, y)))
		seas := 1 - 0.14*smoothstep(0.45, 0.65, fbm(textureSeed, u*28, v*28, 3))
		p = p.mix(hex(0xfcfaf0).scale(seas), smoothstep(r+soft, r-soft, d)*sky.at(x, y))
		glitter := smoothstep(0.16, 0, abs(u-mu)) * smoothstep(0.5, 0.75, noise(textureSeed+1, u*16, v*70))
		return p.screen(hex(0xe6eef6).scale(0.8 * glitter * water.at(x, y)))
	})
}

func milkyWay(c *canvas) {
	c.darken(rgb{0.1, 0.12, 0.2}, ramp{hex(0x35406b), hex(0x151c3f), hex(0x060818)}, hex(0x1f2748), hex(0xf2f0e0))
	stars := c.stars(32)
	c.shine(func(x, y int) rgb {
		u, v := c.uv(x, y)
		along, across := 0.8*u+0.6*v, 0.8*v-0.6*u+0.28*float32(c.img.W)/c.unit // a diagonal band
		cloud := fbm(textureSeed, along*4, across*7, 5)
		band := 0.85 * exp(-12*across*across) * smoothstep(0.15, 0.8, cloud)
		dust := smoothstep(0.45, 0.7, fbm(textureSeed+8, along*5, across*9, 4)) * exp(-90*across*across)
		col := ramp{hex(0x3a3f86), hex(0xb07fc0), hex(0xffe8d6)}.at(band)
		return col.scale(1.0 * band * (1 - 0.75*dust)).add(hex(0xf2f4ff).scale(stars.at(x, y) * (0.6 + band)))
	})
	c.lampGlow(0.8)
}

// lightsOn: dusk, every window lit.
func lightsOn(c *canvas) {
	sky := ramp{hex(0xf2a978), hex(0x9a6f9a), hex(0x3d4a86), hex(0x1c2858)}
	c.darken(rgb{0.4, 0.42, 0.6}, sky, hex(0x8f6f96), hex(0xfff0d0))
	c.lampGlow(1.25)
	window := c.mask(scene.Window)
	spill := window.blur(0.05 * c.unit)
	ground := c.mask(scene.Ground, scene.Path, scene.Sand, scene.Water)
	c.each(func(x, y int, p rgb) rgb { // light that falls out on the ground below
		k := spill.at(x, y-int(0.06*c.unit)) * ground.at(x, y)
		return p.screen(hex(0xffb04a).scale(clamp01(2 * k)))
	})
}

// aurora: two curtains of green light with violet tops over a night landscape.
func aurora(c *canvas) {
	c.darken(rgb{0.16, 0.3, 0.34}, ramp{hex(0x14403f), hex(0x0a1f33), hex(0x060c20)}, hex(0x17333c), hex(0xe6fff0))
	curtain := func(x, y int, seed uint64, at float32) rgb {
		u, _ := c.uv(x, y)
		s := c.skyHeight(y)
		foot := at + 0.42*(fbm(seed, u*1.6, 3, 2)-0.5)
		rays := 0.45 + 0.75*noise(seed+5, u*26, 0)*noise(seed+6, u*7, 0)*2
		up := s - foot
		k := smoothstep(-0.03, 0.03, up) * exp(-3.4*max(up, 0)) * rays * (0.35 + noise(seed+7, u*3, 1))
		return hex(0x3dffa0).mix(hex(0xb04fe0), smoothstep(0.1, 0.5, up)).scale(1.1 * clamp01(k))
	}
	stars := c.stars(26)
	light := func(x, y int) rgb {
		return curtain(x, y, c.seed, 0.3).screen(curtain(x, y, c.seed+30, 0.55).scale(0.8))
	}
	c.shine(func(x, y int) rgb { return light(x, y).add(grey(0.8 * stars.at(x, y))) })
	water := c.mask(scene.Water)
	c.each(func(x, y int, p rgb) rgb { return p.screen(light(x, y).scale(0.6 * water.at(x, y)).clamp()) })
	c.lampGlow(0.8)
}

// rainbow: a primary and a faint secondary bow before a dark sky.
func rainbow(c *canvas) {
	sky := c.skyMask()
	cx, cy := 0.5*float32(c.img.W)/c.unit, (c.horizon()+0.12*c.unit)/c.unit
	r := min(0.85*cy, 0.62*float32(c.img.W)/c.unit)
	bow := ramp{hex(0x7a3fd0), hex(0x3a5fe8), hex(0x28b86a), hex(0xf2e63a), hex(0xff9a2a), hex(0xf03a3a)}
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		t := (hypot(u-cx, v-cy)/r - 0.88) / 0.16
		back := 0.35 + 0.65*sky.at(x, y)
		p = p.scale(1 - 0.16*sky.at(x, y)*smoothstep(-0.6, 0.3, t)) // Alexander's dark band
		k := smoothstep(0, 0.18, t) * smoothstep(1, 0.82, t) * back * c.far(x, y)
		second := 1 - (t-2.0)/1.1
		k2 := 0.35 * smoothstep(0, 0.2, second) * smoothstep(1, 0.8, second) * back * c.far(x, y)
		return p.mix(p.scale(0.6).screen(bow.at(t)), 0.75*k).mix(p.scale(0.7).screen(bow.at(second)), 0.8*k2)
	})
}

func fireworks(c *canvas) {
	c.darken(rgb{0.2, 0.2, 0.34}, ramp{hex(0x2f2a5c), hex(0x14153a), hex(0x07081c)}, hex(0x2c2c58), hex(0xf2f0e0))
	colours := []rgb{hex(0xff4f6a), hex(0xffd24a), hex(0x5fd0ff), hex(0xc07fff), hex(0x7fff9a)}
	h := c.horizon() / c.unit
	light := newPlane(c.img.W, c.img.H)
	bursts := func(x, y int) rgb {
		u, v := c.uv(x, y)
		var sum rgb
		for i := range 4 {
			s := c.seed + uint64(20*i)
			bu := (0.12 + 0.25*(float32(i)+hash01(s, 0, 0))*0.9) * float32(c.img.W) / c.unit
			bv := h * (0.2 + 0.45*hash01(s, 0, 1))
			r := h * (0.24 + 0.2*hash01(s, 0, 2))
			dx, dy := u-bu, v-bv-0.06*hypot(u-bu, v-bv) // the sparks sink
			d := hypot(dx, dy) / r
			ray := 26 * (atan2(dy, dx)/(2*math.Pi) + 0.5)
			n := floor(ray)
			off := abs(ray - float32(n) - 0.5)
			reach := 0.75 + 0.25*hash01(s+1, n%26, 0)
			k := smoothstep(0.5, 0.05, off*max(d, 0.3)*1.6) * smoothstep(reach, 0.8*reach, d) * (0.25 + 0.75*d)
			k += 0.5 * exp(-14*d*d)
			sum = sum.add(colours[(i+int(c.seed%5))%5].mix(grey(1), 0.3).scale(k))
		}
		return sum
	}
	c.shine(bursts)
	sky := c.skyMask()
	for i := range light.v {
		light.v[i] = bursts(i%c.img.W, i/c.img.W).luma() * sky.v[i]
	}
	glow := light.blur(0.08 * c.unit)
	c.each(func(x, y int, p rgb) rgb { return p.screen(hex(0xd98ac0).scale(clamp01(0.35 * glow.at(x, y)))) })
	c.lampGlow(1)
}

// eclipse: the black moon before the sun, a corona, a ring of dusk all around.
func eclipse(c *canvas) {
	dusk := ramp{hex(0xe08a50), hex(0x55506f), hex(0x1f2440), hex(0x10142a)}
	c.darken(rgb{0.3, 0.3, 0.38}, dusk, hex(0x3c3f5c), hex(0x0a0a10))
	sky := c.mask(scene.Sky, scene.Cloud, scene.Sun)
	su, sv, r := 0.5*float32(c.img.W)/c.unit, 0.42*c.horizon()/c.unit, float32(0.07)
	soft := 0.8 / c.unit
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		dx, dy := u-su, v-sv
		d := hypot(dx, dy)
		petals := 0.6 + 0.9*noise(textureSeed, 3+2.5*atan2(dy, dx), 0)
		out := p.screen(hex(0xfff4e0).scale(clamp01(1.1 * petals * exp(-11*max(d-r, 0)))))
		out = out.mix(hex(0x07070c), smoothstep(r+soft, r-soft, d))
		return p.mix(out, clamp01(sky.at(x, y)))
	})
}

// fireflies: dusk in the wood, and warm points of light near the ground.
func fireflies(c *canvas) {
	c.tone(func(p rgb) rgb { return p.saturate(0.6).mul(rgb{0.32, 0.44, 0.5}) })
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		low := smoothstep(0.2, 0.55, (float32(y)+0.5)/float32(c.img.H))
		for i, cells := range [2]float32{13, 7} {
			s := c.seed + uint64(10*i)
			n := worley(s, u*cells, v*cells, 1)
			if hash01(s+2, n.x, n.y) > 0.4 {
				continue
			}
			r := 0.05 * cells / 7
			p = p.screen(hex(0xc8ff4a).scale(low*exp(-n.d1*n.d1/(r*r*6)))).mix(hex(0xfffbd0), low*smoothstep(1.6*r, 0.6*r, n.d1))
		}
		return p
	})
}

// clubLights: magenta from the left, cyan from the right.
func clubLights(c *canvas) {
	c.each(func(x, y int, p rgb) rgb {
		u, _ := c.centred(x, y)
		t := smoothstep(-0.7, 0.7, u)
		lamp := hex(0xff2fa0).mix(hex(0x1fb4ff), t)
		l := p.contrast(1.2).luma()
		return lamp.scale(1.25*l).mix(p, 0.1).screen(lamp.scale(0.1)).add(grey(0.5 * smoothstep(0.75, 1, l) * l))
	})
}
