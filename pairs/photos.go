package pairs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/teacher"
)

// PhotoFiles lists the pictures below dir, a folder or a link to one, by their paths in it, with slashes and sorted. What pass tells of
// is passed over, a folder with all that it holds. Folders of pairs that Make wrote hold no photos, but crops of them and targets: they
// are passed over too, and returned as sets. It is an error if dir itself is one.
func PhotoFiles(dir string, pass func(path string, d fs.DirEntry) bool) (files, sets []string, err error) {
	root, err := filepath.EvalSymlinks(dir) // WalkDir does not follow a link, not even this one
	if err != nil {
		return nil, nil, fmt.Errorf("list photos: %w", err)
	}
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		passed := pass(path, d)
		switch {
		case d.IsDir() && passed:
			return filepath.SkipDir
		case d.IsDir() && made(file):
			sets = append(sets, path)
			return filepath.SkipDir
		case !d.IsDir() && !passed && imageio.IsPicture(file):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list photos: %w", err)
	}
	if slices.Contains(sets, ".") {
		return nil, nil, fmt.Errorf("list photos: %s holds pairs (%s), not photos: name a folder of photos",
			dir, recipeName)
	}
	slices.Sort(files) // WalkDir's order depends on the separator
	return files, sets, nil
}

// made tells whether a folder holds pairs that Make wrote.
func made(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, recipeName))
	return err == nil
}

// LeftOut tells of a folder of pairs that PhotoFiles has passed over.
func LeftOut(dir string) error {
	return fmt.Errorf("folder %s: it holds pairs (%s), not photos", dir, recipeName)
}

// photos are the pictures below a folder, each used once.
type photos struct {
	dir   string
	files []string // relative to dir with slashes, in the order of use
	left  []error  // folders of other pairs
}

// newPhotos lists the pictures below dir and shuffles them, so that the first n are a fair sample. Nothing is said of out, the folder
// that pairs are made in: it is no surprise that it is left out.
func newPhotos(dir, out string, seed uint64) (*photos, error) {
	files, sets, err := PhotoFiles(dir, func(path string, d fs.DirEntry) bool {
		return path != "." && strings.HasPrefix(d.Name(), ".")
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("list photos: %s holds no PNG, JPEG or WebP pictures: "+
			"name a folder that does, or use scenes", dir)
	}
	p := &photos{dir: dir, files: files}
	for _, set := range sets {
		if path := filepath.Join(dir, filepath.FromSlash(set)); !sameFolder(path, out) {
			p.left = append(p.left, LeftOut(path))
		}
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(p.files), func(i, j int) { p.files[i], p.files[j] = p.files[j], p.files[i] })
	return p, nil
}

func sameFolder(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func (p *photos) len() int          { return len(p.files) }
func (p *photos) name(i int) string { return p.files[i] }
func (p *photos) leftOut() []error  { return p.left }

// split keeps a photo in the split whose folder it comes from, if that is a folder of dir itself: test photos never become training data.
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
