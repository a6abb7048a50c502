package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

type editsCmd struct {
	Name  string  `arg:"" optional:"" help:"Show this edit with its parameters; default: list all."`
	Sheet string  `placeholder:"FILE" help:"Also draw what they make of a landscape, as a contact sheet (.png or .jpg)."`
	Size  *int    `placeholder:"PIXELS" help:"Width and height of the sheet's pictures, 16 to 1024 pixels. Default: 128."`
	Seed  *uint64 `placeholder:"N" help:"Of the sheet's landscape and of what is random in the edits. Default: 1."`
}

// editInfo describes an edit in JSON.
type editInfo struct {
	Name       string      `json:"name"`
	Title      string      `json:"title"`
	Kind       string      `json:"kind"`
	ScenesOnly bool        `json:"scenes_only"`
	Params     []paramInfo `json:"params"`
}

// paramInfo describes a parameter: a number with its range, or one of several names.
type paramInfo struct {
	Name    string   `json:"name"`
	Help    string   `json:"help"`
	Unit    string   `json:"unit,omitempty"`
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Choices []string `json:"choices,omitempty"`
	Default any      `json:"default"`
}

// Run lists the edits.
func (c editsCmd) Run(u *ui) error {
	if c.Sheet == "" && (c.Size != nil || c.Seed != nil) {
		return misusef("--size and --seed are those of a contact sheet: name its file with --sheet")
	}
	edits := teacher.Edits()
	if c.Name != "" {
		edit, err := teacher.Find(c.Name)
		if err != nil {
			return hinted{err, "warmstart edits lists all"}
		}
		edits = []teacher.Edit{edit}
	}
	if c.Sheet != "" {
		if err := c.draw(edits); err != nil {
			return err
		}
		u.notice("the contact sheet is %s", c.Sheet)
	}
	list := make([]editInfo, len(edits))
	for i, e := range edits {
		list[i] = editInfo{e.Name, e.Title, string(e.Kind), e.NeedsMasks, describeParams(e.Params)}
	}
	return u.result(list, func(w io.Writer) {
		for _, e := range list {
			printEdit(w, e, c.Name != "")
		}
	})
}

// draw writes the contact sheet.
func (c editsCmd) draw(edits []teacher.Edit) error {
	size, seed := 128, uint64(1)
	give(&size, c.Size)
	give(&seed, c.Seed)
	if size < teacher.MinSide || size > 1024 {
		return misusef("--size %d is outside %d to 1024 pixels", size, teacher.MinSide)
	}
	source := teacher.FromScene(scene.New(seed, size, size))
	pictures, captions := []*imageio.Image{source.Image}, []string{"input"}
	for _, e := range edits {
		chain, err := teacher.Parse(e.Name)
		if err != nil {
			return err
		}
		m, err := chain.Apply(source, seed)
		if err != nil {
			return err
		}
		pictures, captions = append(pictures, m), append(captions, e.Name)
	}
	if err := ready(c.Sheet); err != nil {
		return err
	}
	return imageio.WriteFile(c.Sheet, imageio.Grid(pictures, captions, 10))
}

func describeParams(params []teacher.Param) []paramInfo {
	list := make([]paramInfo, len(params))
	for i, p := range params {
		list[i] = paramInfo{Name: p.Name, Help: p.Help, Unit: p.Unit, Choices: p.Choices, Default: p.Default}
		if p.Choices == nil {
			list[i].Min, list[i].Max = &p.Min, &p.Max
		} else {
			list[i].Default = p.Choices[int(p.Default)]
		}
	}
	return list
}

// printEdit writes an edit in one line, or with a line for each parameter.
func printEdit(w io.Writer, e editInfo, full bool) {
	names := make([]string, len(e.Params))
	for i, p := range e.Params {
		names[i] = p.Name
	}
	note := ""
	if e.ScenesOnly {
		note = "  [scenes only]"
	}
	fmt.Fprintf(w, "%-18s %-8s %s%s\n", e.Name, e.Kind, strings.Join(names, " "), note)
	if !full {
		return
	}
	for _, p := range e.Params {
		values := strings.Join(p.Choices, ", ")
		if p.Choices == nil {
			values = strings.TrimSpace(fmt.Sprintf("%g..%g %s", *p.Min, *p.Max, p.Unit))
		}
		fmt.Fprintf(w, "  %-12s %s: %s; default %v\n", p.Name, p.Help, values, p.Default)
	}
}
