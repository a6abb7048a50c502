package gan

import (
	"fmt"
	"io"
	"maps"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// formatDiscriminator is that of a discriminator's file.
const formatDiscriminator = "warmstart/discriminator"

// Discriminator is one that was trained, to start others from.
type Discriminator struct {
	Config Config // of the trainings that it is for: DiscWidth and DiscLayers are its network's
	Step   int
	Values [][]float32 // of the network's parameters, in their order
	// Metadata holds what else the file says, or is to say.
	Metadata map[string]string
}

// File returns what its file holds.
func (d *Discriminator) File() (*safetensors.File, error) {
	params := d.Config.discriminator().Params.List()
	if len(params) != len(d.Values) {
		return nil, fmt.Errorf("%d tensors for the %d of a discriminator", len(d.Values), len(params))
	}
	file := &safetensors.File{Metadata: metadata(formatDiscriminator, d.Config, d.Step)}
	maps.Copy(file.Metadata, d.Metadata)
	for i, p := range params {
		file.Tensors = append(file.Tensors, safetensors.Float32(discriminatorGroup+"/"+p.Name, p.Dims, d.Values[i]))
	}
	return file, nil
}

// Write writes its file.
func (d *Discriminator) Write(path string) error {
	file, err := d.File()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, file) })
}

// ReadDiscriminator reads a discriminator's file.
func ReadDiscriminator(path string) (*Discriminator, error) {
	file, err := safetensors.ReadFile(path, readOptions(nil))
	if err != nil {
		return nil, err
	}
	d, err := parseDiscriminator(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// DecodeDiscriminator reads a discriminator's file of the given size in bytes.
func DecodeDiscriminator(r io.Reader, size int64) (*Discriminator, error) {
	file, err := safetensors.Read(r, size, readOptions(nil))
	if err != nil {
		return nil, err
	}
	return parseDiscriminator(file)
}

func parseDiscriminator(file *safetensors.File) (*Discriminator, error) {
	if f := file.Metadata["format"]; f != formatDiscriminator {
		return nil, fmt.Errorf("format %q: not a discriminator of this program", f)
	}
	s, err := parseSaved(file)
	if err != nil {
		return nil, err
	}
	values, err := s.values(discriminatorGroup+"/", &s.config.discriminator().Params)
	if err != nil {
		return nil, err
	}
	return &Discriminator{Config: s.config, Step: s.step, Values: values, Metadata: file.Metadata}, nil
}

// Fits returns an error if a training with configuration c cannot start from it.
func (d *Discriminator) Fits(c Config) error {
	if d.Config.DiscWidth != c.DiscWidth || d.Config.DiscLayers != c.DiscLayers {
		return fmt.Errorf("a discriminator of width %d with %d layers, but the training needs one of width %d with %d",
			d.Config.DiscWidth, d.Config.DiscLayers, c.DiscWidth, c.DiscLayers)
	}
	return nil
}
