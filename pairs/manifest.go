package pairs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// ManifestName is the file in a dataset's folder that lists its pairs. It is written last: where it is,
// the dataset is complete.
const ManifestName = "manifest.jsonl"

// maxManifestLine bounds the memory that one line may ask for, in bytes.
const maxManifestLine = 1 << 16

// Record is a line of the manifest: what a pair was made from.
type Record struct {
	Name   string `json:"name"`   // of the picture files, without folder and extension
	Split  Split  `json:"split"`  // "train", "val" or "test"
	Source string `json:"source"` // "scene", or the photo's path in its folder
	Edit   string `json:"edit"`   // as package teacher parses it
	Seed   uint64 `json:"seed"`   // of the scene and of the edit; below 2^53, exact in every JSON reader
}

// check refuses records that could not have been written by Make, above all names that lead out of the
// dataset's folder.
func (r Record) check() error {
	if r.Name == "" || r.Name != filepath.Base(r.Name) || strings.ContainsAny(r.Name, `/\`) || !filepath.IsLocal(r.Name) {
		return fmt.Errorf("name %q is not a plain file name", r.Name)
	}
	switch r.Split {
	case Train, Val, Test:
	default:
		return fmt.Errorf("split %q is not train, val or test", r.Split)
	}
	return nil
}

// ParseManifest reads records, one JSON object a line. Empty lines are passed over; unknown fields are
// refused, so that a misspelt one is not lost. Errors tell the line.
func ParseManifest(r io.Reader) ([]Record, error) {
	var records []Record
	seen := map[string]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxManifestLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		record, err := parseRecord(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		key := string(record.Split) + "/" + record.Name
		if first, ok := seen[key]; ok {
			return nil, fmt.Errorf("line %d: %s is listed on line %d already", n, key, first)
		}
		seen[key] = n
		records = append(records, record)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return records, nil
}

func parseRecord(line []byte) (Record, error) {
	var record Record
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&record); err != nil {
		return record, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return record, errors.New("more than one JSON object")
	}
	return record, record.check()
}

// readManifest reads the manifest of a dataset; a dataset without one gives no records.
func readManifest(dir string) ([]Record, error) {
	path := filepath.Join(dir, ManifestName)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	defer f.Close()
	records, err := ParseManifest(f)
	if err != nil {
		return nil, fmt.Errorf("read manifest %s: %w: repair it, or delete it to do without", path, err)
	}
	return records, nil
}

func writeManifest(dir string, records []Record) error {
	return atomicfile.Write(filepath.Join(dir, ManifestName), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, r := range records {
			if err := e.Encode(r); err != nil {
				return err
			}
		}
		return nil
	})
}
