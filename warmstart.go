// Package warmstart turns a prompt that names an image edit into the starting weights of an image-to-image network.
//
// [Load] reads the models: a base, which is an image-to-image generator that adapters steer, and a weight generator, which
// writes adapters. [Models.Init] writes the adapter of a prompt in one step. It can be applied as it is, or be trained a
// little further with package tune.
package warmstart

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"unicode/utf8"

	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart/features"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/nn"
	"github.com/warmstart-ml/warmstart/pretrained"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// Models are what turns prompts into weights.
type Models struct {
	Base      *lora.Base         // what adapters attach to
	Code      *zoo.Code          // how adapters follow from what the generator writes
	Generator *weightgen.Weights // writes adapters
}

// Load reads the models in a folder, or those in the binary for "".
func Load(dir string) (*Models, error) {
	m := &Models{}
	// The generator is the largest: it is read at the same time as the others.
	read := make(chan error, 1)
	go func() {
		read <- open(dir, pretrained.GeneratorFile, func(r io.Reader, size int64) (err error) {
			m.Generator, err = weightgen.ReadWeights(r, size)
			return err
		})
	}()
	var err error
	if m.Base, err = LoadBase(dir); err == nil {
		err = open(dir, pretrained.CodeFile, func(r io.Reader, size int64) (err error) {
			m.Code, err = zoo.DecodeCode(r, size, m.Base)
			return err
		})
	}
	if readErr := <-read; err == nil {
		err = readErr
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// ID identifies the models by all that adapters depend on.
func (m *Models) ID() string {
	h := sha256.New()
	h.Write([]byte(m.Code.Schema()))
	for _, values := range m.Generator.Values {
		binary.Write(h, binary.LittleEndian, values) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// LoadBase reads the base in a folder, or that in the binary for "".
func LoadBase(dir string) (b *lora.Base, err error) {
	err = open(dir, pretrained.BaseFile, func(r io.Reader, size int64) (err error) {
		b, err = lora.DecodeBase(r, size)
		return err
	})
	return b, err
}

// LoadFeatures reads the network that sets of pictures are compared by from a folder, or that in the binary for "".
func LoadFeatures(dir string) (w *features.Weights, err error) {
	err = open(dir, pretrained.FeaturesFile, func(r io.Reader, size int64) (err error) {
		w, err = features.ReadWeights(r, size)
		return err
	})
	return w, err
}

// LoadDiscriminator reads what adversarial tuning with configuration c starts from out of a folder, or that in the binary for "". It is an
// error if it does not fit, or if the folder has none (fs.ErrNotExist).
func LoadDiscriminator(dir string, c gan.Config) (d *gan.Discriminator, err error) {
	err = open(dir, pretrained.DiscriminatorFile, func(r io.Reader, size int64) (err error) {
		if d, err = gan.DecodeDiscriminator(r, size); err != nil {
			return err
		}
		return d.Fits(c)
	})
	return d, err
}

// open lets decode read a file. Errors name it.
func open(dir, name string, decode func(r io.Reader, size int64) error) error {
	var f fs.File
	var err error
	path := "pretrained " + name
	if dir == "" {
		f, err = pretrained.Open(name)
	} else {
		path = filepath.Join(dir, name)
		f, err = os.Open(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: name a folder that \"warmstart pretrain\" made", err)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := decode(f, info.Size()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// MaxPrompt is the length of the longest prompt, in bytes.
const MaxPrompt = 1000

// Init writes the adapter of a prompt: in one step, unless the options, whose zero value is the default, say otherwise. Unknown are the
// prompt's words that were skipped. A prompt that says nothing that is known is a *textenc.PromptError.
func (m *Models) Init(ctx context.Context, backend compute.Backend, prompt string, o weightgen.Sampling) (a *lora.Adapter, unknown []string, err error) {
	if err := checkPrompt(prompt); err != nil {
		return nil, nil, err
	}
	w, err := m.Writer(backend)
	if err != nil {
		return nil, nil, err
	}
	defer w.Close()
	return w.Init(ctx, prompt, o)
}

// Writer writes the adapters of prompts one after the other. It is safe for concurrent use: a network this small leaves nothing to win by
// running two at a time.
type Writer struct {
	models    *Models
	writing   sync.Mutex // held while generator works
	generator *weightgen.Generator
}

// Writer compiles the weight generator.
func (m *Models) Writer(backend compute.Backend) (*Writer, error) {
	g, err := weightgen.NewGenerator(backend, m.Generator, weightgen.LayoutOf(m.Code), m.Code.Blocks.Mask())
	return &Writer{models: m, generator: g}, err
}

// Init is described with Models.Init.
func (w *Writer) Init(ctx context.Context, prompt string, o weightgen.Sampling) (a *lora.Adapter, unknown []string, err error) {
	if err := checkPrompt(prompt); err != nil {
		return nil, nil, err
	}
	w.writing.Lock()
	values, unknown, err := w.generator.Generate(ctx, prompt, o)
	w.writing.Unlock()
	if err != nil {
		return nil, unknown, err
	}
	a = &lora.Adapter{Values: w.models.Code.Decode(values), Info: lora.Info{Prompt: prompt}}
	if !nn.Finite(a.Values...) {
		return nil, unknown, fmt.Errorf("the weight generator makes values of %q that are not finite: train it anew", prompt)
	}
	return a, unknown, nil
}

// Close frees the compiled generator.
func (w *Writer) Close() { w.generator.Close() }

func checkPrompt(prompt string) error {
	if len(prompt) > MaxPrompt {
		return fmt.Errorf("the prompt has %d bytes, at most %d are allowed: shorten it", len(prompt), MaxPrompt)
	}
	if !utf8.ValidString(prompt) {
		return errors.New("the prompt is not valid UTF-8 text")
	}
	return nil
}
