package zoo

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/safetensors"
)

func TestExport(t *testing.T) {
	o := tinyOptions(t)
	z := build(t, o)
	path := filepath.Join(t.TempDir(), "zoo.safetensors")
	if err := z.Export(path, 32); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.ReadFile(path, reading)
	if err != nil {
		t.Fatal(err)
	}
	adapters, err := find(file, "adapters", len(z.Adapters), o.Base.Layout.Params.Size())
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range z.Adapters {
		flat := slices.Concat(a...)
		if !slices.Equal(adapters[i*len(flat):][:len(flat)], flat) {
			t.Errorf("the values of adapter %d are not its own", i)
		}
	}
	text, err := os.ReadFile(LinesFile(path))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != len(z.Entries) {
		t.Fatalf("%d lines for %d adapters", len(lines), len(z.Entries))
	}
	for i, line := range lines {
		var got struct {
			ID, Prompt string
			PSNR       float64
			Phrasings  []string
			File       *string
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if e := z.Entries[i]; got.ID != e.ID || got.Prompt != e.Prompt || got.PSNR != e.PSNR || len(got.Phrasings) < 8 || got.File != nil {
			t.Errorf("line %d: %s", i, line)
		}
	}
	if err := z.Export(LinesFile(path), 32); err == nil {
		t.Error("tensors and lines are written to one file")
	}
	if err := (&Zoo{Base: o.Base}).Export(path, 32); err == nil {
		t.Error("an empty zoo is exported")
	}
	checkInPython(t, path)
}

// reader cuts and normalises adapters in plain Python, as the documentation of Export says.
const reader = `
import array, json, struct, sys
b = open(sys.argv[1], "rb").read()
end = 8 + struct.unpack("<Q", b[:8])[0]
header = json.loads(b[8:end])
def tensor(name):
    e = header[name]
    s, t = e["data_offsets"]
    return e["shape"], array.array({"F32": "f", "I64": "q", "U8": "B"}[e["dtype"]], b[end+s:end+t])
(n, values), adapters = tensor("adapters")
(count, size), mask = tensor("mask")
spans, mean, scale = tensor("blocks")[1], tensor("mean")[1], tensor("scale")[1]
for i in range(count):
    s, e = spans[2*i:2*i+2]
    assert list(mask[i*size:(i+1)*size]) == [1]*(e-s) + [0]*(size-(e-s))
    for a in range(n):
        for j, x in enumerate(adapters[a*values+s:a*values+e]):
            m = mean[i*size+j]
            assert (x - m) / scale[i] * scale[i] + m == x
names = json.loads(header["__metadata__"]["tensors"])
assert names[0]["start"] == 0 and names[-1]["start"] < values == sum(mask) == spans[-1]
print(n == len([json.loads(line) for line in open(sys.argv[2])]))
`

// checkInPython reads an export in Python, where that is installed.
func checkInPython(t *testing.T, path string) {
	t.Helper()
	if exec.Command("python3", "-c", "").Run() != nil {
		t.Log("not read in Python, which is not installed")
		return
	}
	out, err := exec.Command("python3", "-c", reader, path, LinesFile(path)).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "True" {
		t.Errorf("%v: %s", err, out)
	}
}
