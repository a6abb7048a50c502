package teacher

import (
	"github.com/warmstart-ml/warmstart/scene"
)

// weatherEdits change the air and what falls through it.
func weatherEdits() []Edit {
	density := num("density", "", "how little one sees", 0.1, 3, 1)
	return []Edit{
		{Name: "fog", Title: "dense fog", Kind: Scenery, apply: fog, Params: []Param{density}},
		{Name: "ground-mist", Title: "low morning mist", Kind: Scenery, apply: groundMist},
		{Name: "overcast", Title: "overcast sky", Kind: Scenery, NeedsMasks: true, apply: overcast},
		{Name: "clear-sky", Title: "clear blue sky", Kind: Scenery, NeedsMasks: true, apply: clearSky},
		{Name: "rain", Title: "heavy rain", Kind: Scenery, apply: rain},
		{Name: "storm", Title: "thunderstorm", Kind: Scenery, NeedsMasks: true, apply: storm},
		{Name: "snowfall", Title: "falling snow", Kind: Scenery, apply: snowfall},
		{Name: "snow", Title: "covered in snow", Kind: Scenery, NeedsMasks: true, apply: snow,
			Params: []Param{num("cover", "", "how much of the land lies under snow", 0.2, 1, 0.9)}},
		{Name: "frosted-window", Title: "seen through a frosted window", Kind: Scenery, apply: frostedWindow},
		{Name: "rainy-window", Title: "seen through a rainy window", Kind: Scenery, apply: rainyWindow},
		{Name: "sandstorm", Title: "sandstorm", Kind: Scenery, apply: sandstorm, Params: []Param{density}},
		{Name: "underwater", Title: "underwater", Kind: Scenery, apply: underwater},
		{Name: "flood", Title: "flooded", Kind: Scenery, NeedsMasks: true, apply: flood,
			Params: []Param{num("level", "", "height of the water, 0 bottom of the picture to 1 horizon", 0.1, 1, 0.75)}},
		{Name: "wildfire", Title: "wildfire smoke", Kind: Scenery, apply: wildfire},
	}
}

func fog(c *canvas) {
	c.tone(func(p rgb) rgb { return p.saturate(0.75) })
	c.haze(hex(0xd6dbdd), 1.6*c.num("density"))
	c.tone(func(p rgb) rgb { return p.mix(hex(0xd6dbdd), 0.12) })
}

// groundMist lies in the low ground between the foreground and the hills.
func groundMist(c *canvas) {
	h := c.horizon()
	sky := c.skyMask()
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		off := (float32(y) + 0.5 - h) / c.unit
		band := smoothstep(-0.22, 0.02, off) * smoothstep(0.42, 0.1, off)
		drift := 0.45 + 1.1*fbm(c.seed, u*2.2, v*7, 4)
		k := band * drift * smoothstep(0.05, 0.5, c.far(x, y)) * (1 - 0.6*sky.at(x, y))
		return p.saturate(0.85).mix(rgb{0.98, 0.97, 1}, 0.06).mix(hex(0xf1eef0), clamp01(0.95*k))
	})
}

// overcast: a flat grey sky and light without shadows.
func overcast(c *canvas) {
	c.landTone(func(p rgb) rgb { return p.saturate(0.6).contrast(0.82).mul(rgb{0.9, 0.93, 0.97}) })
	c.repaintSky(skyPaint{open: ramp{hex(0xcdd1d4), hex(0xa3a9b0)}, cloud: hex(0xb9bec3), sun: hex(0xd2d5d6), cover: 1})
	c.cloudDeck(hex(0xd3d6d8), hex(0x848b94), 0.55)
}

// cloudDeck covers the sky with clouds in perspective.
func (c *canvas) cloudDeck(light, dark rgb, amount float32) {
	sky := c.skyMask()
	c.each(func(x, y int, p rgb) rgb {
		u, _ := c.uv(x, y)
		d := 1 / (0.18 + c.skyHeight(y)) // clouds crowd towards the horizon
		k := fbm(c.seed, (u-0.5)*d*2.4, d*4.5, 5)
		return p.mix(dark.mix(light, smoothstep(0.3, 0.7, k)), amount*sky.at(x, y))
	})
}

func clearSky(c *canvas) {
	c.daylight()
	cloud := c.mask(scene.Cloud)
	blue := ramp{hex(0xcfe9f7), hex(0x86c3ef), hex(0x3f8fe0), hex(0x1f68c4)}
	c.repaintSky(skyPaint{open: blue, cloud: hex(0xffffff), sun: hex(0xfffbe0), cover: 1, glow: 1})
	sky := c.mask(scene.Sky, scene.Cloud)
	c.each(func(x, y int, p rgb) rgb { // the clouds go
		return p.mix(blue.at(c.skyHeight(y)), sky.at(x, y)*smoothstep(0, 0.3, cloud.at(x, y)))
	})
	c.landTone(func(p rgb) rgb { return p.saturate(1.2).contrast(1.1).mul(rgb{1.1, 1.07, 0.98}) })
}

// wetGround mirrors what stands above in the ground, blurred downwards.
func (c *canvas) wetGround(amount float32) {
	ground := c.mask(scene.Ground, scene.Sand, scene.Path)
	src := blurred(c.img, 0.012*c.unit)
	h := c.horizon()
	c.each(func(x, y int, p rgb) rgb {
		gx, gz, near := c.onGround(x, y)
		puddle := smoothstep(0.48, 0.62, fbm(textureSeed, gx*1.3, gz*1.8, 3)) * near
		k := amount * ground.at(x, y) * (0.2 + 0.7*puddle)
		return p.scale(1-0.3*amount*ground.at(x, y)).mix(sampleRGB(src, float32(x), 2*h-float32(y)), k)
	})
}

func rain(c *canvas) {
	c.tone(func(p rgb) rgb { return p.saturate(0.45).contrast(0.85).mul(rgb{0.72, 0.79, 0.86}) })
	c.wetGround(0.8)
	c.haze(hex(0x9aa5ae), 0.35)
	c.drops(0.42)
}

// drops draws two sheets of rain, one far and fine, one near and coarse.
func (c *canvas) drops(strength float32) {
	far := c.streaks(64, 0.16, 0.12, 0.28, c.seed)
	near := c.streaks(26, 0.34, 0.14, 0.16, c.seed+20)
	c.each(func(x, y int, p rgb) rgb {
		return p.mix(hex(0xe6eef5), strength*max(0.75*far.at(x, y), near.at(x, y)))
	})
}

// storm: a low black deck of clouds, a bolt of lightning, rain.
func storm(c *canvas) {
	c.landTone(func(p rgb) rgb { return p.saturate(0.5).mul(rgb{0.4, 0.45, 0.55}) })
	c.repaintSky(skyPaint{
		open:  ramp{hex(0x8e98a3), hex(0x3d4550), hex(0x1e232c)},
		cloud: hex(0x5a636e), sun: hex(0x5b636c), cover: 1,
	})
	c.cloudDeck(hex(0x5f6873), hex(0x14171d), 0.8)
	c.lightning()
	c.drops(0.3)
}

// lightning is a jagged line from the top to the horizon with a glow in the clouds.
func (c *canvas) lightning() {
	sky, h := c.skyMask(), c.horizon()/c.unit
	at := float32(c.img.W) / c.unit * (0.2 + 0.6*hash01(c.seed+60, 0, 0))
	width := max(0.005, 0.6/c.unit)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		bend := 0.3*(noise(c.seed+61, v*5, 0)-0.5) + 0.1*(noise(c.seed+62, v*18, 0)-0.5) + 0.04*(noise(c.seed+63, v*60, 0)-0.5)
		d := abs(u - at - bend)
		fork := abs(u - at - bend - max(0, v-0.4*h)*(0.7+bend))
		d = min(d, fork+0.6*width)
		m := sky.at(x, y) * smoothstep(1.04*h, 0.98*h, v)
		p = p.screen(hex(0x8f9cff).scale(m * (0.5*exp(-d*14) + 0.2*exp(-d*4))))
		return p.mix(hex(0xf4f2ff), m*smoothstep(2*width, 0.6*width, d))
	})
}

// flakes are falling snow on three distances, 0 to 1.
func (c *canvas) flakes() plane {
	return c.plane(func(x, y int) float32 {
		u, v := c.uv(x, y)
		var k float32
		for i, cells := range [3]float32{26, 15, 8} {
			s := c.seed + 70 + uint64(10*i)
			n := worley(s, u*cells+0.4*sin(v*9), v*cells, 1)
			r := max(0.1+0.13*hash01(s+3, n.x, n.y), 0.6*cells/c.unit)
			if hash01(s+2, n.x, n.y) < 0.55 {
				k = max(k, smoothstep(r, 0.4*r, n.d1)*(0.95-0.12*float32(i)))
			}
		}
		return k
	})
}

func snowfall(c *canvas) {
	k := c.flakes()
	c.tone(func(p rgb) rgb { return p.saturate(0.6).mul(rgb{0.9, 0.95, 1.02}) })
	c.haze(hex(0xcfd6de), 0.5)
	c.each(func(x, y int, p rgb) rgb { return p.mix(hex(0xffffff), k.at(x, y)) })
}

// snow lies on ground and roofs, in the crowns of trees and on the lit sides of mountains.
func snow(c *canvas) {
	cover := c.num("cover")
	white := hex(0xf1f5fb)
	c.daylight()
	sheet := func(x, y int) rgb {
		u, v := c.uv(x, y)
		return white.scale(0.93 + 0.1*fbm(textureSeed, u*4, v*9, 3))
	}
	flat := c.mask(scene.Ground, scene.Sand, scene.Path, scene.Flower)
	roof, tree := c.mask(scene.Roof), c.mask(scene.Tree)
	steep := c.mask(scene.Mountain, scene.Rock)
	treeShade, steepShade := c.shading(tree), c.shading(steep)
	c.landTone(func(p rgb) rgb { return p.saturate(0.65).mul(rgb{0.9, 0.95, 1.04}) })
	c.recolour(flat, cover, sheet)
	c.recolour(roof, cover, func(x, y int) rgb { return white })
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		clump := 0.5 * (fbm(textureSeed, u*22, v*22, 2) - 0.5)
		onTree := smoothstep(0.85, 1.15, treeShade.at(x, y)+clump) * tree.at(x, y)
		onRock := smoothstep(0.7, 1.0, steepShade.at(x, y)+0.5*clump) * steep.at(x, y)
		return p.mix(white, cover*max(0.9*onTree, 0.9*onRock)).mix(white.scale(0.92), 0.3*cover*steep.at(x, y))
	})
	c.repaintSky(skyPaint{
		open:  ramp{hex(0xe9eef3), hex(0xc3d0dd), hex(0xa3b6ca)},
		cloud: hex(0xf4f6f8), sun: hex(0xfffdf4), cover: 0.8, glow: 0.5,
	})
}

// frostedWindow: ice ferns that grow in from the borders of the pane.
func frostedWindow(c *canvas) {
	soft := blurred(c.img, 0.02*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		cu, cv := c.centred(x, y)
		ferns := ridges(textureSeed, u*13+1.5*noise(textureSeed+8, u*5, v*5), v*13, 5)
		d := pow(pow(abs(cu), 3)+pow(abs(cv), 3), 1.0/3)
		k := smoothstep(0.5, 1.05, d+0.45*(ferns-0.6))
		ice := hex(0xdcebf5).scale(0.72 + 0.38*smoothstep(0.6, 0.95, ferns))
		return p.mul(rgb{0.94, 0.98, 1.04}).mix(pixel(soft, x, y), k).mix(ice, 0.88*k)
	})
}

// rainyWindow: drops on the pane, each a lens that shows the blurred view upside down.
func rainyWindow(c *canvas) {
	view := blurred(c.img, 0.022*c.unit)
	sharp := c.img.Clone()
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		out := pixel(view, x, y).saturate(0.7).mul(rgb{0.82, 0.88, 0.94})
		for i, cells := range [2]float32{16, 7} {
			s := c.seed + uint64(10*i)
			n := worley(s, u*cells, v*cells, 0.9)
			r := 0.16 + 0.22*hash01(s+5, n.x, n.y)
			if hash01(s+4, n.x, n.y) > 0.6 || n.d1 > r+0.1 {
				continue
			}
			dx, dy := u*cells-n.px, v*cells-n.py
			lens := sampleRGB(sharp, float32(x)-2.6*dx/cells*c.unit, float32(y)-2.6*dy/cells*c.unit)
			rim := n.d1 / r
			lens = lens.scale(1.15 - 0.45*rim*rim).add(grey(0.5 * smoothstep(0.35, 0, hypot(dx/r+0.35, dy/r+0.4))))
			soft := 0.7 * cells / c.unit
			out = out.mix(lens, smoothstep(r+soft, r-soft, n.d1))
		}
		return out
	})
}

func sandstorm(c *canvas) {
	dust := hex(0xc98d4e)
	c.tone(func(p rgb) rgb { return p.saturate(0.5).mul(rgb{1.02, 0.85, 0.62}) })
	c.haze(dust, 0.9*c.num("density"))
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		billow := smoothstep(0.35, 0.75, fbm(c.seed, u*1.6, v*4, 5))
		return p.mix(dust.scale(0.85+0.35*billow), 0.25+0.4*billow)
	})
}

// underwater: red light is lost first, the distance is blue-green; caustics, shafts of light and bubbles.
func underwater(c *canvas) {
	deep := ramp{hex(0x3fb8c4), hex(0x14779c), hex(0x07406f)}
	c.warp(func(x, y int) (float32, float32) {
		u, v := c.uv(x, y)
		sway := sin(v*30 + 4*noise(textureSeed, u*4, v*4))
		return float32(x) + 0.008*c.unit*sway, float32(y) + 0.005*c.unit*sin(u*25)
	})
	c.tone(func(p rgb) rgb { return p.mul(rgb{0.42, 0.88, 0.95}) })
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		bend := 0.1 * noise(textureSeed+3, u*5, v*5)
		web := worley(textureSeed, (u+bend)*9, (v+bend)*13, 1)
		caustic := smoothstep(0.32, 0, web.d2-web.d1) * (1 - c.far(x, y)) * smoothstep(0.2, 0.9, v)
		p = p.add(rgb{0.16, 0.24, 0.21}.scale(caustic * caustic))
		p = p.mix(deep.at(v), 0.3+0.45*c.far(x, y))
		shaft := smoothstep(0.45, 0.8, noise(textureSeed+4, (u+0.35*v)*7, 0)) * smoothstep(1, 0, v)
		return p.screen(hex(0x7fe6e0).scale(0.38 * shaft))
	})
	c.bubbles()
}

func (c *canvas) bubbles() {
	const cells = 9
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		n := worley(c.seed+3, u*cells, v*cells, 1)
		if hash01(c.seed+5, n.x, n.y) > 0.2 {
			return p
		}
		r, soft := 0.1+0.13*hash01(c.seed+6, n.x, n.y), 0.8*cells/c.unit
		rim := smoothstep(r+soft, r, n.d1) * smoothstep(r-2*soft-0.04, r, n.d1)
		return p.mix(hex(0xd8fbff), 0.65*rim)
	})
}

// flood raises a sheet of muddy water that mirrors what stands above it.
func flood(c *canvas) {
	h := c.horizon()
	line := mix(float32(c.img.H), h, 0.85*c.num("level"))
	src := blurred(c.img, 0.008*c.unit)
	sky := c.skyMask()
	c.each(func(x, y int, p rgb) rgb {
		_, gz, _ := c.onGround(x, y)
		u, v := c.uv(x, y)
		wave := sin(u*24+3*sin(gz*7+u*5)) * 0.5
		wave += fbm(textureSeed, u*5, gz*9, 3) - 0.5
		below := float32(y) + 0.5 - line
		k := smoothstep(-0.6, 0.6, below+0.004*c.unit*wave) * (1 - clamp01(sky.at(x, y)))
		if k == 0 {
			return p
		}
		depth := max(below, 0) / c.unit
		reach := 0.05 * c.unit * wave * (0.15 + depth)
		mirror := sampleRGB(src, float32(x)+reach, 2*line-float32(y)-1.5*reach)
		water := mirror.saturate(0.8).mul(rgb{0.86, 0.85, 0.78}).mix(hex(0x6b6550), 0.3+0.25*depth)
		water = water.add(grey(0.05 * wave))
		foam := smoothstep(0.018, 0, depth) * smoothstep(0.4, 0.6, noise(textureSeed+2, u*40, v*8))
		return p.mix(water.mix(hex(0xd9d6c8), 0.4*foam), k)
	})
}

// wildfire: an orange sky full of smoke, everything dim and red.
func wildfire(c *canvas) {
	c.tone(func(p rgb) rgb { return p.saturate(0.4).mul(rgb{0.72, 0.4, 0.26}) })
	c.haze(hex(0xb8501f), 0.3)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		smoke := fbm(c.seed, u*2.2+1.5*noise(c.seed+9, u*3, v*3), v*2.6, 5)
		p = p.mix(hex(0x241612), 0.85*smoothstep(0.38, 0.68, smoke)*smoothstep(0.95, 0.1, v))
		off := (float32(y) + 0.5 - c.horizon()) / c.unit // the fire glows behind the hills
		p = p.screen(hex(0xff7a1f).scale(0.75 * exp(-60*off*off) * c.far(x, y)))
		n := worley(c.seed+11, u*22+v*3, v*22, 1) // sparks
		spark := smoothstep(0.14, 0.05, n.d1)
		if hash01(c.seed+13, n.x, n.y) > 0.13 {
			spark = 0
		}
		return p.screen(hex(0xffb545).scale(spark))
	})
}
