package teacher

import "math"

// printEdits look printed: screens, plates and few inks.
func printEdits() []Edit {
	dot := func(def float64) Param { return size("dot", "distance of the dots", 0.01, 0.2, def) }
	return []Edit{
		{Name: "halftone", Title: "halftone print", Kind: Texture, apply: halftone, Params: []Param{dot(0.036)}},
		{Name: "cmyk-halftone", Title: "colour halftone print", Kind: Texture, apply: cmykHalftone, Params: []Param{dot(0.036)}},
		{Name: "comic", Title: "comic book", Kind: Texture, apply: comic, Params: []Param{dot(0.045)}},
		{Name: "pop-art", Title: "pop art", Kind: Texture, apply: popArt},
		{Name: "risograph", Title: "risograph print", Kind: Texture, apply: risograph,
			Params: []Param{colour("first", "the darker ink", "blue"), colour("second", "the lighter ink", "coral")}},
		{Name: "engraving", Title: "engraving", Kind: Texture, apply: engraving,
			Params: []Param{size("spacing", "distance of the lines", 0.01, 0.15, 0.03)}},
		{Name: "woodcut", Title: "woodcut", Kind: Texture, apply: woodcut},
		{Name: "linocut", Title: "linocut", Kind: Texture, apply: linocut, Params: []Param{colour("colour", "colour of the ink", "teal")}},
		{Name: "woodblock", Title: "Japanese woodblock print", Kind: Texture, apply: woodblock},
		{Name: "stencil", Title: "stencil graffiti", Kind: Texture, apply: stencil},
		{Name: "travel-poster", Title: "vintage travel poster", Kind: Texture, apply: travelPoster},
		{Name: "bayer-dither", Title: "ordered dither", Kind: Texture, apply: bayerDither},
		{Name: "diffusion-dither", Title: "error diffusion dither", Kind: Texture, apply: diffusionDither},
		{Name: "handheld-game", Title: "four greens of a handheld game", Kind: Texture, apply: handheldGame},
	}
}

// screenDot is the coverage of a round halftone dot: tone 0 is bare, 1 solid. u, v and spacing are in
// the same unit, soft is half the width of the edge in units of the wave below.
func screenDot(u, v, degrees, spacing, tone, soft float32) float32 {
	s, co := sin(radians(degrees)), cos(radians(degrees))
	a, b := math.Pi*(u*co+v*s)/spacing, math.Pi*(v*co-u*s)/spacing
	wave := 0.5 + 0.25*(cos(2*a)+cos(2*b)) // 1 at the dot's centre, 0 in between
	return smoothstep(1-tone-soft, 1-tone+soft, wave) * smoothstep(0, 0.06, tone)
}

// dotSize returns the spacing in short sides, no finer than pixels can show, and the softness of edges.
func (c *canvas) dotSize() (spacing, soft float32) {
	px := max(c.px("dot"), minStroke)
	return px / c.unit, min(0.45, 1.3/px)
}

func halftone(c *canvas) {
	spacing, soft := c.dotSize()
	l := luma(c.img).blur(0.2 * spacing * c.unit)
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		k := screenDot(u, v, 45, spacing, 1-l.at(x, y), soft)
		return hex(0xf9f6ee).mix(hex(0x131316), k)
	})
}

func cmykHalftone(c *canvas) {
	spacing, soft := c.dotSize()
	src := blurred(c.img, 0.2*spacing*c.unit)
	inks := [4]rgb{hex(0x00a6e0), hex(0xe2127a), hex(0xffe60a), hex(0x16161a)}
	angles := [4]float32{15, 75, 0, 45} // the usual screen angles, against moiré
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		p := pixel(src, x, y).saturate(1.25).clamp()
		k := 0.8 * (1 - max(p[0], p[1], p[2]))
		out := hex(0xfdfbf4)
		for i, ink := range inks {
			tone := k
			if i < 3 {
				tone = (1 - p[i] - k) / (1 - k)
			}
			out = out.mul(grey(1).mix(ink, screenDot(u, v, angles[i], spacing, tone, soft)))
		}
		return out
	})
}

// comic: flat inks, dots in the half tones, black outlines.
func comic(c *canvas) {
	spacing, soft := c.dotSize()
	lines := inkLines(luma(c.img), max(0.008*c.unit, 0.55), 16, 0.3, 10)
	c.img = kuwahara(c.img, 0.025*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		l := p.luma()
		flat := p.saturate(1.8).clamp().each(func(v float32) float32 { return softRound(v*3, 6) / 3 })
		light := flat.mix(hex(0xfff6d8), 0.55)
		// Dark dots in the mid-tones: their size follows what the flat step leaves over.
		tone := smoothstep(0.85, 0.25, l)
		out := light.mix(flat.scale(0.92), screenDot(u, v, 30, spacing, tone, soft))
		return out.scale(mix(0.04, 1, lines.at(x, y)))
	})
}

// popArt: a few flat loud colours by lightness, with dots in the shadows.
func popArt(c *canvas) {
	l := luma(kuwahara(c.img, 0.025*c.unit))
	inks := []rgb{hex(0x1d1a5e), hex(0xd81e78), hex(0xff5a2c), hex(0xffd21f), hex(0x8fe6e0), hex(0xfff8e7)}
	spacing := max(0.045, minStroke/c.unit)
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		t := softRound(l.at(x, y)*5, 8)
		p := ramp(inks).at(t / 5)
		dots := screenDot(u, v, 45, spacing, 0.45, 0.15) * smoothstep(0.5, 0.35, l.at(x, y))
		return p.mix(hex(0x1d1a5e), 0.6*dots)
	})
}

// risograph: two grainy inks, slightly out of register.
func risograph(c *canvas) {
	first, second := c.colour("first"), c.colour("second")
	src := c.img.Clone()
	shift := 0.008 * c.unit
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		grain := 0.5 * (fbm(textureSeed, u*70, v*70, 2) - 0.5)
		q := sampleRGB(src, float32(x)+shift, float32(y)-shift)
		dark := smoothstep(0.08, 0.92, 1-p.luma()+0.5*grain)
		warmth := clamp01(0.45*(1-q.luma()) + 1.1*max(0, q[0]-q[2]) + 0.12 + grain*0.6)
		out := hex(0xf7f2e6).mul(grey(1).mix(second, warmth))
		return out.mul(grey(1).mix(first, dark*dark))
	})
}

// engraving: ruled lines that swell in the dark and bend over shapes.
func engraving(c *canvas) {
	l := luma(c.img)
	soft := l.blur(0.01 * c.unit)
	form := l.blur(0.04 * c.unit)
	fine := inkLines(l, max(0.006*c.unit, 0.5), 10, 0.25, 8)
	spacing := max(c.px("spacing"), 1.1*minStroke) / c.unit
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		v += 0.09 * form.at(x, y)
		dark := 1 - soft.at(x, y)
		k := hatchLine(u, v, 18, spacing, 0.04+0.66*smoothstep(0.1, 1, dark))
		k = max(k, hatchLine(u, v, -50, spacing, 0.5*smoothstep(0.65, 1, dark)))
		return hex(0xf3ead3).mix(hex(0x1d1a1f), max(k, 0.9*(1-fine.at(x, y))))
	})
}

// woodcut: black and white with gouged lines that run along the shapes.
func woodcut(c *canvas) {
	l := luma(c.img)
	lines := inkLines(l, max(0.009*c.unit, 0.6), 14, 0.3, 12)
	f := flow(l, max(0.04*c.unit, 1))
	gouge := c.bristles(f, 0.026*c.unit, 0.08*c.unit)
	soft := l.blur(0.008 * c.unit)
	c.each(func(x, y int, _ rgb) rgb {
		// The gouge marks shift the threshold between black and white.
		g := 0.5 + 0.8*(gouge.at(x, y)-0.5)
		k := smoothstep(-0.07, 0.07, g-0.12-0.76*smoothstep(0.12, 0.88, soft.at(x, y)))
		return hex(0xf4ecd8).mix(hex(0x17130f), max(k, 1-lines.at(x, y)))
	})
}

// linocut: two big tones and carving marks, in one coloured ink.
func linocut(c *canvas) {
	l := luma(kuwahara(c.img, 0.03*c.unit))
	lines := inkLines(luma(c.img), max(0.012*c.unit, 0.7), 8, 0.25, 10)
	marks := c.strokes(0.024*c.unit, 25, textureSeed)
	inkColour := c.colour("colour").scale(0.75)
	c.each(func(x, y int, _ rgb) rgb {
		v := l.at(x, y)
		solid := smoothstep(0.44, 0.38, v)
		// Mid-tones are carved: stripes of paper and ink.
		mid := smoothstep(0.62, 0.5, v) * smoothstep(0.46, 0.54, marks.at(x, y))
		k := max(solid, mid, 1-lines.at(x, y))
		u, w := c.uv(x, y)
		k *= 0.86 + 0.2*fbm(textureSeed+3, u*40, w*40, 2)
		return hex(0xf6efe0).mix(inkColour, clamp01(k))
	})
}

// woodblock: flat areas in muted colours, dark blue outlines, wood grain.
func woodblock(c *canvas) {
	lines := inkLines(luma(c.img), max(0.008*c.unit, 0.55), 12, 0.22, 8)
	c.img = kuwahara(kuwahara(c.img, 0.03*c.unit), 0.02*c.unit)
	palette := []rgb{hex(0x14284b), hex(0x2f5d8a), hex(0x7ba7bc), hex(0xc9d8cf), hex(0xf0e3c4), hex(0xe5b887),
		hex(0xc96f4a), hex(0x9b3a2f), hex(0x5f7a4f), hex(0xa3ad72), hex(0x4d4436), hex(0x8a7458)}
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		grain := 0.06 * (noise(textureSeed, u*3+2*noise(textureSeed+1, u*2, v*6), v*55) - 0.5)
		out := nearest(palette, p.saturate(1.2)).mix(p, 0.35).mul(rgb{1, 0.98, 0.92}).add(grey(grain))
		return hex(0x1b2540).mix(out, lines.at(x, y))
	})
}

// stencil: three layers of spray paint on a concrete wall.
func stencil(c *canvas) {
	l := luma(kuwahara(c.img, 0.03*c.unit))
	inks := []rgb{hex(0x16161a), hex(0x4a4d55), hex(0xd8433b)}
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		wall := hex(0xc9c3b8).scale(0.86 + 0.28*fbm(textureSeed, u*7, v*7, 5))
		overspray := 0.08 * (fbm(c.seed, u*30, v*30, 2) - 0.5)
		t := l.at(x, y) + overspray
		out := wall
		out = out.mix(inks[2], 0.92*smoothstep(0.58, 0.55, t))
		out = out.mix(inks[1], 0.95*smoothstep(0.4, 0.37, t))
		return out.mix(inks[0], 0.97*smoothstep(0.25, 0.22, t))
	})
}

// travelPoster: screen-printed flat shapes in the warm palette of the 1930s.
func travelPoster(c *canvas) {
	c.img = kuwahara(kuwahara(c.img, 0.04*c.unit), 0.03*c.unit)
	palette := []rgb{hex(0x0f2a3d), hex(0x1f5a6b), hex(0x4f9a94), hex(0xa8cfb8), hex(0xf6e7bd), hex(0xf2b950),
		hex(0xe2763a), hex(0xa93c2e), hex(0x4a3530), hex(0x6f8c46), hex(0x2e5539), hex(0xd8a37a),
		hex(0x8a6444), hex(0xb5a68c), hex(0x3f8fc4), hex(0x8cc0e0), hex(0x6c7a82)}
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		p = p.saturate(1.5).contrast(1.15)
		grain := 0.07 * (fbm(textureSeed, u*80, v*80, 2) - 0.5)
		return nearest(palette, p).mix(p, 0.15).add(grey(grain))
	})
}

// bayer4 is the 4x4 threshold matrix of ordered dithering (Bayer 1973).
var bayer4 = [4][4]float32{{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}}

// bayer returns the threshold at a pixel of a grid, in (0,1).
func bayer(x, y int) float32 { return (bayer4[y&3][x&3] + 0.5) / 16 }

// ditherBlock is the side of a dither pixel: one pixel up to 96, larger in larger pictures.
func (c *canvas) ditherBlock() int { return max(1, int(c.unit/96+0.5)) }

func bayerDither(c *canvas) {
	b := c.ditherBlock()
	c.blocks(b)
	c.each(func(x, y int, p rgb) rgb {
		t := bayer(x/b, y/b)
		return p.each(func(v float32) float32 { return float32(floor(v*2+t)) / 2 })
	})
}

// diffusionDither is Floyd and Steinberg's error diffusion (1976) to black and white.
func diffusionDither(c *canvas) {
	b := c.ditherBlock()
	c.blocks(b)
	w, h := (c.img.W+b-1)/b, (c.img.H+b-1)/b
	l := newPlane(w, h).fill(func(x, y int) float32 { return pixel(c.img, x*b, y*b).contrast(1.15).luma() })
	spread := func(x, y int, e float32) {
		if x >= 0 && x < w && y < h {
			l.v[y*w+x] += e
		}
	}
	for y := range h {
		for x := range w {
			v := l.at(x, y)
			out := float32(0)
			if v > 0.5 {
				out = 1
			}
			l.v[y*w+x] = out
			e := (v - out) / 16
			spread(x+1, y, 7*e)
			spread(x-1, y+1, 3*e)
			spread(x, y+1, 5*e)
			spread(x+1, y+1, e)
		}
	}
	c.each(func(x, y int, _ rgb) rgb { return hex(0x14141a).mix(hex(0xf6f4ee), l.at(x/b, y/b)) })
}

func handheldGame(c *canvas) {
	b := max(1, int(c.unit/72+0.5))
	c.blocks(b)
	greens := []rgb{hex(0x0f380f), hex(0x306230), hex(0x8bac0f), hex(0x9bbc0f).mix(hex(0xd4e27a), 0.35)}
	c.each(func(x, y int, p rgb) rgb {
		v := p.contrast(1.25).luma()*3 + 0.9*(bayer(x/b, y/b)-0.5)
		return greens[min(max(floor(v+0.5), 0), 3)]
	})
}
