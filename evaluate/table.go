package evaluate

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/warmstart-ml/warmstart/concept"
)

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, q := range []struct {
		name string
		*Quality
	}{{"scenes", r.Quality}, {"photos", r.Photos}} {
		if q.Quality != nil {
			q.write(t, q.name)
		}
	}
	if m := r.Match; m != nil {
		fmt.Fprintf(t, "\nSteps from generated weights to match %d from the zero adapter: %s in the median of %d concepts, at most 10 on %.0f %%.\n",
			r.Config.Match.Steps, stepsText(m.Median), m.Concepts, 100*m.Within10)
	}
	if s := r.Speedup; s != nil {
		fmt.Fprintf(t, "\nFrom the text to the quality of pix2pix from scratch after %d steps, %d concepts:\n", r.Config.Race.Steps, s.Concepts)
		fmt.Fprintf(t, "\t%.0f times as fast against the published learning rate (%g), reached on %d\n", s.Published, s.PublishedLR, s.Reached.Published)
		fmt.Fprintf(t, "\t%.0f times as fast against the best learning rate found (%g), reached on %d\n", s.Best, s.BestLR.LR, s.Reached.Best)
	}
	return t.Flush()
}

func stepsText(n float64) string {
	if n == Never {
		return "more than were tried"
	}
	return fmt.Sprintf("%g", n)
}

// write writes a table with a line for each group.
func (q *Quality) write(w io.Writer, name string) {
	fmt.Fprintf(w, "Mean PSNR on test %s without any tuning, in dB:\n", name)
	fmt.Fprintln(w, "group\tconcepts\tzero\tmean\tnearest\tshuffled\tgenerated\ttrained\tshare\tbest of all controls\t")
	line := func(name string, g Group) {
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f %%\t%.0f %%\t\n", name, g.Concepts,
			g.Zero, g.Mean, g.Nearest, g.Shuffled, g.Generated, g.Trained, 100*g.Share, 100*g.WinRate)
	}
	for _, name := range concept.Groups() {
		if g, ok := q.Groups[name]; ok {
			line(string(name), g)
		}
	}
	line("all", q.All)
}
