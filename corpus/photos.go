package corpus

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/warmstart-ml/warmstart/pairs"
)

// kept are the names of folders whose pictures are kept from training, as package pairs has them.
var kept = []string{"test", "val"}

// photoFiles lists the pictures below a folder by name. left tells of its subfolders that are kept from training, or hold pairs.
func photoFiles(dir string) (files []string, left []error, err error) {
	if dir == "" {
		return nil, nil, nil
	}
	in := func(path string) string { return filepath.Join(dir, filepath.FromSlash(path)) }
	found, sets, err := pairs.PhotoFiles(dir, func(path string, d fs.DirEntry) bool {
		if !d.IsDir() || !slices.Contains(kept, path) {
			return false
		}
		left = append(left, fmt.Errorf("folder %s: its pictures are kept for testing; to use them, name it itself", in(path)))
		return true
	})
	if err != nil {
		return nil, nil, err
	}
	if len(found) == 0 {
		return nil, nil, fmt.Errorf("list photos: %s holds no PNG, JPEG or WebP pictures, folders called test and val aside", dir)
	}
	for _, set := range sets {
		left = append(left, pairs.LeftOut(in(set)))
	}
	for _, path := range found {
		files = append(files, filepath.ToSlash(in(path)))
	}
	return files, left, nil
}

// Shared returns the files of photos that both corpora hold, as pairs of equal pictures: one of k, one of other. Crops are pictures of
// their own.
func (k *Corpus) Shared(other *Corpus) (files [][2]string) {
	known := map[[sha256.Size]byte]string{}
	for _, s := range k.sources[k.scenes:] {
		known[sha256.Sum256(s.pix)] = s.file
	}
	for _, s := range other.sources[other.scenes:] {
		if file, ok := known[sha256.Sum256(s.pix)]; ok {
			files = append(files, [2]string{file, s.file})
		}
	}
	return files
}
