package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
)

type applyCmd struct {
	Model    string   `arg:"" placeholder:"RUN" help:"A run's folder, one of its checkpoints, a weights file or an adapter (.safetensors)."`
	Pictures []string `arg:"" help:"Pictures (PNG, JPEG, WebP), or folders of them."`
	Out      string   `short:"o" required:"" placeholder:"DIR" help:"Folder for the results, NAME.png each."`
	MaxSide  int      `default:"1024" placeholder:"PIXELS" help:"Larger pictures are scaled down to that, 16 to 8192; memory grows with the square: 1024 takes 0.7 GB with mini."`
	modelsFlag
}

// applyResult tells what was written.
type applyResult struct {
	Model   string   `json:"model"`
	Written []string `json:"written"`
	Skipped []string `json:"skipped,omitempty"`
}

// Run applies a network to pictures.
func (c applyCmd) Run(ctx context.Context, u *ui) error {
	if c.MaxSide < 16 || c.MaxSide > 8192 {
		return fmt.Errorf("--max-side %d is outside 16 to 8192 pixels", c.MaxSide)
	}
	jobs, err := c.plan()
	if err != nil {
		return err
	}
	model, closeModel, err := c.open(u, c.Model)
	if err != nil {
		return err
	}
	defer closeModel()
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	r := applyResult{Model: c.Model, Written: []string{}}
	var skipped []error
	progress := u.progress("applying", "pictures")
	for i, job := range jobs {
		in, err := imageio.ReadFile(job.in, imageio.Limits{})
		if err != nil {
			skipped = append(skipped, err)
			continue
		}
		if err := c.apply(ctx, model, in, job); err != nil {
			return err
		}
		r.Written = append(r.Written, job.out)
		progress(i+1, len(jobs))
	}
	if len(r.Written) == 0 {
		return fmt.Errorf("none of the %d pictures can be used; the first: %w", len(jobs), skipped[0])
	}
	u.skipped(skipped)
	r.Skipped = messages(skipped)
	return u.result(r, func(w io.Writer) {
		for _, path := range r.Written {
			fmt.Fprintln(w, path)
		}
	})
}

// apply writes what the model makes of one picture.
func (c applyCmd) apply(ctx context.Context, model *gan.Model, in *imageio.Image, job applyJob) error {
	out, err := model.Apply(ctx, []*imageio.Image{in.Within(c.MaxSide)})
	if ctx.Err() != nil {
		return hinted{interrupted{}, "what is in " + c.Out + " is whole; the same command does all pictures anew"}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", job.in, err)
	}
	return imageio.WriteFile(job.out, out[0])
}

// applyJob is a picture and where its result goes.
type applyJob struct{ in, out string }

// plan lists the pictures and refuses results that would overwrite each other or an input.
func (c applyCmd) plan() ([]applyJob, error) {
	var jobs []applyJob
	from := map[string]string{}
	for _, arg := range c.Pictures {
		files, err := picturesAt(arg)
		if err != nil {
			return nil, err
		}
		for _, in := range files {
			base := filepath.Base(in)
			out := filepath.Join(c.Out, strings.TrimSuffix(base, filepath.Ext(base))+".png")
			if other, ok := from[out]; ok {
				return nil, fmt.Errorf("%s and %s would both become %s: apply them to two folders", other, in, out)
			}
			from[out] = in
			if sameFile(in, out) {
				return nil, fmt.Errorf("%s would be overwritten: choose another folder for the results", in)
			}
			jobs = append(jobs, applyJob{in, out})
		}
	}
	return jobs, nil
}

// picturesAt returns a file as it is, or the pictures in a folder.
func picturesAt(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	items, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, item := range items {
		if !item.IsDir() && !strings.HasPrefix(item.Name(), ".") && imageio.IsPicture(item.Name()) {
			files = append(files, filepath.Join(path, item.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no PNG, JPEG or WebP pictures", path)
	}
	return files, nil
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
