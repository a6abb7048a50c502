package lora

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/safetensors"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenBase has weights and an adapter that are the same on every machine.
func goldenBase(t testing.TB) (*Base, *Adapter) {
	t.Helper()
	b := newBase(t, tinyConfig(), Config{Seed: 7, Ranks: []Rank{{"transformer.*", 1}, {"*", 2}}})
	for _, values := range b.Generator.Values {
		for i := range values {
			values[i] = float32(i%17)/16 - 0.5
		}
	}
	b, err := NewBase(b.Generator, b.Layout.Config())
	if err != nil {
		t.Fatal(err)
	}
	a := &Adapter{Values: b.Layout.Initial(), Info: Info{
		Concept: "sepia+fog.strong", Prompt: "an old photo of thick fog", Seed: 1 << 63, Steps: 150,
		Metrics: map[string]float64{"psnr": 24.5, "l1": 0.0625},
	}}
	for _, values := range a.Values {
		for i := range values {
			values[i] = float32(i%13)/8 - 0.75
		}
	}
	return b, a
}

// golden compares a file with the one of the same name in testdata.
func golden(t *testing.T, path string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", filepath.Base(path))
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what was written before: a change of format needs another version number (then run with -update)", name)
	}
}

func TestAdapterFile(t *testing.T) {
	b, a := goldenBase(t)
	path := filepath.Join(t.TempDir(), "adapter.safetensors")
	if err := a.Write(path, b); err != nil {
		t.Fatal(err)
	}
	golden(t, path)
	got, err := ReadAdapter(filepath.Join("testdata", "adapter.safetensors"), b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, a) {
		t.Errorf("%+v, wanted %+v", got.Info, a.Info)
	}
	for file, want := range map[string]bool{"adapter.safetensors": true, "base.safetensors": false} {
		if is, err := IsAdapter(filepath.Join("testdata", file)); err != nil || is != want {
			t.Errorf("%s is an adapter: %t, error %v", file, is, err)
		}
	}
	a.Metrics = map[string]float64{"psnr": math.NaN()}
	if err := a.Write(path, b); err == nil {
		t.Error("a metric that is not a number was written")
	}
	a.Values = a.Values[1:]
	if err := a.Write(path, b); err == nil {
		t.Error("an adapter without its first tensor was written")
	}
}

func TestForeignAdapter(t *testing.T) {
	b, _ := goldenBase(t)
	g := *b.Generator
	g.Values = slices.Clone(g.Values)
	g.Values[0] = slices.Clone(g.Values[0])
	g.Values[0][3] = math.Nextafter32(g.Values[0][3], 1) // one bit
	other, err := NewBase(&g, b.Layout.Config())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "adapter.safetensors")
	_, err = ReadAdapter(path, other)
	if err == nil || !strings.Contains(err.Error(), b.Hash) || !strings.Contains(err.Error(), other.Hash) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, wanted one that names the file and both hashes", err)
	}
	reseeded, err := NewBase(b.Generator, Config{Seed: 8, Ranks: b.Layout.Config().Ranks})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAdapter(path, reseeded); err == nil {
		t.Error("an adapter over another A was accepted")
	}
}

func TestDamagedAdapter(t *testing.T) {
	b, a := goldenBase(t)
	metadata, err := a.Info.metadata(b)
	if err != nil {
		t.Fatal(err)
	}
	write := func(change func(f *safetensors.File)) *safetensors.File {
		f := &safetensors.File{Metadata: map[string]string{}}
		for k, v := range metadata {
			f.Metadata[k] = v
		}
		for i, p := range b.Layout.Params.List() {
			f.Tensors = append(f.Tensors, safetensors.Float32(p.Name, p.Dims, a.Values[i]))
		}
		change(f)
		return f
	}
	if _, err := decode(write(func(*safetensors.File) {}), b); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(f *safetensors.File){
		"format":  func(f *safetensors.File) { f.Metadata["format"] = "warmstart/generator" },
		"version": func(f *safetensors.File) { f.Metadata["version"] = "2" },
		"base":    func(f *safetensors.File) { delete(f.Metadata, "base") },
		"seed":    func(f *safetensors.File) { f.Metadata["seed"] = "-1" },
		"steps":   func(f *safetensors.File) { f.Metadata["steps"] = "many" },
		"metrics": func(f *safetensors.File) { f.Metadata["metrics"] = "{" },
		"missing": func(f *safetensors.File) { f.Tensors = f.Tensors[1:] },
		"more": func(f *safetensors.File) {
			f.Tensors = append(f.Tensors, safetensors.Float32("x", []int{1}, []float32{1}))
		},
		"renamed": func(f *safetensors.File) { f.Tensors[0].Name = "x" },
		"shape":   func(f *safetensors.File) { f.Tensors[0].Shape = []int{len(f.Tensors[0].F32)} },
	} {
		if _, err := decode(write(change), b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestBaseFile(t *testing.T) {
	b, a := goldenBase(t)
	path := filepath.Join(t.TempDir(), "base.safetensors")
	if err := b.Write(path); err != nil {
		t.Fatal(err)
	}
	golden(t, path)
	got, err := ReadBase(path)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := DecodeBase(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash != b.Hash || embedded.Hash != b.Hash {
		t.Errorf("hashes %s and %s, wanted %s", got.Hash, embedded.Hash, b.Hash)
	}
	m, _, err := gan.Load(cputest.New(t, ""), path)
	if err != nil {
		t.Errorf("a base is not a generator: %v", err)
	} else {
		m.Close()
	}
	w, err := b.Apply(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadBase(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "base") {
		t.Errorf("a generator with an adapter as a base: error %v", err)
	}
	for _, bad := range []string{"", "{", `{"rank": 1}`, `{"ranks": [{"pattern": "*", "rank": 9999}]}`} {
		if _, err := parseConfig(bad); err == nil {
			t.Errorf("ranks %q were accepted", bad)
		}
	}
}

// TestPEFT computes W + B A from the written files as PyTorch does, in its order of axes.
func TestPEFT(t *testing.T) {
	b, a := goldenBase(t)
	dir := t.TempDir()
	if err := a.WritePEFT(dir, b); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join(dir, peftConfig))
	f, err := safetensors.ReadFile(filepath.Join(dir, peftWeights), safetensors.Options{Finite: true})
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata["format"] != "pt" || f.Metadata["base"] != b.Hash || f.Metadata["prompt"] != a.Prompt {
		t.Errorf("metadata %v", f.Metadata)
	}
	tensor := func(name string, dims ...int) []float32 {
		t.Helper()
		got, ok := f.Find(peftPrefix + name)
		if !ok || !slices.Equal(got.Shape, dims) {
			t.Fatalf("%s: found %v, shape %v, wanted %v", name, ok, got.Shape, dims)
		}
		return got.F32
	}
	merged := b.Layout.Merge(b.Generator.Values, a.Values)
	at := func(name string) int {
		return slices.IndexFunc(b.Layout.slots, func(s slot) bool { return s.param.Name == name })
	}

	const out, in, h, w, rank = 4, 2, 3, 3, 2
	down, up := tensor("down1.lora_A.weight", rank, in, h, w), tensor("down1.lora_B.weight", out, rank, 1, 1)
	i := at("down1.weight") // [h, w, in, out]
	for o := range out {
		for c := range in {
			for y := range h {
				for x := range w {
					got := b.Generator.Values[i][((y*w+x)*in+c)*out+o]
					for r := range rank {
						got += up[o*rank+r] * down[((r*in+c)*h+y)*w+x]
					}
					if want := merged[i][((y*w+x)*in+c)*out+o]; math.Abs(float64(got-want)) > 1e-5 {
						t.Fatalf("down1[%d %d %d %d] is %g, wanted %g", o, c, y, x, got, want)
					}
				}
			}
		}
	}
	const wide, narrow = 24, 12
	down, up = tensor("transformer.wide.lora_A.weight", 1, narrow), tensor("transformer.wide.lora_B.weight", wide, 1)
	i = at("transformer.wide.weight") // [in, out]
	if got, want := b.Generator.Values[i][5*wide+7]+up[7]*down[5], merged[i][5*wide+7]; math.Abs(float64(got-want)) > 1e-5 {
		t.Errorf("transformer.wide[7 5] is %g, wanted %g", got, want)
	}
	for name, ours := range map[string]string{
		"stem.base_layer.bias": "stem.bias", "down1_norm.weight": "down1.scale", "down1_norm.bias": "down1.shift",
		"transformer.norm1.weight": "transformer.norm1.scale",
	} {
		if want := merged[at(ours)]; !slices.Equal(tensor(name, len(want)), want) {
			t.Errorf("%s differs from %s", name, ours)
		}
	}
	if refused := newBase(t, transposing(), DefaultConfig()); (&Adapter{Values: refused.Layout.Initial()}).WritePEFT(t.TempDir(), refused) == nil {
		t.Error("transposed convolutions were written")
	}
}

// FuzzAdapterMetadata feeds the text entries of files to their parsers.
func FuzzAdapterMetadata(f *testing.F) {
	b, a := goldenBase(f)
	m, err := a.Info.metadata(b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m["format"], m["version"], m["base"], m["seed"], m["steps"], m["metrics"], m[configKey])
	f.Fuzz(func(t *testing.T, format, version, base, seed, steps, metrics, config string) {
		i, hash, err := parseInfo(map[string]string{
			"format": format, "version": version, "base": base, "seed": seed, "steps": steps, "metrics": metrics,
		})
		if err == nil {
			if i.Steps < 0 || hash == "" {
				t.Errorf("%+v of base %q was accepted", i, hash)
			}
			if _, err := i.metadata(b); err != nil { // what was read can be written
				t.Error(err)
			}
		}
		c, err := parseConfig(config)
		if err != nil {
			return
		}
		if _, err := NewBase(b.Generator, c); err != nil {
			t.Error(err)
		}
		if text, err := json.Marshal(c); err != nil {
			t.Error(err)
		} else if again, err := parseConfig(string(text)); err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%s was read back as %+v, error %v", text, again, err)
		}
	})
}
