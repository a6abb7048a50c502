package teacher

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
)

// canvas is what an edit works on: it changes img in place or replaces it by one of the same size.
type canvas struct {
	img   *imageio.Image
	scene *scene.Scene // nil for a photo
	step  Step
	unit  float32 // pixels of the short side: the yardstick of all sizes
	seed  uint64
}

// textureSeed is the seed of surfaces such as paper and canvas, which are the same for every picture, so
// that a network can learn them.
const textureSeed = 0x7e47

// value returns the setting of a parameter. Asking for one that the edit hasn't declared is a mistake in
// the edit, which the tests find.
func (c *canvas) value(name string) float64 {
	for i, p := range c.step.Edit.Params {
		if p.Name == name {
			return c.step.Values[i]
		}
	}
	panic(fmt.Sprintf("edit %q declares no parameter %q", c.step.Edit.Name, name))
}

// num returns a numeric setting.
func (c *canvas) num(name string) float32 {
	return float32(c.value(name))
}

// px returns a size setting in pixels.
func (c *canvas) px(name string) float32 { return c.num(name) * c.unit }

// colour returns the colour that a setting names.
func (c *canvas) colour(name string) rgb {
	return namedColours()[int(c.value(name))].rgb
}

// each replaces every pixel by f of it. f may read img only at (x, y).
func (c *canvas) each(f func(x, y int, p rgb) rgb) {
	for y := range c.img.H {
		for x := range c.img.W {
			i := 3 * (y*c.img.W + x)
			p := f(x, y, rgb(c.img.Pix[i:i+3]))
			copy(c.img.Pix[i:i+3], p[:])
		}
	}
}

// tone replaces every pixel by a function of its colour alone.
func (c *canvas) tone(f func(p rgb) rgb) {
	c.each(func(_, _ int, p rgb) rgb { return f(p) })
}

// uv returns the centre of a pixel in short sides from the top left corner.
func (c *canvas) uv(x, y int) (u, v float32) {
	return (float32(x) + 0.5) / c.unit, (float32(y) + 0.5) / c.unit
}

// centred returns the centre of a pixel relative to the picture's middle: -1 and 1 are the borders.
func (c *canvas) centred(x, y int) (u, v float32) {
	return (2*float32(x)+1)/float32(c.img.W) - 1, (2*float32(y)+1)/float32(c.img.H) - 1
}

// plane returns a new plane of the picture's size, set by f.
func (c *canvas) plane(f func(x, y int) float32) plane {
	return newPlane(c.img.W, c.img.H).fill(f)
}

// warp moves pixels: each takes the colour found at the position that f returns.
func (c *canvas) warp(f func(x, y int) (fx, fy float32)) {
	src := c.img.Clone()
	c.each(func(x, y int, _ rgb) rgb {
		fx, fy := f(x, y)
		return sampleRGB(src, fx, fy)
	})
}

// relief shades a height field lit from the top left: 1 is flat, below in shadow, above in light. The
// slope is in height per `scale` pixels.
func relief(height plane, scale float32) plane {
	return newPlane(height.w, height.h).fill(func(x, y int) float32 {
		gx, gy := height.gradient(x, y)
		return 1 - scale*(gx+gy)
	})
}

// paper returns the lightness of grained paper, around 1; grain is the size of its bumps in short sides.
func (c *canvas) paper(grain, depth float32) plane {
	return c.plane(func(x, y int) float32 {
		u, v := c.uv(x, y)
		return 1 + depth*(fbm(textureSeed, u/grain, v/grain, 3)-0.5)
	})
}
