package teacher

import "github.com/warmstart-ml/warmstart/imageio"

// blurEdits are lenses, focus and surfaces lit from the side.
func blurEdits() []Edit {
	radius := func(def float64) Param { return size("radius", "standard deviation of the blur", 0.002, 0.2, def) }
	return []Edit{
		{Name: "blur", Title: "blurred", Kind: Texture, apply: gaussianBlur, Params: []Param{radius(0.025)}},
		{Name: "soft-focus", Title: "soft focus", Kind: Texture, apply: softFocus, Params: []Param{radius(0.03)}},
		{Name: "dreamy-glow", Title: "dreamy glow", Kind: Texture, apply: dreamyGlow, Params: []Param{radius(0.04)}},
		{Name: "bloom", Title: "blooming highlights", Kind: Texture, apply: bloom, Params: []Param{radius(0.05)}},
		{Name: "motion-blur", Title: "motion blur", Kind: Texture, apply: motionBlur,
			Params: []Param{size("length", "length of the streak", 0.01, 0.5, 0.14), angle("direction of the motion", 0)}},
		{Name: "zoom-blur", Title: "zoom blur", Kind: Texture, apply: zoomBlur,
			Params: []Param{num("amount", "", "how far the border moves to the middle", 0.02, 0.6, 0.28)}},
		{Name: "spin-blur", Title: "spinning blur", Kind: Texture, apply: spinBlur,
			Params: []Param{num("angle", "degrees", "turn while the shutter is open", 2, 90, 24)}},
		{Name: "tilt-shift", Title: "tilt-shift miniature", Kind: Texture, apply: tiltShift,
			Params: []Param{num("focus", "", "height of the sharp band, 0 top to 1 bottom", 0, 1, 0.6)}},
		{Name: "sharpen", Title: "oversharpened", Kind: Texture, apply: sharpen,
			Params: []Param{num("amount", "", "gain of the detail", 0.2, 5, 2)}},
		{Name: "frosted-glass", Title: "seen through frosted glass", Kind: Texture, apply: frostedGlass},
		{Name: "reeded-glass", Title: "seen through reeded glass", Kind: Texture, apply: reededGlass,
			Params: []Param{size("width", "width of a rib", 0.02, 0.3, 0.08)}},
		{Name: "ripple", Title: "rippled reflection", Kind: Texture, apply: ripple},
		{Name: "emboss", Title: "embossed", Kind: Texture, apply: emboss, Params: []Param{angle("where the light comes from", -135)}},
		{Name: "bas-relief", Title: "stone bas-relief", Kind: Texture, apply: basRelief},
		{Name: "bronze", Title: "bronze relief", Kind: Texture, apply: bronze},
	}
}

func gaussianBlur(c *canvas) { c.img = blurred(c.img, c.px("radius")) }

// softFocus lays a blurred copy over the sharp picture, as a diffusing lens does.
func softFocus(c *canvas) {
	soft := blurred(c.img, c.px("radius"))
	c.each(func(x, y int, p rgb) rgb { return p.mix(pixel(soft, x, y), 0.72).mix(grey(1), 0.06) })
}

// dreamyGlow is Orton's sandwich: a blurred overexposed slide on a sharp one.
func dreamyGlow(c *canvas) {
	soft := blurred(c.img, c.px("radius"))
	c.each(func(x, y int, p rgb) rgb {
		s := pixel(soft, x, y)
		return p.screen(s).mul(s.screen(p)).mix(p.screen(s), 0.35).saturate(1.25).mul(rgb{1.02, 0.98, 1.03})
	})
}

// bloom lets the highlights shine over their surroundings.
func bloom(c *canvas) {
	lights := c.img.Clone()
	for i := 0; i < len(lights.Pix); i += 3 {
		p := rgb(lights.Pix[i : i+3])
		out := p.scale(smoothstep(0.48, 0.9, max(p[0], p[1], p[2])))
		copy(lights.Pix[i:i+3], out[:])
	}
	near, far := blurred(lights, 0.5*c.px("radius")), blurred(lights, 1.6*c.px("radius"))
	c.each(func(x, y int, p rgb) rgb {
		glow := pixel(near, x, y).scale(0.65).add(pixel(far, x, y).scale(0.75))
		return p.scale(0.94).screen(glow.saturate(1.3).clamp())
	})
}

// average sets every pixel to the mean of n samples at the positions of a path, t from -0.5 to 0.5.
func (c *canvas) average(n int, path func(x, y int, t float32) (fx, fy float32)) {
	src := c.img.Clone()
	c.each(func(x, y int, _ rgb) rgb {
		var sum rgb
		for i := range n {
			fx, fy := path(x, y, (float32(i)+0.5)/float32(n)-0.5)
			sum = sum.add(sampleRGB(src, fx, fy))
		}
		return sum.scale(1 / float32(n))
	})
}

// samples is enough steps for a streak of so many pixels.
func samples(pixels float32) int { return min(max(4, int(pixels+0.5)), 64) }

func motionBlur(c *canvas) {
	length, a := c.px("length"), radians(c.num("angle"))
	dx, dy := length*cos(a), length*sin(a)
	c.average(samples(length), func(x, y int, t float32) (float32, float32) {
		return float32(x) + t*dx, float32(y) + t*dy
	})
}

// middle returns the centre of the picture in pixel coordinates.
func middle(m *imageio.Image) (x, y float32) { return float32(m.W-1) / 2, float32(m.H-1) / 2 }

func zoomBlur(c *canvas) {
	mx, my := middle(c.img)
	amount := c.num("amount")
	c.average(samples(0.5*amount*c.unit), func(x, y int, t float32) (float32, float32) {
		k := 1 - amount*(t+0.5)
		return mx + k*(float32(x)-mx), my + k*(float32(y)-my)
	})
}

func spinBlur(c *canvas) {
	mx, my := middle(c.img)
	turn := radians(c.num("angle"))
	c.average(samples(0.5*turn*c.unit), func(x, y int, t float32) (float32, float32) {
		s, co := sin(t*turn), cos(t*turn)
		dx, dy := float32(x)-mx, float32(y)-my
		return mx + co*dx - s*dy, my + s*dx + co*dy
	})
}

// tiltShift: a narrow sharp band and toy-like colours.
func tiltShift(c *canvas) {
	focus := c.num("focus")
	half, full := blurred(c.img, 0.02*c.unit), blurred(c.img, 0.045*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		off := abs((float32(y)+0.5)/float32(c.img.H) - focus)
		p = p.mix(pixel(half, x, y), smoothstep(0.09, 0.2, off)).mix(pixel(full, x, y), smoothstep(0.2, 0.42, off))
		return p.saturate(1.5).contrast(1.12)
	})
}

func sharpen(c *canvas) {
	soft := blurred(c.img, max(0.012*c.unit, 0.7))
	k := c.num("amount")
	c.each(func(x, y int, p rgb) rgb { return p.add(p.add(pixel(soft, x, y).scale(-1)).scale(k)) })
}

// frostedGlass scatters pixels over a small neighbourhood.
func frostedGlass(c *canvas) {
	reach := 0.09 * c.unit
	cells := max(0.012, 1.3/c.unit)
	c.warp(func(x, y int) (float32, float32) {
		u, v := c.uv(x, y)
		dx, dy := noise(c.seed, u/cells, v/cells)-0.5, noise(c.seed+1, u/cells, v/cells)-0.5
		return float32(x) + reach*dx, float32(y) + reach*dy
	})
	c.tone(func(p rgb) rgb { return p.mix(hex(0xe8f0f4), 0.12) })
}

// reededGlass: vertical ribs, each a lens that shows a squeezed part of what is behind it.
func reededGlass(c *canvas) {
	width := max(c.px("width"), 4)
	phase := func(x int) float32 {
		t := (float32(x) + 0.5) / width
		return 2*(t-float32(floor(t))) - 1
	}
	c.warp(func(x, y int) (float32, float32) {
		p := phase(x)
		return float32(x) + 1.1*width*p*abs(p) - 0.4*width*p, float32(y)
	})
	c.each(func(x, y int, p rgb) rgb { return p.scale(1.06 - 0.3*pow(abs(phase(x)), 3) - 0.06*phase(x)) })
}

// ripple: the picture mirrored in moving water.
func ripple(c *canvas) {
	amp := 0.02 * c.unit
	shade := func(x, y int) float32 {
		u, v := c.uv(x, y)
		return sin(v*58 + 3*sin(u*9+5*noise(textureSeed, u*3, v*6)))
	}
	c.warp(func(x, y int) (float32, float32) {
		s := shade(x, y)
		return float32(x) + amp*s, float32(y) + 0.6*amp*s
	})
	c.each(func(x, y int, p rgb) rgb { return p.mul(rgb{0.82, 0.95, 1.02}).add(grey(0.05 * shade(x, y))) })
}

// slope is the derivative of the lightness along a direction, per `scale` pixels.
func slope(l plane, degrees, scale float32) plane {
	s, co := sin(radians(degrees)), cos(radians(degrees))
	return newPlane(l.w, l.h).fill(func(x, y int) float32 {
		gx, gy := l.gradient(x, y)
		return scale * (gx*co + gy*s)
	})
}

func emboss(c *canvas) {
	l := luma(c.img).blur(max(0.004*c.unit, 0.4))
	s := slope(l, c.num("angle"), 0.035*c.unit)
	c.each(func(x, y int, p rgb) rgb { return grey(0.52-0.75*s.at(x, y)).mix(p, 0.08) })
}

func basRelief(c *canvas) {
	l := luma(kuwahara(c.img, 0.02*c.unit)).blur(0.006 * c.unit)
	s := slope(l, 55, 0.045*c.unit)
	form := l.blur(0.02 * c.unit)
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		stone := hex(0xcdbfa6).scale(0.86 + 0.2*fbm(textureSeed, u*30, v*30, 3))
		cavity := 0.72 + 0.28*smoothstep(-0.06, 0.1, l.at(x, y)-form.at(x, y)+0.02)
		return stone.scale(cavity * (0.92 + 0.85*s.at(x, y)))
	})
}

func bronze(c *canvas) {
	l := luma(kuwahara(c.img, 0.015*c.unit)).blur(0.006 * c.unit)
	s := slope(l, 55, 0.05*c.unit)
	r := ramp{hex(0x120a06), hex(0x3d2413), hex(0x7a4a22), hex(0xb97a3a), hex(0xf3d29a), hex(0xfff6e0)}
	verdigris := hex(0x4f8f7d)
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		patina := smoothstep(0.52, 0.72, fbm(textureSeed, u*5, v*5, 4)) * smoothstep(0.05, -0.1, s.at(x, y))
		return r.at(0.36+0.95*s.at(x, y)+0.16*(l.at(x, y)-0.5)).mix(verdigris, 0.45*patina)
	})
}
