package teacher

import (
	"math"

	"github.com/warmstart-ml/warmstart/imageio"
)

// paintEdits look painted with a brush.
func paintEdits() []Edit {
	brush := size("brush", "width of the brush", 0.01, 0.15, 0.035)
	return []Edit{
		{Name: "oil-paint", Title: "oil painting", Kind: Texture, apply: oilPaint, Params: []Param{brush}},
		{Name: "watercolour", Title: "watercolour painting", Kind: Texture, apply: watercolour, Params: []Param{brush}},
		{Name: "impressionist", Title: "impressionist painting", Kind: Texture, apply: impressionist, Params: []Param{brush}},
		{Name: "swirling-paint", Title: "swirling post-impressionist painting", Kind: Texture, apply: swirlingPaint},
		{Name: "pointillism", Title: "pointillist painting", Kind: Texture, apply: pointillism,
			Params: []Param{size("dot", "width of the dots", 0.01, 0.15, 0.034)}},
		{Name: "palette-knife", Title: "palette knife painting", Kind: Texture, apply: paletteKnife},
		{Name: "gouache", Title: "gouache illustration", Kind: Texture, apply: gouache},
		{Name: "ink-wash", Title: "ink wash painting", Kind: Texture, apply: inkWash},
		{Name: "cartoon", Title: "cartoon", Kind: Texture, apply: cartoon},
		{Name: "fresco", Title: "old fresco", Kind: Texture, apply: fresco},
		{Name: "canvas", Title: "printed on canvas", Kind: Texture, apply: canvasWeave},
	}
}

// bristles is the relief that a brush leaves: noise drawn out along the flow of the picture.
func (c *canvas) bristles(f flowField, width, length float32) plane {
	cells := max(width, 1.6) / c.unit
	n := c.plane(func(x, y int) float32 {
		u, v := c.uv(x, y)
		return noise(textureSeed, u/cells, v/cells)
	})
	return f.along(n, length)
}

func oilPaint(c *canvas) {
	brush := c.px("brush")
	c.img = kuwahara(c.img, brush)
	f := flow(luma(c.img), 1.2*brush)
	height := c.bristles(f, 0.25*brush, 2.2*brush)
	l := luma(c.img)
	for i := range height.v {
		height.v[i] = 0.55*height.v[i] + 0.5*l.v[i]
	}
	light := relief(height, 0.4*max(brush/2, 1))
	c.each(func(x, y int, p rgb) rgb {
		return p.saturate(1.25).contrast(1.08).scale(mix(1, light.at(x, y), 0.8))
	})
}

// watercolour after Bousseau et al. 2006: simplified shapes with wobbling borders, pigment that gathers at
// edges and in the paper's grain, and bare paper at the margin.
func watercolour(c *canvas) {
	brush := c.px("brush")
	c.img = kuwahara(c.img, 1.1*brush)
	wobble := 0.016 * c.unit
	c.warp(func(x, y int) (float32, float32) {
		u, v := c.uv(x, y)
		dx, dy := fbm(textureSeed, u*14, v*14, 2)-0.5, fbm(textureSeed+9, u*14, v*14, 2)-0.5
		return float32(x) + wobble*dx, float32(y) + wobble*dy
	})
	e := luma(c.img).edges(max(0.006*c.unit, 0.5), 0.03*c.unit)
	paper := c.paper(0.016, 0.5)
	sheet := hex(0xfdfaf2)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		p = p.saturate(1.3).each(func(v float32) float32 { return 0.16 + 0.84*pow(v, 0.75) })
		flowing := 1.5*(fbm(c.seed, u*3, v*3, 4)-0.5) + 0.35*(paper.at(x, y)-1)
		density := 0.85 + flowing + 0.9*smoothstep(0.04, 0.35, e.at(x, y))
		p = p.each(func(v float32) float32 { return v - (v-v*v)*(density-1) }) // the paper's pigment model
		cu, cv := c.centred(x, y)
		margin := max(abs(cu), abs(cv)) + 0.16*(fbm(c.seed+1, u*6, v*6, 3)-0.5)
		return p.mix(sheet, smoothstep(0.93, 1.0, margin)).scale(mix(1, paper.at(x, y), 0.22))
	})
}

// gouache: flat opaque shapes in a few clean tones, with dry-brush texture.
func gouache(c *canvas) {
	c.img = kuwahara(kuwahara(c.img, 0.03*c.unit), 0.03*c.unit)
	dry := c.strokes(0.03*c.unit, 15, textureSeed)
	c.tone(func(p rgb) rgb {
		l, a, b := p.oklab()
		return fromOKLab(softRound(l*7, 5)/7+0.02, 1.25*a, 1.25*b).clamp()
	})
	c.each(func(x, y int, p rgb) rgb { return p.mix(hex(0xf2e9d8), 0.08).scale(0.93 + 0.14*dry.at(x, y)) })
}

// inkWash: East Asian ink on rice paper; wet greys that bleed, few dark accents, a lot of white.
func inkWash(c *canvas) {
	base := luma(kuwahara(c.img, 0.03*c.unit))
	bleed := base.blur(0.02 * c.unit)
	lines := inkLines(luma(c.img), max(0.009*c.unit, 0.6), 9, 0.28, 6)
	r := ramp{hex(0x15161a), hex(0x55575c), hex(0xa3a49f), hex(0xe4e0d2), hex(0xf5f0e2)}
	c.each(func(x, y int, _ rgb) rgb {
		u, v := c.uv(x, y)
		wet := smoothstep(0.35, 0.65, fbm(textureSeed, u*5, v*5, 3))
		l := mix(base.at(x, y), bleed.at(x, y), wet)
		tone := 0.18 + 0.9*l + 0.12*(fbm(textureSeed+3, u*9, v*9, 4)-0.5)
		fibre := 0.04 * (noise(textureSeed+5, u*60, v*12) - 0.5)
		return r.at(softRound(tone*6, 2)/6+fibre).mix(r[0], 0.8*(1-lines.at(x, y)))
	})
}

// cartoon: flat colours in soft steps (Winnemöller, Olsen, Gooch 2006) with black outlines.
func cartoon(c *canvas) {
	lines := inkLines(luma(c.img), max(0.008*c.unit, 0.55), 14, 0.22, 10)
	c.img = kuwahara(c.img, 0.03*c.unit)
	c.each(func(x, y int, p rgb) rgb {
		l, a, b := p.oklab()
		return fromOKLab(softRound(l*6+0.35, 4)/6, 1.55*a, 1.55*b).clamp().scale(mix(0.08, 1, lines.at(x, y)))
	})
}

// fresco: matte earth pigments on plaster, cracked and worn.
func fresco(c *canvas) {
	c.img = kuwahara(c.img, 0.025*c.unit)
	plaster := hex(0xe2d3b8)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		p = p.saturate(0.75).mul(rgb{1.03, 0.97, 0.85}).mix(plaster, 0.22)
		worn := smoothstep(0.56, 0.7, fbm(c.seed, u*4, v*4, 5))
		wobble := 0.12 * (fbm(c.seed+7, u*12, v*12, 2) - 0.5)
		crack := worley(c.seed+3, (u+wobble)*4.5, (v-wobble)*4.5, 1)
		line := smoothstep(0.05, 0.01, crack.d2-crack.d1) * smoothstep(0.4, 0.6, noise(c.seed+5, u*4, v*4))
		grain := 0.93 + 0.14*fbm(textureSeed, u*45, v*45, 2)
		return p.mix(plaster, 0.75*worn).mix(hex(0x5a4634), 0.6*line).scale(grain)
	})
}

// canvasWeave: threads over and under, and slightly dulled ink.
func canvasWeave(c *canvas) {
	period := max(0.025, 4/c.unit)
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		ku, kv := math.Pi*u/period, math.Pi*v/period
		// Warp is on top in every other square, as in plain weave.
		weave := sin(ku) * sin(kv)
		thread := mix(abs(cos(ku)), abs(cos(kv)), 0.5+0.5*weave)
		return p.saturate(0.9).mix(hex(0xe8dfcc), 0.08).scale(0.72 + 0.4*thread)
	})
}

func impressionist(c *canvas) {
	out := blurred(c.img, c.px("brush"))
	half := c.px("brush") / 2
	c.paintLayer(out, layer{half: 1.6 * half, aspect: 2.6, jitter: 0.1, saturation: 1.35, bristle: 0.25})
	c.paintLayer(out, layer{half: 0.8 * half, aspect: 2.8, jitter: 0.07, saturation: 1.3, bristle: 0.25, detail: 0.12})
	c.img = out
}

// swirlingPaint: long curved strokes that follow the picture's flow, thick and in strong blues and yellows.
func swirlingPaint(c *canvas) {
	out := blurred(c.img, 0.03*c.unit)
	c.paintLayer(out, layer{half: 0.017 * c.unit, aspect: 4.5, jitter: 0.09, saturation: 1.6, bristle: 0.3})
	c.img = out
	f := flow(luma(blurred(out, 0.02*c.unit)), 0.05*c.unit)
	height := c.bristles(f, 0.012*c.unit, 0.07*c.unit)
	light := relief(height, 0.8*max(0.012*c.unit, 1))
	c.each(func(x, y int, p rgb) rgb {
		h := height.at(x, y) - 0.5
		p = p.contrast(1.15).add(rgb{0.25, 0.2, -0.22}.scale(h * 1.2))
		return p.scale(mix(1, light.at(x, y), 0.5))
	})
}

// paletteKnife: large flat slabs of thick paint.
func paletteKnife(c *canvas) {
	out := blurred(c.img, 0.05*c.unit)
	c.paintLayer(out, layer{half: 0.045 * c.unit, aspect: 1.7, jitter: 0.06, saturation: 1.25, bristle: 0.2})
	c.paintLayer(out, layer{half: 0.026 * c.unit, aspect: 1.7, jitter: 0.06, saturation: 1.3, bristle: 0.2, detail: 0.12})
	c.img = out
	light := relief(luma(out), 0.5*max(0.012*c.unit, 1))
	c.tone(func(p rgb) rgb { return p.contrast(1.1) })
	c.each(func(x, y int, p rgb) rgb { return p.scale(mix(1, light.at(x, y), 0.7)) })
}

// pointillism: separate dots of purer colour than the picture's, on a cream ground.
func pointillism(c *canvas) {
	out := imageio.New(c.img.W, c.img.H)
	for i := range out.Pix {
		out.Pix[i] = hex(0xefe4cb)[i%3]
	}
	half := c.px("dot") / 2
	c.paintLayer(out, layer{half: 1.15 * half, aspect: 1, jitter: 0.08, saturation: 1.6})
	c.paintLayer(out, layer{half: 0.8 * half, aspect: 1, jitter: 0.24, saturation: 1.8, detail: 0.03})
	c.img = out
}
