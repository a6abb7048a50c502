package corpus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/teacher"
)

// Folders called test and val are kept from training, unless one of them is named itself.
func TestKeptFolders(t *testing.T) {
	dir := photos(t, 1)
	for _, name := range []string{"test", "val", "nature"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(photos(t, 2))); err != nil {
			t.Fatal(err)
		}
	}
	k := newCorpus(t, Config{Size: 16, Photos: dir + "/"})
	if k.Photos() != 3 || len(k.Skipped) != 2 || !strings.Contains(k.Skipped[0].Error(), "test") || !strings.Contains(k.Skipped[1].Error(), "val") {
		t.Errorf("%d photos, skipped %v", k.Photos(), k.Skipped)
	}
	k = newCorpus(t, Config{Size: 16, Photos: filepath.Join(dir, "test")})
	if k.Photos() != 2 || len(k.Skipped) != 0 {
		t.Errorf("%d photos to test with, skipped %v", k.Photos(), k.Skipped)
	}
	for _, name := range []string{"a.png", "nature"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(t.Context(), Config{Size: 16, Photos: dir}); err == nil || !strings.Contains(err.Error(), "called test and val aside") {
		t.Errorf("only photos to test with: error %v", err)
	}
}

// Folders of pairs hold no photos, as their inputs are photos already and their targets are none.
func TestPairsAreNoPhotos(t *testing.T) {
	dir := photos(t, 3)
	sepia, err := teacher.Parse("sepia")
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(dir, "pairs")
	if _, err := pairs.Make(t.Context(), pairs.Options{Dir: made, Edit: sepia, Photos: dir, Size: 16, Layout: pairs.Apart}); err != nil {
		t.Fatal(err)
	}
	k := newCorpus(t, Config{Size: 16, Photos: dir})
	if k.Photos() != 3 || len(k.Skipped) != 1 || !strings.Contains(k.Skipped[0].Error(), made) {
		t.Errorf("%d photos, skipped %v", k.Photos(), k.Skipped)
	}
	if _, err := New(t.Context(), Config{Size: 16, Photos: made}); err == nil || !strings.Contains(err.Error(), "not photos") {
		t.Errorf("pairs for photos: error %v", err)
	}
}

// A link to a folder is the folder, and what is kept from training in it is kept.
func TestPhotosByLink(t *testing.T) {
	dir := photos(t, 3)
	if err := os.CopyFS(filepath.Join(dir, "test"), os.DirFS(photos(t, 2))); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip(err) // Windows allows it to some users only
	}
	direct, linked := newCorpus(t, Config{Size: 16, Photos: dir}), newCorpus(t, Config{Size: 16, Photos: link})
	if linked.ID() != direct.ID() || len(linked.Skipped) != 1 || !strings.Contains(linked.Skipped[0].Error(), filepath.Join(link, "test")) {
		t.Errorf("%d photos, skipped %v", linked.Photos(), linked.Skipped)
	}
}

// Equal pictures are found under any name.
func TestShared(t *testing.T) {
	dir, other := photos(t, 3), t.TempDir()
	if err := os.Rename(filepath.Join(dir, "b.png"), filepath.Join(other, "x.png")); err != nil {
		t.Fatal(err)
	}
	a := newCorpus(t, Config{Size: 16, Scenes: 2, First: TrainScenes, Photos: dir})
	b := newCorpus(t, Config{Size: 16, Scenes: 2, First: TrainScenes, Photos: other})
	if files := a.Shared(b); files != nil {
		t.Errorf("shared: %v", files)
	}
	whole := newCorpus(t, Config{Size: 16, First: TestScenes, Photos: photos(t, 3)})
	if files := whole.Shared(b); len(files) != 1 || filepath.Base(files[0][0]) != "b.png" || filepath.Base(files[0][1]) != "x.png" {
		t.Errorf("shared: %v", files)
	}
}
