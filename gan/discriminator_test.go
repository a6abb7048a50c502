package gan

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/safetensors"
)

func TestDiscriminatorFile(t *testing.T) {
	c := tinyConfigs()[0]
	tr, err := NewTrainer(cputest.New(t, "threads=1"), c)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	values, err := tr.Discriminator()
	if err != nil {
		t.Fatal(err)
	}
	d := &Discriminator{Config: c, Step: 7, Values: values, Metadata: map[string]string{"models": "some"}}
	path := filepath.Join(t.TempDir(), "d.safetensors")
	if err := d.Write(path); err != nil {
		t.Fatal(err)
	}
	read, err := ReadDiscriminator(path)
	if err != nil {
		t.Fatal(err)
	}
	if read.Config != c || read.Step != 7 || read.Metadata["models"] != "some" || !slices.EqualFunc(read.Values, values, slices.Equal) {
		t.Errorf("%+v was read back as %+v", d.Config, read.Config)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeDiscriminator(bytes.NewReader(b), int64(len(b))); err != nil {
		t.Error(err)
	}
	if err := read.Fits(c); err != nil {
		t.Error(err)
	}
	c.DiscWidth++
	if err := read.Fits(c); err == nil {
		t.Error("it fits a wider one")
	}
	if _, _, err := ReadWeights(path); err == nil || !strings.Contains(err.Error(), "not a checkpoint or generator") {
		t.Errorf("as a generator: error %v", err)
	}
}

func TestDiscriminatorRefuses(t *testing.T) {
	c := tinyConfigs()[0]
	for want, m := range map[string]map[string]string{
		"not a discriminator": metadata(formatGenerator, c, 1),
		"is missing":          metadata(formatDiscriminator, c, 1),
		"configuration":       {"format": formatDiscriminator, "version": formatVersion, "config": "{}", "step": "1"},
	} {
		if _, err := parseDiscriminator(&safetensors.File{Metadata: m}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, wanted one with %q", err, want)
		}
	}
	if err := (&Discriminator{Config: c}).Write(filepath.Join(t.TempDir(), "d")); err == nil {
		t.Error("one without values was written")
	}
}

// Whatever the text entries of a discriminator's file say, it is refused with an error.
func FuzzDiscriminator(f *testing.F) {
	m := metadata(formatDiscriminator, tinyConfigs()[0], 3)
	f.Add(m["format"], m["version"], m["config"], m["step"])
	f.Fuzz(func(t *testing.T, format, version, config, step string) {
		_, err := parseDiscriminator(&safetensors.File{Metadata: map[string]string{"format": format, "version": version, "config": config, "step": step}})
		if err == nil {
			t.Error("a file without tensors was taken for a discriminator")
		}
	})
}
