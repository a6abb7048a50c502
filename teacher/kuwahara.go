package teacher

import (
	"math"

	"github.com/warmstart-ml/warmstart/imageio"
)

// kuwahara flattens colours and keeps edges: the mean of whichever of 8 sectors around a pixel varies
// least. Sectors are weighted smoothly (Papari et al. 2007) and lie in an ellipse stretched along the flow
// (Kyprianidis, Kang, Döllner 2009). radius is in pixels.
func kuwahara(m *imageio.Image, radius float32) *imageio.Image {
	k := kuwaharaFilter{img: m, luma: luma(m), radius: max(radius, 1.5), table: sectorWeights()}
	k.flow = flow(k.luma, max(0.7*k.radius, 0.8))
	out := imageio.New(m.W, m.H)
	for y := range m.H {
		for x := range m.W {
			p := k.at(x, y)
			copy(out.Pix[3*(y*m.W+x):], p[:])
		}
	}
	return out
}

// kuwaharaFilter is what filtering a pixel needs.
type kuwaharaFilter struct {
	img    *imageio.Image
	luma   plane
	flow   flowField
	radius float32 // pixels
	table  *[lensSteps * lensSteps][]share
}

// sector accumulates the weighted moments of one sector.
type sector struct {
	n, l, ll float32 // weight, lightness, squared lightness
	sum      rgb
}

// share is the weight of a place in one sector.
type share struct {
	sector int
	weight float32
}

// lensSteps is the resolution of the table of sector weights over the unit disc.
const lensSteps = 32

// sectorWeights tabulates the shares of every place (u, v) in [-1,1]^2: a sector's weight fades with the
// angle from its axis and with the distance; the centre belongs to all.
func sectorWeights() *[lensSteps * lensSteps][]share {
	var table [lensSteps * lensSteps][]share
	for i := range table {
		u := (2*float32(i%lensSteps)+1)/lensSteps - 1
		v := (2*float32(i/lensSteps)+1)/lensSteps - 1
		for k := range 8 {
			a := float32(k) * math.Pi / 4
			if side := u*cos(a) + v*sin(a) + 0.12; side > 0 && u*u+v*v <= 1 {
				table[i] = append(table[i], share{k, (1 - 0.8*(u*u+v*v)) * side * side * side})
			}
		}
	}
	return &table
}

// at filters one pixel.
func (k *kuwaharaFilter) at(x, y int) rgb {
	m, i := k.img, y*k.img.W+x
	tx, ty, a := k.flow.tx.v[i], k.flow.ty.v[i], k.flow.aniso.v[i]
	long, short := k.radius*(1+0.6*a), k.radius/(1+0.6*a)
	reach := int(long)
	var sectors [8]sector
	for dy := -reach; dy <= reach; dy++ {
		row := min(max(y+dy, 0), m.H-1) * m.W
		for dx := -reach; dx <= reach; dx++ {
			u := (float32(dx)*tx + float32(dy)*ty) / long
			v := (float32(dy)*tx - float32(dx)*ty) / short
			if u*u+v*v >= 1 {
				continue
			}
			j := row + min(max(x+dx, 0), m.W-1)
			p, lj := rgb(m.Pix[3*j:3*j+3]), k.luma.v[j]
			for _, w := range k.table[int((v+1)*lensSteps/2)*lensSteps+int((u+1)*lensSteps/2)] {
				s := &sectors[w.sector]
				wl := w.weight * lj
				s.n, s.l, s.ll = s.n+w.weight, s.l+wl, s.ll+wl*lj
				s.sum[0], s.sum[1], s.sum[2] = s.sum[0]+w.weight*p[0], s.sum[1]+w.weight*p[1], s.sum[2]+w.weight*p[2]
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
