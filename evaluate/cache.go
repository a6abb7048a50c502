package evaluate

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

// cache keeps results in a folder, so that an evaluation which was interrupted goes on and one that is repeated measures only what is
// new. With "" as the folder it keeps nothing.
type cache string

// cacheFormat changes when results of equal keys do.
const cacheFormat = 1

// path returns where the result of a key lies, without its ending. The name only tells people what it is; the hash decides.
func (c cache) path(kind, name string, key any) (path string, text []byte, err error) {
	if text, err = json.Marshal([]any{cacheFormat, kind, key}); err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(text)
	return filepath.Join(string(c), kind, name+"-"+hex.EncodeToString(sum[:8])), text, nil
}

// kept is what a file holds.
type kept struct {
	Key    json.RawMessage `json:"key"`
	Result json.RawMessage `json:"result"`
}

// remember returns the result of a key, or makes and keeps it. A damaged file is as good as none.
func remember[T any](c cache, kind, name string, key any, make func() (T, error)) (result T, err error) {
	if c == "" {
		return make()
	}
	path, text, err := c.path(kind, name, key)
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
	return result, c.write(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(k) })
}

// same tells whether JSON texts are the same but for space between tokens.
func same(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// write writes a file and the folder that it is in.
func (c cache) write(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, write)
}
