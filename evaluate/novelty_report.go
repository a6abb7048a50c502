package evaluate

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/internal/page"
)

// NoveltyReport tells whether generated adapters are new. Distances of weights are roots of mean squared differences of normalised values, in
// which a training adapter is about 1 from the mean one; those of pictures are such of samples in [-1,1], of the same scenes at half
// their size.
type NoveltyReport struct {
	Machine   Machine `json:"machine"`
	Version   string  `json:"version,omitempty"` // of the program; the caller knows
	Base      string  `json:"base"`
	Generator string  `json:"generator"`
	Adapters  int     `json:"adapters"` // that the generator learnt from
	Scenes    int     `json:"scenes"`   // that pictures are made of
	Seconds   float64 `json:"seconds"`

	Findings []string `json:"findings"`
	// Training has the distance of each training adapter to its nearest other one, ascending.
	Training struct {
		Weights  []float64 `json:"weights"`
		Pictures []float64 `json:"pictures"`
		Norm     float64   `json:"norm"` // mean distance from the mean adapter
	} `json:"training"`
	// Groups sums up generated adapters: by group, and those of new concepts, a to c, as "new".
	Groups map[string]NoveltyGroup `json:"groups"`
	Rows   []NoveltyRow            `json:"concepts"`
}

// Neighbour is the nearest training adapter.
type Neighbour struct {
	Concept  string  `json:"concept"`
	Distance float64 `json:"distance"`
}

// NoveltyRow is a generated adapter.
type NoveltyRow struct {
	Concept  string        `json:"concept"`
	Group    concept.Group `json:"group"`
	Prompt   string        `json:"prompt"`
	Weights  Neighbour     `json:"weights"`   // nearest by weights,
	Between  float64       `json:"between"`   // distance to the nearest mixture of two training adapters,
	Norm     float64       `json:"norm"`      // from the mean adapter,
	Pictures Neighbour     `json:"pictures"`  // nearest by pictures
	ToTarget float64       `json:"to_target"` // distance of its pictures to the concept's own,
	// BestOfZoo is the training adapter whose pictures are nearest to the concept's own: one cannot do better by choosing.
	BestOfZoo Neighbour `json:"best_of_zoo"`
}

// NoveltyGroup sums up adapters.
type NoveltyGroup struct {
	Concepts int     `json:"n"`
	Weights  float64 `json:"weights"`  // median distance to the nearest training adapter,
	Between  float64 `json:"between"`  // to the nearest mixture of two,
	Norm     float64 `json:"norm"`     // from the mean adapter,
	Pictures float64 `json:"pictures"` // and by pictures to the nearest training adapter's
	// Near are the shares that are nearer to a training adapter than 95 % of training adapters are to their nearest.
	NearWeights  float64 `json:"near_weights"`
	NearPictures float64 `json:"near_pictures"`
	// Own is the share whose nearest by weights is the concept's own, which the zoo has in group d.
	Own float64 `json:"own"`
	// BeatsZoo is the share whose pictures are nearer to the concept's own than those of any training adapter.
	BeatsZoo float64 `json:"beats_zoo"`
}

// newConcepts is the name of groups a to c together.
const newConcepts = "new"

// nearQuantile is the quantile of distances among training adapters below which one is near.
const nearQuantile = 0.05

func quantile(ascending []float64, share float64) float64 {
	return ascending[min(int(share*float64(len(ascending))), len(ascending)-1)]
}

// finish computes what follows from the rows.
func (r *NoveltyReport) finish() {
	r.Groups = map[string]NoveltyGroup{}
	add := func(name string, is func(NoveltyRow) bool) {
		rows := slices.DeleteFunc(slices.Clone(r.Rows), func(row NoveltyRow) bool { return !is(row) })
		if len(rows) > 0 {
			r.Groups[name] = r.group(rows)
		}
	}
	for _, g := range concept.Groups() {
		add(string(g), func(row NoveltyRow) bool { return row.Group == g })
	}
	add(newConcepts, func(row NoveltyRow) bool { return row.Group != concept.Wording })
	r.Findings = r.findings()
}

func (r *NoveltyReport) group(rows []NoveltyRow) NoveltyGroup {
	g := NoveltyGroup{Concepts: len(rows)}
	nearWeights, nearPictures := quantile(r.Training.Weights, nearQuantile), quantile(r.Training.Pictures, nearQuantile)
	var weights, between, norm, pictures []float64
	each := 1 / float64(len(rows))
	for _, row := range rows {
		weights, between = append(weights, row.Weights.Distance), append(between, row.Between)
		norm, pictures = append(norm, row.Norm), append(pictures, row.Pictures.Distance)
		g.NearWeights += one(row.Weights.Distance < nearWeights) * each
		g.NearPictures += one(row.Pictures.Distance < nearPictures) * each
		g.Own += one(row.Weights.Concept == row.Concept) * each
		g.BeatsZoo += one(row.ToTarget < row.BestOfZoo.Distance) * each
	}
	g.Weights, g.Between, g.Norm, g.Pictures = median(weights), median(between), median(norm), median(pictures)
	return g
}

// findings says what the numbers mean, a sentence each; the last one is about memorisation.
func (r *NoveltyReport) findings() (lines []string) {
	g, ok := r.Groups[newConcepts]
	if !ok {
		return []string{"There are no new concepts to tell from."}
	}
	lines = append(lines,
		fmt.Sprintf("Adapters generated for %d new concepts are at a median distance of %.2f from the nearest of %d training adapters, which are themselves at %.2f from their nearest; %.0f %% of them are nearer than 95 %% of those are, where 5 %% would be no surprise.",
			g.Concepts, g.Weights, r.Adapters, median(r.Training.Weights), 100*g.NearWeights),
		fmt.Sprintf("The nearest mixture of two training adapters is at %.2f; from the mean adapter the generated ones are at %.2f, training ones at %.2f.",
			g.Between, g.Norm, r.Training.Norm),
		fmt.Sprintf("Their pictures are at a median distance of %.3f from those of the nearest training adapter, where these are at %.3f from their nearest; %.0f %% are nearer than 95 %% of those are.",
			g.Pictures, median(r.Training.Pictures), 100*g.NearPictures),
		fmt.Sprintf("On %.0f %% of the new concepts their pictures are nearer to the target than those of any training adapter, chosen with the target known.", 100*g.BeatsZoo))
	if d, ok := r.Groups[string(concept.Wording)]; ok {
		recall := "that is recall, as it should be"
		if d.Own < 0.5 {
			recall = "most of what was learnt is not recalled"
		}
		lines = append(lines, fmt.Sprintf("For %d concepts of the zoo, asked for in new words, the nearest training adapter is the concept's own on %.0f %%, at a median distance of %.2f: %s.",
			d.Concepts, 100*d.Own, d.Weights, recall))
	}
	return append(lines, g.verdict())
}

// verdict states whether there is memorisation.
func (g NoveltyGroup) verdict() string {
	switch {
	case g.NearPictures >= 0.5:
		return "Memorisation: for new concepts, most generated adapters make pictures like a training adapter's."
	case g.NearWeights >= 0.5:
		return "Memorisation in part: for new concepts, most generated weights are close to a training adapter's, but make other pictures."
	case g.BeatsZoo < 0.5:
		return "No memorisation, but little gain: the generated adapters are no copies, and yet on most new concepts some training adapter makes better pictures."
	}
	return "No memorisation: for new concepts the generated adapters are neither copies nor as good as a choice among the training ones, but better."
}

var noveltyHead = []string{"concepts", "n", "to nearest adapter", "to a mixture of two", "from the mean", "nearer than 95 %", "by pictures", "nearer than 95 %", "own is nearest", "better than all of zoo"}

// cells returns the table's lines.
func (r *NoveltyReport) cells() (lines [][]string) {
	names := []string{newConcepts}
	for _, g := range concept.Groups() {
		names = append(names, string(g))
	}
	for _, name := range names {
		if g, ok := r.Groups[name]; ok {
			lines = append(lines, []string{
				name, fmt.Sprint(g.Concepts), fmt.Sprintf("%.3f", g.Weights), fmt.Sprintf("%.3f", g.Between), fmt.Sprintf("%.3f", g.Norm), fmt.Sprintf("%.0f %%", 100*g.NearWeights),
				fmt.Sprintf("%.3f", g.Pictures), fmt.Sprintf("%.0f %%", 100*g.NearPictures), fmt.Sprintf("%.0f %%", 100*g.Own), fmt.Sprintf("%.0f %%", 100*g.BeatsZoo),
			})
		}
	}
	return append(lines, []string{
		"training", fmt.Sprint(r.Adapters), fmt.Sprintf("%.3f", median(r.Training.Weights)), "-", fmt.Sprintf("%.3f", r.Training.Norm), "5 %",
		fmt.Sprintf("%.3f", median(r.Training.Pictures)), "5 %", "-", "-",
	})
}

// WriteTable writes the report for people.
func (r *NoveltyReport) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, line := range append([][]string{noveltyHead}, r.cells()...) {
		for _, cell := range line {
			fmt.Fprintf(t, "%s\t", cell)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range r.Findings {
		fmt.Fprintln(w, f)
	}
	return nil
}

// Page shows the report.
func (r *NoveltyReport) Page() (*page.Page, error) {
	weights, pictures := []string{"weights", "normalised"}, []string{"pictures", "at half size"}
	of := func(is func(NoveltyRow) bool, value func(NoveltyRow) float64) (values []float64) {
		for _, row := range r.Rows {
			if is(row) {
				values = append(values, value(row))
			}
		}
		return values
	}
	isNew := func(row NoveltyRow) bool { return row.Group != concept.Wording }
	isKnown := func(row NoveltyRow) bool { return row.Group == concept.Wording }
	chart := func(what []string, training []float64, value func(NoveltyRow) float64) page.Chart {
		return page.Chart{
			Name: "distances-" + what[0], Title: "Distance to the nearest training adapter by " + what[0], X: "distance, " + what[1], Y: "share that is nearer",
			Series: []page.Series{
				shares("generated for new concepts", of(isNew, value), 0), shares("generated for known concepts, in new words", of(isKnown, value), 2),
				shares("training adapters", training, 1),
			},
		}
	}
	return &page.Page{
		Title: "Are generated weights new?", Lead: r.Findings[len(r.Findings)-1],
		Sections: []page.Section{
			{Title: "Distances", Charts: []page.Chart{
				chart(weights, r.Training.Weights, func(row NoveltyRow) float64 { return row.Weights.Distance }),
				chart(pictures, r.Training.Pictures, func(row NoveltyRow) float64 { return row.Pictures.Distance }),
			}},
			{Title: "In numbers", Tables: []page.Table{{Head: noveltyHead, Lines: r.cells()}}},
			{Title: "What it means", Points: r.Findings},
			{Title: "By concept", Tables: []page.Table{r.byConcept()}},
		},
	}, nil
}

// shares draws which share of values is below each of them.
func shares(name string, values []float64, colour int) page.Series {
	s := page.Series{Name: name, Colour: colour, Style: page.Plain}
	sorted := slices.Sorted(slices.Values(values))
	for i, v := range sorted {
		s.Points = append(s.Points, page.Point{X: v, Y: float64(i+1) / float64(len(sorted))})
	}
	return s
}

// byConcept has a line for each concept.
func (r *NoveltyReport) byConcept() page.Table {
	t := page.Table{Head: []string{"prompt", "group", "nearest by weights", "distance", "nearest by pictures", "distance", "to target", "best of zoo", "its distance"}}
	for _, row := range r.Rows {
		t.Lines = append(t.Lines, []string{
			row.Prompt, string(row.Group), row.Weights.Concept, fmt.Sprintf("%.3f", row.Weights.Distance), row.Pictures.Concept, fmt.Sprintf("%.3f", row.Pictures.Distance),
			fmt.Sprintf("%.3f", row.ToTarget), row.BestOfZoo.Concept, fmt.Sprintf("%.3f", row.BestOfZoo.Distance),
		})
	}
	return t
}
