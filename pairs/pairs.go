// Package pairs keeps paired pictures, an input A and its edited target B: it makes them from scenes or
// photos, reads and writes them in the folder layouts of pix2pix, and serves them as training batches.
//
// Two layouts are read and written:
//
//	DIR/{train,val,test}/NAME.png                        side by side: A is the left half, B the right one
//	DIR/A/{train,val,test}/NAME.png, DIR/B/.../NAME.png  apart: equal names and sizes
//
// Folders that Make wrote also hold pairs.json, what was asked for, and manifest.jsonl, what each pair was
// made from. Folders from elsewhere need neither.
package pairs

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Split is the part of a dataset that a pair belongs to.
type Split string

// The splits, named as their folders are.
const (
	Train Split = "train"
	Val   Split = "val"
	Test  Split = "test"
)

func splits() []Split { return []Split{Train, Val, Test} }

// Layout is the way pairs are laid out in a folder.
type Layout string

// The layouts, as named in options.
const (
	SideBySide Layout = "ab"  // DIR/train/NAME.png, A left and B right
	Apart      Layout = "a-b" // DIR/A/train/NAME.png and DIR/B/train/NAME.png
)

// paths returns the files of a pair; they are one for SideBySide.
func (l Layout) paths(dir string, split Split, file string) (a, b string) {
	if l == SideBySide {
		path := filepath.Join(dir, string(split), file)
		return path, path
	}
	return filepath.Join(dir, "A", string(split), file), filepath.Join(dir, "B", string(split), file)
}

// folders lists the folders of a dataset.
func (l Layout) folders(dir string) []string {
	var list []string
	for _, s := range splits() {
		a, b := l.paths(dir, s, "")
		list = append(list, a, b)
	}
	return slices.Compact(list)
}

// read decodes a pair. An error names the file, or both.
func (l Layout) read(pathA, pathB string, limits imageio.Limits) (a, b *imageio.Image, err error) {
	if a, err = imageio.ReadFile(pathA, limits); err != nil {
		return nil, nil, err
	}
	if l == SideBySide {
		if a.W%2 != 0 {
			return nil, nil, fmt.Errorf("%s is %d pixels wide: two pictures side by side have an even width",
				pathA, a.W)
		}
		return a.Crop(0, 0, a.W/2, a.H), a.Crop(a.W/2, 0, a.W/2, a.H), nil
	}
	if b, err = imageio.ReadFile(pathB, limits); err != nil {
		return nil, nil, err
	}
	if a.W != b.W || a.H != b.H {
		return nil, nil, fmt.Errorf("%s has %dx%d pixels, %s has %dx%d: the pictures of a pair need the same size",
			pathA, a.W, a.H, pathB, b.W, b.H)
	}
	return a, b, nil
}

// write stores a pair; its folders exist.
func (l Layout) write(pathA, pathB string, a, b *imageio.Image) error {
	if l == SideBySide {
		both := imageio.New(a.W+b.W, a.H)
		both.Paste(a, 0, 0)
		both.Paste(b, a.W, 0)
		return imageio.WriteFile(pathA, both)
	}
	if err := imageio.WriteFile(pathA, a); err != nil {
		return err
	}
	return imageio.WriteFile(pathB, b)
}

// forEach calls f(0) to f(n-1) on some threads (0: all cores) until one fails or ctx ends. It returns the
// error of the lowest index that failed, or why ctx ended.
func forEach(ctx context.Context, n, threads int, f func(i int) error) error {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var failed atomic.Bool
	errs := make([]error, n)
	var wg sync.WaitGroup
	for range min(threads, n) {
		wg.Go(func() {
			for ctx.Err() == nil && !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[i] = f(i); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// counter reports progress from several goroutines, one call at a time.
type counter struct {
	mu          sync.Mutex
	done, total int
	report      func(done, total int)
}

func (c *counter) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	if c.report != nil {
		c.report(c.done, c.total)
	}
}
