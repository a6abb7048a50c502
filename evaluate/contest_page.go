package evaluate

import (
	"fmt"
	"slices"

	"github.com/warmstart-ml/warmstart/internal/page"
	"github.com/warmstart-ml/warmstart/metrics"
)

// Page shows the report.
func (r *ContestReport) Page() (*page.Page, error) {
	s := r.Speedup
	p := &page.Page{
		Title: "The main table", Lead: r.about(),
		Facts: []page.Fact{
			{Value: ratio(s.Published) + "×", Text: "as fast as pix2pix from scratch, as published, to its final PSNR"},
			{Value: ratio(s.Best) + "×", Text: "as fast as the best recipe from scratch"},
			{Value: fmt.Sprintf("%.0f %%", 100*r.Better[MethodGenerated+endGAN][MethodScratch].Both), Text: "of concepts with a better FID and KID than scratch’s, tuned adversarially"},
			{Value: fmt.Sprintf("%.0f %%", 100*r.Better[MethodGenerated+endGAN][MethodZero+endE2GAN].Both), Text: "of concepts with a better FID and KID than E2GAN’s at equal time"},
		},
		Sections: []page.Section{
			{Title: "Methods", Note: methodsNote, Tables: []page.Table{{Head: r.Header(), Lines: r.Cells()}}},
			{Title: "What it means", Points: slices.Concat(r.Findings(), r.warnings())},
			{Title: "Speed-up by concept", Note: speedupNote, Charts: []page.Chart{r.speedups()}},
		},
	}
	curves := r.Curves()
	p.Sections = append(p.Sections, page.Section{Title: "Quality against time", Note: curvesNote, Charts: curves.timeCharts()},
		page.Section{Title: "By concept", Tables: []page.Table{r.byConcept()}}, page.Section{Title: "Pictures", Note: picturesNote, Rows: r.pictureRows()})
	return p, nil
}

const (
	methodsNote = "FID and KID compare the set of pictures that a network makes of the test scenes with the set of their targets; PSNR and SSIM each picture with its target. " +
		"Seconds are wall-clock time of the work: of training steps, and where weights are generated of that too; compiling, reading models and measuring are left out on all sides. " +
		"Numbers of another network than the one named above have nothing to do with these."
	speedupNote  = "The time of training from scratch over that from the text to a network with at least the same PSNR, reading the models and compiling included, for each concept, sorted. Up to 1: not reached in that time."
	curvesNote   = "Means over the concepts, each curve from the time on at which it has begun for all; a network that has got to where scratch ends is not trained further."
	picturesNote = "The first test scene of some of the concepts."
)

// speedups draws those of all concepts.
func (r *ContestReport) speedups() page.Chart {
	c := page.Chart{Name: "speedup", Title: "Speed-up to the quality from scratch", X: "concepts, sorted", Y: "times as fast", LogY: true}
	for i, v := range []struct {
		name string
		of   func(ContestRow) arrival
	}{
		{"PSNR of pix2pix as published", func(r ContestRow) arrival { return r.ToPSNR.Published }},
		{"PSNR of the best recipe from scratch", func(r ContestRow) arrival { return r.ToPSNR.Best }},
	} {
		var values []float64
		for _, row := range r.Rows {
			values = append(values, v.of(row).Speedup)
		}
		slices.Sort(values)
		s := page.Series{Name: v.name, Style: page.Dots, Colour: i}
		for i, x := range values {
			s.Points = append(s.Points, page.Point{X: float64(i + 1), Y: x})
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// byConcept has a line for each concept.
func (r *ContestReport) byConcept() page.Table {
	t := page.Table{Head: []string{"prompt", "group", "× published", "× best", "FID scratch", "best", "E2GAN", "ours", "PSNR scratch", "best", "E2GAN", "ours"}}
	methods := []string{MethodScratch, MethodScratchBest, MethodZero + endE2GAN, MethodGenerated + endGAN}
	for _, row := range r.Rows {
		line := []string{row.Prompt, string(row.Group), row.ToPSNR.Published.text(), row.ToPSNR.Best.text()}
		for _, m := range methods {
			line = append(line, fmt.Sprintf("%.3g", row.Methods[m].FID))
		}
		for _, m := range methods {
			line = append(line, fmt.Sprintf("%.1f", row.Methods[m].PSNR))
		}
		t.Lines = append(t.Lines, line)
	}
	return t
}

func (a arrival) text() string {
	if !a.Reached {
		return "not reached"
	}
	return ratio(a.Speedup)
}

// shownConcepts is the number of concepts with pictures.
const shownConcepts = 8

func (r *ContestReport) pictureRows() (rows []page.Row) {
	shown := []struct{ method, name string }{
		{MethodInput, "input"}, {pictureTarget, "target"}, {MethodScratch, "scratch"}, {MethodScratchBest, "best scratch"}, {"zero_e2gan", "E2GAN"},
		{MethodNearest, "nearest"}, {MethodGenerated, "generated"}, {"generated_adapter", "adapter tuned"}, {"generated_all", "all tuned"}, {"generated_gan", "adversarially"},
	}
	for _, row := range evenly(r.Rows, shownConcepts) {
		target := row.Pictures[pictureTarget]
		line := page.Row{Title: "“" + row.Prompt + "”"}
		for _, s := range shown {
			m := row.Pictures[s.method]
			if m == nil {
				continue
			}
			note := fmt.Sprintf("%.1f dB, %.2g s", metrics.PSNR(m, target), row.Methods[s.method].Seconds)
			switch s.method {
			case pictureTarget:
				note = ""
			case MethodInput:
				note = fmt.Sprintf("%.1f dB", metrics.PSNR(m, target))
			}
			line.Pictures = append(line.Pictures, page.Picture{Image: m, Name: s.name, Note: note})
		}
		rows = append(rows, line)
	}
	return rows
}
