package pairs

import (
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

// source gives the input pictures of the pairs that are to be made.
type source interface {
	// len is how many pictures there are at most; negative if without end.
	len() int
	// name is picture i's entry in the manifest.
	name(i int) string
	// split is the part that picture i is bound to, "" if free.
	split(i int) Split
	// load returns picture i at size by size pixels. seed belongs to the pair.
	load(i, size int, seed uint64) (teacher.Source, error)
	// id tells sources apart, for resuming.
	id() string
	// leftOut tells of folders that were passed over.
	leftOut() []error
}

// scenes are procedural landscapes, as many as one likes.
type scenes struct{}

func (scenes) len() int         { return -1 }
func (scenes) name(int) string  { return "scene" }
func (scenes) split(int) Split  { return "" }
func (scenes) id() string       { return "scenes" }
func (scenes) leftOut() []error { return nil }
func (scenes) load(_, size int, seed uint64) (teacher.Source, error) {
	return teacher.FromScene(scene.New(seed, size, size)), nil
}

// pairSeed gives pair i a seed of its own below 2^53, by the finaliser of SplitMix64 (Steele et al. 2014).
func pairSeed(seed uint64, i int) uint64 {
	z := seed + 0x9e3779b97f4a7c15*uint64(i+1)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) >> 11
}
