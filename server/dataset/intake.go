package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/picture"
)

// Intake takes in the pictures of an upload, one by one and in any order.
type Intake struct {
	ctx     context.Context
	root    *os.Root
	decoder *picture.Decoder
	found   map[key]*found
	files   int
	skipped []string
	more    int // files that were skipped and are not in the list
}

// key names a pair: by its file's name without extension, within a split if the upload has splits.
type key struct {
	split pairs.Split // "" if the upload has none
	stem  string
}

// found is what has come of a pair so far. Each picture lies in a file that is named by a number.
type found struct {
	a, b         string
	sizeA, sizeB [2]int // of the pictures before they were scaled
}

// Limits of what is told and taken in.
const (
	maxSkipped = 20
	maxFiles   = 2*MaxPairs + 100
)

// half is the part of a pair that a picture is.
type half int

const (
	input half = iota
	target
	both // side by side
)

// skip tells of a file that cannot be used.
func (in *Intake) skip(name, why string) {
	if len(in.skipped) >= maxSkipped {
		in.more++
		return
	}
	in.skipped = append(in.skipped, fmt.Sprintf("%s: %s", printable(name), why))
}

func printable(name string) string {
	name = strings.ToValidUTF8(name, "?")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name[:min(len(name), 100)])
}

// picture takes in one picture. Damaged ones are skipped.
func (in *Intake) picture(k key, h half, name string, encoded []byte) error {
	if in.files++; in.files > maxFiles {
		return fmt.Errorf("%w: it has more than %d pictures", ErrTooLarge, maxFiles)
	}
	m, release, err := in.decoder.Decode(in.ctx, encoded, 2*keptSide)
	if in.ctx.Err() != nil {
		return context.Cause(in.ctx)
	}
	if err != nil {
		in.skip(name, err.Error())
		return nil
	}
	defer release()
	f := in.found[k]
	if f == nil {
		f = &found{}
		in.found[k] = f
	}
	if h == both {
		if m.W%2 != 0 || f.a != "" {
			in.skip(name, "two pictures side by side have an even width, and names of their own")
			return nil
		}
		left, right := m.Crop(0, 0, m.W/2, m.H), m.Crop(m.W/2, 0, m.W/2, m.H)
		return errors.Join(in.keep(f, input, left), in.keep(f, target, right))
	}
	if h == input && f.a != "" || h == target && f.b != "" {
		in.skip(name, "there is another picture of that name")
		return nil
	}
	return in.keep(f, h, m)
}

// keep writes a picture.
func (in *Intake) keep(f *found, h half, m *imageio.Image) error {
	size := [2]int{m.W, m.H}
	file := fmt.Sprintf("%06d-%d.png", in.files, h)
	if h == input {
		f.a, f.sizeA = file, size
	} else {
		f.b, f.sizeB = file, size
	}
	w, err := in.root.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(picture.PNG.Encode(w, m.Within(keptSide)), w.Close())
}

// finish deals the pairs out to train and test, and puts them where pairs.Load finds them.
func (in *Intake) finish(p *api.Pairs) error {
	whole := in.whole()
	if len(whole) == 0 {
		why := "it holds no PNG, JPEG or WebP pictures in folders A and B, with equal names"
		if len(in.skipped) > 0 {
			why = "none of its pictures is half of a pair; the first: " + in.skipped[0]
		}
		return fmt.Errorf("%w: %s", ErrInvalid, why)
	}
	if len(whole) > MaxPairs {
		return fmt.Errorf("%w: it has %d pairs, at most %d are taken", ErrTooLarge, len(whole), MaxPairs)
	}
	if err := in.arrange(whole, p); err != nil {
		return err
	}
	p.Skipped = in.skipped
	if in.more > 0 {
		p.Skipped = append(p.Skipped, fmt.Sprintf("and %d more", in.more))
	}
	return nil
}

// folders are those of a set of pairs.
var folders = []string{"A", "B", "A/train", "B/train", "A/test", "B/test"}

// arrange moves pictures to where they stay, and makes that last: a file on disk is lost where its name is not.
func (in *Intake) arrange(whole []key, p *api.Pairs) error {
	for _, folder := range folders {
		if err := in.root.Mkdir(folder, 0o700); err != nil {
			return err
		}
	}
	splits := deal(whole)
	for i, k := range whole {
		if splits[i] == pairs.Test {
			p.Test++
		} else {
			p.Train++
		}
		f, file := in.found[k], path.Join(string(splits[i]), fmt.Sprintf("%06d.png", i))
		if err := errors.Join(in.place(f.a, "A/"+file), in.place(f.b, "B/"+file)); err != nil {
			return err
		}
	}
	for _, folder := range folders {
		if err := atomicfile.SyncDir(in.root, folder); err != nil {
			return err
		}
	}
	return nil
}

// place moves a picture to where it stays, and makes it last. To do so after all were written is much faster.
func (in *Intake) place(from, to string) error {
	if err := in.root.Rename(from, to); err != nil {
		return err
	}
	f, err := in.root.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// whole returns the pairs of which there are both pictures, of the same size, in order; the rest is skipped.
func (in *Intake) whole() []key {
	var list []key
	for k, f := range in.found {
		switch {
		case f.a == "" && f.b == "":
		case f.b == "":
			in.skip(k.stem, "there is no target of that name")
		case f.a == "":
			in.skip(k.stem, "there is no input of that name")
		case f.sizeA != f.sizeB:
			in.skip(k.stem, fmt.Sprintf("the input has %dx%d pixels, the target %dx%d", f.sizeA[0], f.sizeA[1], f.sizeB[0], f.sizeB[1]))
		default:
			list = append(list, k)
			continue
		}
		for _, file := range []string{f.a, f.b} {
			if file != "" {
				in.root.Remove(file) // if that fails it is in nobody's way
			}
		}
	}
	slices.SortFunc(list, func(a, b key) int {
		return strings.Compare(string(a.split)+"/"+a.stem, string(b.split)+"/"+b.stem)
	})
	return list
}

// Where an upload has no splits, one of so many pairs is kept back to measure with, but no more than that.
const (
	keptEvery = 8
	maxTest   = 16
)

// deal says what each pair is for: as the upload has it, if that leaves some to learn from.
func deal(all []key) []pairs.Split {
	splits := make([]pairs.Split, len(all))
	own := slices.ContainsFunc(all, func(k key) bool { return k.split == pairs.Train })
	for i, k := range all {
		kept := i%keptEvery == keptEvery/2 && i/keptEvery < maxTest
		if own {
			kept = k.split == pairs.Val || k.split == pairs.Test
		}
		splits[i] = pairs.Train
		if kept {
			splits[i] = pairs.Test
		}
	}
	return splits
}
