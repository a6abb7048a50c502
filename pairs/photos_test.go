package pairs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warmstart-ml/warmstart/pairs"
)

func TestMakePhotos(t *testing.T) {
	photoDir := t.TempDir()
	for i := range 4 {
		put(t, flat(40, 30, 10+i), photoDir, "train", fmt.Sprintf("%d.jpg", i))
	}
	put(t, flat(20, 50, 200), photoDir, "test/deep/t.png")
	putText(t, "rubbish", photoDir, "train/bad.png")
	putText(t, "text", photoDir, "README.md")
	o := small(t, t.TempDir())
	o.Photos, o.N = photoDir, 0
	result := mustMake(t, o)
	if diff := cmp.Diff(map[pairs.Split]int{pairs.Train: 4, pairs.Test: 1}, result.Splits); diff != "" || result.Made != 5 {
		t.Errorf("made %d, splits %s", result.Made, diff)
	}
	if len(result.Skipped) != 1 || !strings.Contains(filepath.ToSlash(result.Skipped[0].Error()), "train/bad.png") {
		t.Errorf("skipped %v", result.Skipped)
	}
	set, err := pairs.Load(context.Background(), o.Dir, pairs.LoadOptions{Split: pairs.Train, Size: 16})
	if err != nil || set.Len() != 4 || len(set.Skipped) > 0 {
		t.Fatalf("loaded %+v, %v", set, err)
	}
	checkEdit(t, o, set)

	o.Dir, o.N = t.TempDir(), 100 // more than there are
	if result = mustMake(t, o); result.Made != 5 || result.Photos != 6 {
		t.Errorf("made %d of %d photos, 6 are there, one of them bad", result.Made, result.Photos)
	}
	put(t, flat(40, 30, 99), photoDir, "train/another.png")
	if _, err := pairs.Make(context.Background(), o); err == nil || !strings.Contains(err.Error(), "other photos") {
		t.Errorf("resumed with other photos: %v", err)
	}
}

// Folders further down that are called as splits are say nothing.
func TestMakePhotosDeepFolders(t *testing.T) {
	o := small(t, t.TempDir())
	o.Photos, o.N, o.Test = t.TempDir(), 0, 0
	for i := range 4 {
		put(t, flat(20, 20, 10+i), o.Photos, "nature", "test", fmt.Sprintf("%d.png", i))
	}
	if result := mustMake(t, o); result.Splits[pairs.Train] != 4 {
		t.Errorf("splits %v", result.Splits)
	}
}

// photoDir is a folder of n photos.
func photoDir(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		put(t, flat(20, 20, 10+i), dir, fmt.Sprintf("%d.png", i))
	}
	return dir
}

// Pairs that are made among the photos they come from are no photos: not for the same command again, nor for another.
func TestMakeAmongPhotos(t *testing.T) {
	for _, layout := range []pairs.Layout{pairs.SideBySide, pairs.Apart} {
		o := small(t, "")
		o.Photos, o.N, o.Layout = photoDir(t, 5), 0, layout
		o.Dir = filepath.Join(o.Photos, "pairs")
		if result := mustMake(t, o); result.Made != 5 || len(result.Skipped) != 0 {
			t.Errorf("%s: %+v", layout, result)
		}
		if result := mustMake(t, o); result.Kept != 5 || result.Made != 0 || len(result.Skipped) != 0 {
			t.Errorf("%s again: %+v", layout, result)
		}
		other := o
		other.Dir = filepath.Join(o.Photos, "more", "pairs")
		result := mustMake(t, other)
		if result.Made != 5 || len(result.Skipped) != 1 || !strings.Contains(result.Skipped[0].Error(), o.Dir) {
			t.Errorf("%s in another folder: %+v, want to be told of %s", layout, result, o.Dir)
		}
		o.Photos, o.Dir = o.Dir, t.TempDir()
		if _, err := pairs.Make(context.Background(), o); err == nil || !strings.Contains(err.Error(), "holds pairs (pairs.json), not photos") {
			t.Errorf("%s, pairs for photos: error %v", layout, err)
		}
	}
}

// A link to a folder is the folder: it gives the same pairs.
func TestMakePhotosByLink(t *testing.T) {
	o := small(t, t.TempDir())
	o.Photos, o.N = photoDir(t, 5), 0
	mustMake(t, o)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(o.Photos, link); err != nil {
		t.Skip(err) // Windows allows it to some users only
	}
	o.Photos = link
	if result := mustMake(t, o); result.Kept != 5 || result.Made != 0 {
		t.Errorf("%+v", result)
	}
}
