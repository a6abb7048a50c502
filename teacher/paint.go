package teacher

import (
	"math"
	"math/rand/v2"

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

// kuwahara flattens colours and keeps edges: the mean of whichever of 8 sectors around a pixel varies
// least. Sectors are weighted smoothly (Papari et al. 2007) and lie in an ellipse stretched along the flow
// (Kyprianidis, Kang, Döllner 2009). radius is in pixels.
func kuwahara(m *imageio.Image, radius float32) *imageio.Image {
	radius = max(radius, 1.5)
	f := flow(luma(m), max(0.7*radius, 0.8))
	out := imageio.New(m.W, m.H)
	for y := range m.H {
		for x := range m.W {
			p := kuwaharaPixel(m, x, y, radius, f)
			copy(out.Pix[3*(y*m.W+x):], p[:])
		}
	}
	return out
}

// sector accumulates the weighted moments of one sector.
type sector struct {
	n, l, ll float32 // weight, lightness, squared lightness
	sum      rgb
}

func kuwaharaPixel(m *imageio.Image, x, y int, radius float32, f flowField) rgb {
	tx, ty, a := f.tx.at(x, y), f.ty.at(x, y), f.aniso.at(x, y)
	long, short := radius*(1+0.6*a), radius/(1+0.6*a)
	reach := int(math.Ceil(float64(long)))
	var sectors [8]sector
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			u := (float32(dx)*tx + float32(dy)*ty) / long
			v := (float32(dy)*tx - float32(dx)*ty) / short
			d2 := u*u + v*v
			if d2 > 1 {
				continue
			}
			p := pixel(m, x+dx, y+dy)
			l, w := p.luma(), 1-0.8*d2
			for k, axis := range sectorAxes {
				// A sector's weight fades with the angle from its axis; the centre belongs to all.
				side := u*axis[0] + v*axis[1] + 0.12
				if side <= 0 {
					continue
				}
				ws := w * side * side * side
				s := &sectors[k]
				s.n, s.l, s.ll, s.sum = s.n+ws, s.l+ws*l, s.ll+ws*l*l, s.sum.add(p.scale(ws))
			}
		}
	}
	return calmest(sectors)
}

// calmest averages the sectors, weighting the ones that vary least by far the most.
func calmest(sectors [8]sector) rgb {
	var sum rgb
	var total float32
	for _, s := range sectors {
		mean := s.l / s.n
		variance := max(0, s.ll/s.n-mean*mean)
		w := 1 / (1 + 2e4*variance*variance*16)
		w *= w
		sum, total = sum.add(s.sum.scale(w/s.n)), total+w
	}
	return sum.scale(1 / total)
}

const diag = math.Sqrt2 / 2

var sectorAxes = [8][2]float32{{1, 0}, {diag, diag}, {0, 1}, {-diag, diag}, {-1, 0}, {-diag, -diag}, {0, -1}, {diag, -diag}}

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
		return float32(x) + wobble*(fbm(textureSeed, u*14, v*14, 2)-0.5), float32(y) + wobble*(fbm(textureSeed+9, u*14, v*14, 2)-0.5)
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

// dab is one brush stroke: a capsule with soft ends.
type dab struct {
	x, y, dx, dy float32 // centre and unit direction
	length, half float32 // half length of the spine, half width, in pixels
	colour       rgb
}

// paint lays the stroke over the picture; bristle is how much its tone streaks.
func (d dab) paint(m *imageio.Image, seed uint64, bristle float32) {
	reach := d.length + d.half + 1
	for y := max(0, floor(d.y-reach)); y <= min(m.H-1, floor(d.y+reach)); y++ {
		for x := max(0, floor(d.x-reach)); x <= min(m.W-1, floor(d.x+reach)); x++ {
			rx, ry := float32(x)-d.x, float32(y)-d.y
			along, across := rx*d.dx+ry*d.dy, ry*d.dx-rx*d.dy
			over := max(0, abs(along)-d.length)
			cover := smoothstep(d.half+0.5, d.half-0.5, hypot(over, across))
			if cover == 0 {
				continue
			}
			streak := 1 + bristle*(noise(seed, 6*across/d.half, along/(4*d.half))-0.5) - 0.5*bristle*across/d.half
			p := pixel(m, x, y).mix(d.colour.scale(streak), cover)
			copy(m.Pix[3*(y*m.W+x):], p[:])
		}
	}
}

// layer is one pass of strokes over the whole picture.
type layer struct {
	half, aspect float32 // half width in pixels, length over width
	jitter       float32 // of lightness and hue
	saturation   float32
	bristle      float32
	// detail lays strokes only where the picture has structure; 0 lays all.
	detail float32
}

// paintLayer covers the picture with strokes along its edges, in random order (Litwinowicz 1997).
func (c *canvas) paintLayer(dst *imageio.Image, l layer) {
	l.half = max(l.half, 0.8)
	src := blurred(c.img, 0.6*l.half)
	f := flow(luma(src), max(2*l.half, 1))
	e := luma(c.img).edges(max(0.5*l.half, 0.5), 0.04*c.unit)
	rng := rand.New(rand.NewPCG(c.seed, uint64(l.half*1000)))
	step := 1.15 * l.half
	cols, rows := int(float32(c.img.W)/step)+1, int(float32(c.img.H)/step)+1
	for _, i := range rng.Perm(cols * rows) {
		x := (float32(i%cols)+rng.Float32())*step - 0.5
		y := (float32(i/cols)+rng.Float32())*step - 0.5
		turn, light := rng.Float32()-0.5, rng.Float32()-0.5
		hue := rgb{rng.Float32() - 0.5, rng.Float32() - 0.5, rng.Float32() - 0.5}
		ix, iy := floor(x+0.5), floor(y+0.5)
		if e.at(ix, iy) < l.detail {
			continue
		}
		// Where there is no direction, strokes follow a slow field so that neighbours agree.
		u, v := c.uv(ix, iy)
		a := atan2(f.ty.at(ix, iy), f.tx.at(ix, iy))
		if f.aniso.at(ix, iy) < 0.35 {
			a = 5 * noise(textureSeed, u*2.5, v*2.5)
		}
		a += 0.5 * turn
		p := sampleRGB(src, x, y).saturate(l.saturation).add(grey(l.jitter * light)).add(hue.scale(l.jitter))
		dab{x, y, cos(a), sin(a), l.half * (l.aspect - 1), l.half, p}.paint(dst, c.seed+uint64(i), l.bristle)
	}
}

func impressionist(c *canvas) {
	out := blurred(c.img, c.px("brush"))
	half := c.px("brush") / 2
	c.paintLayer(out, layer{half: 1.6 * half, aspect: 3, jitter: 0.14, saturation: 1.35, bristle: 0.35})
	c.paintLayer(out, layer{half: 0.8 * half, aspect: 3.2, jitter: 0.1, saturation: 1.3, bristle: 0.35, detail: 0.1})
	c.img = out
}

// swirlingPaint: long curved strokes that follow the picture's flow, thick and in strong blues and yellows.
func swirlingPaint(c *canvas) {
	out := blurred(c.img, 0.03*c.unit)
	swirl := c.img.Clone()
	l := layer{half: 0.015 * c.unit, aspect: 5, jitter: 0.2, saturation: 1.7, bristle: 0.5}
	c.paintLayer(out, l)
	c.img = out
	f := flow(luma(blurred(swirl, 0.02*c.unit)), 0.05*c.unit)
	height := c.bristles(f, 0.012*c.unit, 0.07*c.unit)
	light := relief(height, 0.8*max(0.012*c.unit, 1))
	c.each(func(x, y int, p rgb) rgb {
		h := height.at(x, y) - 0.5
		p = p.contrast(1.15).add(rgb{0.25, 0.2, -0.22}.scale(h * 1.2))
		return p.scale(mix(1, light.at(x, y), 0.75))
	})
}

// paletteKnife: large flat slabs of thick paint.
func paletteKnife(c *canvas) {
	out := blurred(c.img, 0.05*c.unit)
	c.paintLayer(out, layer{half: 0.04 * c.unit, aspect: 1.9, jitter: 0.1, saturation: 1.25, bristle: 0.45})
	c.paintLayer(out, layer{half: 0.022 * c.unit, aspect: 2, jitter: 0.12, saturation: 1.3, bristle: 0.5, detail: 0.09})
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
	c.paintLayer(out, layer{half: 1.15 * half, aspect: 1, jitter: 0.16, saturation: 1.6})
	c.paintLayer(out, layer{half: 0.8 * half, aspect: 1, jitter: 0.42, saturation: 1.9, detail: 0.03})
	c.img = out
}
