package teacher

// toneEdits change lightness, contrast and saturation.
func toneEdits() []Edit {
	return []Edit{
		{Name: "grayscale", Title: "black and white", Kind: Colour, apply: grayscale},
		{Name: "noir", Title: "film noir", Kind: Colour, apply: noir},
		{Name: "threshold", Title: "stark black and white", Kind: Colour, apply: threshold,
			Params: []Param{num("level", "", "lightness where black turns white", 0.05, 0.95, 0.48)}},
		{Name: "brightness", Title: "brighter", Kind: Colour, apply: brightness,
			Params: []Param{num("amount", "", "negative darkens", -1, 1, 0.35)}},
		{Name: "contrast", Title: "high contrast", Kind: Colour, apply: contrast,
			Params: []Param{num("amount", "", "negative flattens", -1, 1, 0.6)}},
		{Name: "gamma", Title: "lifted midtones", Kind: Colour, apply: gamma,
			Params: []Param{num("value", "", "above 1 lightens the midtones", 0.2, 5, 1.9)}},
		{Name: "vivid", Title: "vivid colours", Kind: Colour, apply: vivid,
			Params: []Param{num("amount", "", "added saturation", 0, 3, 1.3)}},
		{Name: "muted", Title: "muted colours", Kind: Colour, apply: muted,
			Params: []Param{num("amount", "", "removed saturation", 0, 1, 0.65)}},
		{Name: "invert", Title: "photo negative", Kind: Colour, apply: invert},
		{Name: "solarize", Title: "solarized", Kind: Colour, apply: solarize,
			Params: []Param{num("level", "", "lightness above which tones turn over", 0.1, 0.9, 0.5)}},
		{Name: "posterize", Title: "posterized", Kind: Colour, apply: posterize,
			Params: []Param{num("levels", "", "steps per channel", 2, 16, 4)}},
		{Name: "high-key", Title: "bright and airy", Kind: Colour, apply: highKey},
		{Name: "low-key", Title: "dark and moody", Kind: Colour, apply: lowKey},
		{Name: "faded", Title: "faded", Kind: Colour, apply: faded},
		{Name: "hdr", Title: "dramatic HDR", Kind: Colour, apply: hdr},
		{Name: "bleach-bypass", Title: "bleach bypass", Kind: Colour, apply: bleachBypass},
	}
}

func grayscale(c *canvas) { c.tone(func(p rgb) rgb { return grey(p.luma()) }) }

// noir: red-filtered monochrome, crushed blacks, a spot of light in the middle.
func noir(c *canvas) {
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.centred(x, y)
		l := 0.45*p[0] + 0.45*p[1] + 0.1*p[2]
		light := 1.08 - 0.55*smoothstep(0.45, 1.35, hypot(u, v))
		return grey(sCurve(sCurve(l)) * light)
	})
}

// sCurve darkens shadows and lightens lights; 0, 0.5 and 1 stay.
func sCurve(v float32) float32 { return smoothstep(0, 1, v) }

func threshold(c *canvas) {
	level := c.num("level")
	c.tone(func(p rgb) rgb { return grey(smoothstep(level-0.03, level+0.03, p.luma())) })
}

func brightness(c *canvas) {
	amount := c.num("amount")
	target, t := rgb{}, -amount
	if amount > 0 {
		target, t = grey(1), amount
	}
	c.tone(func(p rgb) rgb { return p.mix(target, t) })
}

func contrast(c *canvas) {
	k := 1 + c.num("amount")
	if k > 1 {
		k = 1 + 2*(k-1) // stretching clips, so it bears more than flattening
	}
	c.tone(func(p rgb) rgb { return p.contrast(k) })
}

func gamma(c *canvas) {
	e := 1 / c.num("value")
	c.tone(func(p rgb) rgb { return p.each(func(v float32) float32 { return pow(v, e) }) })
}

func vivid(c *canvas) {
	k := 1 + c.num("amount")
	c.tone(func(p rgb) rgb { return p.saturate(k) })
}

func muted(c *canvas) {
	k := 1 - c.num("amount")
	c.tone(func(p rgb) rgb { return p.saturate(k) })
}

func invert(c *canvas) { c.tone(func(p rgb) rgb { return grey(1).add(p.scale(-1)) }) }

// solarize is the Sabattier effect: tones above the level come out as their negative.
func solarize(c *canvas) {
	level := c.num("level")
	fold := func(v float32) float32 {
		if v < level {
			return v / level
		}
		return (1 - v) / (1 - level)
	}
	c.tone(func(p rgb) rgb { return p.each(fold) })
}

func posterize(c *canvas) {
	n := c.num("levels") - 1
	c.tone(func(p rgb) rgb { return p.each(func(v float32) float32 { return softRound(v*n, 12) / n }) })
}

// softRound rounds to the nearest integer with a short ramp between steps; a larger k is steeper.
func softRound(v, k float32) float32 {
	base := float32(floor(v))
	return base + clamp01((v-base-0.5)*k+0.5)
}

// highKey: overexposed, with little contrast and glowing lights.
func highKey(c *canvas) {
	glow := blurred(c.img, 0.03*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		bright := p.saturate(0.75).each(func(v float32) float32 { return 0.22 + 0.82*pow(v, 0.6) })
		return bright.mix(bright.screen(pixel(glow, x, y)), 0.45)
	})
}

// lowKey: only the lights survive, and they fall off to the borders.
func lowKey(c *canvas) {
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.centred(x, y)
		fall := 1 - 0.6*smoothstep(0.3, 1.4, hypot(u, v))
		dark := p.saturate(0.8).each(func(v float32) float32 { return 0.85 * pow(v, 1.9) })
		return dark.mul(rgb{0.98, 0.98, 1.05}).scale(fall)
	})
}

// faded: an old print whose blacks have turned to a milky violet and whose whites are cream.
func faded(c *canvas) {
	black, white := hex(0x453f4c), hex(0xf3ead8)
	c.tone(func(p rgb) rgb {
		p = p.saturate(0.6)
		return rgb{mix(black[0], white[0], p[0]), mix(black[1], white[1], p[1]), mix(black[2], white[2], p[2])}
	})
}

// hdr raises local contrast on two scales and evens out the global one.
func hdr(c *canvas) {
	l := luma(c.img)
	fine, coarse := l.blur(0.012*c.unit), l.blur(0.07*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		v := p.luma()
		even := mix(v, 0.5, 0.35*smoothstep(0, 0.5, abs(coarse.at(x, y)-0.5)))
		target := even + 0.9*(v-coarse.at(x, y)) + 0.8*(v-fine.at(x, y))
		return p.saturate(1.45).add(grey(target - v))
	})
}

// bleachBypass leaves the silver in the film: the picture's own grey laid over it.
func bleachBypass(c *canvas) {
	c.tone(func(p rgb) rgb {
		silver := grey(sCurve(p.luma()))
		return p.saturate(0.55).overlay(silver).mul(rgb{0.99, 1, 0.97})
	})
}
