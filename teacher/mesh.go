package teacher

import "github.com/warmstart-ml/warmstart/imageio"

// Ways to cut a picture into pieces that fit what it shows. The result is a number per pixel, row by row:
// the piece that it belongs to.

// centre is the mean place and colour of a superpixel that holds n pixels.
type centre struct {
	x, y, n float32
	p       rgb
}

// centreGrid is a grid of superpixels of about step pixels.
type centreGrid struct {
	cols, rows       int
	sx, sy           float32 // pixels from one to the next
	centres          []centre
	compact, inverse float32 // weight of place against colour; 1/step
}

func newCentreGrid(m *imageio.Image, step, compact float32) *centreGrid {
	g := &centreGrid{compact: compact, inverse: 1 / step}
	g.cols, g.rows = max(1, int(float32(m.W)/step+0.5)), max(1, int(float32(m.H)/step+0.5))
	g.sx, g.sy = float32(m.W)/float32(g.cols), float32(m.H)/float32(g.rows)
	g.centres = make([]centre, g.cols*g.rows)
	for i := range g.centres {
		jx, jy := hash01(textureSeed, i, 0)-0.5, hash01(textureSeed, i, 1)-0.5
		x, y := (float32(i%g.cols)+0.5+0.5*jx)*g.sx, (float32(i/g.cols)+0.5+0.5*jy)*g.sy
		g.centres[i] = centre{x, y, 1, sampleRGB(m, x, y)}
	}
	return g
}

// nearest returns the superpixel closest in place and colour.
func (g *centreGrid) nearest(x, y float32, p rgb) int {
	best, id := float32(1e9), 0
	gx, gy := int(x/g.sx), int(y/g.sy)
	for cy := max(0, gy-2); cy <= min(g.rows-1, gy+2); cy++ {
		for cx := max(0, gx-2); cx <= min(g.cols-1, gx+2); cx++ {
			k := &g.centres[cy*g.cols+cx]
			dx, dy := (x-k.x)*g.inverse, (y-k.y)*g.inverse
			if d := p.dist2(k.p) + g.compact*(dx*dx+dy*dy); d < best {
				best, id = d, cy*g.cols+cx
			}
		}
	}
	return id
}

// superpixels cuts the picture into compact pieces that follow its edges: SLIC (Achanta et al. 2012).
// step is the size of a piece in pixels; a larger compact makes them more regular.
func superpixels(m *imageio.Image, step, compact float32) []int {
	g := newCentreGrid(m, step, compact)
	ids := make([]int, m.W*m.H)
	for range 4 {
		sums := make([]centre, len(g.centres))
		for i := range ids {
			x, y, p := float32(i%m.W), float32(i/m.W), rgb(m.Pix[3*i:3*i+3])
			ids[i] = g.nearest(x, y, p)
			s := &sums[ids[i]]
			s.x, s.y, s.n, s.p = s.x+x, s.y+y, s.n+1, s.p.add(p)
		}
		for i, s := range sums {
			if s.n > 0 {
				g.centres[i] = centre{s.x / s.n, s.y / s.n, 1, s.p.scale(1 / s.n)}
			}
		}
	}
	return ids
}

// triangles cuts the picture into triangles of about step pixels whose corners were drawn to its edges.
func (c *canvas) triangles(step float32) []int {
	w, h := c.img.W, c.img.H
	cols, rows := int(float32(w)/step+1.5), int(float32(h)/step+1.5)
	sx, sy := float32(w)/float32(cols), float32(h)/float32(rows)
	edge := luma(c.img).edges(max(0.01*c.unit, 0.7), 0.04*c.unit)
	mesh := make([]vertex, (cols+3)*(rows+3)) // one more row of corners outside every border
	for i := range mesh {
		v := vertex{float32(i%(cols+3)-1) * sx, float32(i/(cols+3)-1) * sy}
		mesh[i] = v.toEdge(edge, 0.75*step, i)
	}
	ids := make([]int, w*h)
	for j := range rows + 2 {
		for i := range cols + 2 {
			a, b := j*(cols+3)+i, (j+1)*(cols+3)+i
			upper, lower := [3]int{a, a + 1, b + 1}, [3]int{a, b + 1, b}
			if hash01(textureSeed+3, i, j) < 0.5 { // cut the square along its other diagonal
				upper, lower = [3]int{a, a + 1, b}, [3]int{a + 1, b + 1, b}
			}
			for k, t := range [2][3]int{upper, lower} {
				fillTriangle(ids, w, h, mesh[t[0]], mesh[t[1]], mesh[t[2]], 2*a+k+1)
			}
		}
	}
	return ids
}

// vertex is a corner of a mesh, in pixels.
type vertex struct{ x, y float32 }

// toEdge moves a corner to the strongest edge among a few random places nearby.
func (v vertex) toEdge(edge plane, reach float32, id int) vertex {
	best, out := float32(-1), v
	for k := range 24 {
		t := vertex{v.x + reach*(hash01(textureSeed, id, k)-0.5), v.y + reach*(hash01(textureSeed+1, id, k)-0.5)}
		// The small random term scatters corners where there is no edge.
		if e := edge.sample(t.x, t.y) + 0.02*hash01(textureSeed+2, id, k); e > best {
			best, out = e, t
		}
	}
	return out
}

// fillTriangle marks the pixels whose centre lies in a triangle.
func fillTriangle(ids []int, w, h int, a, b, d vertex, id int) {
	side := func(p, q vertex, x, y float32) float32 {
		return (q.x-p.x)*(y-p.y) - (q.y-p.y)*(x-p.x)
	}
	x0, x1 := max(0, floor(min(a.x, b.x, d.x))), min(w-1, floor(max(a.x, b.x, d.x)+1))
	y0, y1 := max(0, floor(min(a.y, b.y, d.y))), min(h-1, floor(max(a.y, b.y, d.y)+1))
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			fx, fy := float32(x), float32(y)
			s0, s1, s2 := side(a, b, fx, fy), side(b, d, fx, fy), side(d, a, fx, fy)
			if s0 >= 0 && s1 >= 0 && s2 >= 0 || s0 <= 0 && s1 <= 0 && s2 <= 0 {
				ids[y*w+x] = id
			}
		}
	}
}
