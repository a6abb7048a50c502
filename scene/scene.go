// Package scene paints procedural landscapes with the masks, depth and light that image edits need.
//
// A scene is composed by a random grammar (a setting, an hour, the weather, then what stands where),
// laid out in metres in front of a pinhole camera and painted from far to near with analytic coverage.
// Geometry does not depend on the size of the picture: the same seed at 64x64 and 256x256 is the same
// place, seen more or less finely.
package scene

import "github.com/warmstart-ml/warmstart/imageio"

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
	Lamp                   // street lamps: posts and heads
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
	// Lamps are the heads of street lamps: sources of light at night.
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
