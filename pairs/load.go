package pairs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"slices"

	"github.com/warmstart-ml/warmstart/imageio"
)

// LoadOptions say what Load reads.
type LoadOptions struct {
	Split   Split // "": all of them
	Size    int   // every picture is scaled to Size x Size pixels, as pix2pix's load_size
	Max     int   // read this many pairs only, the first by name; 0: all
	Reverse bool  // B is the input and A the target
	// Identify asks for Set.ID, for which every sample of the pictures is hashed.
	Identify bool
	Threads  int // at once; 0: all cores. The result does not depend on it.
	// Progress, if set, is called after each pair, one call at a time.
	Progress func(done, total int)
}

// Set is a split of a dataset in memory. Samples are kept at 8 bits, a quarter of float32: that is what
// picture files hold.
type Set struct {
	Size    int      // width and height of every picture, in pixels
	Names   []string // of the pairs, in ascending order within their split
	Skipped []error  // pairs that could not be used, each naming its file
	// Smallest is the least width or height of the pictures before they were scaled, in pixels.
	Smallest int
	// ID is the same for the same pictures in the same order, whatever the folder, the names and the other options; "" if it was not
	// asked for.
	ID   string
	a, b []*image.RGBA
}

// ErrNone is wrapped by the error about a split without pictures.
var ErrNone = errors.New("no PNG, JPEG or WebP pictures")

// Len is the number of pairs.
func (s *Set) Len() int { return len(s.Names) }

// Pair returns input and target number i.
func (s *Set) Pair(i int) (a, b *imageio.Image) {
	return imageio.FromImage(s.a[i]), imageio.FromImage(s.b[i])
}

// Load reads a split of the dataset in dir, whose layout it detects. Damaged, unpaired or unequal
// pictures, and pairs that the manifest lists but that are gone, are skipped and told in Set.Skipped; it
// is an error if no pair is left.
func Load(ctx context.Context, dir string, o LoadOptions) (*Set, error) {
	if o.Size < 1 {
		return nil, fmt.Errorf("load pairs: size %d is not a number of pixels", o.Size)
	}
	layout, err := Detect(dir)
	if err != nil {
		return nil, err
	}
	found, skipped, err := listAll(dir, layout, o.Split)
	if err != nil {
		return nil, err
	}
	if o.Max > 0 {
		found = found[:min(o.Max, len(found))]
	}
	set, err := readAll(ctx, layout, found, o)
	if err != nil {
		return nil, err
	}
	set.Skipped = append(skipped, set.Skipped...)
	if set.Len() > 0 {
		return set, nil
	}
	if len(set.Skipped) > 0 {
		return nil, fmt.Errorf("load pairs: none of the %d pairs in %s can be used%s; the first: %w",
			len(set.Skipped), dir, forSplit(o.Split), set.Skipped[0])
	}
	folder, _ := layout.paths(dir, o.Split, "")
	return nil, fmt.Errorf("load pairs: %s holds %w: put some there, or make pairs anew", filepath.Clean(folder), ErrNone)
}

func forSplit(s Split) string {
	if s == "" {
		return ""
	}
	return " for " + string(s)
}

// listAll finds the pairs of a split, or of all for "". skipped tells of those that cannot be used or are gone.
func listAll(dir string, layout Layout, split Split) (found []entry, skipped []error, err error) {
	wanted := []Split{split}
	if split == "" {
		wanted = splits()
	}
	for _, s := range wanted {
		pairs, unusable, err := list(dir, layout, s)
		if err != nil {
			return nil, nil, err
		}
		gone, err := missing(dir, s, pairs)
		if err != nil {
			return nil, nil, err
		}
		found, skipped = append(found, pairs...), slices.Concat(skipped, unusable, gone)
	}
	return found, skipped, nil
}

// missing tells of pairs that the manifest lists and the folder lacks.
func missing(dir string, split Split, found []entry) ([]error, error) {
	records, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, e := range found {
		there[e.name] = true
	}
	var gone []error
	for _, r := range records {
		if r.Split == split && !there[r.Name] {
			gone = append(gone, fmt.Errorf("pair %s of %s is listed in %s but missing: make the pairs again to restore it",
				r.Name, split, filepath.Join(dir, ManifestName)))
		}
	}
	return gone, nil
}

// readAll decodes and scales the pairs, several at once.
func readAll(ctx context.Context, layout Layout, found []entry, o LoadOptions) (*Set, error) {
	a, b := make([]*image.RGBA, len(found)), make([]*image.RGBA, len(found))
	skipped, least, sums := make([]error, len(found)), make([]int, len(found)), make([][]byte, len(found))
	progress := counter{total: len(found), report: o.Progress}
	err := forEach(ctx, len(found), o.Threads, func(i int) error {
		defer progress.add()
		picA, picB, err := layout.read(found[i].a, found[i].b, imageio.Limits{})
		if err != nil {
			skipped[i] = err
			return nil
		}
		if o.Identify {
			sums[i] = hashPair(picA, picB)
		}
		if o.Reverse {
			picA, picB = picB, picA
		}
		least[i] = min(picA.W, picA.H)
		a[i], b[i] = picA.Resize(o.Size, o.Size).ToImage(), picB.Resize(o.Size, o.Size).ToImage()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load pairs: %w", err)
	}
	set, id := &Set{Size: o.Size}, sha256.New()
	for i, e := range found {
		if skipped[i] != nil {
			set.Skipped = append(set.Skipped, skipped[i])
			continue
		}
		if set.Len() == 0 || least[i] < set.Smallest {
			set.Smallest = least[i]
		}
		set.Names = append(set.Names, e.name)
		set.a, set.b = append(set.a, a[i]), append(set.b, b[i])
		id.Write(sums[i])
	}
	if o.Identify {
		set.ID = hex.EncodeToString(id.Sum(nil)[:16])
	}
	return set, nil
}

// hashPair covers a pair as it was read, at 8 bits a sample: scaled samples might differ in their last bit on another processor.
func hashPair(a, b *imageio.Image) []byte {
	h := sha256.New()
	for _, m := range []*imageio.Image{a, b} {
		fmt.Fprintf(h, "%dx%d\n", m.W, m.H)
		h.Write(m.ToImage().Pix)
	}
	return h.Sum(nil)
}
