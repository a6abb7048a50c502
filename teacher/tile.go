package teacher

// tileEdits rebuild the picture from pieces of one colour.
func tileEdits() []Edit {
	tile := func(def float64) Param { return size("tile", "size of a piece", 0.015, 0.3, def) }
	return []Edit{
		{Name: "pixel-art", Title: "pixel art", Kind: Texture, apply: pixelArt, Params: []Param{tile(0.035)}},
		{Name: "mosaic", Title: "mosaic tiles", Kind: Texture, apply: mosaic, Params: []Param{tile(0.055)}},
		{Name: "stained-glass", Title: "stained glass window", Kind: Texture, apply: stainedGlass, Params: []Param{tile(0.12)}},
		{Name: "cut-paper", Title: "cut paper collage", Kind: Texture, apply: cutPaper, Params: []Param{tile(0.11)}},
		{Name: "low-poly", Title: "low poly", Kind: Texture, apply: lowPoly, Params: []Param{tile(0.1)}},
		{Name: "crystal", Title: "crystallized", Kind: Texture, apply: crystal, Params: []Param{tile(0.07)}},
		{Name: "hexagons", Title: "hexagon tiles", Kind: Texture, apply: hexagons, Params: []Param{tile(0.06)}},
		{Name: "toy-bricks", Title: "toy bricks", Kind: Texture, apply: toyBricks, Params: []Param{tile(0.065)}},
		{Name: "cross-stitch", Title: "cross stitch", Kind: Texture, apply: crossStitch, Params: []Param{tile(0.055)}},
		{Name: "knitted", Title: "knitted wool", Kind: Texture, apply: knitted, Params: []Param{tile(0.06)}},
	}
}

// blocks replaces squares of b pixels by their mean.
func (c *canvas) blocks(b int) {
	c.pieces(func(x, y int) (int, int) { return x / b, y / b })
}

// pieces replaces every set of pixels with the same key by its mean colour.
func (c *canvas) pieces(key func(x, y int) (int, int)) {
	type acc struct {
		sum rgb
		n   float32
	}
	sums := map[[2]int]acc{} // only looked up, never ranged over
	keys := make([][2]int, 0, c.img.W*c.img.H)
	c.each(func(x, y int, p rgb) rgb {
		kx, ky := key(x, y)
		k := [2]int{kx, ky}
		a := sums[k]
		sums[k] = acc{a.sum.add(p), a.n + 1}
		keys = append(keys, k)
		return p
	})
	c.each(func(x, y int, _ rgb) rgb {
		a := sums[keys[y*c.img.W+x]]
		return a.sum.scale(1 / a.n)
	})
}

// tilePx is the size of a piece in pixels, at least so many.
func (c *canvas) tilePx(least float32) float32 { return max(c.px("tile"), least) }

// pixelArt: blocks in the few colours of an old game console.
func pixelArt(c *canvas) {
	b := int(c.tilePx(2) + 0.5)
	c.blocks(b)
	c.each(func(x, y int, p rgb) rgb {
		l, m, s := p.saturate(1.35).contrast(1.1).clamp().oklab()
		d := 0.35 * (bayer(x/b, y/b) - 0.5)
		return fromOKLab(softRound(l*7+d, 99)/7, softRound(m*16+d, 99)/16, softRound(s*16-d, 99)/16).clamp()
	})
}

// bevel lightens the upper left rim of a piece and darkens the lower right one; u and v run from -1 to 1.
func bevel(u, v, rim float32) float32 {
	edge := func(t float32) float32 { return smoothstep(1-rim, 1, t) }
	return 1 + 0.28*(max(edge(-u), edge(-v))-max(edge(u), edge(v)))
}

// mosaic: slightly irregular glazed stones in pale grout.
func mosaic(c *canvas) {
	t := c.tilePx(3.5)
	at := func(x, y int) cell {
		return worley(textureSeed, (float32(x)+0.5)/t, (float32(y)+0.5)/t, 0.32)
	}
	c.pieces(func(x, y int) (int, int) { n := at(x, y); return n.x, n.y })
	soft := 0.4 / t
	c.each(func(x, y int, p rgb) rgb {
		n := at(x, y)
		u, v := 2*((float32(x)+0.5)/t-n.px), 2*((float32(y)+0.5)/t-n.py)
		shade := 0.88 + 0.24*hash01(textureSeed+5, n.x, n.y)
		stone := p.saturate(1.2).scale(shade * bevel(u, v, 0.6))
		grout := smoothstep(0.1+soft, 0.1-soft, n.d2-n.d1)
		return stone.mix(hex(0xcfc6b4), 0.85*grout)
	})
}

// seams is 1 where neighbouring pixels belong to different pieces, blurred to a line of some width in pixels.
func (c *canvas) seams(ids []int, width float32) plane {
	w, h := c.img.W, c.img.H
	s := c.plane(func(x, y int) float32 {
		i := y*w + x
		if ids[i] != ids[y*w+min(x+1, w-1)] || ids[i] != ids[min(y+1, h-1)*w+x] {
			return 1
		}
		return 0
	}).blur(width / 2)
	for i, v := range s.v {
		s.v[i] = clamp01(v * max(1.2*width, 1))
	}
	return s
}

func stainedGlass(c *canvas) {
	c.img = blurred(c.img, 0.015*c.unit)
	ids := superpixels(c.img, c.tilePx(5), 0.12)
	c.pieces(func(x, y int) (int, int) { return ids[y*c.img.W+x], 0 })
	lead := c.seams(ids, max(0.013*c.unit, 0.9))
	c.each(func(x, y int, p rgb) rgb {
		u, v := c.uv(x, y)
		h, s, l := p.hsv()
		glass := fromHSV(h, clamp01(1.5*s+0.12), clamp01(0.25+0.85*l))
		ripple := 0.82 + 0.36*fbm(textureSeed, u*9, v*14, 2)
		sun := 1.15 - 0.35*smoothstep(0.2, 1.5, hypot(u-0.5, v-0.35))
		return glass.scale(ripple*sun).mix(hex(0x0e0d10), smoothstep(0.25, 0.65, lead.at(x, y)))
	})
}

// cutPaper: layers of coloured paper with shadows under their lower right edges.
func cutPaper(c *canvas) {
	c.img = blurred(c.img, 0.012*c.unit)
	ids := superpixels(c.img, c.tilePx(5), 0.035)
	c.pieces(func(x, y int) (int, int) { return ids[y*c.img.W+x], 0 })
	l := luma(c.img)
	shadow := l.blur(0.012 * c.unit)
	d := 0.012 * c.unit
	fibre := c.paper(0.01, 0.1)
	c.each(func(x, y int, p rgb) rgb {
		// A lighter sheet up left lies higher and casts its shadow here.
		drop := clamp01(3 * (shadow.sample(float32(x)-d, float32(y)-d) - l.at(x, y)))
		rim := clamp01(2.5 * (l.at(x, y) - l.sample(float32(x)-0.6*d, float32(y)-0.6*d)))
		lab, a, b := p.oklab()
		sheet := fromOKLab(softRound(lab*7, 6)/7+0.03, 1.3*a, 1.3*b)
		return sheet.scale((1-0.5*drop)*fibre.at(x, y)).mix(grey(1), 0.25*rim)
	})
}

// lowPoly: a mesh of triangles whose corners sit on the picture's edges.
func lowPoly(c *canvas) {
	ids := c.triangles(c.tilePx(5))
	c.pieces(func(x, y int) (int, int) { return ids[y*c.img.W+x], 0 })
	c.each(func(x, y int, p rgb) rgb {
		facet := hash01(textureSeed+4, ids[y*c.img.W+x], 0)
		return p.saturate(1.3).contrast(1.08).scale(0.92 + 0.16*facet)
	})
}

// crystal: Voronoi cells, each lit like a facet.
func crystal(c *canvas) {
	t := c.tilePx(3)
	at := func(x, y int) cell { return worley(textureSeed, (float32(x)+0.5)/t, (float32(y)+0.5)/t, 1) }
	c.pieces(func(x, y int) (int, int) { n := at(x, y); return n.x, n.y })
	c.each(func(x, y int, p rgb) rgb {
		n := at(x, y)
		u, v := (float32(x)+0.5)/t-n.px, (float32(y)+0.5)/t-n.py
		turn := 6.3 * hash01(textureSeed+3, n.x, n.y)
		slope := u*cos(turn) + v*sin(turn)
		rim := smoothstep(0.12, 0, n.d2-n.d1)
		return p.saturate(1.2).scale(1+0.35*slope).mix(grey(1), 0.22*rim)
	})
}

// hexCell returns the cell of a hexagonal grid and the distance from its border: 0 there, 0.5 in the middle.
func hexCell(u, v float32) (i, j int, border float32) {
	const h = 1.7320508 // sqrt(3): the rows of each of two interleaved rectangular grids
	part := func(u, v float32) (int, int, float32, float32) {
		i, j := floor(u+0.5), floor(v/h+0.5)
		return i, j, u - float32(i), v - float32(j)*h
	}
	ai, aj, ax, ay := part(u, v)
	bi, bj, bx, by := part(u-0.5, v-h/2)
	if ax*ax+ay*ay > bx*bx+by*by {
		ai, aj, ax, ay = bi, bj+1<<20, bx, by
	}
	return ai, aj, 0.5 - max(abs(ax), 0.5*abs(ax)+0.8660254*abs(ay))
}

func hexagons(c *canvas) {
	t := c.tilePx(3.5)
	at := func(x, y int) (int, int, float32) { return hexCell((float32(x)+0.5)/t, (float32(y)+0.5)/t) }
	c.pieces(func(x, y int) (int, int) { i, j, _ := at(x, y); return i, j })
	soft := 0.5 / t
	c.each(func(x, y int, p rgb) rgb {
		_, _, border := at(x, y)
		return p.saturate(1.15).scale(1.04).mix(hex(0x202428), 0.8*smoothstep(0.05+soft, 0.05-soft, border))
	})
}

// toyBricks: square plates with a round stud, in the few colours that plastic comes in.
func toyBricks(c *canvas) {
	b := int(c.tilePx(4) + 0.5)
	c.blocks(b)
	palette := []rgb{hex(0xc91a09), hex(0xf2cd37), hex(0x0055bf), hex(0x237841), hex(0xf4f4f4), hex(0x1b2a34),
		hex(0x6d6e5c), hex(0xa0a5a9), hex(0xfe8a18), hex(0x583927), hex(0xe4cd9e), hex(0x5a93db), hex(0xbbe90b),
		hex(0x7ba0bd), hex(0x4b9f4a), hex(0x0a3463), hex(0xcd6298), hex(0xb48455)}
	c.each(func(x, y int, p rgb) rgb {
		u, v := (float32(x%b)+0.5)/float32(b)*2-1, (float32(y%b)+0.5)/float32(b)*2-1
		brick := nearest(palette, p.saturate(1.35).contrast(1.1))
		r, soft := hypot(u, v), 1.4/float32(b)
		stud := smoothstep(0.62+soft, 0.62-soft, r)
		// The stud's wall is bright towards the light and shaded away from it.
		wall := smoothstep(0.22, 0, abs(r-0.62)) * (-u - v) / max(r, 0.1)
		return brick.scale(bevel(u, v, 0.2)).scale(1 + 0.1*stud + 0.32*wall)
	})
}

func crossStitch(c *canvas) {
	b := int(c.tilePx(3) + 0.5)
	c.blocks(b)
	c.each(func(x, y int, p rgb) rgb {
		u, v := (float32(x%b)+0.5)/float32(b)*2-1, (float32(y%b)+0.5)/float32(b)*2-1
		one, two := smoothstep(0.8, 0.4, abs(u-v)), smoothstep(0.8, 0.4, abs(u+v))
		cloth := hex(0xfaf4e6).scale(0.92 + 0.08*cos(3.1416*u)*cos(3.1416*v))
		yarn := p.saturate(1.6).contrast(1.1).clamp().each(func(v float32) float32 { return softRound(v*6, 5) / 6 })
		out := cloth.mix(yarn.scale(0.85), one)
		return out.mix(yarn.scale(1.05), two)
	})
}

// knitted: columns of V-shaped stitches.
func knitted(c *canvas) {
	t := c.tilePx(4)
	at := func(x, y int) (col, row int, u, v float32) {
		fx := (float32(x) + 0.5) / t
		col = floor(fx)
		u = 2*(fx-float32(col)) - 1
		fy := (float32(y)+0.5)/(0.8*t) + 0.75*abs(u) // the legs of the V rise to both sides
		row = floor(fy)
		return col, row, u, fy - float32(row)
	}
	c.pieces(func(x, y int) (int, int) { col, row, _, _ := at(x, y); return col, row })
	c.each(func(x, y int, p rgb) rgb {
		_, _, u, v := at(x, y)
		leg := sin(3.1416*abs(u)) * sin(3.1416*v) // each leg is a rounded strand
		fuzz := 0.12 * (hash01(textureSeed, x, y) - 0.5)
		return p.saturate(1.15).scale(0.55 + 0.55*sqrt(max(0, leg)) + fuzz)
	})
}
