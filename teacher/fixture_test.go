package teacher_test

import (
	"math"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

// landscape is a small fixed scene, made here so that the golden pictures don't change with package scene:
// sky with a sun and a cloud, a mountain, a meadow with a path, a lake, a tree, and a house with a lamp.
// Its geometry is the same in every size.
func landscape(w, h int) teacher.Source {
	s := &scene.Scene{
		Image:   imageio.New(w, h),
		Depth:   make([]float32, w*h),
		Horizon: 0.5,
		Lamps:   []scene.Point{{X: 0.2, Y: 0.55}},
	}
	s.Light.Source, s.Light.Visible = scene.Point{X: 0.8, Y: 0.15}, true
	for y := range h {
		for x := range w {
			u, v := (float64(x)+0.5)/float64(w), (float64(y)+0.5)/float64(h)
			region, depth := regionAt(u, v)
			if s.Masks[region] == nil {
				s.Masks[region] = make([]float32, w*h)
			}
			s.Masks[region][y*w+x] = 1
			s.Depth[y*w+x] = depth
			k := float32(0.85 + 0.3*v + 0.1*math.Sin(20*u)*math.Sin(17*v)) // some shading in every region
			c := regionColours[region]
			s.Image.Set(x, y, min(1, c[0]*k), min(1, c[1]*k), min(1, c[2]*k))
		}
	}
	return teacher.FromScene(s)
}

func within(u, v, cu, cv, r float64) bool { return math.Hypot(u-cu, v-cv) < r }

// regionAt says what stands at a place, given in fractions of the picture, and how far away.
func regionAt(u, v float64) (scene.Region, float32) {
	switch {
	case u > 0.28 && u < 0.34 && v > 0.6 && v < 0.66, u > 0.38 && u < 0.44 && v > 0.6 && v < 0.66:
		return scene.Window, 0.2
	case u > 0.25 && u < 0.47 && v > 0.56 && v < 0.75:
		return scene.House, 0.2
	case v > 0.44 && v < 0.56 && math.Abs(u-0.36) < (v-0.42):
		return scene.Roof, 0.2
	case within(u, v, 0.72, 0.5, 0.13):
		return scene.Tree, 0.15
	case math.Abs(u-0.72) < 0.02 && v > 0.5 && v < 0.75:
		return scene.Wood, 0.15
	case within(u, v, 0.8, 0.15, 0.06):
		return scene.Sun, 1
	case within(u, 2*v, 0.3, 0.4, 0.15):
		return scene.Cloud, 1
	case v < 0.5 && v > 0.3+0.8*math.Abs(u-0.5):
		return scene.Mountain, 0.9
	case v < 0.5:
		return scene.Sky, 1
	case v > 0.8 && u > 0.4:
		return scene.Water, float32(0.05 / (v - 0.4))
	case math.Abs(u-0.15) < 0.3*(v-0.5):
		return scene.Path, float32(0.05 / (v - 0.4))
	default:
		return scene.Ground, float32(0.05 / (v - 0.4))
	}
}

var regionColours = map[scene.Region][3]float32{
	scene.Window: {0.3, 0.4, 0.5}, scene.House: {0.75, 0.35, 0.28}, scene.Roof: {0.4, 0.25, 0.2},
	scene.Tree: {0.18, 0.42, 0.16}, scene.Wood: {0.35, 0.25, 0.15}, scene.Sun: {1, 0.95, 0.8},
	scene.Cloud: {0.9, 0.9, 0.93}, scene.Mountain: {0.5, 0.55, 0.65}, scene.Sky: {0.45, 0.68, 0.9},
	scene.Water: {0.25, 0.45, 0.6}, scene.Path: {0.65, 0.56, 0.42}, scene.Ground: {0.4, 0.6, 0.25},
}

// photo is the same picture without masks.
func photo(w, h int) teacher.Source { return teacher.Source{Image: landscape(w, h).Image} }

// sourceFor returns the richest source of a size that the edit accepts and that exercises it.
func sourceFor(e teacher.Edit, w, h int) teacher.Source {
	if e.Kind == teacher.Scenery {
		return landscape(w, h)
	}
	return photo(w, h)
}

func mustApply(t testing.TB, expr string, src teacher.Source, seed uint64) *imageio.Image {
	t.Helper()
	chain, err := teacher.Parse(expr)
	if err != nil {
		t.Fatalf("Parse(%q): %v", expr, err)
	}
	out, err := chain.Apply(src, seed)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return out
}

// meanDiff is the mean absolute difference of two pictures of one size.
func meanDiff(a, b *imageio.Image) float64 {
	var sum float64
	for i, v := range a.Pix {
		sum += math.Abs(float64(v - b.Pix[i]))
	}
	return sum / float64(len(a.Pix))
}
