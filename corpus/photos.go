package corpus

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/warmstart-ml/warmstart/imageio"
)

// kept are the names of folders whose pictures are kept from training, as package pairs has them.
var kept = []string{"test", "val"}

// photoFiles lists the pictures below a folder by name. left tells of its subfolders that are kept from training.
func photoFiles(dir string) (files []string, left []error, err error) {
	if dir == "" {
		return nil, nil, nil
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(kept, d.Name()) && filepath.Dir(path) == filepath.Clean(dir):
			left = append(left, fmt.Errorf("folder %s: its pictures are kept for testing; to use them, name it itself", path))
			return filepath.SkipDir
		case !d.IsDir() && imageio.IsPicture(path):
			files = append(files, filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list photos: %w", err)
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("list photos: %s holds no PNG, JPEG or WebP pictures, folders called test and val aside", dir)
	}
	slices.Sort(files) // WalkDir's order depends on the separator
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
