package zoo

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/lora"
)

// Files in a zoo's folder. Adapters lie in the subfolder AdaptersDir, named by the IDs of their concepts.
const (
	BaseFile     = "base.safetensors" // the base of all adapters
	RecipeFile   = "zoo.json"         // what the adapters follow from
	ManifestFile = "manifest.jsonl"   // one line for each adapter
	AdaptersDir  = "adapters"
)

// Flags of adapters that training did not improve, twice: these keep the values they started from.
const (
	FlagDiverged = "diverged" // the loss or weights were no finite numbers, or too large
	FlagPoor     = "poor"     // the result was worse than the start or than the base alone
)

// Entry tells of an adapter. PSNRs are the means over the pairs that its concept's training did not see, in dB.
type Entry struct {
	ID       string  `json:"id"`
	Prompt   string  `json:"prompt"`
	File     string  `json:"file"`              // within the zoo's folder, with slashes
	PSNR     float64 `json:"psnr"`              // of the adapter
	Start    float64 `json:"start"`             // of the values that it started from
	Identity float64 `json:"identity"`          // of the base alone
	L1       float64 `json:"l1"`                // training loss at the end; 0 if flagged
	Flag     string  `json:"flag,omitempty"`    // FlagDiverged, FlagPoor or ""
	Retried  bool    `json:"retried,omitempty"` // with another seed at half the rate
}

// fileOf returns where the adapter of a concept lies within a zoo's folder.
func fileOf(id string) string { return AdaptersDir + "/" + id + ".safetensors" }

// metrics returns the entry as an adapter's file has it, where everything is a number.
func (e Entry) metrics() map[string]float64 {
	m := map[string]float64{"psnr": e.PSNR, "start": e.Start, "identity": e.Identity, "l1": e.L1}
	if e.Flag != "" {
		m[e.Flag] = 1
	}
	if e.Retried {
		m["retried"] = 1
	}
	return m
}

// entryOf returns the entry of an adapter.
func entryOf(a *lora.Adapter) Entry {
	m := a.Metrics
	e := Entry{
		ID: a.Concept, Prompt: a.Prompt, File: fileOf(a.Concept),
		PSNR: m["psnr"], Start: m["start"], Identity: m["identity"], L1: m["l1"], Retried: m["retried"] != 0,
	}
	for _, flag := range []string{FlagDiverged, FlagPoor} {
		if m[flag] != 0 {
			e.Flag = flag
		}
	}
	return e
}

// readAdapter reads the adapter of a concept and checks that it is one that Build wrote.
func readAdapter(dir, id string, b *lora.Base) (*lora.Adapter, error) {
	path := filepath.Join(dir, filepath.FromSlash(fileOf(id)))
	a, err := lora.ReadAdapter(path, b)
	if err != nil {
		return nil, err
	}
	if a.Concept != id {
		return nil, fmt.Errorf("%s: the adapter of %q, not of %q", path, a.Concept, id)
	}
	if stored, err := round(a.Values); err != nil || !slices.EqualFunc(stored, a.Values, slices.Equal) {
		return nil, fmt.Errorf("%s: its values are not rounded as those of a zoo are", path)
	}
	return a, nil
}

// ReadManifest returns the entries of the zoo in a folder.
func ReadManifest(dir string) ([]Entry, error) {
	path := filepath.Join(dir, ManifestFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no zoo that was built to its end or interrupted: there is no %s", dir, ManifestFile)
	}
	if err != nil {
		return nil, err
	}
	var entries []Entry
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	for {
		var e Entry
		switch err := d.Decode(&e); {
		case err == io.EOF:
			return entries, nil
		case err != nil:
			return nil, fmt.Errorf("%s is damaged, entry %d: %w: build the zoo again, which keeps its adapters", path, len(entries)+1, err)
		}
		if _, err := concept.Find(e.ID); err != nil {
			return nil, fmt.Errorf("%s, entry %d: %w", path, len(entries)+1, err)
		}
		if e.File != fileOf(e.ID) {
			return nil, fmt.Errorf("%s, entry %d: the adapter of %s is said to be in %q", path, len(entries)+1, e.ID, e.File)
		}
		entries = append(entries, e)
	}
}

// writeManifest replaces the manifest.
func writeManifest(dir string, entries []Entry) error {
	return writeLines(filepath.Join(dir, ManifestFile), entries)
}

// writeLines writes values as JSON, one a line.
func writeLines[T any](path string, values []T) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, v := range values {
			if err := e.Encode(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// recipe is all that adapters follow from, besides their concept.
type recipe struct {
	Format string `json:"format"`
	Base   string `json:"base"`   // lora.Base.Hash
	Corpus string `json:"corpus"` // corpus.Corpus.ID
	Starts string `json:"starts"` // a hash of the values to start from; "" if adapters start as the base alone
	Config Config `json:"config"`
	// Concepts is the number of adapters that were asked for last; 0 in zoos from before that was noted.
	Concepts int `json:"concepts,omitempty"`
}

// recipeFormat names format and version of the recipe's file.
const recipeFormat = "warmstart/zoo 1"

// readRecipe reads a zoo's recipe.
func readRecipe(dir string) (recipe, error) {
	var r recipe
	path := filepath.Join(dir, RecipeFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s is damaged (%w): restore it, or build the zoo in another folder", path, err)
	}
	if r.Format != recipeFormat {
		return r, fmt.Errorf("%s: format %q is not supported, only %q: use the release that wrote it", path, r.Format, recipeFormat)
	}
	return r, nil
}

// recipeOf reads the recipe of the zoo in a folder, which is to have the given base.
func recipeOf(dir string, b *lora.Base) (recipe, error) {
	r, err := readRecipe(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%s holds no zoo: there is no %s", dir, RecipeFile)
	}
	if err == nil && r.Base != b.Hash {
		return r, fmt.Errorf("%s holds adapters of the base with hash %s, not of this one with %s: use its own base", dir, r.Base, b.Hash)
	}
	return r, err
}

// finished returns an error if a folder has fewer adapters than the recipe's number.
func (r recipe) finished(dir string, adapters int) error {
	if adapters >= r.Concepts {
		return nil
	}
	return fmt.Errorf("%s holds %d of %d adapters, its building was interrupted: finish it with the command that began it", dir, adapters, r.Concepts)
}

// write writes the recipe's file.
func (r recipe) write(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, RecipeFile), append(text, '\n'))
}

// fits returns an error that says how the recipe differs from that of a folder's adapters.
func (r recipe) fits(dir string, old recipe) error {
	var differences []string
	differ := func(name string, was, is any) {
		if was != is {
			differences = append(differences, fmt.Sprintf("%s %v instead of %v", name, was, is))
		}
	}
	differ("base", old.Base, r.Base)
	differ("pictures", old.Corpus, r.Corpus)
	differ("values to start from", old.Starts, r.Starts)
	differ("configuration", fmt.Sprintf("%+v", old.Config), fmt.Sprintf("%+v", r.Config))
	if len(differences) == 0 {
		return nil
	}
	return fmt.Errorf("%s holds adapters made with %s: go on with the same, or build in another folder", dir, strings.Join(differences, ", "))
}

// hashStarts identifies values to start from.
func hashStarts(start map[string][]float32) string {
	if len(start) == 0 {
		return ""
	}
	h := sha256.New()
	for _, id := range slices.Sorted(maps.Keys(start)) {
		buf := make([]byte, 0, 4*len(start[id]))
		for _, v := range start[id] {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		fmt.Fprintf(h, "%s %d\n", id, len(buf))
		h.Write(buf)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
