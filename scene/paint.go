package scene

import (
	"image"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// rgb is a colour in sRGB encoding, range [0,1]. All mixing happens in this encoding: the pictures
// are paintings, and networks see the same numbers.
type rgb [3]float64

func (a rgb) mix(b rgb, t float64) rgb {
	return rgb{lerp(a[0], b[0], t), lerp(a[1], b[1], t), lerp(a[2], b[2], t)}
}

func (a rgb) mul(b rgb) rgb { return rgb{a[0] * b[0], a[1] * b[1], a[2] * b[2]} }

func (a rgb) scale(k float64) rgb { return rgb{a[0] * k, a[1] * k, a[2] * k} }

func (a rgb) add(b rgb) rgb { return rgb{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }

func (a rgb) float32() [3]float32 {
	return [3]float32{float32(clamp(a[0], 0, 1)), float32(clamp(a[1], 0, 1)), float32(clamp(a[2], 0, 1))}
}

// pt is a point of the picture in units of its shorter side, from the top left corner.
type pt struct{ x, y float64 }

// shader gives the colour of a point and how opaque the paint is there, 0 to 1.
type shader func(x, y float64) (rgb, float64)

func flat(c rgb) shader { return func(x, y float64) (rgb, float64) { return c, 1 } }

// keep is the region of paint that changes the colour and leaves masks and depth: shadows and glows.
const keep = NumRegions

// floor is the distance of paint that lies on the flat ground: it differs from pixel to pixel.
const floor = 0

// canvas is a picture being painted, with its masks and depth.
type canvas struct {
	w, h  int
	scale float64   // pixels per unit
	pix   []float32 // [h,w,3]
	depth []float32 // [h,w]
	masks [NumRegions][]float32
	used  []Region // the regions whose mask exists
	// ground is the distance in metres of the flat ground seen at a point.
	ground func(y float64) float64
	ras    vector.Rasterizer
	cover  image.Alpha
}

// newCanvas returns a canvas that is all sky.
func newCanvas(w, h int) *canvas {
	c := &canvas{w: w, h: h, scale: float64(min(w, h)), pix: make([]float32, 3*w*h), depth: make([]float32, w*h)}
	sky := c.mask(Sky)
	for i := range sky {
		sky[i], c.depth[i] = 1, 1
	}
	return c
}

// size returns the width and height in units; the shorter one is 1.
func (c *canvas) size() (w, h float64) { return float64(c.w) / c.scale, float64(c.h) / c.scale }

// px is the width of a pixel in units.
func (c *canvas) px() float64 { return 1 / c.scale }

func (c *canvas) mask(r Region) []float32 {
	if c.masks[r] == nil {
		c.masks[r] = make([]float32, c.w*c.h)
		c.used = append(c.used, r)
	}
	return c.masks[r]
}

// blend lays paint of opacity a on pixel i.
func (c *canvas) blend(i int, col rgb, a float32, r Region, depth float32) {
	p := c.pix[3*i : 3*i+3 : 3*i+3]
	for k := range p {
		// The conversion keeps the product from being fused into the sum on some machines.
		p[k] += float32(a * (float32(clamp(col[k], 0, 1)) - p[k]))
	}
	if r == keep {
		return
	}
	c.depth[i] += float32(a * (depth - c.depth[i]))
	c.mask(r)
	for _, u := range c.used {
		m := c.masks[u]
		if m[i] != 0 {
			m[i] *= 1 - a
		}
	}
	c.masks[r][i] += a
}

// fill paints the inside of a polygon with exact area coverage at its edges. z is the distance in
// metres, or floor.
func (c *canvas) fill(poly []pt, r Region, z float64, paint shader) {
	box := c.bounds(poly)
	if box.Empty() {
		return
	}
	c.rasterise(poly, box)
	px := c.px()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		far := z
		if z == floor && r != keep {
			far = c.ground((float64(y) + 0.5) * px)
		}
		depth := float32(far / (far + DepthScale))
		row := c.cover.Pix[(y-box.Min.Y)*c.cover.Stride:][:box.Dx()]
		for k, cov := range row {
			if cov == 0 {
				continue
			}
			x := box.Min.X + k
			col, a := paint((float64(x)+0.5)*px, (float64(y)+0.5)*px)
			if a > 0 {
				c.blend(y*c.w+x, col, float32(a)*float32(cov)/255, r, depth)
			}
		}
	}
}

// bounds returns the pixels that a polygon may touch.
func (c *canvas) bounds(poly []pt) image.Rectangle {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range poly {
		x0, x1 = min(x0, p.x), max(x1, p.x)
		y0, y1 = min(y0, p.y), max(y1, p.y)
	}
	px := func(v float64, limit int) int { return int(clamp(v*c.scale, 0, float64(limit))) }
	return image.Rect(px(x0, c.w), px(y0, c.h), px(x1+c.px(), c.w), px(y1+c.px(), c.h))
}

// rasterise leaves the coverage of a polygon within box in c.cover.
func (c *canvas) rasterise(poly []pt, box image.Rectangle) {
	w, h := box.Dx(), box.Dy()
	if cap(c.cover.Pix) < w*h {
		c.cover.Pix = make([]byte, w*h)
	}
	c.cover = image.Alpha{Pix: c.cover.Pix[:w*h], Stride: w, Rect: image.Rect(0, 0, w, h)}
	c.ras.Reset(w, h)
	c.ras.DrawOp = draw.Src
	for k, p := range poly {
		x, y := float32(p.x*c.scale-float64(box.Min.X)), float32(p.y*c.scale-float64(box.Min.Y))
		if k == 0 {
			c.ras.MoveTo(x, y)
		} else {
			c.ras.LineTo(x, y)
		}
	}
	c.ras.ClosePath()
	c.ras.Draw(&c.cover, c.cover.Rect, image.Opaque, image.Point{})
}

// rect returns the corners of a rectangle.
func rect(x0, y0, x1, y1 float64) []pt { return []pt{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}} }

// ellipse returns a polygon close to an ellipse.
func ellipse(cx, cy, rx, ry float64) []pt {
	const n = 20
	poly := make([]pt, n)
	for i := range poly {
		s, c := math.Sincos(2 * math.Pi * float64(i) / n)
		poly[i] = pt{cx + rx*c, cy + ry*s}
	}
	return poly
}

// stroke returns a line from a to b that tapers from width wa to wb.
func stroke(a, b pt, wa, wb float64) []pt {
	dx, dy := b.x-a.x, b.y-a.y
	l := math.Hypot(dx, dy)
	if l == 0 {
		return nil
	}
	nx, ny := -dy/l/2, dx/l/2
	return []pt{{a.x + nx*wa, a.y + ny*wa}, {b.x + nx*wb, b.y + ny*wb}, {b.x - nx*wb, b.y - ny*wb}, {a.x - nx*wa, a.y - ny*wa}}
}
