package pairs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// recipeName is the file that says what a folder of pairs was made with. It is written first, so that an
// interrupted run is resumed only with the same options.
const recipeName = "pairs.json"

// recipe is the part of the options that decides what a pair looks like. N is not in it: a dataset may grow.
type recipe struct {
	Format int     `json:"format"`
	Edit   string  `json:"edit"`
	Source string  `json:"source"`
	Size   int     `json:"size"`
	Layout Layout  `json:"layout"`
	Seed   uint64  `json:"seed"`
	Val    float64 `json:"val"`
	Test   float64 `json:"test"`
}

// claimDir makes the folders and writes the recipe, or checks the one that is there.
func (o Options) claimDir(src source) error {
	want := recipe{1, o.Edit.String(), src.id(), o.Size, o.Layout, o.Seed, o.Val, o.Test}
	path := filepath.Join(o.Dir, recipeName)
	have, err := readRecipe(path)
	switch {
	case err == nil && have != want:
		return fmt.Errorf("make pairs: %s was written with other options (see %s) or other photos: "+
			"repeat those to go on, or choose another folder", o.Dir, path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("make pairs: %w", err)
	case err != nil:
		if items, err := os.ReadDir(o.Dir); err == nil && len(items) > 0 {
			return fmt.Errorf("make pairs: %s is not empty and holds no %s: choose a new folder", o.Dir, recipeName)
		}
	}
	for _, folder := range o.Layout.folders(o.Dir) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("make pairs: %w", err)
		}
	}
	text, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		return fmt.Errorf("make pairs: %w", err)
	}
	return atomicfile.WriteFile(path, append(text, '\n'))
}

func readRecipe(path string) (r recipe, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err = json.Unmarshal(text, &r); err == nil && r.Format == 0 {
		err = errors.New("it names no format")
	}
	if err != nil {
		return r, fmt.Errorf("%s is damaged (%w): restore it, or make the pairs anew in another folder", path, err)
	}
	return r, nil
}
