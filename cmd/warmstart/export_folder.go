package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/onnx/ort"
	"github.com/warmstart-ml/warmstart/onnx/page"
	"github.com/warmstart-ml/warmstart/scene"
)

const cardFile = "README.md"

// What folders hold.
var (
	webFiles  = []string{page.IndexFile, page.ModelFile, page.SampleFile, cardFile}
	peftFiles = []string{"adapter_model.safetensors", "adapter_config.json", cardFile}
)

// checkFolder refuses a folder with anything else in it than an earlier export left, or the reader of its page.
func (c exportCmd) checkFolder() error {
	items, err := os.ReadDir(c.Out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	own := peftFiles
	if c.As == "web" {
		own = append([]string{page.RuntimeFolder}, webFiles...)
	}
	for _, item := range items {
		if !slices.Contains(own, item.Name()) {
			return fmt.Errorf("-o %s holds %s, which no export like this has written: name a new folder", c.Out, item.Name())
		}
	}
	return nil
}

// writeWeb writes the folder of a page.
func (c exportCmd) writeWeb(ctx context.Context, e *exported, r *exportResult) error {
	file, err := c.file(ctx, e, r)
	if err != nil {
		return err
	}
	const sampleSeed, width, height = 12, 1024, 768
	p := page.Page{
		Title: e.title(), Name: fileName(e.title()), Model: file, Sample: scene.New(sampleSeed, width, height).Image,
		Trained: e.weights.Config.Size,
	}
	files := webFiles
	if c.ORT != "" {
		p.Runtime = filepath.Join(c.ORT, "node_modules", ort.Web, "dist")
		files = append([]string{page.RuntimeFolder}, files...)
	}
	if err := p.Write(c.Out); err != nil {
		return err
	}
	return c.writeCard(e, r, files)
}

// writePEFT writes the folder of an adapter.
func (c exportCmd) writePEFT(e *exported, r *exportResult) error {
	if err := e.adapter.WritePEFT(c.Out, e.base); err != nil {
		return err
	}
	return c.writeCard(e, r, peftFiles)
}

func (c exportCmd) writeCard(e *exported, r *exportResult, files []string) error {
	r.Files = files
	return atomicfile.Write(filepath.Join(c.Out, cardFile), func(w io.Writer) error { return writeCard(w, c.As, c.Strength, e) })
}

// fileName turns a title into a name for files.
func fileName(title string) string {
	const most = 60
	var name []rune
	for _, r := range title {
		switch {
		case len(name) == most:
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			name = append(name, r)
		case len(name) > 0 && name[len(name)-1] != '-':
			name = append(name, '-')
		}
	}
	if len(name) == 0 {
		return "picture"
	}
	return strings.TrimSuffix(string(name), "-")
}
