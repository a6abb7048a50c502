package pairs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/pairs"
)

// flat is a picture of one grey, v/255.
func flat(w, h, v int) *imageio.Image {
	m := imageio.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = float32(v) / 255
	}
	return m
}

// put writes a picture and the folders above it.
func put(t *testing.T, m *imageio.Image, elem ...string) {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := imageio.WriteFile(path, m); err != nil {
		t.Fatal(err)
	}
}

func putText(t *testing.T, text string, elem ...string) {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sideBySide is a pair of flat pictures in one.
func sideBySide(w, h, a, b int) *imageio.Image {
	m := imageio.New(2*w, h)
	m.Paste(flat(w, h, a), 0, 0)
	m.Paste(flat(w, h, b), w, 0)
	return m
}

func load(dir string) (*pairs.Set, error) {
	return pairs.Load(context.Background(), dir, pairs.LoadOptions{Split: pairs.Train, Size: 8})
}

// grey returns the value of a flat picture, -1 if it isn't flat or of the wrong size.
func grey(m *imageio.Image) int {
	v := m.Pix[0]
	for _, other := range m.Pix {
		if other != v || m.W != 8 || m.H != 8 {
			return -1
		}
	}
	return int(v*255 + 0.5)
}

func TestLoadBothLayouts(t *testing.T) {
	apart, beside := t.TempDir(), t.TempDir()
	for i, name := range []string{"one", "three", "two"} {
		put(t, flat(20, 10, i), apart, "A/train", name+".png")
		put(t, flat(20, 10, 100+i), apart, "B/train", name+".png")
		put(t, sideBySide(20, 10, i, 100+i), beside, "train", name+".png")
	}
	put(t, flat(20, 10, 77), apart, "A/test/t.png")
	put(t, flat(20, 10, 77), apart, "B/test/t.jpg")
	putText(t, "not a picture", apart, "A/train/notes.txt")
	putText(t, "hidden", beside, "train/._one.png")
	if all, err := pairs.Load(context.Background(), apart, pairs.LoadOptions{Size: 8}); err != nil || !slices.Equal(all.Names, []string{"one", "three", "two", "t"}) {
		t.Errorf("all splits: %+v, error %v", all, err)
	}
	for _, dir := range []string{apart, beside} {
		for _, reverse := range []bool{false, true} {
			set, err := pairs.Load(context.Background(), dir, pairs.LoadOptions{Split: pairs.Train, Size: 8, Reverse: reverse})
			if err != nil {
				t.Fatal(err)
			}
			if set.Smallest != 10 {
				t.Errorf("the smallest of pictures of 20x10 has %d pixels", set.Smallest)
			}
			if diff := cmp.Diff([]string{"one", "three", "two"}, set.Names); diff != "" || len(set.Skipped) > 0 {
				t.Errorf("names %s, skipped %v", diff, set.Skipped)
			}
			for i := range set.Len() {
				a, b := set.Pair(i)
				if reverse {
					a, b = b, a
				}
				if grey(a) != i || grey(b) != 100+i {
					t.Errorf("%s pair %d is %d, %d", dir, i, grey(a), grey(b))
				}
			}
		}
	}
	set, err := pairs.Load(context.Background(), apart, pairs.LoadOptions{Split: pairs.Train, Size: 8, Max: 2})
	if err != nil || !cmp.Equal(set.Names, []string{"one", "three"}) {
		t.Errorf("first two: %v, %v", set, err)
	}
	set, err = pairs.Load(context.Background(), apart, pairs.LoadOptions{Split: pairs.Test, Size: 8})
	if err != nil || set.Len() != 1 {
		t.Errorf("PNG and JPEG of one name: %v", err)
	}
}

// One bad pair is skipped with a message that names it; the good one is used.
func TestLoadSkips(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(dir string)
		want []string
	}{
		{"damaged", func(dir string) {
			putText(t, "\x89PNG\r\n\x1a\nrubbish", dir, "A/train/bad.png")
			put(t, flat(8, 8, 1), dir, "B/train/bad.png")
		}, []string{"A/train/bad.png", "replace or remove"}},
		{"damaged target", func(dir string) {
			put(t, flat(8, 8, 1), dir, "A/train/bad.png")
			putText(t, "", dir, "B/train/bad.png")
		}, []string{"B/train/bad.png", "empty"}},
		{"bomb", func(dir string) {
			putText(t, "\xff\xd8\xff\xc0\x00\x11\x08\xff\xdc\xff\xdc\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00\xff\xda\x00\x0c",
				dir, "A/train/bad.jpg")
			put(t, flat(8, 8, 1), dir, "B/train/bad.png")
		}, []string{"A/train/bad.jpg", "over the limit"}},
		{"sizes", func(dir string) {
			put(t, flat(8, 8, 1), dir, "A/train/bad.png")
			put(t, flat(9, 8, 1), dir, "B/train/bad.png")
		}, []string{"A/train/bad.png has 8x8", "B/train/bad.png has 9x8", "same size"}},
		{"no target", func(dir string) {
			put(t, flat(8, 8, 1), dir, "A/train/bad.png")
		}, []string{"A/train/bad.png", "no partner in", "B/train"}},
		{"no input", func(dir string) {
			put(t, flat(8, 8, 1), dir, "B/train/bad.png")
		}, []string{"B/train/bad.png", "no partner in", "A/train"}},
		{"two of a name", func(dir string) {
			put(t, flat(8, 8, 0), dir, "A/train/good.jpg")
		}, []string{"A/train/good.png has the same name as good.jpg"}},
		{"listed but gone", func(dir string) {
			putText(t, strings.Replace(goodLine, "000001", "lost", 1), dir, "manifest.jsonl")
		}, []string{"pair lost", "manifest.jsonl"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, flat(8, 8, 0), dir, "A/train/good.png")
			put(t, flat(8, 8, 5), dir, "B/train/good.png")
			c.make(dir)
			set, err := load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if set.Len() != 1 || set.Names[0] != "good" || len(set.Skipped) != 1 {
				t.Fatalf("names %v, skipped %v; want good and one skipped", set.Names, set.Skipped)
			}
			for _, want := range c.want {
				if !strings.Contains(filepath.ToSlash(set.Skipped[0].Error()), want) {
					t.Errorf("skipped %q, want it to contain %q", set.Skipped[0], want)
				}
			}
		})
	}
}

// A set is known by its pictures: not by where and how they are kept, nor by what is made of them, but by each and their order.
func TestLoadIdentifies(t *testing.T) {
	write := func(greys ...int) string {
		dir := t.TempDir()
		for i, v := range greys {
			put(t, sideBySide(16, 16, v, v+1), dir, "train", fmt.Sprintf("%d.png", i))
		}
		return dir
	}
	id := func(dir string, change func(*pairs.LoadOptions)) string {
		o := pairs.LoadOptions{Split: pairs.Train, Size: 16, Identify: true}
		change(&o)
		set, err := pairs.Load(context.Background(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return set.ID
	}
	as := func(*pairs.LoadOptions) {}
	dir := write(10, 20)
	want := id(dir, as)
	apart := t.TempDir()
	for i, v := range []int{10, 20} {
		put(t, flat(16, 16, v), apart, "A/train", fmt.Sprintf("x%d.png", i))
		put(t, flat(16, 16, v+1), apart, "B/train", fmt.Sprintf("x%d.png", i))
	}
	putText(t, "rubbish", apart, "A/train/bad.png")
	putText(t, "rubbish", apart, "B/train/bad.png")
	for name, got := range map[string]string{
		"in another layout": id(apart, as),
		"scaled, reversed":  id(dir, func(o *pairs.LoadOptions) { o.Size, o.Reverse, o.Threads = 8, true, 1 }),
	} {
		if got != want || want == "" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, got := range map[string]string{
		"another picture": id(write(10, 21), as),
		"another order":   id(write(20, 10), as),
		"one less":        id(write(10), as),
		"not asked for":   id(dir, func(o *pairs.LoadOptions) { o.Identify = false }),
	} {
		if got == want {
			t.Errorf("%s: the same ID", name)
		}
	}
}

func TestLoadOddWidth(t *testing.T) {
	dir := t.TempDir()
	put(t, flat(15, 8, 1), dir, "train/bad.png")
	put(t, sideBySide(8, 8, 1, 2), dir, "train/good.png")
	set, err := load(dir)
	if err != nil || set.Len() != 1 || len(set.Skipped) != 1 || !strings.Contains(set.Skipped[0].Error(), "15 pixels wide") {
		t.Errorf("set %+v, %v", set, err)
	}
}

func TestLoadErrors(t *testing.T) {
	mkdir := func(names ...string) func(dir string) string {
		return func(dir string) string {
			for _, n := range names {
				if err := os.MkdirAll(filepath.Join(dir, n), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			return dir
		}
	}
	for _, c := range []struct {
		name string
		make func(dir string) string
		want string
	}{
		{"no folder", func(dir string) string { return filepath.Join(dir, "no") }, "no such file"},
		{"a file", func(dir string) string { putText(t, "x", dir, "f"); return filepath.Join(dir, "f") }, "is a file"},
		{"empty", mkdir(), "holds no pairs: expected A/train and B/train"},
		{"empty folders", mkdir("A/train", "B/train"), "A/train holds no PNG, JPEG or WebP pictures"},
		{"other split", mkdir("test"), "train holds no PNG"},
		{"unpaired", mkdir("trainA", "trainB"), "unpaired pictures (trainA, trainB)"},
		{"all bad", func(dir string) string {
			putText(t, "x", dir, "train/a.png")
			putText(t, "y", dir, "train/b.png")
			return dir
		}, "none of the 2 pairs"},
		{"manifest", func(dir string) string {
			put(t, sideBySide(8, 8, 1, 2), dir, "train/good.png")
			putText(t, goodLine+"\n{", dir, "manifest.jsonl")
			return dir
		}, "manifest.jsonl: line 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(c.make(t.TempDir()))
			if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), c.want) {
				t.Errorf("error %v, want it to contain %q", err, c.want)
			}
		})
	}
	if _, err := pairs.Load(context.Background(), t.TempDir(), pairs.LoadOptions{}); err == nil {
		t.Error("size 0: no error")
	}
}

func TestLoadCancelled(t *testing.T) {
	dir := t.TempDir()
	put(t, sideBySide(8, 8, 1, 2), dir, "train/a.png")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := pairs.Load(ctx, dir, pairs.LoadOptions{Split: pairs.Train, Size: 8}); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("error %v, want context canceled", err)
	}
}
