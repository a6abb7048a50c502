package teacher

import "math"

// retroEdits are cameras, films, tubes and tapes of the past, with their faults.
func retroEdits() []Edit {
	return []Edit{
		{Name: "film-grain", Title: "grainy film", Kind: Texture, apply: filmGrain,
			Params: []Param{num("amount", "", "contrast of the grain", 0.02, 0.6, 0.14)}},
		{Name: "vignette", Title: "dark corners", Kind: Texture, apply: vignette,
			Params: []Param{num("amount", "", "darkness of the corners", 0.1, 1, 0.8)}},
		{Name: "old-photo", Title: "old damaged photo", Kind: Texture, apply: oldPhoto},
		{Name: "daguerreotype", Title: "daguerreotype", Kind: Texture, apply: daguerreotype},
		{Name: "polaroid", Title: "instant photo", Kind: Texture, apply: polaroid},
		{Name: "toy-camera", Title: "toy camera", Kind: Texture, apply: toyCamera},
		{Name: "light-leak", Title: "light leak", Kind: Texture, apply: lightLeak},
		{Name: "double-exposure", Title: "double exposure", Kind: Texture, apply: doubleExposure},
		{Name: "silent-film", Title: "silent film", Kind: Texture, apply: silentFilm},
		{Name: "vhs", Title: "VHS tape", Kind: Texture, apply: vhs},
		{Name: "crt", Title: "CRT screen", Kind: Texture, apply: crt,
			Params: []Param{size("line", "distance of the scan lines", 0.01, 0.1, 0.032)}},
		{Name: "security-camera", Title: "security camera", Kind: Texture, apply: securityCamera},
		{Name: "glitch", Title: "digital glitch", Kind: Texture, apply: glitch},
		{Name: "chromatic", Title: "chromatic aberration", Kind: Texture, apply: chromatic,
			Params: []Param{num("amount", "", "shift at the border as a share of the half width", 0.01, 0.15, 0.05)}},
		{Name: "anaglyph", Title: "red and cyan 3D", Kind: Texture, apply: anaglyph},
		{Name: "hologram", Title: "hologram", Kind: Texture, apply: hologram},
	}
}

// grain is film grain around 0, about ±0.5, of a size that doesn't depend on resolution.
func (c *canvas) grain() plane {
	const cells = 150 // per short side
	return c.plane(func(x, y int) float32 {
		if c.unit <= cells {
			return hash01(c.seed, x, y) - 0.5
		}
		u, v := c.uv(x, y)
		return 1.3 * (noise(c.seed, u*cells, v*cells) - 0.5)
	})
}

// vignetteAt is the darkness of the corners at a pixel: 0 in the middle, 1 in the corners.
func (c *canvas) vignetteAt(x, y int) float32 {
	u, v := c.centred(x, y)
	return smoothstep(0.4, 1.35, hypot(u, v))
}

func filmGrain(c *canvas) {
	g, amount := c.grain(), 1.6*c.num("amount")
	c.each(func(x, y int, p rgb) rgb {
		l := p.luma()
		return p.add(grey(amount * g.at(x, y) * (0.35 + 2.6*l*(1-l))))
	})
}

func vignette(c *canvas) {
	amount := c.num("amount")
	c.each(func(x, y int, p rgb) rgb { return p.scale(1 - amount*c.vignetteAt(x, y)) })
}

// scratches are thin vertical lines at random places, 0 to 1.
func (c *canvas) scratches(cells, share float32) plane {
	return c.plane(func(x, y int) float32 {
		u, v := c.uv(x, y)
		u += 0.01 * (noise(c.seed+3, v*2, 0) - 0.5)
		i := floor(u * cells)
		if hash01(c.seed+4, i, 0) > share {
			return 0
		}
		at := (float32(i) + 0.2 + 0.6*hash01(c.seed+5, i, 0)) / cells
		width := max(0.003, 0.6/c.unit)
		return smoothstep(width, 0, abs(u-at)) * smoothstep(0.35, 0.6, noise(c.seed+6+uint64(i), v*4, 0))
	})
}

// specks are small blots of dust at random places, 0 to 1.
func (c *canvas) specks(cells, share float32) plane {
	return c.plane(func(x, y int) float32 {
		u, v := c.uv(x, y)
		n := worley(c.seed+8, u*cells, v*cells, 1)
		if hash01(c.seed+9, n.x, n.y) > share {
			return 0
		}
		r := 0.06 + 0.12*hash01(c.seed+10, n.x, n.y)
		return smoothstep(r, 0.5*r, n.d1)
	})
}

func oldPhoto(c *canvas) {
	r := ramp{hex(0x2a1a10), hex(0x6e5138), hex(0xb8976a), hex(0xe6d2a6), hex(0xf4e8cc)}
	c.img = blurred(c.img, 0.006*c.unit)
	g, dust, lines := c.grain(), c.specks(9, 0.3), c.scratches(9, 0.35)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		stain := 0.22 * smoothstep(0.5, 0.75, fbm(c.seed+1, u*3, v*3, 4))
		out := r.at(0.04 + 0.86*p.luma() + 0.12*g.at(x, y))
		out = out.mix(hex(0x9c7440), stain).mix(hex(0xf2e6cb), 0.8*max(dust.at(x, y), 0.7*lines.at(x, y)))
		// Old prints fade from the borders in.
		return out.mix(hex(0xe9d8b4), 0.4*c.vignetteAt(x, y))
	})
}

// daguerreotype: a silver plate, cold and mirror-like, tarnished at its oval mat.
func daguerreotype(c *canvas) {
	r := ramp{hex(0x14171c), hex(0x4a4f57), hex(0x8d9299), hex(0xcfd0cd), hex(0xeff0ea)}
	dust := c.specks(12, 0.3)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.centred(x, y)
		s, t := c.uv(x, y)
		d := hypot(u, v) + 0.12*(fbm(c.seed, s*5, t*5, 3)-0.5)
		l := 0.35*p[0] + 0.3*p[1] + 0.35*p[2] // plates were most sensitive to blue
		out := r.at(sCurve(l)*0.95 + 0.03)
		out = out.mix(hex(0x8a6d52), 0.55*smoothstep(0.72, 1, d)).mix(hex(0x274a73), 0.55*smoothstep(0.88, 1.08, d))
		return out.mix(hex(0x0b0b0d), smoothstep(1.08, 1.22, d)).mix(grey(0.9), 0.6*dust.at(x, y)*smoothstep(1.1, 1, d))
	})
}

// polaroid: the white frame with its broad foot, and the film's faded greenish colours.
func polaroid(c *canvas) {
	src := blurred(c.img, 0.006*c.unit)
	side, top, foot := float32(0.065), float32(0.065), float32(0.2)
	soft := 1 / c.unit
	c.each(func(x, y int, _ rgb) rgb {
		u, v := (float32(x)+0.5)/float32(c.img.W), (float32(y)+0.5)/float32(c.img.H)
		fu, fv := (u-side)/(1-2*side), (v-top)/(1-top-foot)
		p := sampleRGB(src, fu*float32(c.img.W)-0.5, fv*float32(c.img.H)-0.5)
		p = p.saturate(0.8).mul(rgb{1.02, 0.98, 0.86}).scale(0.84).add(rgb{0.09, 0.1, 0.12})
		p = p.scale(1 - 0.3*smoothstep(0.4, 0.75, hypot(fu-0.5, fv-0.5)))
		inside := min(u-side, 1-side-u, v-top, 1-foot-v)
		frame := hex(0xf5f2ea).scale(0.97 + 0.05*noise(textureSeed, u*70, v*70))
		return frame.mix(p, smoothstep(-soft, soft, inside))
	})
}

// toyCamera: a plastic lens; saturated middle, soft dark borders, a green-yellow cast.
func toyCamera(c *canvas) {
	soft := blurred(c.img, 0.02*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		d := c.vignetteAt(x, y)
		p = p.mix(pixel(soft, x, y), d).saturate(1.6).contrast(1.25)
		p = p.mul(rgb{1.06, 1.04, 0.82}).add(rgb{0, 0.015, 0.05})
		return p.scale(1.05 - 0.95*d)
	})
}

// lightLeak: red and orange light that got in at the side of the camera.
func lightLeak(c *canvas) {
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.centred(x, y)
		edge := 0.35 * (fbm(c.seed, v*1.2+3, 0.5, 3) - 0.5)
		right := smoothstep(0.05, 1.15, u+edge)
		left := smoothstep(0.75, 1.25, -u+2*edge)
		leak := ramp{rgb{}, hex(0x8c1a10), hex(0xf2541b), hex(0xffc04a), hex(0xfff0c0)}.at(right)
		return p.saturate(0.85).contrast(0.92).add(grey(0.03)).screen(leak).screen(hex(0xd8305a).scale(0.8 * left))
	})
}

// doubleExposure lays the mirrored, enlarged picture over itself.
func doubleExposure(c *canvas) {
	src := c.img.Clone()
	mx, my := middle(src)
	c.each(func(x, y int, p rgb) rgb {
		ghost := sampleRGB(src, mx-0.62*(float32(x)-mx), my+0.62*(float32(y)-my))
		return p.scale(0.72).screen(ghost.saturate(0.4).mul(rgb{0.62, 0.72, 0.85}).scale(0.85))
	})
}

func silentFilm(c *canvas) {
	c.img = blurred(c.img, 0.007*c.unit)
	g, dust, lines := c.grain(), c.specks(11, 0.22), c.scratches(11, 0.4)
	c.each(func(x, y int, p rgb) rgb {
		l := sCurve(0.5*p[1]+0.5*p[2]) + 0.2*g.at(x, y)
		l = max(l, 0.75*lines.at(x, y)) * (1 - 0.8*dust.at(x, y))
		u, v := c.centred(x, y)
		corner := smoothstep(1.06, 0.9, pow(abs(u), 4)+pow(abs(v), 4))
		return rgb{1, 0.98, 0.92}.scale((0.05 + 0.92*l) * (1 - 0.6*c.vignetteAt(x, y)) * (0.03 + 0.97*corner))
	})
}

// vhs: colour smeared sideways and shifted, a torn line at the bottom, noise in lines.
func vhs(c *canvas) {
	src := c.img.Clone()
	colour := c.img.Clone()
	k := gaussKernel(0.03 * c.unit)
	for y := range src.H {
		for ch := range 3 {
			convolveLine(colour.Pix[3*y*src.W+ch:], src.Pix[3*y*src.W+ch:], src.W, 3, k)
		}
	}
	rows := max(0.012, 1/c.unit)
	c.each(func(x, y int, _ rgb) rgb {
		_, v := c.uv(x, y)
		row := floor(v / rows)
		tear := smoothstep(0.9, 0.97, float32(y)/float32(c.img.H))
		shift := c.unit * (0.006*(hash01(c.seed, row, 0)-0.5) + 0.12*tear*(0.4+hash01(c.seed+1, row, 0)))
		fx, fy := float32(x)+shift, float32(y)
		l := sampleRGB(src, fx, fy).luma()
		chroma := sampleRGB(colour, fx-0.025*c.unit, fy)
		out := chroma.add(grey(l - chroma.luma())).saturate(1.25)
		static := (hash01(c.seed+2, x, y) - 0.5) * (0.1 + 0.7*tear)
		line := 1 - 0.1*(0.5+0.5*cos(2*math.Pi*v/max(0.03, 3/c.unit)))
		return out.scale(line * 0.92).add(rgb{0.04, 0.02, 0.06}).add(grey(static))
	})
}

// crt: a bulging tube with scan lines and phosphor stripes.
func crt(c *canvas) {
	c.img = blurred(c.img, 0.006*c.unit)
	mx, my := middle(c.img)
	glass := func(x, y int) (u, v float32) { // bulges out to the corners
		u, v = c.centred(x, y)
		k := 1 + 0.09*(u*u+v*v)
		return u * k, v * k
	}
	c.warp(func(x, y int) (float32, float32) {
		u, v := glass(x, y)
		return mx + u*(mx+0.5), my + v*(my+0.5)
	})
	glow := blurred(c.img, 0.02*c.unit)
	period := max(c.px("line"), 2)
	stripe := max(period, 3)
	c.each(func(x, y int, p rgb) rgb {
		u, v := glass(x, y)
		scan := 0.62 + 0.38*cos(2*math.Pi*(v*(my+0.5))/period)
		var mask rgb
		for i := range mask {
			mask[i] = 0.78 + 0.36*cos(2*math.Pi*(float32(x)/stripe-float32(i)/3))
		}
		p = p.mul(mask).scale(scan * 1.35).screen(pixel(glow, x, y).scale(0.22))
		edge := smoothstep(1.02, 0.95, max(abs(u), abs(v)))
		return p.scale(edge * (1 - 0.3*c.vignetteAt(x, y)))
	})
}

func securityCamera(c *canvas) {
	c.img = blurred(c.img, 0.01*c.unit)
	period := max(0.03, 2/c.unit)
	c.each(func(x, y int, p rgb) rgb {
		_, v := c.uv(x, y)
		l := p.contrast(1.2).luma()*0.95 + 0.1 + 0.12*(hash01(c.seed, x, y)-0.5)
		l *= 0.86 + 0.14*cos(2*math.Pi*v/period)
		return rgb{0.86, 1, 0.93}.scale(l * (1 - 0.4*c.vignetteAt(x, y)))
	})
}

// glitch: bands of the picture slip sideways and the colours come apart.
func glitch(c *canvas) {
	src := c.img.Clone()
	const bands = 16
	c.each(func(x, y int, _ rgb) rgb {
		v := float32(y) / float32(c.img.H)
		band := floor(v*bands + 1.5*noise(c.seed, v*7, 0))
		fine := floor(v * 64)
		slip := float32(0)
		if hash01(c.seed+1, band, 0) < 0.45 {
			slip = 0.22 * (hash01(c.seed+2, band, 0) - 0.5)
		}
		if hash01(c.seed+3, fine, 0) < 0.08 {
			slip += 0.3 * (hash01(c.seed+4, fine, 0) - 0.5)
		}
		split := (0.012 + 0.2*abs(slip)) * c.unit
		fx, fy := float32(x)+slip*c.unit, float32(y)
		p := rgb{sampleRGB(src, fx-split, fy)[0], sampleRGB(src, fx, fy)[1], sampleRGB(src, fx+split, fy)[2]}
		if bx := floor(float32(x) / c.unit * 10); hash01(c.seed+5, bx, band) < 0.05 {
			p = rgb{p[2], 1 - p[0], p[1]}.contrast(1.5) // a block whose data were lost
		}
		return p.saturate(1.15)
	})
}

// chromatic: red and blue are magnified differently, as by a cheap lens.
func chromatic(c *canvas) {
	src := c.img.Clone()
	mx, my := middle(src)
	k := c.num("amount")
	c.each(func(x, y int, p rgb) rgb {
		dx, dy := float32(x)-mx, float32(y)-my
		return rgb{
			sampleRGB(src, mx+dx*(1-k), my+dy*(1-k))[0],
			p[1],
			sampleRGB(src, mx+dx*(1+k), my+dy*(1+k))[2],
		}
	})
}

// anaglyph: two views for red-cyan glasses, shifted more where the picture is near (lower down).
func anaglyph(c *canvas) {
	src := c.img.Clone()
	c.each(func(x, y int, _ rgb) rgb {
		shift := c.unit * (0.05*(1-c.far(x, y)) - 0.012)
		left := sampleRGB(src, float32(x)-shift, float32(y))
		right := sampleRGB(src, float32(x)+shift, float32(y))
		return rgb{left.luma()*1.02 + 0.02, right[1], right[2]}
	})
}

// hologram: a cyan projection with scan lines and flicker.
func hologram(c *canvas) {
	e := luma(c.img).edges(max(0.006*c.unit, 0.6), 0.035*c.unit)
	period := max(0.03, 2.5/c.unit)
	r := ramp{hex(0x020b1c), hex(0x06406b), hex(0x1fa3d6), hex(0x8ff3ff), hex(0xf2ffff)}
	c.each(func(x, y int, p rgb) rgb {
		_, v := c.uv(x, y)
		scan := 0.72 + 0.28*cos(2*math.Pi*v/period)
		flicker := 0.9 + 0.2*hash01(c.seed, floor(v*24), 0)
		return r.at((0.7*p.luma() + 0.75*e.at(x, y)) * scan * flicker)
	})
}
