package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

// Where the seeds of scenes start: far from each other and from those that people choose, so that no scene to test with is one to learn
// from, or one that anything was chosen by.
const (
	TrainScenes uint64 = 1 << 50 // to learn from
	TestScenes  uint64 = 1 << 51 // for results, and for nothing before them
	DevScenes   uint64 = 1 << 52 // for looks during a training, which decide how it goes on or whether it is kept
)

// Config says what a corpus consists of.
type Config struct {
	Size   int    `json:"size"`   // height and width of pictures, in pixels
	Scenes int    `json:"scenes"` // procedural scenes
	First  uint64 `json:"first"`  // seed of the first scene: TrainScenes, TestScenes or DevScenes
	// Photos is a folder, searched with its subfolders; "" for none. Those of its subfolders that are called test or val keep pictures to
	// measure with and are left out, and so is any folder of pairs that package pairs made, as Skipped tells. It is no part of what a
	// corpus is known by: the pictures are.
	Photos string `json:"-"`
	// Crops is the number of random crops of each photo; 0 means the whole of it, cut to a square in its middle.
	Crops int `json:"crops"`
}

func (c Config) check() error {
	switch {
	case c.Size < teacher.MinSide || c.Size > 2048:
		return fmt.Errorf("corpus: size %d is outside %d to 2048 pixels", c.Size, teacher.MinSide)
	case c.Scenes < 0 || c.Scenes > 1<<20 || c.Crops < 0 || c.Crops > 1<<10:
		return fmt.Errorf("corpus: %d scenes and %d crops of each photo: at most %d and %d are allowed", c.Scenes, c.Crops, 1<<20, 1<<10)
	case c.Scenes == 0 && c.Photos == "":
		return errors.New("corpus: neither scenes nor photos")
	}
	return nil
}

// Corpus holds pictures. It is safe for concurrent use.
type Corpus struct {
	config  Config
	sources []source // scenes, then photos
	scenes  int
	id      string
	// Skipped tells of photos that could not be used, each naming its file, and of folders that were left out.
	Skipped []error
}

// source is a picture to edit.
type source struct {
	teacher.Source
	seed uint64  // of edits
	pix  []uint8 // [size, size, rgb]
	file string  // of the photo; "" for scenes
}

// New paints the scenes and reads the photos.
func New(ctx context.Context, c Config) (*Corpus, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	files, left, err := photoFiles(c.Photos)
	if err != nil {
		return nil, err
	}
	k := &Corpus{config: c, scenes: c.Scenes, sources: make([]source, c.Scenes), Skipped: left}
	err = Parallel(ctx, c.Scenes, func(i int) error {
		seed := c.First + uint64(i)
		s := scene.New(seed, c.Size, c.Size)
		k.sources[i] = source{Source: teacher.FromScene(s), seed: seed, pix: pack(s.Image)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := k.readPhotos(ctx, files); err != nil {
		return nil, err
	}
	if len(k.sources) == 0 {
		return nil, fmt.Errorf("corpus: none of the photos in %s can be used; the first: %w", c.Photos, k.Skipped[0])
	}
	k.id = k.hash()
	return k, nil
}

// smallestCrop is the smallest side of a crop, as a share of the photo's short side.
const smallestCrop = 0.5

// readPhotos adds the photos. Their numbers, from which crops and the seeds of edits follow, count those that can be read, so that the same
// pictures are the same corpus whatever else is in the folder.
func (k *Corpus) readPhotos(ctx context.Context, files []string) error {
	photos := make([][]source, len(files))
	failed := make([]error, len(files))
	err := Parallel(ctx, len(files), func(i int) error {
		photos[i], failed[i] = k.config.readPhoto(files[i], i)
		return nil
	})
	if err != nil {
		return err
	}
	var late []int // photos behind one that cannot be read: they were given too high a number
	numbers := make([]int, len(files))
	n := 0
	for i, err := range failed {
		if numbers[i] = n; err != nil {
			k.Skipped = append(k.Skipped, err)
			continue
		}
		if n++; numbers[i] != i {
			late = append(late, i)
		}
	}
	err = Parallel(ctx, len(late), func(j int) (err error) {
		i := late[j]
		photos[i], err = k.config.readPhoto(files[i], numbers[i])
		return err
	})
	k.sources = slices.Concat(k.sources, slices.Concat(photos...))
	return err
}

// readPhoto returns the crops of photo number n.
func (c Config) readPhoto(file string, n int) ([]source, error) {
	m, err := imageio.ReadFile(filepath.FromSlash(file), imageio.Limits{})
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(c.First, uint64(n)))
	var crops []source
	for i := range max(c.Crops, 1) {
		part := m.Fit(c.Size, c.Size)
		if c.Crops > 0 {
			short := min(m.W, m.H)
			side := max(int(float64(short)*(smallestCrop+(1-smallestCrop)*rng.Float64())), 1)
			part = m.Crop(rng.IntN(m.W-side+1), rng.IntN(m.H-side+1), side, side).Resize(c.Size, c.Size)
		}
		seed := c.First + 1<<40 + uint64(n*max(c.Crops, 1)+i)
		crops = append(crops, source{Source: teacher.Source{Image: part}, seed: seed, pix: pack(part), file: file})
	}
	return crops, nil
}

// hash covers the configuration and all pictures.
func (k *Corpus) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%+v\n", Config{Size: k.config.Size, Scenes: k.config.Scenes, First: k.config.First, Crops: k.config.Crops})
	for _, s := range k.sources {
		h.Write(s.pix)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// ID identifies all pictures, for checkpoints.
func (k *Corpus) ID() string { return k.id }

// Size returns the height and width of pictures, in pixels.
func (k *Corpus) Size() int { return k.config.Size }

// Photos returns the number of pictures that are photos or crops of them.
func (k *Corpus) Photos() int { return len(k.sources) - k.scenes }

// Parallel calls do for 0 … n-1, some at once, until one fails or ctx is cancelled.
func Parallel(ctx context.Context, n int, do func(i int) error) error {
	var group sync.WaitGroup
	var first error
	var once sync.Once
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := do(i); err != nil {
				once.Do(func() { first = err })
				cancel()
			}
		})
	}
	group.Wait()
	if first != nil {
		return first
	}
	return context.Cause(ctx)
}

// pack rounds samples in [0,1] to 8 bits.
func pack(m *imageio.Image) []uint8 {
	out := make([]uint8, len(m.Pix))
	for i, v := range m.Pix {
		out[i] = uint8(v*255 + 0.5)
	}
	return out
}

// unpack writes a square picture's samples as values in [-1,1], mirrored left to right if flip is set.
func unpack(dst []float32, pix []uint8, size int, flip bool) {
	for y := range size {
		for x := range size {
			from := x
			if flip {
				from = size - 1 - x
			}
			for c := range 3 {
				dst[(y*size+x)*3+c] = float32(pix[(y*size+from)*3+c])/127.5 - 1
			}
		}
	}
}
