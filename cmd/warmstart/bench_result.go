package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/internal/page"
)

// outFlag says where a report goes.
type outFlag struct {
	Out string `short:"o" placeholder:"DIR" help:"Folder for a report: a page with charts and pictures, the charts as PNG and SVG, and the numbers as JSON."`
}

// resultFlags say where a long measurement leaves what it finds.
type resultFlags struct {
	outFlag
	Cache string `placeholder:"DIR" help:"Folder to keep what is trained and measured in: the same command goes on where it was interrupted. Default: cache in the folder of -o."`
}

// folder returns the cache's folder, "" for none.
func (f resultFlags) folder() string {
	if f.Cache == "" && f.Out != "" {
		return filepath.Join(f.Out, "cache")
	}
	return f.Cache
}

// interrupted is the error of a measurement that was cancelled.
func (f resultFlags) interrupted() error {
	if f.folder() != "" {
		return hinted{interrupted{}, "the same command goes on where this one stopped"}
	}
	return hinted{interrupted{}, "nothing was kept; with -o DIR or --cache DIR the same command would go on"}
}

// finding is a report of a measurement.
type finding interface {
	WriteTable(w io.Writer) error
	Page() (*page.Page, error)
}

// show writes a report's page and prints the report.
func (f outFlag) show(u *ui, report finding) error {
	if f.Out != "" {
		p, err := report.Page()
		if err != nil {
			return err
		}
		if err := p.Write(f.Out, report); err != nil {
			return err
		}
		u.notice("%s", filepath.Join(f.Out, page.PageFile))
	}
	return u.result(report, func(w io.Writer) { _ = report.WriteTable(w) }) // Only a closed output fails here.
}

// finish shows a report. Where err says that the measurement was interrupted, it is a partial one, or there is none.
func (f resultFlags) finish(ctx context.Context, u *ui, report finding, partial bool, err error) error {
	switch {
	case err != nil && ctx.Err() == nil:
		return err
	case err != nil && !partial:
		return f.interrupted()
	}
	if err := f.show(u, report); err != nil || !partial {
		return err
	}
	return f.interrupted()
}

// thisVersion identifies the program in reports.
func thisVersion() string {
	v := readVersion()
	return strings.TrimSpace(v.Version + " " + v.Revision)
}
