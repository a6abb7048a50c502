package teacher

// tintEdits change colours and leave shapes alone.
func tintEdits() []Edit {
	return []Edit{
		{Name: "sepia", Title: "sepia", Kind: Colour, apply: sepia},
		{Name: "tint", Title: "tinted", Kind: Colour, apply: tint,
			Params: []Param{colour("colour", "colour of the ink", "teal")}},
		{Name: "duotone", Title: "duotone", Kind: Colour, apply: duotone,
			Params: []Param{colour("shadow", "colour of the darks", "indigo"), colour("light", "colour of the lights", "coral")}},
		{Name: "wash", Title: "colour cast", Kind: Colour, apply: wash,
			Params: []Param{colour("colour", "colour of the light", "violet")}},
		{Name: "hue-shift", Title: "shifted hues", Kind: Colour, apply: hueShift, Params: []Param{angle("turn of the colour wheel", 120)}},
		{Name: "warm", Title: "warm light", Kind: Colour, apply: warm},
		{Name: "cool", Title: "cool light", Kind: Colour, apply: cool},
		{Name: "teal-orange", Title: "teal and orange", Kind: Colour, apply: tealOrange},
		{Name: "cross-process", Title: "cross-processed film", Kind: Colour, apply: crossProcess},
		{Name: "technicolor", Title: "two-strip technicolor", Kind: Colour, apply: technicolor},
		{Name: "colour-splash", Title: "one colour left", Kind: Colour, apply: colourSplash,
			Params: []Param{colour("colour", "the hue that stays", "red"), num("width", "degrees", "how far hues may differ", 10, 180, 40)}},
		{Name: "cyanotype", Title: "cyanotype", Kind: Colour, apply: cyanotype},
		{Name: "infrared", Title: "infrared photo", Kind: Colour, apply: infrared},
		{Name: "thermal", Title: "thermal camera", Kind: Colour, apply: thermal},
		{Name: "night-vision", Title: "night vision", Kind: Colour, apply: nightVision},
		{Name: "x-ray", Title: "x-ray", Kind: Colour, apply: xray},
		{Name: "vaporwave", Title: "vaporwave", Kind: Colour, apply: vaporwave},
		{Name: "pastel-tones", Title: "pastel colours", Kind: Colour, apply: pastelTones},
		{Name: "golden", Title: "liquid gold", Kind: Colour, apply: golden},
		{Name: "rainbow-map", Title: "rainbow contours", Kind: Colour, apply: rainbowMap},
		{Name: "day-for-night", Title: "day for night", Kind: Colour, apply: dayForNight},
	}
}

// mapLuma colours the lightness of every pixel with a gradient.
func (c *canvas) mapLuma(r ramp) { c.tone(func(p rgb) rgb { return r.at(p.luma()) }) }

func sepia(c *canvas) {
	c.mapLuma(ramp{hex(0x1c0f06), hex(0x6b4a2b), hex(0xbd9765), hex(0xead3a8), hex(0xfff6e0)})
}

// tint prints the lightness in one ink on white.
func tint(c *canvas) {
	ink := c.colour("colour")
	c.mapLuma(ramp{ink.scale(0.12), ink.mix(rgb{}, 0.35), ink.mix(grey(1), 0.3), grey(1)})
}

func duotone(c *canvas) {
	dark, light := c.colour("shadow"), c.colour("light")
	c.mapLuma(ramp{dark.scale(0.45), dark.mix(light, 0.3), light, light.mix(grey(1), 0.75)})
}

// wash lights the scene with a lamp of one colour, at about the same lightness.
func wash(c *canvas) {
	lamp := c.colour("colour")
	lamp = lamp.scale(1/max(lamp.luma(), 0.25)).mix(grey(1), 0.25)
	c.tone(func(p rgb) rgb { return p.saturate(0.7).mul(lamp) })
}

func hueShift(c *canvas) {
	turn := c.num("angle")
	c.tone(func(p rgb) rgb { return p.rotate(turn) })
}

func warm(c *canvas) { c.tone(func(p rgb) rgb { return p.saturate(1.1).mul(rgb{1.17, 1.01, 0.72}) }) }

func cool(c *canvas) { c.tone(func(p rgb) rgb { return p.saturate(0.95).mul(rgb{0.76, 0.97, 1.2}) }) }

// tealOrange: the blockbuster grade; shadows and blues go teal, lights and skin orange.
func tealOrange(c *canvas) {
	teal, orange := hex(0x0f6f80), hex(0xffa350)
	c.tone(func(p rgb) rgb {
		l := sCurve(p.luma())
		warmth := clamp01(0.5 + 1.6*(p[0]-p[2]) + 0.9*(l-0.5))
		graded := teal.mix(orange, warmth).overlay(grey(l))
		return p.overlay(grey(l)).mix(graded, 0.62)
	})
}

// crossProcess: slide film in negative chemistry; every layer gets its own curve.
func crossProcess(c *canvas) {
	c.tone(func(p rgb) rgb {
		r := smoothstep(0.04, 0.93, p[0])
		g := mix(p[1], sCurve(p[1]), 0.7)*1.05 + 0.01
		b := 0.23 + 0.5*p[2]
		return rgb{r, g, b}.saturate(1.2)
	})
}

// technicolor records red and green alone, as process 2 of 1922 did: orange-red and blue-green dyes.
func technicolor(c *canvas) {
	c.tone(func(p rgb) rgb {
		red := sCurve(p[0])
		green := sCurve(0.62*p[1] + 0.38*p[2])
		return rgb{mix(0.05, 1, red), mix(0.06, 0.9, 0.68*green+0.32*red), mix(0.1, 0.86, green)}.saturate(1.3)
	})
}

// colourSplash keeps one hue and turns the rest to grey.
func colourSplash(c *canvas) {
	want, _, _ := c.colour("colour").hsv()
	width := c.num("width")
	c.tone(func(p rgb) rgb {
		h, s, v := p.hsv()
		off := abs(h - want)
		off = min(off, 360-off)
		keep := smoothstep(width, 0.6*width, off) * smoothstep(0.08, 0.25, s*v)
		return grey(p.luma()).mix(p.saturate(1.35), keep)
	})
}

// cyanotype: Prussian blue on white paper.
func cyanotype(c *canvas) {
	r := ramp{hex(0x04142f), hex(0x0d3a72), hex(0x3f7fb5), hex(0xa9cfe3), hex(0xf3f8f6)}
	grain := c.paper(0.02, 0.1)
	c.each(func(x, y int, p rgb) rgb { return r.at(p.contrast(1.2).luma()*0.97 + 0.02).scale(grain.at(x, y)) })
}

// greenness is how much of a pixel looks like foliage: green or yellow-green hue with some saturation.
func greenness(p rgb) float32 {
	h, s, v := p.hsv()
	return smoothstep(45, 68, h) * smoothstep(180, 150, h) * smoothstep(0.08, 0.25, s) * smoothstep(0.03, 0.12, v)
}

// infrared: foliage glows white-pink, skies go dark, as on colour infrared film with swapped channels.
func infrared(c *canvas) {
	glow := c.img.Clone()
	for i := 0; i < len(glow.Pix); i += 3 {
		p := rgb(glow.Pix[i : i+3])
		leaf := greenness(p)
		blue := clamp01(2.5*(p[2]-0.5*(p[0]+p[1]))) * (1 - leaf)
		base := grey(p.luma()).mix(rgb{p[2], p[1], p[0]}, 0.25).scale(1 - 0.55*blue)
		l := p.luma()
		white := rgb{1, 0.82, 0.88}.scale(0.5 + 1.1*sqrt(l)*0.62)
		out := base.mix(white, 0.9*leaf)
		copy(glow.Pix[i:i+3], out[:])
	}
	soft := blurred(glow, 0.02*c.unit)
	c.each(func(x, y int, _ rgb) rgb {
		p := pixel(glow, x, y)
		return p.mix(p.screen(pixel(soft, x, y)), 0.3)
	})
}

// thermal: lightness as temperature, a little blurred as the sensors are.
func thermal(c *canvas) {
	c.img = blurred(c.img, 0.012*c.unit)
	c.mapLuma(ramp{hex(0x05021f), hex(0x2b0a63), hex(0x86177a), hex(0xd63b4f), hex(0xf98b1d), hex(0xfbd838), hex(0xfffde8)})
}

// nightVision: a green phosphor tube with gain noise and a round field of view.
func nightVision(c *canvas) {
	r := ramp{hex(0x010802), hex(0x0d4a18), hex(0x2fae3c), hex(0x9dfa8a), hex(0xefffe0)}
	c.img = blurred(c.img, 0.005*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.centred(x, y)
		gain := 0.13 * (hash01(c.seed, x, y) - 0.5)
		view := smoothstep(1.3, 0.75, hypot(u, v))
		return r.at(pow(p.luma(), 0.75)*0.85 + gain + 0.04).scale(0.06 + 0.94*view)
	})
}

// xray: bright bones of edges in a dark blue negative.
func xray(c *canvas) {
	l := luma(c.img)
	e := l.edges(0.008*c.unit, 0.04*c.unit)
	soft := l.blur(0.01 * c.unit)
	r := ramp{hex(0x020407), hex(0x12273a), hex(0x4f7f9c), hex(0xbfe4ee), hex(0xffffff)}
	c.each(func(x, y int, _ rgb) rgb {
		return r.at(0.8*pow(1-soft.at(x, y), 1.4) + 0.9*e.at(x, y))
	})
}

func vaporwave(c *canvas) {
	r := ramp{hex(0x1a0b3b), hex(0x5b1f8a), hex(0xd936a6), hex(0xff8fb8), hex(0x6fe9ef), hex(0xf2fff9)}
	c.tone(func(p rgb) rgb { return r.at(p.contrast(1.1).luma()).mix(p.saturate(1.3), 0.15) })
}

// pastelTones: all hues at high lightness and little chroma.
func pastelTones(c *canvas) {
	c.tone(func(p rgb) rgb {
		l, a, b := p.oklab()
		return fromOKLab(0.66+0.3*l, 0.85*a+0.01, 0.85*b).clamp()
	})
}

// golden: polished metal; lightness runs through several reflections.
func golden(c *canvas) {
	r := ramp{hex(0x1a0d02), hex(0x6b3d08), hex(0xc98a1a), hex(0x8a560c), hex(0xe8b43a), hex(0xffe58a), hex(0xfffbe0)}
	soft := luma(c.img).blur(0.006 * c.unit)
	shade := relief(soft, 0.03*c.unit)
	c.each(func(x, y int, _ rgb) rgb { return r.at(soft.at(x, y)).scale(shade.at(x, y)) })
}

// rainbowMap: lightness as a full turn of hue.
func rainbowMap(c *canvas) {
	c.tone(func(p rgb) rgb {
		l := p.luma()
		return fromHSV(280-280*l, 0.85, 0.55+0.45*l)
	})
}

// dayForNight: the old film trick, underexposure and a blue filter.
func dayForNight(c *canvas) {
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.centred(x, y)
		l := p.saturate(0.3).each(func(v float32) float32 { return pow(v, 1.3) })
		return l.mul(rgb{0.4, 0.56, 0.9}).scale(1 - 0.35*smoothstep(0.5, 1.4, hypot(u, v)))
	})
}
