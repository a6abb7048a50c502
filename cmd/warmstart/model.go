package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/pretrained"
)

// modelsFlag names the models that prompts and adapters are for.
type modelsFlag struct {
	Models string `placeholder:"DIR" help:"Folder with a base and a weight generator that warmstart pretrain made, instead of those in this program."`
}

// base reads the base of adapters.
func (m modelsFlag) base() (*lora.Base, error) {
	b, err := warmstart.LoadBase(m.Models)
	return b, m.hint(err)
}

// hint adds to an error about the models what to do about it.
func (m modelsFlag) hint(err error) error {
	if err != nil && m.Models == "" && !errors.Is(err, pretrained.ErrMissing) {
		return hinted{err, "this program is damaged: install it again"}
	}
	return err
}

// discriminator reads what trainings against a discriminator start from. Models of one's own may be without: it is nil then.
func (m modelsFlag) discriminator(u *ui, c gan.Config) (*gan.Discriminator, error) {
	d, err := warmstart.LoadDiscriminator(m.Models, c)
	if errors.Is(err, fs.ErrNotExist) && m.Models != "" {
		u.notice("%s has no discriminator to start from: a new one needs some hundred steps before it is of use", m.Models)
		return nil, nil
	}
	return d, m.hint(err)
}

// weightsExt is how the names of files of weights end.
const weightsExt = ".safetensors"

// adapterFile is what tune calls an adapter in its folder.
const adapterFile = "adapter.safetensors"

// generator reads what is to be applied: a weights file or checkpoint, an adapter, or a folder with one of them.
func (m modelsFlag) generator(u *ui, path string) (*gan.Weights, error) {
	return m.atStrength(u, path, 1)
}

// atStrength is generator with an adapter at a strength, with 1 as trained. Nothing else has one.
func (m modelsFlag) atStrength(u *ui, path string, strength float32) (*gan.Weights, error) {
	path, err := weightsIn(path)
	if err != nil {
		return nil, err
	}
	if !isFolder(path) {
		if is, err := lora.IsAdapter(path); err != nil {
			return nil, err
		} else if is {
			return m.adapted(path, strength)
		}
	}
	if strength != 1 {
		return nil, fmt.Errorf("--strength is for adapters, and %s is not one: all weights of its network were trained, there is nothing that they could be near to", path)
	}
	w, notice, err := gan.ReadWeights(path)
	if notice != "" {
		u.notice("%s", notice)
	}
	return w, err
}

// weightsIn returns the file that tune has left in a folder. Files and the folders of train are returned as they are, and others refused.
func weightsIn(path string) (string, error) {
	if !isFolder(path) || checkpoint.Exists(path) {
		return path, nil
	}
	for _, name := range []string{adapterFile, gan.WeightsFile} {
		if file := filepath.Join(path, name); exists(file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s holds no network: name a file, or a folder that tune or train made", path)
}

// adapted applies an adapter at a strength to its base.
func (m modelsFlag) adapted(path string, strength float32) (*gan.Weights, error) {
	b, a, err := m.adapter(path, strength)
	if err != nil {
		return nil, err
	}
	return b.Apply(a)
}

// adapter reads an adapter, at a strength, and its base.
func (m modelsFlag) adapter(path string, strength float32) (*lora.Base, *lora.Adapter, error) {
	b, err := m.base()
	if err != nil {
		return nil, nil, err
	}
	a, err := readAdapter(path, b)
	if err != nil {
		return nil, nil, err
	}
	if strength != 1 {
		a.Values, err = b.Layout.Mix(lora.Part{Values: a.Values, Weight: strength})
	}
	return b, a, err
}

// readAdapter reads an adapter of a base, and tells what to do about one of another.
func readAdapter(path string, b *lora.Base) (*lora.Adapter, error) {
	a, err := lora.ReadAdapter(path, b)
	var other *lora.BaseError
	if errors.As(err, &other) {
		err = hinted{err, "--models DIR names the folder of another base"}
	}
	return a, err
}

// open makes a model of a generator on the CPU backend. The function it returns frees both.
func (m modelsFlag) open(u *ui, path string) (*gan.Model, func(), error) {
	w, err := m.generator(u, path)
	if err != nil {
		return nil, nil, err
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, nil, err
	}
	model, err := gan.NewModel(backend, w)
	if err != nil {
		backend.Finalize()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return model, func() { model.Close(); backend.Finalize() }, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
