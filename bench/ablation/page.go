package ablation

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/internal/page"
	"github.com/warmstart-ml/warmstart/metrics"
)

// Page shows the report.
func (r *Report) Page() (*page.Page, error) {
	k, err := Find(r.Ablation)
	if err != nil {
		return nil, err
	}
	lead := r.Finding
	if r.Partial {
		lead = "Partial: interrupted before all variants were done. " + lead
	}
	c := r.Controls
	note := fmt.Sprintf("Shares are those of the way from the base alone (%.2f dB) to adapters trained on the concepts' own pairs (%.2f dB); "+
		"the mean adapter has %.2f dB, the zoo's nearest by words %.2f. Groups: a pairs, b triples, c settings and d wordings never trained on. Behind the best: the mean difference "+
		"over the concepts and its standard error. Weights' errors are mean squared ones of normalised values, on %d adapters of the zoo that no generator learnt from: "+
		"the mean adapter's is %.3f, that of another one %.3f.", c.Zero, c.Trained, c.Mean, c.Nearest, r.Held, c.WeightsMean, c.WeightsOther)
	return &page.Page{
		Title: k.Title + ": " + k.Question, Lead: lead,
		Sections: []page.Section{
			{Title: "Quality", Note: r.about(), Charts: []page.Chart{r.chart(k)}},
			{Title: "In numbers", Note: note, Tables: []page.Table{{Head: r.Header(), Lines: r.Cells()}}},
			{Title: "Pictures", Note: "The first test picture of some of the concepts, as the generators' adapters make it without any tuning.", Rows: r.pictureRows()},
		},
	}, nil
}

// chart draws quality by variant.
func (r *Report) chart(k Kind) page.Chart {
	c := page.Chart{Name: "psnr", Title: k.Title, X: k.Axis, Y: "PSNR without tuning, dB", LogX: true}
	trained := page.Level{Name: "trained on the concept's own pairs", Y: r.Controls.Trained}
	nearest := page.Level{Name: "the zoo's nearest by words", Y: r.Controls.Nearest}
	if k.Axis == "" {
		c.LogX = false
		for _, row := range r.Rows {
			c.Values = append(c.Values, page.Value{Name: row.Name, Y: row.PSNR[allGroups], Error: row.BehindError})
		}
		c.Levels = []page.Level{trained, nearest}
		return c
	}
	names := map[string]string{allGroups: "all"}
	for g, about := range map[concept.Group]string{concept.Pair: "new pairs", concept.Triple: "new triples", concept.Setting: "new settings", concept.Wording: "new wordings"} {
		names[string(g)] = about
	}
	for i, g := range append([]string{allGroups}, groups()...) {
		s := page.Series{Name: names[g], Colour: i, Style: page.Dashed}
		if g == allGroups {
			s.Style = page.Curve
		}
		for _, row := range r.Rows {
			if v, ok := row.PSNR[g]; ok {
				s.Points = append(s.Points, page.Point{X: row.X, Y: v})
			}
		}
		c.Series = append(c.Series, s)
	}
	return c
}

func groups() (names []string) {
	for _, g := range concept.Groups() {
		names = append(names, string(g))
	}
	return names
}

func (r *Report) pictureRows() (rows []page.Row) {
	for _, p := range r.Pictures {
		row := page.Row{Title: "“" + p.Prompt + "”", Pictures: []page.Picture{
			{Image: p.Input, Name: "input", Note: fmt.Sprintf("%.1f dB", metrics.PSNR(p.Input, p.Target))}, {Image: p.Target, Name: "target"},
		}}
		for i, out := range p.Outputs {
			row.Pictures = append(row.Pictures, page.Picture{Image: out, Name: r.Rows[i].Name, Note: fmt.Sprintf("%.1f dB", metrics.PSNR(out, p.Target))})
		}
		rows = append(rows, row)
	}
	return rows
}
