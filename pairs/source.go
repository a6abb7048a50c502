package pairs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
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
}

// scenes are procedural landscapes, as many as one likes.
type scenes struct{}

func (scenes) len() int        { return -1 }
func (scenes) name(int) string { return "scene" }
func (scenes) split(int) Split { return "" }
func (scenes) id() string      { return "scenes" }
func (scenes) load(_, size int, seed uint64) (teacher.Source, error) {
	return teacher.FromScene(scene.New(seed, size, size)), nil
}

// photos are the pictures below a folder, each used once.
type photos struct {
	dir   string
	files []string // relative to dir with slashes, in the order of use
}

// newPhotos lists the pictures below dir and shuffles them, so that the first n are a fair sample.
func newPhotos(dir string, seed uint64) (*photos, error) {
	p := &photos{dir: dir}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".") && path != dir
		switch {
		case d.IsDir() && hidden:
			return filepath.SkipDir
		case d.IsDir() || hidden || !imageio.IsPicture(path):
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		p.files = append(p.files, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list photos: %w", err)
	}
	if len(p.files) == 0 {
		return nil, fmt.Errorf("list photos: %s holds no PNG, JPEG or WebP pictures: "+
			"name a folder that does, or use scenes", dir)
	}
	slices.Sort(p.files) // WalkDir's order depends on the separator.
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(p.files), func(i, j int) { p.files[i], p.files[j] = p.files[j], p.files[i] })
	return p, nil
}

func (p *photos) len() int          { return len(p.files) }
func (p *photos) name(i int) string { return p.files[i] }

// split keeps a photo in the split whose folder it comes from: test photos never become training data.
func (p *photos) split(i int) Split {
	top, _, _ := strings.Cut(p.files[i], "/")
	if slices.Contains(splits(), Split(top)) {
		return Split(top)
	}
	return ""
}

func (p *photos) load(i, size int, _ uint64) (teacher.Source, error) {
	m, err := imageio.ReadFile(filepath.Join(p.dir, filepath.FromSlash(p.files[i])), imageio.Limits{})
	if err != nil {
		return teacher.Source{}, err
	}
	return teacher.Source{Image: m.Fit(size, size)}, nil
}

// id covers the list of files: pair i must mean the same photo when a run is resumed.
func (p *photos) id() string {
	sum := sha256.Sum256([]byte(strings.Join(p.files, "\n")))
	return "photos:" + hex.EncodeToString(sum[:8])
}

// pairSeed gives pair i a seed of its own below 2^53, by the finaliser of SplitMix64 (Steele et al. 2014).
func pairSeed(seed uint64, i int) uint64 {
	z := seed + 0x9e3779b97f4a7c15*uint64(i+1)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) >> 11
}
