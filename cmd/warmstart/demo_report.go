package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/tune"
)

//go:embed report.html.tmpl
var reportPage string

// report is what the page shows.
type report struct {
	demoResult
	Headline     []fact
	Verdict      []string
	Wide, Narrow chart
	Large, Small [][]cell
	Table        []tableRow
	Next         []command
	Weights      string
	LargeSize    int
}

// unit finds quantities, which are not to be broken apart.
var unit = regexp.MustCompile(`(\d) (s|dB)\b`)

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}

// fact is a number and what it is.
type fact struct{ Class, Value, Text string }

// cell is a picture with its caption.
type cell struct {
	Class, Name, Note string
	Picture           template.URL
	picture           *imageio.Image
}

// tableRow is a line of the comparison.
type tableRow struct{ Class, Name, Seconds, Steps, PSNR string }

// command is something to do next.
type command struct{ Text, Command string }

// report writes the page and the gallery.
func (d *demo) report(ctx context.Context) error {
	d.u.notice("5 of 5: the report")
	p := report{
		demoResult: d.r, Headline: d.r.headline(), Verdict: d.r.verdict(), Table: d.r.table(), Next: d.next(),
		Weights: thousands(d.base.Layout.Params.Size()), LargeSize: demoScale * d.r.Size,
	}
	for i, text := range p.Verdict {
		p.Verdict[i] = unit.ReplaceAllString(text, "$1\u00a0$2")
	}
	for i, f := range p.Headline {
		p.Headline[i].Text = unit.ReplaceAllString(f.Text, "$1\u00a0$2")
	}
	var err error
	if p.Large, err = d.rows(ctx, d.large, false); err != nil {
		return err
	}
	test := examplePairs{d.test.inputs[:min(demoSmall, d.r.Test)], d.test.targets[:min(demoSmall, d.r.Test)]}
	if p.Small, err = d.rows(ctx, test, true); err != nil {
		return err
	}
	m := &d.r.Methods
	warm := func(w *method) []tune.Point { return slices.Concat(m.Generated.Curve, w.Curve) }
	curves := []curve{
		{class: "long", points: m.Long.Curve, below: true}, {class: "best", points: m.Best.Curve, below: true}, {class: "short", points: m.Short.Curve, below: true},
		{class: "all", points: warm(&m.All)}, {class: "tuned", points: warm(&m.Tuned)}, {class: "generated", points: m.Generated.Curve},
	}
	p.Wide, p.Narrow = newChart(760, 380, curves, d.r.Input), newChart(380, 320, curves, d.r.Input)
	if err := imageio.WriteFile(d.r.Gallery, sheet(p.Large)); err != nil {
		return err
	}
	page, err := template.New("report").Parse(reportPage)
	if err != nil {
		return err
	}
	return atomicfile.Write(d.r.Page, func(w io.Writer) error { return page.Execute(w, p) })
}

// demoSmall is the number of test pairs that the page shows.
const demoSmall = 6

// rows shows what the networks make of pictures, one picture a row.
func (d *demo) rows(ctx context.Context, pictures examplePairs, measured bool) ([][]cell, error) {
	m := &d.r.Methods
	rows := make([][]cell, len(pictures.inputs))
	for i, in := range pictures.inputs {
		rows[i] = []cell{{Name: "input", picture: in}, {Name: "target", Note: "painted", picture: pictures.targets[i]}}
	}
	for _, way := range []struct {
		class, name string
		method      *method
	}{{"generated", "generated", &m.Generated}, {"tuned", "tuned", &m.Tuned}, {"long", "pix2pix", &m.Long}, {"best", "scratch, best", &m.Best}} {
		outputs, err := d.apply(ctx, way.method.weights, pictures.inputs)
		if err != nil {
			return nil, err
		}
		for i, out := range outputs {
			note := duration(way.method.Seconds)
			if measured {
				note += fmt.Sprintf(", %.1f dB", metrics.PSNR(out, pictures.targets[i]))
			}
			rows[i] = append(rows[i], cell{Class: way.class, Name: way.name, Note: note, picture: out})
		}
	}
	for _, row := range rows {
		for i := range row {
			if err := row[i].encode(); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

// encode makes the picture a part of the page.
func (c *cell) encode() error {
	var b bytes.Buffer
	if err := c.picture.EncodePNG(&b); err != nil {
		return err
	}
	c.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
	return nil
}

// sheet draws rows of pictures.
func sheet(rows [][]cell) *imageio.Image {
	const side = 192 // room for captions
	var pictures []*imageio.Image
	var captions []string
	for _, row := range rows {
		for _, c := range row {
			pictures = append(pictures, c.picture.Resize(max(side, c.picture.W), max(side, c.picture.H)))
			captions = append(captions, strings.TrimSuffix(c.Name+", "+c.Note, ", "))
		}
	}
	return imageio.Grid(pictures, captions, len(rows[0]))
}

// headline returns the numbers that matter most.
func (r *demoResult) headline() []fact {
	m := &r.Methods
	psnr := func(w *method) string { return fmt.Sprintf("%.1f dB", w.PSNR) }
	return []fact{
		{"generated", duration(m.Generated.Seconds), fmt.Sprintf("from the words to weights of %.1f dB, without any training", m.Generated.PSNR)},
		{"tuned", psnr(&m.Tuned), fmt.Sprintf("after %s of tuning the adapter", duration(m.Tuned.Seconds-m.Generated.Seconds))},
		{"long", psnr(&m.Long), fmt.Sprintf("with pix2pix from scratch, as published, after %s", duration(m.Long.Seconds))},
		{"best", psnr(&m.Best), fmt.Sprintf("with the same network from scratch, at the best settings known, after %s", duration(m.Best.Seconds))},
	}
}

// verdict says who was faster, and than what.
func (r *demoResult) verdict() []string {
	m := &r.Methods
	list := []string{
		r.against("pix2pix from scratch, at its published settings,", "pix2pix at its published settings", &m.Long, r.Faster),
		r.against(fmt.Sprintf("The same network from scratch at the best settings known, the L1 loss alone and a rate of %g,", r.BestLR),
			"training from scratch at the best settings known", &m.Best, r.FasterBest),
	}
	for _, way := range []struct {
		name   string
		method *method
	}{{"the generated weights as they are", &m.Generated}, {"the tuned adapter", &m.Tuned}} {
		known := fmt.Sprintf("%s (%.1f dB after %s)", way.name, way.method.PSNR, duration(way.method.Seconds))
		for _, scratch := range []struct {
			name   string
			method *method
		}{{"pix2pix", &m.Long}, {"Training from scratch at the best settings", &m.Best}} {
			if t, ok := scratch.method.reach(way.method.PSNR); ok {
				list = append(list, fmt.Sprintf("%s catches up with %s after %s.", scratch.name, known, duration(t)))
			} else {
				list = append(list, fmt.Sprintf("%s does not catch up with %s.", scratch.name, known))
			}
		}
	}
	return list
}

// against compares the generated weights with the end of a training from scratch.
func (r *demoResult) against(who, short string, scratch *method, faster float64) string {
	text := fmt.Sprintf("%s ends at %.1f dB after %s.", who, scratch.PSNR, duration(scratch.Seconds))
	t, ok := r.Methods.reach(scratch.PSNR)
	if !ok {
		return text + " That is further than the generated weights get with so little tuning."
	}
	how := "without any tuning"
	if t > r.Methods.Generated.Seconds {
		how = "tuning included"
	}
	return text + fmt.Sprintf(" The generated weights are there after %s, %s: %s times as fast as %s.", duration(t), how, ratio(faster), short)
}

// ratio writes a number with two digits that matter, if it is small.
func ratio(r float64) string {
	if r < 9.95 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}

// table compares the ways.
func (r *demoResult) table() []tableRow {
	m := &r.Methods
	rows := []tableRow{{"", "untouched input", "", "", fmt.Sprintf("%.2f dB", r.Input)}}
	for _, way := range []struct {
		class, name string
		method      *method
	}{
		{"generated", "generated weights", &m.Generated}, {"tuned", "… and the adapter tuned", &m.Tuned}, {"all", "… or all weights tuned", &m.All},
		{"short", "pix2pix from scratch, as published", &m.Short}, {"long", "… longer", &m.Long},
		{"best", "the same network from scratch, best settings known", &m.Best},
	} {
		rows = append(rows, tableRow{way.class, way.name, fmt.Sprintf("%.2f s", way.method.Seconds),
			fmt.Sprint(way.method.Steps), fmt.Sprintf("%.2f dB", way.method.PSNR)})
	}
	return rows
}

// next returns what to try next.
func (d *demo) next() []command {
	models := ""
	if d.Models != "" {
		models = fmt.Sprintf(" --models %q", d.Models)
	}
	return []command{
		{"the tuned network on a photo of yours", fmt.Sprintf("warmstart apply %s PHOTO.jpg -o out%s", d.r.Adapter, models)},
		{"weights for other words", `warmstart init "a sepia photo of a snowy day" -o mine.safetensors` + models},
		{"these words, tuned on the demo's pairs for as long as you like", fmt.Sprintf("warmstart tune %q --pairs %s --seconds 5 -o tuned%s", d.r.Prompt, d.r.Pairs, models)},
		{"another concept that no model has seen", "warmstart demo --list"},
	}
}
