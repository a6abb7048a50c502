package teacher

import (
	"math/rand/v2"

	"github.com/warmstart-ml/warmstart/imageio"
)

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
	f := flow(luma(src), max(3*l.half, 1))
	e := luma(c.img).edges(max(0.5*l.half, 0.5), 0.04*c.unit)
	rng := rand.New(rand.NewPCG(c.seed, uint64(l.half*1000)))
	step := 1.4 * l.half
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
