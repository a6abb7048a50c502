package dataset

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/picture"
	"github.com/warmstart-ml/warmstart/server/store"
)

func open(t *testing.T, dir string) (*Store, func()) {
	t.Helper()
	all, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { all.Close() })
	d, err := all.Dir("pairs")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(d, picture.NewDecoder(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s, func() { all.Close() }
}

// png is a picture of one colour.
func png(w, h int, grey float32) []byte {
	m := imageio.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = grey
	}
	var b bytes.Buffer
	if err := m.EncodePNG(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// files are the entries of an archive, in order.
type files []struct {
	name string
	data []byte
}

func (f files) zip(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range f {
		w, err := z.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(e.data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// several are n pairs in folders.
func several(n int, a, b string) (f files) {
	for i := range n {
		name := fmt.Sprintf("/%03d.png", i)
		f = append(f, files{{a + name, png(20, 20, 0.2)}, {b + name, png(20, 20, 0.8)}}...)
	}
	return f
}

// sent is what receives an upload.
func sent(upload []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(upload)
		return err
	}
}

// addZip adds an archive.
func (s *Store) addZip(t *testing.T, name string, archive []byte) (api.Pairs, error) {
	t.Helper()
	return s.Add(t.Context(), name, sent(archive), (*Intake).Zip)
}

// TestLayouts: archives as people have them, and what becomes of their pairs.
func TestLayouts(t *testing.T) {
	a, b := png(20, 20, 0.2), png(20, 20, 0.8)
	wide := png(40, 20, 0.5)
	for name, c := range map[string]struct {
		files       files
		train, test int
		skipped     string
	}{
		"two folders":    {several(9, "A", "B"), 8, 1, ""},
		"few":            {several(3, "a", "b"), 3, 0, ""},
		"in a folder":    {several(2, "my data/A", "my data/B"), 2, 0, ""},
		"splits":         {append(several(2, "A/train", "B/train"), several(1, "A/test", "B/test")...), 2, 1, ""},
		"splits outside": {append(several(2, "train/A", "train/B"), several(3, "val/A", "val/B")...), 2, 3, ""},
		"no train":       {several(2, "test/A", "test/B"), 2, 0, ""},
		"side by side":   {files{{"train/1.png", wide}, {"train/2.png", wide}, {"test/3.png", wide}}, 2, 1, ""},
		"loose":          {files{{"1.png", wide}, {"2.png", wide}}, 2, 0, ""},
		"extensions":     {files{{"A/x.png", a}, {"B/x.jpeg", b}}, 1, 0, ""},
		"other files":    {append(several(1, "A", "B"), files{{"README.md", []byte("hello")}, {"A/.hidden.png", a}, {"__MACOSX/A/x.png", a}, {"A/", nil}}...), 1, 0, ""},
		"no target":      {append(several(1, "A", "B"), files{{"A/alone.png", a}}...), 1, 0, "alone: there is no target"},
		"no input":       {append(several(1, "A", "B"), files{{"B/alone.png", a}}...), 1, 0, "alone: there is no input"},
		"twice":          {append(several(1, "A", "B"), files{{"A/000.jpg", a}}...), 1, 0, "A/000.jpg: there is another"},
		"sizes":          {append(several(1, "A", "B"), files{{"A/x.png", a}, {"B/x.png", wide}}...), 1, 0, "20x20 pixels, the target 40x20"},
		"damaged":        {append(several(1, "A", "B"), files{{"A/x.png", a[:len(a)-20]}, {"B/x.png", b}}...), 1, 0, "A/x.png: PNG picture is cut short"},
		"odd width":      {files{{"1.png", wide}, {"2.png", png(41, 20, 0)}}, 1, 0, "even width"},
		"stray":          {append(several(1, "A", "B"), files{{"x.png", wide}}...), 1, 0, "x.png: it is neither in a folder A"},
		"large":          {files{{"A/x.png", png(900, 700, 0)}, {"B/x.png", png(900, 700, 1)}}, 1, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := open(t, t.TempDir())
			p, err := s.addZip(t, "mine", c.files.zip(t))
			if err != nil {
				t.Fatal(err)
			}
			if p.Train != c.train || p.Test != c.test || !strings.Contains(strings.Join(p.Skipped, "\n"), c.skipped) || (len(p.Skipped) > 0) != (c.skipped != "") {
				t.Errorf("%+v", p)
			}
			dir, err := s.Folder(p.ID)
			if err != nil {
				t.Fatal(err)
			}
			set, err := pairs.Load(t.Context(), dir, pairs.LoadOptions{Split: pairs.Train, Size: 16})
			if err != nil || set.Len() != c.train || len(set.Skipped) > 0 || set.Smallest > keptSide {
				t.Errorf("%+v, %v", set, err)
			}
			left, _ := fs.Glob(os.DirFS(dir), "*")
			if strings.Join(left, " ") != "A B pairs.json" {
				t.Errorf("%q are left in the folder", left)
			}
		})
	}
}

// TestHostileZips: they are refused in one sentence, and leave nothing.
func TestHostileZips(t *testing.T) {
	good := several(1, "A", "B")
	manyEntries := func() (f files) {
		for i := range maxEntries + 1 {
			f = append(f, files{{fmt.Sprintf("%d.txt", i), nil}}...)
		}
		return f
	}
	link := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		h := &zip.FileHeader{Name: "A/x.png"}
		h.SetMode(fs.ModeSymlink | 0o777)
		w, _ := z.CreateHeader(h)
		io.WriteString(w, "/etc/passwd")
		z.Close()
		return b.Bytes()
	}
	flipped := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, _ := z.CreateHeader(&zip.FileHeader{Name: "A/x.png", Method: zip.Store})
		w.Write(png(20, 20, 0))
		z.Close()
		return bytes.Replace(b.Bytes(), []byte("IDAT"), []byte("IDAX"), 1)
	}
	huge := func() []byte { // says that it is 3 GiB
		b := files{{"A/x.png", png(20, 20, 0)}}.zip(t)
		at := bytes.LastIndex(b, []byte("PK\x01\x02"))
		binary.LittleEndian.PutUint32(b[at+20:], 3<<30-1)
		binary.LittleEndian.PutUint32(b[at+24:], 3<<30-1)
		return b
	}
	longNames := func() (f files) {
		for i := range maxList>>16 + 5 {
			f = append(f, files{{fmt.Sprintf("%065535d", i), nil}}...)
		}
		return f
	}
	var manyPairs files
	pixel := png(1, 1, 0)
	for i := range MaxPairs + 1 {
		name := fmt.Sprintf("/%d.png", i)
		manyPairs = append(manyPairs, files{{"A" + name, pixel}, {"B" + name, pixel}}...)
	}
	for name, c := range map[string]struct {
		archive []byte
		want    error
		text    string
	}{
		"no zip":       {[]byte("hello"), ErrInvalid, "no zip file"},
		"empty":        {nil, ErrInvalid, "no zip file"},
		"cut":          {good.zip(t)[:100], ErrInvalid, "no zip file"},
		"no pictures":  {files{{"README.md", []byte("hello")}}.zip(t), ErrInvalid, "holds no PNG"},
		"only damaged": {files{{"A/x.png", []byte("x")}, {"B/x.png", []byte("y")}}.zip(t), ErrInvalid, "none of its pictures"},
		"above":        {append(good, files{{"../../evil.png", png(1, 1, 0)}}...).zip(t), ErrInvalid, "leads out"},
		"absolute":     {append(good, files{{"/etc/evil.png", png(1, 1, 0)}}...).zip(t), ErrInvalid, "leads out"},
		"backslashes":  {append(good, files{{`..\evil.png`, png(1, 1, 0)}}...).zip(t), ErrInvalid, "leads out"},
		"link":         {link(), ErrInvalid, "neither a file nor a folder"},
		"bomb":         {files{{"A/x.png", make([]byte, 4<<20)}}.zip(t), ErrInvalid, "grows more than"},
		"huge":         {huge(), ErrTooLarge, "holds more than"},
		"many entries": {manyEntries().zip(t), ErrTooLarge, "entries"},
		"long names":   {longNames().zip(t), ErrTooLarge, "list of entries"},
		"many pairs":   {manyPairs.zip(t), ErrTooLarge, "pairs, at most"},
		"wrong sums":   {flipped(), ErrInvalid, "cannot be unpacked"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, _ := open(t, dir)
			_, err := s.addZip(t, "evil", c.archive)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
				t.Errorf("error %v", err)
			}
			left, _ := os.ReadDir(filepath.Join(dir, "pairs"))
			if len(left) != 0 || len(s.List()) != 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// list is an archive of a list of n entries and nothing else. At its end it says that there are said, in so many bytes; wide: in the form for
// large archives.
func list(n int, said, size uint64, wide bool) []byte {
	b := bytes.Repeat(append([]byte("PK\x01\x02"), make([]byte, 42)...), n)
	le := binary.LittleEndian
	if wide {
		end := uint64(len(b))
		b = append(append(b, "PK\x06\x06"...), make([]byte, 20)...) // length, versions, numbers of disks
		b = le.AppendUint64(le.AppendUint64(b, said), said)
		b = le.AppendUint64(le.AppendUint64(b, size), 0)
		b = append(append(b, "PK\x06\x07"...), make([]byte, 4)...)
		b = le.AppendUint32(le.AppendUint64(b, end), 1)
		said, size = 0xffff, 0xffffffff
	}
	b = append(append(b, "PK\x05\x06"...), make([]byte, 4)...)
	b = le.AppendUint16(le.AppendUint16(b, uint16(said)), uint16(said))
	return append(le.AppendUint32(b, uint32(size)), make([]byte, 6)...)
}

// TestLongLists: however long the list of entries is, and whatever the archive says about that, little of it is read into memory.
func TestLongLists(t *testing.T) {
	const n, header = 500_000, 46
	for name, c := range map[string]struct {
		n          int
		said, size uint64
		wide, ok   bool
	}{
		"short":             {n: 100, said: 100, size: 100 * header, ok: true},
		"short, wide":       {n: 100, said: 100, size: 100 * header, wide: true, ok: true},
		"honest":            {n: n, said: n, size: n * header},
		"honest, wide":      {n: n, said: n, size: n * header, wide: true},
		"says it is short":  {n: n, said: n % (1 << 16), size: header},
		"says it has none":  {n: n, size: n * header},
		"wide and short":    {n: n, said: n % (1 << 16), size: header, wide: true},
		"says it is longer": {n: n, said: 1 << 50, size: n * header, wide: true},
	} {
		t.Run(name, func(t *testing.T) {
			archive := list(c.n, c.said, c.size, c.wide)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			z, err := listZip(bytes.NewReader(archive), int64(len(archive)))
			runtime.ReadMemStats(&after)
			if c.ok && (err != nil || len(z.File) != c.n) || !c.ok && !errors.Is(err, ErrTooLarge) {
				t.Errorf("error %v", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 80<<20 {
				t.Errorf("%d MiB for a list of %d MiB", took>>20, len(archive)>>20)
			}
		})
	}
}

// boundary is what forms have between their parts.
const boundary = "xxxxxxxx"

// addForm adds a form.
func (s *Store) addForm(t *testing.T, form []byte) (api.Pairs, error) {
	t.Helper()
	return s.Add(t.Context(), "form", sent(form), func(in *Intake, f *os.File) error { return in.Form(multipart.NewReader(f, boundary)) })
}

// form makes a form with files.
func form(t *testing.T, parts ...[3]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	w.SetBoundary(boundary)
	for _, p := range parts {
		f, err := w.CreateFormFile(p[0], p[1])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, p[2])
	}
	w.Close()
	return b.Bytes()
}

func TestForm(t *testing.T) {
	x, y := string(png(20, 20, 0.1)), string(png(20, 20, 0.9))
	s, _ := open(t, t.TempDir())
	p, err := s.addForm(t, form(t, [3]string{"a", "deep/1.png", x}, [3]string{"a", "2.png", x}, [3]string{"b", "2.png", y}, [3]string{"b", "1.jpg", y}, [3]string{"a", "notes.txt", "hello"}))
	if err != nil || p.Train != 2 || len(p.Skipped) != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = s.addForm(t, form(t, [3]string{"zip", "a.zip", string(several(2, "A", "B").zip(t))}))
	if err != nil || p.Train != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	for text, f := range map[string][]byte{
		"no field": form(t, [3]string{"c", "1.png", x}),
		"no PNG":   form(t),
		"damaged":  []byte("--" + boundary + "\r\nContent-Disposition: form-data; name=\"a\"; filename=\"1.png\"\r\n\r\nhal"),
	} {
		if _, err := s.addForm(t, f); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestRestart: sets are there after a restart, except those that were being taken in.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	s, closeIt := open(t, dir)
	p, err := s.addZip(t, "mine", several(2, "A", "B").zip(t))
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, "pairs", store.NewID())
	os.Mkdir(half, 0o755)
	closeIt()
	s, _ = open(t, dir)
	if list := s.List(); len(list) != 1 || list[0].ID != p.ID || list[0].Name != "mine" || list[0].Train != 2 {
		t.Errorf("%+v", list)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("half a set is left")
	}
	if err := s.Remove(p.ID); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.Remove(p.ID), func() error { _, err := s.Folder(p.ID); return err }()} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("after its removal: %v", err)
		}
	}
}

// TestCancelled: an upload whose client goes away leaves nothing and keeps nobody waiting.
func TestCancelled(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Add(ctx, "x", sent(nil), func(in *Intake, _ *os.File) error {
		cancel()
		return in.picture(key{stem: "x"}, input, "x.png", png(20, 20, 0))
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := s.addZip(t, "mine", several(1, "A", "B").zip(t)); err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	for len(s.sets) < maxSets {
		s.sets[store.NewID()] = api.Pairs{}
	}
	s.mu.Unlock()
	if _, err := s.addZip(t, "one too many", nil); !errors.Is(err, ErrFull) {
		t.Errorf("error %v", err)
	}
}

// TestUploads: those that come slowly keep nobody waiting, there may be so many, and who waits for a turn may go.
func TestUploads(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir)
	archive := several(1, "A", "B").zip(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	slowly := func(w io.Writer) error {
		begun <- struct{}{}
		<-goOn
		return sent(archive)(w)
	}
	var slow sync.WaitGroup
	for range maxUploads - 1 {
		slow.Go(func() {
			if _, err := s.Add(t.Context(), "slow", slowly, (*Intake).Zip); err != nil {
				t.Error(err)
			}
		})
		<-begun
	}
	if _, err := s.addZip(t, "fast", archive); err != nil {
		t.Error(err)
	}
	s.one <- struct{}{} // as if an upload was taken in
	ctx, cancel := context.WithCancel(t.Context())
	waits := func(w io.Writer) error {
		if _, err := s.addZip(t, "one too many", archive); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v", err)
		}
		cancel()
		return sent(archive)(w)
	}
	if _, err := s.Add(ctx, "gone", waits, (*Intake).Zip); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away: error %v", err)
	}
	<-s.one
	close(goOn)
	slow.Wait()
	if left, _ := os.ReadDir(filepath.Join(dir, "pairs")); len(left) != maxUploads || len(s.List()) != maxUploads || s.uploads != 0 {
		t.Errorf("%d folders, %d sets, %d uploads", len(left), len(s.List()), s.uploads)
	}
}

// FuzzZip: whatever an archive holds, it is taken in or refused.
func FuzzZip(f *testing.F) {
	f.Add(several(1, "A", "B").zip(f))
	f.Add([]byte("PK"))
	f.Add(list(3, 3, 3*46, true))
	f.Add(list(3, 2, 46, false))
	decoder := picture.NewDecoder()
	f.Fuzz(func(t *testing.T, archive []byte) {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		in := &Intake{ctx: t.Context(), root: root, decoder: decoder, found: map[key]*found{}}
		var p api.Pairs
		if err := in.zip(bytes.NewReader(archive)); err == nil && in.finish(&p) == nil && p.Train == 0 {
			t.Errorf("%+v", p)
		}
	})
}
