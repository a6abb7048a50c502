// Package keep keeps results in files, each by a key of everything that it depends on, so that long measurements which were interrupted go
// on, and those that are repeated measure only what is new.
package keep

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// Folder is where results are kept. With "" nothing is.
type Folder string

// format changes when results of equal keys do.
const format = 1

// Path returns where the result of a key lies, without its ending, and the key as text. The name only tells people what it is; the hash
// decides.
func (f Folder) Path(kind, name string, key any) (path string, text []byte, err error) {
	if text, err = json.Marshal([]any{format, kind, key}); err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(text)
	return filepath.Join(string(f), kind, name+"-"+hex.EncodeToString(sum[:8])), text, nil
}

// kept is what a file holds.
type kept struct {
	Key    json.RawMessage `json:"key"`
	Result json.RawMessage `json:"result"`
}

// Remember returns the result of a key, or makes and keeps it. A damaged file is as good as none.
func Remember[T any](f Folder, kind, name string, key any, make func() (T, error)) (result T, err error) {
	if f == "" {
		return make()
	}
	path, text, err := f.Path(kind, name, key)
	if err != nil {
		return result, err
	}
	path += ".json"
	var k kept
	if b, err := os.ReadFile(path); err == nil && json.Unmarshal(b, &k) == nil && same(k.Key, text) && json.Unmarshal(k.Result, &result) == nil {
		return result, nil
	}
	if result, err = make(); err != nil {
		return result, err
	}
	k.Key = text
	if k.Result, err = json.Marshal(result); err != nil {
		return result, err
	}
	return result, write(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(k) })
}

// same tells whether JSON texts are the same but for space between tokens.
func same(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// write writes a file and the folder that it is in.
func write(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, write)
}
