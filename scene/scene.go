// Package scene paints procedural landscapes with the masks, depth and light that image edits need.
//
// A scene is composed by a random grammar (a setting, an hour, the weather, then what stands where),
// laid out in metres in front of a pinhole camera and painted from far to near with analytic coverage.
// Geometry does not depend on the size of the picture: the same seed at 64x64 and 256x256 is the same
// place, seen more or less finely.
package scene

import (
	"math/rand/v2"
	"slices"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Region names what a pixel shows.
type Region uint8

// The regions of a scene. Their masks partition the picture.
const (
	Sky      Region = iota // open sky, with its stars
	Sun                    // disc of the sun or the moon
	Cloud                  // clouds
	Mountain               // distant mountains, snow caps included
	Ground                 // grass, fields and hills
	Sand                   // beaches, dunes, bare desert earth
	Path                   // paths, roads, pavements
	Water                  // sea, lakes, rivers, with what they reflect
	Rock                   // boulders, cliffs, sea stacks
	Tree                   // foliage of trees and bushes, cacti
	Wood                   // trunks, branches, fences, piers, bridges
	Flower                 // flower heads
	House                  // walls, doors, chimneys, towers
	Roof                   // roofs
	Window                 // window panes
	Lamp                   // street lamps, posts and heads
	Person                 // people
	Animal                 // birds, sheep, cows
	Craft                  // boats and balloons
	NumRegions
)

var regionNames = [NumRegions]string{
	"sky", "sun", "cloud", "mountain", "ground", "sand", "path", "water", "rock", "tree",
	"wood", "flower", "house", "roof", "window", "lamp", "person", "animal", "craft",
}

// String returns the lower-case name of the region.
func (r Region) String() string {
	if r < NumRegions {
		return regionNames[r]
	}
	return "unknown"
}

// Point is a place in the picture as fractions of its width and height, from the top left corner.
type Point struct{ X, Y float32 }

// Scene is a picture with what an edit may want to know about it. All planes are [h,w], row by row
// from the top.
type Scene struct {
	Image *imageio.Image
	// Masks holds the coverage of each pixel by each region, 0 to 1; nil if the region is absent.
	// The masks of a pixel add up to one.
	Masks [NumRegions][]float32
	// Depth is 0 at the eye and 1 for the sky: d = z/(z+DepthScale) for a distance of z metres,
	// so that z = DepthScale*d/(1-d). Edges hold a coverage-weighted mean.
	Depth []float32
	// Horizon is the height of the horizon as a fraction of the picture's height, from the top.
	Horizon float32
	Light   Light
	// Lamps are the heads of street lamps and lighthouses that nothing hides: lights at night.
	Lamps []Point
	// Setting is the kind of place, for example "mountain lake".
	Setting string
}

// DepthScale is the distance in metres at which Scene.Depth is one half.
const DepthScale = 60.0

// Light describes where the light comes from and what colour it has (sRGB, 0 to 1).
type Light struct {
	// Hour names the time of day: "day", "morning", "golden", "sunset", "dawn", "dusk", "night".
	Hour string
	// Weather is "clear", "fair", "cloudy" or "overcast".
	Weather string
	// Source is the place of the sun or the moon, in the picture or out of it.
	Source Point
	// Visible says whether Source stands in the open sky of the picture (hills may still hide it).
	Visible bool
	// Moon says that Source is the moon.
	Moon bool
	// Direct, Ambient and Haze are the colours of sun- or moonlight, of the light in shadows, and
	// of the air far away.
	Direct, Ambient, Haze [3]float32
}

// New paints the scene of a seed at w by h pixels; sizes below 1 are taken as 1. It is a pure
// function of its arguments. Machines that fuse multiplications with additions may round a sample
// differently, by far less than 1/255.
func New(seed uint64, w, h int) *Scene {
	r := rand.New(rand.NewPCG(seed, 0x5CE7E))
	place := settings[pick(r, len(settings), func(i int) float64 { return settings[i].share })]
	s := newStage(r, place, max(w, 1), max(h, 1))
	s.sky()
	s.clouds()
	place.paint(s)
	return s.scene(place.name)
}

// newStage sets up the camera, the light and the flora of a place.
func newStage(r *rand.Rand, place setting, w, h int) *stage {
	s := &stage{canvas: newCanvas(w, h), r: r}
	s.wide, s.high = s.size()
	s.horizon = s.high * between(r, place.horizon[0], place.horizon[1])
	s.eye = between(r, place.eye[0], place.eye[1])
	s.canvas.ground = s.distance
	s.light = newLight(r, s.wide, s.horizon)
	s.flora = newFlora(r)
	return s
}

// scene hands out what has been painted.
func (s *stage) scene(setting string) *Scene {
	for r, m := range s.masks {
		if m != nil && slices.Max(m) == 0 {
			s.masks[r] = nil // painted over
		}
		for i, v := range m {
			m[i] = min(v, 1) // rounding may have gone past it
		}
	}
	return &Scene{
		Image:   &imageio.Image{W: s.w, H: s.h, Pix: s.pix},
		Masks:   s.masks,
		Depth:   s.canvas.depth,
		Horizon: float32(s.horizon / s.high),
		Light: Light{
			Hour: s.hour, Weather: s.weather,
			Source:  Point{float32(s.source.x / s.wide), float32(s.source.y / s.high)},
			Visible: s.sourceVisible(), Moon: s.moon,
			Direct: s.direct.float32(), Ambient: s.ambient.float32(), Haze: s.haze.float32(),
		},
		Lamps:   s.shining(),
		Setting: setting,
	}
}
