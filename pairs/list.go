package pairs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
)

// entry is a pair on disk that has not been read yet.
type entry struct {
	name string // of the file, without folder and extension
	a, b string // paths; equal when side by side
}

// Detect finds out which layout the dataset in dir has. Its errors tell what was found instead.
func Detect(dir string) (Layout, error) {
	if info, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("open pairs: %w", err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("open pairs: %s is a file: give the folder that holds the pairs", dir)
	}
	if isDir(dir, "A") && isDir(dir, "B") {
		return Apart, nil
	}
	for _, s := range splits() {
		if isDir(dir, string(s)) {
			return SideBySide, nil
		}
	}
	for _, s := range splits() {
		if isDir(dir, string(s)+"A") || isDir(dir, string(s)+"B") {
			return "", fmt.Errorf("open pairs: %s holds unpaired pictures (%[2]sA, %[2]sB) as for CycleGAN: "+
				"pairs need equal names in A/%[2]s and B/%[2]s", dir, s)
		}
	}
	return "", fmt.Errorf("open pairs: %s holds no pairs: expected A/train and B/train with equal file names, "+
		"or train with pictures side by side", dir)
}

func isDir(elem ...string) bool {
	info, err := os.Stat(filepath.Join(elem...))
	return err == nil && info.IsDir()
}

// list finds the pairs of a split, ordered by name. skipped tells of pictures without a partner.
func list(dir string, layout Layout, split Split) (found []entry, skipped []error, err error) {
	dirA, dirB := layout.paths(dir, split, "")
	filesA, skipped, err := pictures(dirA)
	if err != nil {
		return nil, nil, err
	}
	if layout == SideBySide {
		for _, f := range filesA {
			path := filepath.Join(dirA, f)
			found = append(found, entry{stem(f), path, path})
		}
		return found, skipped, nil
	}
	filesB, more, err := pictures(dirB)
	if err != nil {
		return nil, nil, err
	}
	skipped = append(skipped, more...)
	byName := map[string]string{}
	for _, f := range filesB {
		byName[stem(f)] = f
	}
	for _, f := range filesA {
		partner, ok := byName[stem(f)]
		if !ok {
			skipped = append(skipped, fmt.Errorf("%s has no partner in %s", filepath.Join(dirA, f), dirB))
			continue
		}
		delete(byName, stem(f))
		found = append(found, entry{stem(f), filepath.Join(dirA, f), filepath.Join(dirB, partner)})
	}
	for _, f := range filesB {
		if byName[stem(f)] == f {
			skipped = append(skipped, fmt.Errorf("%s has no partner in %s", filepath.Join(dirB, f), dirA))
		}
	}
	return found, skipped, nil
}

// pictures lists the picture files in a folder by name, none if there is no such folder. skipped tells
// of files that differ in their extension only.
func pictures(dir string) (files []string, skipped []error, err error) {
	items, err := os.ReadDir(dir) // sorted
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open pairs: %w", err)
	}
	seen := map[string]string{}
	for _, item := range items {
		f := item.Name()
		if item.IsDir() || strings.HasPrefix(f, ".") || !imageio.IsPicture(f) {
			continue
		}
		if first, ok := seen[stem(f)]; ok {
			skipped = append(skipped, fmt.Errorf("%s has the same name as %s", filepath.Join(dir, f), first))
			continue
		}
		seen[stem(f)] = f
		files = append(files, f)
	}
	return files, skipped, nil
}

func stem(file string) string { return strings.TrimSuffix(file, filepath.Ext(file)) }
