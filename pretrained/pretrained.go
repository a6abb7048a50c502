// Package pretrained holds the weights that are shipped in the binary: the base of the adapters, the code of their
// blocks, the weight generator, the discriminator that tuning starts from, and the network that sets of pictures are compared by. "warmstart
// pretrain" makes them.
package pretrained

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// Names of the files, in this folder and in others that hold the same for another base.
const (
	BaseFile          = "base.safetensors"          // lora.Base
	CodeFile          = "blocks.safetensors"        // zoo.Code
	GeneratorFile     = "generator.safetensors"     // weightgen.Weights
	FeaturesFile      = "features.safetensors"      // features.Weights
	DiscriminatorFile = "discriminator.safetensors" // gan.Discriminator
)

// Files returns the names of all files.
func Files() []string {
	return []string{BaseFile, CodeFile, GeneratorFile, DiscriminatorFile, FeaturesFile}
}

// The weights may be absent, which a pattern of their names wouldn't allow: so the folder's sources are embedded as well.
//
//go:embed *
var files embed.FS

// ErrMissing is wrapped by the error of a build without weights.
var ErrMissing = errors.New("this build has no pretrained weights: make some with \"warmstart pretrain\" and give their folder with --models")

// Open opens one of the files. What it returns reads from memory and is not to be closed.
func Open(name string) (fs.File, error) {
	f, err := files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, ErrMissing)
	}
	return f, err
}
