package teacher

import "github.com/warmstart-ml/warmstart/scene"

// seasonEdits change what grows and what the land is made of.
func seasonEdits() []Edit {
	land := func(name, title string, apply func(*canvas)) Edit {
		return Edit{Name: name, Title: title, Kind: Scenery, NeedsMasks: true, apply: apply}
	}
	return []Edit{
		{Name: "autumn", Title: "autumn", Kind: Scenery, apply: autumn},
		land("spring-blossom", "spring blossom", springBlossom),
		land("flower-meadow", "meadow full of flowers", flowerMeadow),
		{Name: "lush", Title: "lush green", Kind: Scenery, apply: lush},
		{Name: "drought", Title: "dry grass", Kind: Scenery, apply: drought},
		land("golden-fields", "golden wheat fields", goldenFields),
		land("lavender-fields", "lavender fields", lavenderFields),
		land("overgrown", "overgrown with ivy", overgrown),
		land("desert", "desert", desert),
		land("frozen", "frozen water", frozen),
		land("lava", "flowing lava", lava),
		land("mars", "on Mars", mars),
		land("alien-planet", "alien planet", alienPlanet),
		land("candy-land", "candy land", candyLand),
		land("tropical-water", "turquoise water", tropicalWater),
		land("toxic", "toxic waste", toxic),
	}
}

// clump is a random value that is shared by about one crown of a tree, with some variation inside.
func (c *canvas) clump(x, y int) float32 {
	u, v := c.uv(x, y)
	return clamp01(1.9*(0.75*noise(textureSeed, u*7, v*7)+0.25*noise(textureSeed+1, u*28, v*28)) - 0.45)
}

// speckle scatters spots over the ground in perspective, 0 to 1, with a random value per spot.
func (c *canvas) speckle(x, y int, cells, share float32) (cover, pickOne float32) {
	gx, gz, near := c.onGround(x, y)
	n := worley(textureSeed+20, gx*cells, gz*cells*0.7, 1)
	if hash01(textureSeed+22, n.x, n.y) > share {
		return 0, 0
	}
	return smoothstep(0.42, 0.25, n.d1) * near, hash01(textureSeed+23, n.x, n.y)
}

func autumn(c *canvas) {
	leaves := ramp{hex(0x8f1f1a), hex(0xc8401e), hex(0xe8801f), hex(0xf2b632), hex(0xc9a23a)}
	ground := c.mask(scene.Ground, scene.Path)
	c.recolour(c.leafMask(), 0.95, func(x, y int) rgb { return leaves.at(c.clump(x, y)) })
	c.each(func(x, y int, p rgb) rgb {
		m := ground.at(x, y)
		straw := hex(0xb39a58).scale(0.35 + 1.1*p.luma())
		p = p.mix(straw, 0.65*m*greenness(p))
		k, which := c.speckle(x, y, 7, 0.5)
		return p.mix(leaves.at(which).scale(0.95), 0.85*k*m)
	})
	c.tone(func(p rgb) rgb { return p.mul(rgb{1.05, 0.99, 0.88}) })
}

func springBlossom(c *canvas) {
	petals := ramp{hex(0xf4a6c0), hex(0xfcd5e1), hex(0xffffff), hex(0xf6b8cf), hex(0xa9cf6a)}
	ground := c.mask(scene.Ground)
	c.recolour(c.mask(scene.Tree), 0.95, func(x, y int) rgb {
		u, v := c.uv(x, y)
		return petals.at(clamp01(0.55*c.clump(x, y) + 0.45*noise(textureSeed+5, u*45, v*45))).scale(0.95)
	})
	c.recolour(ground, 0.55, func(x, y int) rgb { return hex(0x86c24a) })
	c.each(func(x, y int, p rgb) rgb {
		k, which := c.speckle(x, y, 7, 0.35)
		return p.mix(petals.at(0.6*which), 0.9*k*ground.at(x, y))
	})
	c.tone(func(p rgb) rgb { return p.mix(hex(0xfff4f4), 0.06).saturate(1.08) })
}

func flowerMeadow(c *canvas) {
	ground := c.mask(scene.Ground)
	flowers := []rgb{hex(0xe8333a), hex(0xffd52e), hex(0xffffff), hex(0x8a4fd0), hex(0xff7fb0), hex(0x3f6fe0), hex(0xff9a2e)}
	c.recolour(ground, 0.45, func(x, y int) rgb { return hex(0x5fa83a) })
	c.each(func(x, y int, p rgb) rgb {
		k, which := c.speckle(x, y, 7, 0.8)
		u, v := c.uv(x, y)
		far := smoothstep(0.5, 0.75, fbm(textureSeed, u*12, v*40, 3)) * 0.7 // distant flowers merge to bands
		_, _, near := c.onGround(x, y)
		band := flowers[floor(6.99*noise(textureSeed+2, u*3, v*14))]
		p = p.mix(band, far*(1-near)*ground.at(x, y))
		return p.mix(flowers[floor(which*6.99)], 0.95*k*ground.at(x, y))
	})
}

// lush: everything that grows is deep green and full.
func lush(c *canvas) {
	c.recolour(c.leafMask(), 0.75, func(x, y int) rgb { return hex(0x1f6b2a).mix(hex(0x4f9a2f), c.clump(x, y)) })
	ground := c.mask(scene.Ground)
	c.recolour(ground, 0.75, func(x, y int) rgb { return hex(0x4f9f30).mix(hex(0x78bd3c), c.clump(x, y)) })
	c.tone(func(p rgb) rgb { return p.mix(p.mul(rgb{0.78, 1.1, 0.7}), 0.5*greenness(p)) })
}

// drought: grass and leaves have lost their green, the air is dusty.
func drought(c *canvas) {
	leaf := c.leafMask()
	ground := c.mask(scene.Ground)
	c.each(func(x, y int, p rgb) rgb {
		m := max(greenness(p), leaf.at(x, y), ground.at(x, y))
		gx, gz, near := c.onGround(x, y)
		web := worley(textureSeed, gx*1.6, gz*1.6, 1)
		crack := smoothstep(0.1, 0.02, web.d2-web.d1) * near * ground.at(x, y)
		straw := hex(0xcdb06a).mix(hex(0x9a7b45), 0.6*c.clump(x, y)).scale(0.4 + 1.05*p.luma())
		return p.mix(straw, 0.85*m).scale(1-0.4*crack).mul(rgb{1.05, 0.99, 0.86}).mix(hex(0xe9d8ae), 0.1)
	})
}

// rows are furrows that run to the vanishing point, 0 to 1; they fade to their mean in the distance.
func (c *canvas) rows(x, y int, perUnit float32) float32 {
	gx, _, near := c.onGround(x, y)
	return 0.5 + 0.5*near*cos(6.2832*gx*perUnit)
}

func goldenFields(c *canvas) {
	ground := c.mask(scene.Ground)
	c.recolour(ground, 0.95, func(x, y int) rgb {
		u, v := c.uv(x, y)
		ears := noise(textureSeed, u*55, v*18)
		wind := fbm(textureSeed+2, u*3, v*12, 3)
		return hex(0xb8842a).mix(hex(0xf6d060), clamp01(0.25*c.rows(x, y, 0.9)+0.45*ears+0.5*wind-0.1))
	})
	c.tone(func(p rgb) rgb { return p.mul(rgb{1.06, 1.01, 0.9}) })
}

func lavenderFields(c *canvas) {
	ground := c.mask(scene.Ground)
	c.recolour(ground, 0.95, func(x, y int) rgb {
		u, v := c.uv(x, y)
		k := c.rows(x, y, 0.8) + 0.5*(noise(textureSeed, u*50, v*30)-0.5)
		return hex(0x6d7f45).mix(hex(0x8355b8), smoothstep(0.15, 0.5, k)).mix(hex(0xb78be0), 0.6*smoothstep(0.6, 1, k))
	})
}

// overgrown: ivy climbs over houses, roofs and paths.
func overgrown(c *canvas) {
	built := c.mask(scene.House, scene.Roof, scene.Window, scene.Path, scene.Wood, scene.Lamp, scene.Rock)
	shade := luma(c.img)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		spread := smoothstep(0.33, 0.5, fbm(textureSeed, u*6, v*6, 4))
		n := worley(textureSeed+4, u*42, v*42, 1)
		leaf := hex(0x2b5a22).mix(hex(0x7fb03c), hash01(textureSeed+6, n.x, n.y)).scale(1.25 - 0.8*n.d1)
		leaf = leaf.scale(0.55 + 0.75*shade.at(x, y))
		return p.mix(p.mul(rgb{0.75, 1.0, 0.62}), 0.5*greenness(p)).mix(leaf, 0.95*spread*built.at(x, y))
	})
}

// desert: dunes instead of meadows, sand instead of water, dry scrub, a pale hot sky.
func desert(c *canvas) {
	c.daylight()
	sand := c.mask(scene.Ground, scene.Path, scene.Water, scene.Sand, scene.Flower)
	tree, rocks := c.mask(scene.Tree), c.mask(scene.Mountain, scene.Rock)
	c.recolour(rocks, 0.8, func(x, y int) rgb {
		_, v := c.uv(x, y)
		return hex(0xa9582f).mix(hex(0xe0a06a), noise(textureSeed, 0, v*28)) // layers of sediment
	})
	c.recolour(tree, 0.8, func(x, y int) rgb { return hex(0x8a7f4a).mix(hex(0xb59a5a), c.clump(x, y)) })
	c.recolour(sand, 0.97, func(x, y int) rgb {
		gx, gz, near := c.onGround(x, y)
		u, v := c.uv(x, y)
		dune := fbm(textureSeed, u*2.5, v*6, 3)
		wind := 0.5 + 0.5*near*sin(9*gz+5*noise(textureSeed+1, gx*0.8, gz*0.8)*6)
		return hex(0xc98f4e).mix(hex(0xf4d294), clamp01(1.3*dune-0.3+0.3*(wind-0.5)))
	})
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xf6e6c4), hex(0xcfdcd8), hex(0x6fa9d6)},
		cloud: hex(0xfff6e4), sun: hex(0xfffbe6), cover: 0.85, glow: 1.4,
	})
	// The reflections that the sky laid on water go: there is none left.
	water := c.mask(scene.Water)
	c.recolour(water, 0.9, func(x, y int) rgb { return hex(0xe2b878) })
	c.tone(func(p rgb) rgb { return p.mul(rgb{1.04, 0.98, 0.88}) })
}

func frozen(c *canvas) {
	water := c.mask(scene.Water)
	src := blurred(c.img, 0.015*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		gx, gz, near := c.onGround(x, y)
		u, v := c.uv(x, y)
		web := worley(textureSeed, gx*0.7+0.3*noise(textureSeed+1, gx*2, gz*2), gz*0.7, 1)
		crack := smoothstep(0.07, 0.01, web.d2-web.d1) * near
		drift := smoothstep(0.5, 0.62, fbm(textureSeed+2, u*4, v*14, 4))
		ice := pixel(src, x, y).mix(hex(0xbfe0ea), 0.62).add(grey(0.16*crack)).mix(hex(0xf6fafc), 0.85*drift)
		return p.saturate(0.8).mul(rgb{0.95, 0.99, 1.06}).mix(ice, 0.95*water.at(x, y))
	})
}

// molten is lava with a dark crust, hottest in the cracks.
func (c *canvas) molten(x, y int) rgb {
	gx, gz, near := c.onGround(x, y)
	u, v := c.uv(x, y)
	hot := ridges(c.seed, gx*0.8, gz*1.2, 4)*near + ridges(c.seed, u*6, v*22, 3)*(1-near)
	return ramp{hex(0x1c0a08), hex(0x6b1208), hex(0xe23c08), hex(0xff9a1a), hex(0xfff0a0)}.at(smoothstep(0.55, 1.02, hot))
}

// lava replaces water, and breaks through the ground; the rest is charred under a red sky.
func lava(c *canvas) {
	water, ground := c.mask(scene.Water), c.mask(scene.Ground, scene.Sand, scene.Path)
	c.landTone(func(p rgb) rgb { return p.saturate(0.35).mul(rgb{0.5, 0.36, 0.34}) })
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xe0521f), hex(0x7a1c14), hex(0x22090c)},
		cloud: hex(0x5b1c14), sun: hex(0xffc070), cover: 1, glow: 1,
	})
	c.each(func(x, y int, p rgb) rgb {
		m := c.molten(x, y)
		flow := smoothstep(0.5, 0.6, m.luma()+0.15*c.clump(x, y))
		return p.mix(m, 0.97*water.at(x, y)).mix(m, 0.9*flow*ground.at(x, y))
	})
	hot := c.plane(func(x, y int) float32 { p := pixel(c.img, x, y); return max(0, p[0]-p[2]-0.35) }).blur(0.04 * c.unit)
	c.each(func(x, y int, p rgb) rgb { return p.screen(hex(0xff5a1a).scale(clamp01(0.8 * hot.at(x, y)))) })
}

func mars(c *canvas) {
	c.daylight()
	land := c.mask(scene.Ground, scene.Path, scene.Water, scene.Sand, scene.Flower, scene.Mountain, scene.Rock, scene.Tree)
	c.recolour(land, 0.85, func(x, y int) rgb {
		u, v := c.uv(x, y)
		return hex(0x8f3f22).mix(hex(0xd98a55), fbm(textureSeed, u*5, v*11, 4))
	})
	c.each(func(x, y int, p rgb) rgb {
		gx, gz, near := c.onGround(x, y)
		n := worley(textureSeed+3, gx*1.3, gz*1.3, 1)
		if hash01(textureSeed+5, n.x, n.y) > 0.35 {
			return p
		}
		r := 0.12 + 0.2*hash01(textureSeed+6, n.x, n.y) // stones: lit above, dark below
		lit := smoothstep(-0.2, 0.2, n.py-gz*1.3)
		stone := smoothstep(r, 0.8*r, n.d1) * near * land.at(x, y)
		return p.mix(hex(0xb9714a).mix(hex(0x43200f), lit), 0.8*stone)
	})
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xe6b98e), hex(0xcf9766), hex(0xa36f4c)},
		cloud: hex(0xe9c49c), sun: hex(0xf4f6ff), cover: 1, glow: 0.8,
	})
	water := c.mask(scene.Water)
	c.recolour(water, 0.9, func(x, y int) rgb { return hex(0xb9683e) })
	c.landTone(func(p rgb) rgb { return p.mul(rgb{1.02, 0.85, 0.72}) })
}

// alienPlanet: magenta plants, a green sky with a ringed planet.
func alienPlanet(c *canvas) {
	c.recolour(c.mask(scene.Tree), 0.9, func(x, y int) rgb { return hex(0x5b1f9a).mix(hex(0xff4fb0), c.clump(x, y)) })
	c.recolour(c.mask(scene.Ground), 0.85, func(x, y int) rgb { return hex(0x1f7f86).mix(hex(0x4fd0a8), c.clump(x, y)) })
	c.recolour(c.mask(scene.Mountain, scene.Rock), 0.6, func(x, y int) rgb { return hex(0x4b3a80) })
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xf6f09a), hex(0x5fd0a0), hex(0x1c6f86), hex(0x1a1f5c)},
		cloud: hex(0xc9ffd8), sun: hex(0xfff6c0), cover: 1, glow: 1,
	})
	c.ringedPlanet()
}

// ringedPlanet hangs in the open sky at the upper right.
func (c *canvas) ringedPlanet() {
	sky := c.mask(scene.Sky)
	cx, cy := 0.72*float32(c.img.W)/c.unit, 0.5*c.horizon()/c.unit
	r := 0.42 * c.horizon() / c.unit
	soft := 0.9 / c.unit
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		dx, dy := (u-cx)/r, (v-cy)/r
		d := hypot(dx, dy)
		disc := smoothstep(1+soft/r, 1-soft/r, d)
		bands := hex(0xf2a06b).mix(hex(0xb8527a), noise(textureSeed, 1.5*dx, dy*6+dx))
		lit := clamp01(0.95 - 0.75*(0.6*dx+0.6*dy))
		// The ring is an ellipse, tilted; its near half lies before the disc.
		ex, ey := 0.94*dx+0.34*dy, (0.94*dy-0.34*dx)/0.28
		e := hypot(ex, ey)
		ring := smoothstep(1.35, 1.42, e) * smoothstep(1.95, 1.88, e)
		if ey < 0 {
			ring *= 1 - disc
		}
		out := p.mix(bands.scale(lit), 0.92*disc)
		return p.mix(out.mix(hex(0xf8e6c0), 0.75*ring), sky.at(x, y))
	})
}

// candyLand: pink and mint, everything soft and sweet.
func candyLand(c *canvas) {
	c.daylight()
	c.recolour(c.mask(scene.Tree), 0.9, func(x, y int) rgb {
		return ramp{hex(0xff9ecb), hex(0xffd1e8), hex(0xc9a6ff), hex(0x9fe8d8)}.at(c.clump(x, y))
	})
	c.recolour(c.mask(scene.Ground), 0.9, func(x, y int) rgb { return hex(0xa8ecc4).mix(hex(0xd4f7c0), c.clump(x, y)) })
	c.recolour(c.mask(scene.Path, scene.Sand), 0.85, func(x, y int) rgb { return hex(0xffe3b8) })
	c.recolour(c.mask(scene.Mountain, scene.Rock), 0.75, func(x, y int) rgb { return hex(0xd9b8f2) })
	c.recolour(c.mask(scene.Roof), 0.85, func(x, y int) rgb {
		u, v := c.uv(x, y)
		return hex(0xff6f91).mix(hex(0xffffff), smoothstep(-0.3, 0.3, sin((u+v)*90)))
	})
	c.recolour(c.mask(scene.Water), 0.7, func(x, y int) rgb { return hex(0x9fdcff) })
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xfff1d6), hex(0xffc9dd), hex(0xb8d8ff)},
		cloud: hex(0xffffff), sun: hex(0xfff3a8), cover: 0.95, glow: 1,
	})
	c.tone(func(p rgb) rgb { return p.mix(hex(0xffe6f2), 0.12) })
}

func tropicalWater(c *canvas) {
	water := c.mask(scene.Water)
	c.recolour(water, 0.85, func(x, y int) rgb {
		gx, gz, near := c.onGround(x, y)
		web := worley(textureSeed, gx*1.4+0.6*noise(textureSeed+1, gx*2, gz*2), gz*1.4, 1)
		glint := smoothstep(0.16, 0.02, web.d2-web.d1) * near
		below := clamp01((float32(y) - c.horizon()) / (0.5 * c.unit))
		return hex(0x1a78c2).mix(hex(0x4fe3d0), sqrt(below)).add(rgb{0.25, 0.3, 0.25}.scale(0.7 * glint))
	})
	c.recolour(c.mask(scene.Sand), 0.7, func(x, y int) rgb { return hex(0xfbeecb) })
	c.tone(func(p rgb) rgb { return p.saturate(1.15).mul(rgb{1.03, 1.03, 1}) })
}

// toxic: glowing green sludge under a sick sky.
func toxic(c *canvas) {
	water := c.mask(scene.Water)
	c.landTone(func(p rgb) rgb { return p.saturate(0.4).mul(rgb{0.68, 0.72, 0.5}) })
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xd7d96a), hex(0x8a9a3a), hex(0x3f4a26)},
		cloud: hex(0xb9bf6a), sun: hex(0xf6ffb0), cover: 0.95, glow: 0.8,
	})
	c.each(func(x, y int, p rgb) rgb {
		gx, gz, near := c.onGround(x, y)
		u, v := c.uv(x, y)
		k := fbm(textureSeed, gx*0.9, gz*1.4, 4)*near + fbm(textureSeed, u*6, v*20, 3)*(1-near)
		sludge := ramp{hex(0x1f4a0f), hex(0x5fb81a), hex(0xb8f52e), hex(0xf0ff9a)}.at(1.5*k - 0.2)
		return p.mix(sludge, 0.92*water.at(x, y))
	})
	glow := water.blur(0.05 * c.unit)
	c.landTone(func(p rgb) rgb { return p.mix(hex(0xa6b04a), 0.12) })
	c.each(func(x, y int, p rgb) rgb { return p.screen(hex(0x7fff2a).scale(0.25 * clamp01(glow.at(x, y)))) })
}
