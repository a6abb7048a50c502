package evaluate

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/warmstart-ml/warmstart/internal/page"
)

// CurvesReport has the curves of a contest: quality against time and against epochs, of each concept and averaged.
type CurvesReport struct {
	Machine   Machine       `json:"machine"`
	Version   string        `json:"version,omitempty"`
	Base      string        `json:"base"`
	Generator string        `json:"generator"`
	Extractor string        `json:"extractor"`
	Partial   bool          `json:"partial,omitempty"`
	Concepts  int           `json:"n"`
	Config    ContestConfig `json:"config"`
	Warning   string        `json:"warning,omitempty"`
	// Time and Epochs are means over the concepts, by method: at equal times, and after equal numbers of passes over the pairs.
	Time   map[string][]Mean `json:"time"`
	Epochs map[string][]Mean `json:"epochs"`
	Rows   []CurvesRow       `json:"concepts"`
}

// Mean is a point of a mean curve.
type Mean struct {
	X    float64 `json:"x"` // seconds, or epochs
	PSNR float64 `json:"psnr"`
	FID  float64 `json:"fid"`
}

// CurvesRow has the curves of a concept, by method.
type CurvesRow struct {
	Concept string             `json:"concept"`
	Prompt  string             `json:"prompt"`
	Curves  map[string][]Point `json:"curves"`
}

// curveMethods are those that have curves, in the order of tables.
var curveMethods = []struct{ method, name string }{
	{MethodGenerated, "generated, all weights tuned"}, {MethodZero, "zero adapter tuned"},
	{MethodScratch, "pix2pix, as published"}, {MethodScratchBest, "from scratch, best recipe"},
}

// Curves returns the curves.
func (r *ContestReport) Curves() *CurvesReport {
	c := &CurvesReport{
		Machine: r.Machine, Version: r.Version, Base: r.Base, Generator: r.Generator, Extractor: r.Extractor, Partial: r.Partial,
		Concepts: len(r.Rows), Config: r.Config, Warning: r.Load.Warning(), Time: map[string][]Mean{}, Epochs: map[string][]Mean{},
	}
	for _, row := range r.Rows {
		c.Rows = append(c.Rows, CurvesRow{row.Concept, row.Prompt, row.Curves})
	}
	batch := map[string]int{
		MethodGenerated: r.Config.Warm.Batch, MethodZero: r.Config.Warm.Batch, MethodScratch: r.Config.published().Batch, MethodScratchBest: r.Best.Batch,
	}
	for _, m := range curveMethods {
		var curves [][]Point
		for _, row := range r.Rows {
			curves = append(curves, row.Curves[m.method])
		}
		c.Time[m.method] = average(curves, logGrid(curves), func(p Point) float64 { return p.Seconds })
		epochs := func(p Point) float64 { return float64(p.Steps*batch[m.method]) / float64(r.Config.Pairs) }
		c.Epochs[m.method] = average(curves, union(curves, epochs), epochs)
	}
	return c
}

// average returns the mean curve at some places. A curve has the quality of its last point until the next one, and behind its end.
func average(curves [][]Point, at []float64, x func(Point) float64) (means []Mean) {
	for _, v := range at {
		m := Mean{X: v}
		for _, curve := range curves {
			i := 0
			for i+1 < len(curve) && x(curve[i+1]) <= v {
				i++
			}
			m.PSNR += curve[i].PSNR / float64(len(curves))
			m.FID += curve[i].FID / float64(len(curves))
		}
		means = append(means, m)
	}
	return means
}

// gridPoints is the number of times in a mean curve.
const gridPoints = 40

// logGrid returns times from that at which all curves have begun to that at which the last one ends, with equal ratios.
func logGrid(curves [][]Point) (grid []float64) {
	from, to := 0.0, 0.0
	for _, c := range curves {
		from, to = max(from, c[0].Seconds), max(to, c[len(c)-1].Seconds)
	}
	if from == 0 { // the start took no time
		for _, c := range curves {
			if len(c) > 1 {
				from = max(from, c[1].Seconds)
			}
		}
	}
	if from >= to || from == 0 {
		return []float64{to}
	}
	for i := range gridPoints {
		grid = append(grid, from*math.Pow(to/from, float64(i)/(gridPoints-1)))
	}
	grid[gridPoints-1] = to // without rounding
	return grid
}

// union returns all places that curves have points at.
func union(curves [][]Point, x func(Point) float64) (at []float64) {
	for _, c := range curves {
		for _, p := range c {
			at = append(at, x(p))
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// at returns the quality at a time; ok is false before the curve begins.
func at(means []Mean, x float64) (m Mean, ok bool) {
	for _, p := range means {
		if p.X > x {
			break
		}
		m, ok = p, true
	}
	return m, ok
}

// tableTimes and tableEpochs are where tables look at curves.
var (
	tableTimes  = []float64{0.1, 0.3, 1, 3, 10, 30, 100}
	tableEpochs = []float64{0, 1, 5, 10, 20, 50, 100, 200}
)

// cells returns the lines of a table of mean curves, each up to its end.
func cells(curves map[string][]Mean, places []float64, unit string) (head []string, lines [][]string) {
	head = []string{"PSNR in dB (FID)"}
	for _, x := range places {
		head = append(head, fmt.Sprintf("%g %s", x, unit))
	}
	for _, m := range curveMethods {
		line := []string{m.name}
		ended := false
		for _, x := range places {
			cell := "-"
			if v, ok := at(curves[m.method], x); ok && !ended {
				cell = fmt.Sprintf("%.1f (%.3g)", v.PSNR, v.FID)
				ended = v == curves[m.method][len(curves[m.method])-1]
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	return head, lines
}

// WriteTable writes the report for people.
func (c *CurvesReport) WriteTable(w io.Writer) error {
	fmt.Fprintln(w, c.about())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, v := range []struct {
		curves map[string][]Mean
		places []float64
		unit   string
	}{{c.Time, tableTimes, "s"}, {c.Epochs, tableEpochs, "epochs"}} {
		head, lines := cells(v.curves, v.places, v.unit)
		for _, line := range append([][]string{head}, lines...) {
			for _, cell := range line {
				fmt.Fprintf(t, "%s\t", cell)
			}
			fmt.Fprintln(t)
		}
		fmt.Fprintln(t)
	}
	if c.Warning != "" {
		fmt.Fprintln(t, c.Warning)
	}
	return t.Flush()
}

func (c *CurvesReport) about() string {
	partial := ""
	if c.Partial {
		partial = "Partial: interrupted before all concepts were done. "
	}
	return fmt.Sprintf("%sMeans over %d unseen concepts, each on %d test scenes; FID by %s. An epoch is a pass over %d pairs.",
		partial, c.Concepts, c.Config.Samples, c.Extractor, c.Config.Pairs)
}

// timeCharts draw the mean curves against time.
func (c *CurvesReport) timeCharts() []page.Chart {
	return []page.Chart{
		c.chart("psnr-time", "PSNR against time", "seconds of work", "PSNR, dB", c.Time, true, func(m Mean) float64 { return m.PSNR }),
		c.chart("fid-time", "FID against time", "seconds of work", "FID", c.Time, true, func(m Mean) float64 { return m.FID }),
	}
}

func (c *CurvesReport) chart(name, title, x, y string, curves map[string][]Mean, log bool, of func(Mean) float64) page.Chart {
	chart := page.Chart{Name: name, Title: title, X: x, Y: y, LogX: log}
	for i, m := range curveMethods {
		s := page.Series{Name: m.name, Colour: i, Style: page.Plain}
		for _, p := range curves[m.method] {
			if !log || p.X > 0 {
				s.Points = append(s.Points, page.Point{X: p.X, Y: of(p)})
			}
		}
		chart.Series = append(chart.Series, s)
	}
	return chart
}

// conceptCharts draw the curves of single concepts.
func (c *CurvesReport) conceptCharts() (charts []page.Chart) {
	for i, row := range evenly(c.Rows, shownConcepts) {
		chart := page.Chart{Name: fmt.Sprintf("concept-%d", i+1), Title: "“" + row.Prompt + "”", X: "seconds of work", Y: "PSNR, dB", LogX: true}
		for i, m := range curveMethods {
			s := page.Series{Name: m.name, Colour: i}
			for _, p := range row.Curves[m.method] {
				if p.Seconds > 0 {
					s.Points = append(s.Points, page.Point{X: p.Seconds, Y: p.PSNR})
				}
			}
			chart.Series = append(chart.Series, s)
		}
		charts = append(charts, chart)
	}
	return charts
}

// Page shows the report.
func (c *CurvesReport) Page() (*page.Page, error) {
	timeHead, timeLines := cells(c.Time, tableTimes, "s")
	epochHead, epochLines := cells(c.Epochs, tableEpochs, "epochs")
	return &page.Page{
		Title: "Quality against time and epochs", Lead: c.about() + " " + c.Warning,
		Sections: []page.Section{
			{Title: "Against time", Note: curvesNote, Charts: c.timeCharts(), Tables: []page.Table{{Head: timeHead, Lines: timeLines}}},
			{Title: "Against epochs", Note: "Passes over the pairs to learn from.", Charts: []page.Chart{
				c.chart("psnr-epochs", "PSNR against epochs", "epochs", "PSNR, dB", c.Epochs, false, func(m Mean) float64 { return m.PSNR }),
				c.chart("fid-epochs", "FID against epochs", "epochs", "FID", c.Epochs, false, func(m Mean) float64 { return m.FID }),
			}, Tables: []page.Table{{Head: epochHead, Lines: epochLines}}},
			{Title: "Single concepts", Charts: c.conceptCharts()},
		},
	}, nil
}
