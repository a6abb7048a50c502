// Package page makes a folder with a page that runs an exported generator in browsers: on photos and on what a camera sees, with
// onnxruntime-web in a folder beside it. Nothing is fetched from anywhere else.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/apply"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// Files in the folder.
const (
	IndexFile  = "index.html"
	ModelFile  = "model.onnx"
	SampleFile = "sample.jpg"

	RuntimeFolder = "ort" // with onnxruntime-web
)

// Runtime is the version of onnxruntime-web that the page is made for.
const Runtime = "1.30.0"

// RuntimeFiles are those of onnxruntime-web that the page needs in RuntimeFolder.
func RuntimeFiles() []string {
	return []string{"ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"}
}

var (
	//go:embed index.html.tmpl
	index string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

// Carry is a script with carryOver, by which the change of a small picture is made to a large one, for other pages.
//
//go:embed carry.js
var Carry string

// Page is what a folder holds.
type Page struct {
	Title  string // of the effect
	Name   string // for pictures that are saved, without extension
	Model  []byte // the ONNX file
	Sample *imageio.Image
	// Trained is the side in pixels of the pictures that the network was trained on.
	Trained int
	// Runtime is a folder with RuntimeFiles to copy, or empty to leave that to the reader.
	Runtime string
}

// Write writes the page's files into a folder, which is made if it isn't there.
func (p Page) Write(dir string) error {
	html, err := p.html()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := imageio.WriteFile(filepath.Join(dir, SampleFile), p.Sample); err != nil {
		return err
	}
	if p.Runtime != "" {
		if err := copyRuntime(dir, p.Runtime); err != nil {
			return err
		}
	}
	if err := write(filepath.Join(dir, ModelFile), bytes.NewReader(p.Model)); err != nil {
		return err
	}
	return write(filepath.Join(dir, IndexFile), bytes.NewReader(html))
}

func write(path string, from io.Reader) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

// copyRuntime copies onnxruntime-web from its own folder.
func copyRuntime(dir, from string) error {
	to := filepath.Join(dir, RuntimeFolder)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, name := range RuntimeFiles() {
		f, err := os.Open(filepath.Join(from, name))
		if err != nil {
			return fmt.Errorf("copy onnxruntime-web: %w", err)
		}
		err = write(filepath.Join(to, name), f)
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// html returns the page. Style and script stand in it, so that there is something to read even if it is opened from a disk, where browsers
// let pages load nothing; the policy allows just these two by their hashes.
func (p Page) html() ([]byte, error) {
	t, err := template.New(IndexFile).Parse(index)
	if err != nil {
		return nil, err
	}
	code := Carry + script
	policy := fmt.Sprintf("default-src 'none'; script-src 'self' 'wasm-unsafe-eval' %s; style-src %s; "+
		"img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'", source(code), source(style))
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Title": p.Title, "Name": p.Name, "Runtime": Runtime, "Files": RuntimeFiles(),
		"Trained": p.Trained, "Side": apply.SideTimes * p.Trained, "Sides": []int{p.Trained, 2 * p.Trained, apply.SideTimes * p.Trained},
		"Policy": policy, "Style": template.CSS(style), "Script": template.JS(code),
	})
	return b.Bytes(), err
}

// source names an inline script or style in a policy.
func source(text string) string {
	h := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}
