package dataset

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/server/picture"
)

// Limits of a zip file. Pictures hardly shrink in one: what grows far when it is unpacked is no picture.
const (
	maxEntries  = 10_000
	maxList     = 4 << 20 // bytes of the list of entries, which is in memory as a whole, several times as large
	maxUnpacked = 4 * MaxBytes
	maxRatio    = 100
	freeRatio   = 1 << 20 // bytes; entries up to that may have any ratio
)

// zipFile is the name of an archive in a form while it is taken in.
const zipFile = "upload.zip"

// zip takes in an archive that is a file of a form.
func (in *Intake) zip(r io.Reader) error {
	f, err := in.root.OpenFile(zipFile, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer in.root.Remove(zipFile)
	defer f.Close()
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	return in.Zip(f)
}

// Zip takes in a zip file: pictures in folders A and B with equal names, or pictures side by side. Other folders around these do not matter,
// and folders called train, val and test keep their meaning.
func (in *Intake) Zip(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := listZip(f, info.Size())
	if err != nil {
		return err
	}
	if err := checkZip(z); err != nil {
		return err
	}
	return in.entries(z)
}

// listZip reads the list of entries. How many there are, how long the list is and where it begins an archive says at its end, in either of two
// forms, and package zip reads on for as long as there are entries, whatever it says: so what is bounded is what is read.
func listZip(f io.ReaderAt, size int64) (*zip.Reader, error) {
	const end = 128 << 10 // bytes that are read to find the list
	r := &bounded{f, maxList + end}
	z, err := zip.NewReader(r, size)
	switch {
	case errors.Is(err, errBound):
		return nil, fmt.Errorf("%w: its list of entries is longer than %d MiB", ErrTooLarge, maxList>>20)
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, fmt.Errorf("%w: it is no zip file, or a damaged one", ErrInvalid)
	}
	r.left = math.MaxInt64
	return z, nil
}

// bounded lets so many bytes be read.
type bounded struct {
	io.ReaderAt
	left int64
}

var errBound = errors.New("too much is read")

func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errBound
	}
	return b.ReaderAt.ReadAt(p, at)
}

// checkZip refuses archives that are made to do harm.
func checkZip(z *zip.Reader) error {
	if len(z.File) > maxEntries {
		return fmt.Errorf("%w: it has %d entries, at most %d are taken", ErrTooLarge, len(z.File), maxEntries)
	}
	total := uint64(0)
	for _, e := range z.File {
		name := printable(e.Name)
		mode := e.Mode()
		switch {
		case !filepath.IsLocal(strings.TrimSuffix(e.Name, "/")) || strings.Contains(e.Name, `\`):
			return fmt.Errorf("%w: the entry %q leads out of the archive", ErrInvalid, name)
		case !mode.IsRegular() && !mode.IsDir():
			return fmt.Errorf("%w: the entry %q is neither a file nor a folder", ErrInvalid, name)
		case e.UncompressedSize64 > freeRatio && e.UncompressedSize64/maxRatio > e.CompressedSize64:
			return fmt.Errorf("%w: the entry %q grows more than %d times when it is unpacked", ErrInvalid, name, maxRatio)
		}
		if total += e.UncompressedSize64; total > maxUnpacked {
			return fmt.Errorf("%w: it holds more than %d MiB", ErrTooLarge, maxUnpacked>>20)
		}
	}
	return nil
}

// entries takes in the pictures of an archive that has been checked.
func (in *Intake) entries(z *zip.Reader) error {
	var files []*zip.File
	apart := false
	for _, e := range z.File {
		if name := path.Base(e.Name); e.Mode().IsDir() || strings.HasPrefix(name, ".") || strings.Contains(e.Name, "__MACOSX/") || !imageio.IsPicture(name) {
			continue
		}
		files = append(files, e)
		_, h := place(e.Name)
		apart = apart || h != both
	}
	for _, e := range files {
		k, h := place(e.Name)
		if apart && h == both {
			in.skip(e.Name, "it is neither in a folder A nor in a folder B")
			continue
		}
		encoded, err := unpack(e)
		if err != nil {
			in.skip(e.Name, err.Error())
			continue
		}
		if err := in.picture(k, h, e.Name, encoded); err != nil {
			return err
		}
	}
	return nil
}

// place tells from the path of a picture which pair it belongs to, and which half of it is.
func place(name string) (key, half) {
	folders := strings.Split(path.Dir(name), "/")
	k := key{stem: strings.TrimSuffix(path.Base(name), path.Ext(name))}
	h := both
	for _, f := range slices.Backward(folders) {
		switch split := pairs.Split(strings.ToLower(f)); {
		case k.split == "" && (split == pairs.Train || split == pairs.Val || split == pairs.Test):
			k.split = split
		case h == both && strings.EqualFold(f, "A"):
			h = input
		case h == both && strings.EqualFold(f, "B"):
			h = target
		}
	}
	return k, h
}

// unpack returns the content of an entry. That it is as long as it says, and whole, package zip checks.
func unpack(e *zip.File) ([]byte, error) {
	if e.UncompressedSize64 > uint64(picture.Limits.MaxBytes) {
		return nil, fmt.Errorf("it is over the limit of %d MiB", picture.Limits.MaxBytes>>20)
	}
	r, err := e.Open()
	if err != nil {
		return nil, errors.New("it cannot be unpacked")
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, picture.Limits.MaxBytes+1))
	if err != nil || int64(len(b)) > picture.Limits.MaxBytes {
		return nil, errors.New("it cannot be unpacked")
	}
	return b, nil
}
