package teacher

import "math"

// drawEdits look drawn by hand with a dry tool or a pen.
func drawEdits() []Edit {
	stroke := size("stroke", "distance of the strokes", 0.01, 0.15, 0.02)
	return []Edit{
		{Name: "pencil-sketch", Title: "pencil sketch", Kind: Texture, apply: pencilSketch, Params: []Param{stroke}},
		{Name: "coloured-pencil", Title: "coloured pencil drawing", Kind: Texture, apply: colouredPencil, Params: []Param{stroke}},
		{Name: "charcoal", Title: "charcoal drawing", Kind: Texture, apply: charcoal},
		{Name: "ink", Title: "ink drawing", Kind: Texture, apply: ink,
			Params: []Param{size("line", "width of the lines", 0.002, 0.03, 0.009)}},
		{Name: "line-art", Title: "line art", Kind: Texture, apply: lineArt},
		{Name: "crosshatch", Title: "crosshatched pen drawing", Kind: Texture, apply: crosshatch,
			Params: []Param{size("spacing", "distance of the lines", 0.01, 0.15, 0.03)}},
		{Name: "stipple", Title: "stippled ink drawing", Kind: Texture, apply: stipple,
			Params: []Param{size("spacing", "distance of the dots", 0.01, 0.15, 0.02)}},
		{Name: "pastel", Title: "soft pastel drawing", Kind: Texture, apply: pastel},
		{Name: "chalkboard", Title: "chalk on a blackboard", Kind: Texture, apply: chalkboard},
		{Name: "blueprint", Title: "blueprint", Kind: Texture, apply: blueprint},
		{Name: "neon-edges", Title: "glowing neon outlines", Kind: Texture, apply: neonEdges},
		{Name: "contour-map", Title: "contour lines", Kind: Texture, apply: contourMap,
			Params: []Param{num("levels", "", "number of contours", 3, 20, 9)}},
		{Name: "scribble", Title: "scribbled ballpoint drawing", Kind: Texture, apply: scribble},
	}
}

// minStroke is the shortest period, in pixels, that still reads as separate lines.
const minStroke = 3

// strokes is a field of pencil strokes in one direction, 0 to 1 around 0.5: noise stretched along the angle.
func (c *canvas) strokes(period, degrees float32, seed uint64) plane {
	s, co := sin(radians(degrees)), cos(radians(degrees))
	period = max(period, 0.75*minStroke) / c.unit
	return c.plane(func(x, y int) float32 {
		u, v := c.uv(x, y)
		along, across := u*co+v*s, v*co-u*s
		// A little waviness: hands don't draw with a ruler.
		across += 0.25 * period * noise(seed+9, along*6, across*6)
		return noise(seed, along*8, 2*across/period)
	})
}

// outline is a pencil line around shapes: the lightness against its surroundings ("colour dodge").
func outline(l plane, sigma float32) plane {
	around := l.blur(sigma)
	return newPlane(l.w, l.h).fill(func(x, y int) float32 {
		return clamp01((l.at(x, y) + 0.06) / (around.at(x, y) + 0.06))
	})
}

func pencilSketch(c *canvas) {
	l := luma(c.img)
	line := outline(l.blur(0.003*c.unit), 0.025*c.unit)
	soft := l.blur(0.008 * c.unit)
	one, two := c.strokes(c.px("stroke"), 55, textureSeed), c.strokes(c.px("stroke"), -20, textureSeed+50)
	paper := c.paper(0.012, 0.07)
	c.each(func(x, y int, _ rgb) rgb {
		dark := 1 - soft.at(x, y)
		shade := 0.95 * dark * smoothstep(1-1.25*dark, 1.45-1.25*dark, one.at(x, y))
		shade = max(shade, 0.9*smoothstep(0.5, 1, dark)*smoothstep(0.25, 0.75, two.at(x, y)))
		v := pow(line.at(x, y), 2.6) * (1 - 0.62*shade)
		return rgb{0.97, 0.965, 0.945}.scale((0.13 + 0.87*v) * paper.at(x, y))
	})
}

func colouredPencil(c *canvas) {
	l := luma(c.img)
	line := outline(l, 0.02*c.unit)
	soft := blurred(c.img, 0.008*c.unit)
	one, two := c.strokes(c.px("stroke"), 50, textureSeed), c.strokes(0.8*c.px("stroke"), 20, textureSeed+50)
	paper := c.paper(0.012, 0.08)
	c.each(func(x, y int, _ rgb) rgb {
		p := pixel(soft, x, y).saturate(1.6).clamp()
		dark := 1 - min(p[0], p[1], p[2]) // how much pigment the colour takes
		grain := 0.5 * (one.at(x, y) + two.at(x, y))
		cover := smoothstep(0.75-1.3*dark, 1.6-1.3*dark, grain+0.1)
		pigment := p.mix(p.mul(p), 0.3)
		out := hex(0xfbf8f0).mix(pigment, clamp01(0.3*dark+0.68*cover))
		return out.scale((0.35 + 0.65*pow(line.at(x, y), 1.6)) * paper.at(x, y))
	})
}

// charcoal: broad soft darks that catch on rough paper, and heavy smudged edges.
func charcoal(c *canvas) {
	l := luma(c.img).blur(0.006 * c.unit)
	e := l.edges(0.008*c.unit, 0.05*c.unit)
	smudge := c.strokes(0.035*c.unit, 40, textureSeed)
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		tooth := fbm(textureSeed, u*45, v*45, 2)
		dark := 1 - smoothstep(0.08, 0.8, l.at(x, y))
		coal := clamp01(0.85*dark + 0.75*smoothstep(0.12, 0.8, e.at(x, y)))
		grip := smoothstep(0.85-0.9*coal, 1.5-0.9*coal, 0.65*tooth+0.35*smudge.at(x, y)+0.1)
		return hex(0xe9e5db).mix(hex(0x1b1a19), clamp01(0.45*coal+0.55*grip))
	})
}

// ink: brush-pen lines, with the deepest shadows filled in black.
func ink(c *canvas) {
	l := luma(c.img)
	sigma := max(c.px("line"), 0.55)
	lines := inkLines(l, sigma, 16, 0.42, 9)
	c.each(func(x, y int, _ rgb) rgb {
		return hex(0x0d0d12).mix(hex(0xfcfaf4), lines.at(x, y))
	})
}

// lineArt: even thin outlines and nothing else.
func lineArt(c *canvas) {
	e := luma(c.img).edges(max(0.006*c.unit, 0.6), 0.03*c.unit)
	c.each(func(x, y int, _ rgb) rgb { return grey(1 - 0.93*smoothstep(0.07, 0.3, e.at(x, y))) })
}

// hatchLine is the ink of ruled lines across a direction; tone 0 gives none, 1 solid black.
func hatchLine(u, v, degrees, spacing, tone float32) float32 {
	s, co := sin(radians(degrees)), cos(radians(degrees))
	wave := 0.5 + 0.5*cos(2*math.Pi*(v*co-u*s)/spacing)
	return smoothstep(1-tone-0.25, 1-tone+0.25, wave) * smoothstep(0, 0.12, tone)
}

func crosshatch(c *canvas) {
	l := luma(c.img)
	lines := inkLines(l, max(0.007*c.unit, 0.5), 12, 0.3, 8)
	soft := l.blur(0.01 * c.unit)
	spacing := max(c.px("spacing"), 1.2*minStroke) / c.unit
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		u += 0.006 * (noise(textureSeed, u*9, v*9) - 0.5)
		v += 0.006 * (noise(textureSeed+1, u*9, v*9) - 0.5)
		dark := 1 - soft.at(x, y)
		var k float32
		for i, degrees := range [4]float32{45, -45, 5, 90} { // each direction starts at a darker tone
			from := 0.24 + 0.17*float32(i)
			k = max(k, hatchLine(u, v, degrees, spacing, 0.5*smoothstep(from, from+0.4, dark)))
		}
		k = max(0.9*k, 1-lines.at(x, y))
		return hex(0xfaf6ea).mix(hex(0x17171c), k)
	})
}

// stipple: dots of ink whose size follows the darkness.
func stipple(c *canvas) {
	l := luma(c.img).blur(0.004 * c.unit)
	spacing := max(c.px("spacing"), 1.8)
	c.each(func(x, y int, _ rgb) rgb {
		fx, fy := (float32(x)+0.5)/spacing, (float32(y)+0.5)/spacing
		near := worley(textureSeed, fx, fy, 0.9)
		dark := 1 - l.sample(near.px*spacing-0.5, near.py*spacing-0.5)
		r := 0.66 * sqrt(smoothstep(0.22, 1.05, dark)) // the dots' area follows the darkness
		edge := 0.55 / spacing
		return hex(0xfbf8f1).mix(hex(0x15151a), smoothstep(r+edge, r-edge, near.d1)*smoothstep(0.02, 0.1, r))
	})
}

// pastel: chalky pigment that skips over toned paper, saturated, with soft shapes.
func pastel(c *canvas) {
	soft := blurred(c.img, 0.014*c.unit)
	one, two := c.strokes(0.04*c.unit, 62, textureSeed), c.strokes(0.03*c.unit, 30, textureSeed+50)
	ground := hex(0xb9a88f)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		chalk := pixel(soft, x, y).mix(p, 0.25).saturate(1.45)
		l := chalk.luma()
		chalk = chalk.mix(grey(1), 0.16*(1-l)).contrast(1.08)
		tooth := 0.6*fbm(textureSeed, u*60, v*60, 2) + 0.25*one.at(x, y) + 0.15*two.at(x, y)
		chalk = chalk.scale(1 + 0.35*(one.at(x, y)-0.5))
		return ground.mix(chalk, 0.55+0.45*smoothstep(0.3, 0.5, tooth))
	})
}

func chalkboard(c *canvas) {
	l := luma(c.img)
	e := l.edges(max(0.007*c.unit, 0.6), 0.035*c.unit)
	soft := l.blur(0.012 * c.unit)
	scratch := c.strokes(0.035*c.unit, 48, textureSeed)
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		dust := fbm(textureSeed, u*5, v*5, 4)
		grip := 0.55 + 0.6*fbm(textureSeed+7, u*50, v*50, 2)
		shade := 0.55 * smoothstep(0.45, 0.95, soft.at(x, y)) * smoothstep(0.35, 0.75, scratch.at(x, y))
		chalk := max(shade, smoothstep(0.08, 0.35, e.at(x, y))) * grip
		return hex(0x24352f).scale(0.8+0.4*dust).mix(hex(0xf4f3ea), clamp01(chalk))
	})
}

func blueprint(c *canvas) {
	l := luma(c.img)
	e := l.edges(max(0.005*c.unit, 0.6), 0.03*c.unit)
	const grid = 0.125 // short sides
	line := max(0.0035, 0.5/c.unit)
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		du, dv := abs(u/grid-float32(floor(u/grid+0.5))), abs(v/grid-float32(floor(v/grid+0.5)))
		rule := 0.16 * smoothstep(2*line, line, grid*min(du, dv))
		paper := hex(0x17479e).scale(0.9 + 0.22*fbm(textureSeed, u*4, v*4, 3))
		k := max(rule, smoothstep(0.06, 0.32, e.at(x, y)))
		return paper.mix(hex(0xe9f2ff), clamp01(k+0.1*l.at(x, y)))
	})
}

// neonEdges: tubes of light along the edges, in the picture's own hues.
func neonEdges(c *canvas) {
	e := luma(c.img).edges(max(0.008*c.unit, 0.7), 0.035*c.unit)
	soft := blurred(c.img, 0.03*c.unit)
	tubes := c.img.Clone()
	for i, v := range e.v {
		h, s, _ := pixel(soft, i%c.img.W, i/c.img.W).hsv()
		u, w := c.uv(i%c.img.W, i/c.img.W)
		h = mix(300*noise(textureSeed, u*2, w*2)+150, h, smoothstep(0.1, 0.4, s)) // grey edges get a hue of their own
		p := fromHSV(h, 0.85, 1).scale(smoothstep(0.08, 0.4, v))
		copy(tubes.Pix[3*i:3*i+3], p[:])
	}
	glow, core := blurred(tubes, 0.03*c.unit), blurred(tubes, 0.004*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		k := smoothstep(0.25, 0.8, e.at(x, y))
		base := p.scale(0.12).mul(rgb{0.6, 0.5, 1}).add(rgb{0.02, 0.01, 0.05})
		return base.screen(pixel(glow, x, y).scale(1.1).clamp()).screen(pixel(core, x, y).clamp()).mix(grey(1), 0.55*k)
	})
}

// contourMap: the lightness as a landscape, tinted by height, with contour lines.
func contourMap(c *canvas) {
	l := luma(c.img).blur(0.016 * c.unit)
	n := c.num("levels")
	r := ramp{hex(0x4f7f86), hex(0x86a878), hex(0xd9cf93), hex(0xc99a63), hex(0xf4efe6)}
	c.each(func(x, y int, _ rgb) rgb {
		v := n * l.at(x, y)
		gx, gy := l.gradient(x, y)
		slope := n*hypot(gx, gy) + 0.02 // levels per pixel
		off := abs(v-float32(floor(v+0.5))) / slope
		width := max(0.004*c.unit, 0.7)
		line := smoothstep(width+0.6, width-0.6, off) * smoothstep(0.02, 0.05, slope)
		return r.at((float32(floor(v+0.5))+0.3)/n).mix(hex(0x4a3420), 0.8*line)
	})
}

// scribble: blue ballpoint in loose loops that get denser in the dark.
func scribble(c *canvas) {
	l := luma(c.img)
	lines := inkLines(l, max(0.008*c.unit, 0.55), 10, 0.3, 7)
	soft := l.blur(0.015 * c.unit)
	const period = 0.036 // short sides
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		var k float32
		for i := range 3 {
			s := textureSeed + uint64(10*i)
			du, dv := noise(s, u*8, v*8)-0.5, noise(s+1, u*8, v*8)-0.5
			tone := 0.5 * smoothstep(0.25+0.2*float32(i), 0.85+0.1*float32(i), 1-soft.at(x, y))
			k = max(k, hatchLine(u+0.11*du, v+0.11*dv, 60-50*float32(i), max(period, 3.4/c.unit), tone))
		}
		k = max(0.85*k, 1-lines.at(x, y))
		return hex(0xfdfcf7).mix(hex(0x1c2f9c), k)
	})
}
