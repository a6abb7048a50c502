package main

import (
	"context"
	"fmt"
	"io"

	"github.com/warmstart-ml/warmstart/pairs"
	"github.com/warmstart-ml/warmstart/teacher"
)

type pairsCmd struct {
	Make pairsMakeCmd `cmd:"" help:"Make pairs: pictures and what an edit makes of them."`
}

type pairsMakeCmd struct {
	Edit   editExpr `required:"" placeholder:"EDIT" help:"What to learn, as \"sepia\" or \"tint:colour=teal,strength=0.5+vignette\"; warmstart edits lists them."`
	Out    string   `short:"o" required:"" placeholder:"DIR" help:"Folder for the pairs: a new one, or one to go on with."`
	Photos string   `placeholder:"DIR" help:"Folder of pictures to edit, with its subfolders except those of pairs. What is in DIR/train, DIR/val and DIR/test stays in that split; folders of these names further down count for nothing. Default: procedural landscapes."`
	N      *int     `short:"n" placeholder:"PAIRS" help:"Number of pairs, at most one of every photo; more that the folder holds already stay. Default: one of every photo, or 100 landscapes."`
	Size   int      `default:"64" help:"Width and height of the pictures, 16 to 2048 pixels; photos are scaled and cropped."`
	Layout string   `default:"a-b" enum:"ab,a-b" help:"Folders as pix2pix has them: a-b for A/train/x.png and B/train/x.png, ab for both side by side in train/x.png."`
	Val    float64  `default:"0.1" help:"Fraction of the pairs put aside for validation, from 0 to less than 1; some are left to train on."`
	Test   float64  `default:"0.1" help:"Fraction of the pairs put aside for tests, the same."`
	Seed   uint64   `default:"1" help:"Of the landscapes, the order of the photos and what is random in the edit."`
}

// editExpr is a flag that holds edits; a wrong one is a wrong command line.
type editExpr struct{ chain teacher.Chain }

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *editExpr) UnmarshalText(text []byte) (err error) {
	e.chain, err = teacher.Parse(string(text))
	return err
}

// pairsResult tells what was made.
type pairsResult struct {
	Dir     string              `json:"dir"`
	Edit    string              `json:"edit"`
	Layout  string              `json:"layout"`
	Made    int                 `json:"made"`
	Kept    int                 `json:"kept"`
	Splits  map[pairs.Split]int `json:"splits"`
	Skipped []string            `json:"skipped,omitempty"`
}

// Run makes pairs.
func (c pairsMakeCmd) Run(ctx context.Context, u *ui) error {
	o := pairs.Options{
		Dir: c.Out, Edit: c.Edit.chain, Photos: c.Photos, Size: c.Size, Layout: pairs.Layout(c.Layout),
		Seed: c.Seed, Val: c.Val, Test: c.Test, Progress: u.progress("making pairs", "pairs"),
	}
	if c.N != nil {
		if o.N = *c.N; o.N < 1 {
			return fmt.Errorf("-n %d: make at least 1 pair, or leave -n out for one of every photo, or 100 landscapes", o.N)
		}
	}
	made, err := pairs.Make(ctx, o)
	if ctx.Err() != nil {
		return hinted{interrupted{}, "the same command goes on where this one stopped"}
	}
	if err != nil {
		return err
	}
	u.skipped(made.Skipped)
	c.explain(u, o.N, made)
	r := pairsResult{c.Out, c.Edit.chain.String(), c.Layout, made.Made, made.Kept, made.Splits, messages(made.Skipped)}
	return u.result(r, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d pairs (%d train, %d val, %d test), %d of them new\n", r.Dir, r.Made+r.Kept,
			r.Splits[pairs.Train], r.Splits[pairs.Val], r.Splits[pairs.Test], r.Made)
	})
}

// explain tells why there are not as many pairs as were wanted; 0 stands for no wish.
func (c pairsMakeCmd) explain(u *ui, wanted int, made pairs.Result) {
	switch there := made.Made + made.Kept; {
	case wanted == 0:
	case there > wanted:
		u.notice("-n %d: %s holds %d pairs, as more were made before: for fewer, choose another folder", wanted, c.Out, there)
	case c.Photos != "" && made.Photos < wanted:
		u.notice("-n %d: %s holds %d photos, each of which makes one pair", wanted, c.Photos, made.Photos)
	}
}

func messages(errs []error) []string {
	var list []string
	for _, e := range errs {
		list = append(list, e.Error())
	}
	return list
}
