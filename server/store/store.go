// Package store keeps things with IDs on disk, a folder each, within the server's data folder and nowhere else.
package store

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/server/api"
)

// Store is the server's data folder.
type Store struct {
	root   *os.Root
	unlock func()
}

// Open opens the data folder, making it if need be, and claims it for this process.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	unlock, err := checkpoint.Lock(dir)
	if errors.Is(err, checkpoint.ErrLocked) {
		return nil, fmt.Errorf("%s: another server is at work there: stop it, or choose another folder", dir)
	}
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		unlock()
		return nil, err
	}
	return &Store{root, unlock}, nil
}

// Close gives up the claim.
func (s *Store) Close() error {
	err := s.root.Close()
	s.unlock()
	return err
}

// Dir returns a folder of things with IDs, making it if need be. Things that a killed process has left half-made or
// half-removed are removed.
func (s *Store) Dir(name string) (*Dir, error) {
	if err := s.root.MkdirAll(name, 0o700); err != nil {
		return nil, err
	}
	root, err := s.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	d := &Dir{root, func() error { return atomicfile.SyncDir(root, ".") }}
	return d, errors.Join(atomicfile.SyncDir(s.root, "."), d.sweep())
}

// NewID draws an ID: 60 random bits.
func NewID() string { return strings.ToLower(rand.Text()[:12]) }

// Dir is a folder of things with IDs.
type Dir struct {
	root *os.Root
	sync func() error // makes the IDs on disk those that there are
}

// Close closes the folder.
func (d *Dir) Close() error { return d.root.Close() }

// doomed begins the names of things that are being removed.
const doomed = ".removed-"

// sweep finishes removals and removes temporary files.
func (d *Dir) sweep() error {
	items, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, item := range items {
		if strings.HasPrefix(item.Name(), doomed) {
			d.root.RemoveAll(item.Name()) // what fails is tried at the next start
			continue
		}
		files, _ := fs.ReadDir(d.root.FS(), item.Name())
		for _, f := range files {
			if strings.HasPrefix(f.Name(), ".") && strings.Contains(f.Name(), ".tmp-") {
				d.root.Remove(path.Join(item.Name(), f.Name()))
			}
		}
	}
	return nil
}

// List returns the IDs.
func (d *Dir) List() ([]string, error) {
	items, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, item := range items {
		if item.IsDir() && api.ID.MatchString(item.Name()) {
			ids = append(ids, item.Name())
		}
	}
	return ids, nil
}

// Make makes the folder of a new thing, to last: what is written into it would be lost with it.
func (d *Dir) Make(id string) error {
	if err := d.root.Mkdir(id, 0o700); err != nil {
		return err
	}
	if err := d.sync(); err != nil {
		return errors.Join(err, d.root.Remove(id))
	}
	return nil
}

// Root opens the folder of a thing.
func (d *Dir) Root(id string) (*os.Root, error) { return d.root.OpenRoot(id) }

// Path returns the path of the folder of a thing, for what can't do with a root.
func (d *Dir) Path(id string) string { return filepath.Join(d.root.Name(), id) }

// Remove removes a thing: in one step for those who list, whatever is cut off in between. Its files go when its ID has gone for good, so that
// it does not come back without them.
func (d *Dir) Remove(id string) error {
	gone := doomed + id
	if err := d.root.Rename(id, gone); err != nil {
		return err
	}
	if err := d.sync(); err != nil {
		return err
	}
	return d.root.RemoveAll(gone)
}

// Write replaces a file of a thing.
func (d *Dir) Write(id, file string, write func(io.Writer) error) error {
	return atomicfile.WriteIn(d.root, path.Join(id, file), write)
}

// WriteJSON replaces a file of a thing by a value.
func (d *Dir) WriteJSON(id, file string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return d.Write(id, file, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// maxJSON bounds JSON files, in bytes.
const maxJSON = 32 << 20

// ReadJSON reads what WriteJSON wrote.
func (d *Dir) ReadJSON(id, file string, value any) error {
	f, size, err := d.Open(id, file)
	if err != nil {
		return err
	}
	defer f.Close()
	if size > maxJSON {
		return fmt.Errorf("%s/%s has %d bytes", id, file, size)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	return json.NewDecoder(bytes.NewReader(text)).Decode(value)
}

// Open opens a file of a thing and tells its size in bytes.
func (d *Dir) Open(id, file string) (*os.File, int64, error) {
	f, err := d.root.Open(path.Join(id, file))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// RemoveFile removes a file of a thing.
func (d *Dir) RemoveFile(id, file string) error { return d.root.Remove(path.Join(id, file)) }
