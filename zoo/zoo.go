package zoo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/lora"
)

// Zoo is a dataset of adapters.
type Zoo struct {
	Base     *lora.Base
	Entries  []Entry
	Adapters [][][]float32 // of Entries
}

// Open reads the zoo in a folder. One of another base is refused, and one that is not finished.
func Open(dir string, b *lora.Base) (*Zoo, error) {
	r, err := recipeOf(dir, b)
	if err != nil {
		return nil, err
	}
	entries, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if err := r.finished(dir, len(entries)); err != nil {
		return nil, err
	}
	z := &Zoo{Base: b, Entries: entries}
	listed := map[string]bool{}
	for _, e := range entries {
		if listed[e.ID] {
			return nil, fmt.Errorf("%s lists %s twice: build the zoo again, which keeps its adapters", filepath.Join(dir, ManifestFile), e.ID)
		}
		listed[e.ID] = true
		a, err := readAdapter(dir, e.ID, b)
		if err != nil {
			return nil, fmt.Errorf("%w: build the zoo again, which trains only what is missing or damaged", err)
		}
		z.Adapters = append(z.Adapters, a.Values)
	}
	return z, nil
}

// Code fits a normalisation of blocks of size values to the adapters.
func (z *Zoo) Code(size int) (*Code, error) {
	b, err := NewBlocks(z.Base.Layout, size)
	if err != nil {
		return nil, err
	}
	return Fit(b, z.Base.Hash, z.Adapters), nil
}

// Verify reads all files of the zoo in a folder and returns what is wrong with them, naming the files. The number is that of adapters.
// The error tells that the folder could not be read as a zoo at all.
func Verify(dir string, b *lora.Base) (adapters int, problems []error, err error) {
	r, err := recipeOf(dir, b)
	if err != nil {
		return 0, nil, err
	}
	entries, err := ReadManifest(dir)
	if err != nil {
		return 0, nil, err
	}
	if err := r.finished(dir, len(entries)); err != nil {
		problems = append(problems, err)
	}
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	z := &Zoo{Base: b}
	listed := map[string]bool{}
	for _, e := range entries {
		path := filepath.Join(dir, filepath.FromSlash(e.File))
		if listed[e.File] {
			report("%s is listed twice in %s", path, ManifestFile)
		}
		listed[e.File] = true
		if c, err := concept.Find(e.ID); err == nil && !c.IsSeen() {
			report("%s: the adapter of an unseen concept, which nothing may learn from", path)
		}
		a, err := readAdapter(dir, e.ID, b)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if is := entryOf(a); is != e {
			report("%s: it says %+v, and %s says %+v", path, is, ManifestFile, e)
		}
		z.Entries, z.Adapters = append(z.Entries, e), append(z.Adapters, a.Values)
	}
	unlisted, err := unlistedFiles(dir, listed)
	if err != nil {
		return 0, nil, err
	}
	for _, f := range unlisted {
		report("%s is not listed in %s", filepath.Join(dir, f), ManifestFile)
	}
	return len(entries), append(problems, z.verifyCode()...), nil
}

// unlistedFiles returns the adapters in the folder that are not listed. Half-written files, whose names begin with a dot, don't count.
func unlistedFiles(dir string, listed map[string]bool) (files []string, err error) {
	items, err := os.ReadDir(filepath.Join(dir, AdaptersDir))
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if f := AdaptersDir + "/" + item.Name(); !listed[f] && !strings.HasPrefix(item.Name(), ".") {
			files = append(files, f)
		}
	}
	return files, nil
}

// verifyCode checks that blocks of the adapters can be turned back bit for bit.
func (z *Zoo) verifyCode() (problems []error) {
	c, err := z.Code(BlockSize)
	if err != nil {
		return []error{err}
	}
	for i, a := range z.Adapters {
		if !slices.EqualFunc(c.Decode(c.Encode(a)), a, slices.Equal) {
			problems = append(problems, fmt.Errorf("%s: its blocks cannot be turned back exactly", z.Entries[i].File))
		}
	}
	return problems
}
