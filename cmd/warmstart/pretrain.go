package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/pretrain"
	"github.com/warmstart-ml/warmstart/pretrained"
)

type pretrainCmd struct {
	Out    string `short:"o" required:"" placeholder:"DIR" help:"Folder for the run, which is resumed if it was begun before."`
	Photos string `placeholder:"DIR" help:"Folder of photos to learn from beside procedural scenes."`
}

// pretrainResult tells what was made.
type pretrainResult struct {
	Models  string      `json:"models"`
	Files   []modelFile `json:"files"`
	Seconds float64     `json:"seconds"` // of this process; less than all where the run had been begun before
}

type modelFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Run does the whole recipe of the shipped weights.
func (c pretrainCmd) Run(ctx context.Context, u *ui) error {
	config, err := pretrain.DefaultConfig()
	if err != nil {
		return err
	}
	backend, err := cpu.New("")
	if err != nil {
		return err
	}
	defer backend.Finalize()
	begun := time.Now()
	err = pretrain.Run(ctx, backend, pretrain.Options{Config: config, Photos: c.Photos, Dir: c.Out, Progress: u.err})
	if ctx.Err() != nil {
		return hinted{interrupted{}, "the same command goes on where this one stopped"}
	}
	if err != nil {
		return err
	}
	r, err := pretrainedIn(filepath.Join(c.Out, pretrain.ModelsDir), time.Since(begun))
	if err != nil {
		return err
	}
	return u.result(r, r.print)
}

// pretrainedIn reads what is in a folder of models.
func pretrainedIn(dir string, took time.Duration) (*pretrainResult, error) {
	r := &pretrainResult{Models: dir, Seconds: took.Seconds()}
	for _, name := range pretrained.Files() {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(b)
		r.Files = append(r.Files, modelFile{name, hex.EncodeToString(sum[:])})
	}
	return r, nil
}

func (r *pretrainResult) print(w io.Writer) {
	took := time.Duration(r.Seconds * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(w, "%s: models for --models, made in %v\n", r.Models, took)
	for _, f := range r.Files {
		fmt.Fprintf(w, "%s  %s\n", f.SHA256, f.Name)
	}
}
