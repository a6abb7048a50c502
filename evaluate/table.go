package evaluate

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/gan"
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
			q.Reference.warn(t, "trained adapters on "+q.name)
		}
	}
	if m := r.Match; m != nil {
		fmt.Fprintf(t, "\nSteps from generated weights to match %d from the zero adapter: %s in the median of %d concepts, at most 10 on %.0f %%.\n",
			r.Config.Match.Steps, stepsText(m.Median), m.Concepts, 100*m.Within10)
		m.Zero.warn(t, "training from the zero adapter")
		m.Warm.warn(t, "training from generated weights")
	}
	if s := r.Speedup; s != nil {
		s.write(t, r.Config.Race.Steps)
	}
	return t.Flush()
}

// write writes how much sooner the quality from scratch is reached.
func (s *Speedup) write(w io.Writer, steps int) {
	fmt.Fprintf(w, "\nFrom the text to the quality from scratch after %d steps, how many times as fast (geometric means of %d concepts):\n", steps, s.Concepts)
	fmt.Fprintln(w, "against\ton all\treached on\ton these\ton all, until scratch was within 0.1 dB of its end\t")
	line := func(name string, all, reached, near float64, k int) {
		fmt.Fprintf(w, "%s\t%.1f\t%d of %d\t%.1f\t%.1f\t\n", name, all, k, s.Concepts, reached, near)
	}
	line(fmt.Sprintf("pix2pix as published, rate %g", s.PublishedLR), s.Published, s.OverReached.Published, s.Near.Published, s.Reached.Published)
	line("the best recipe found, "+s.BestLR.text(), s.Best, s.OverReached.Best, s.Near.Best, s.Reached.Best)
	s.BestLR.warn(w, "the best recipe from scratch")
}

// text names a recipe.
func (c Candidate) text() string {
	loss := c.Loss + " and L1"
	if c.Loss == gan.LossNone {
		loss = "L1 alone"
	}
	return fmt.Sprintf("%s, rate %g, %d a step", loss, c.LR, c.Batch)
}

// warn tells that the rate is at the edge of those that were tried, if it is.
func (c Candidate) warn(w io.Writer, what string) {
	if c.Edge {
		fmt.Fprintf(w, "Warning: %s: the best learning rate, %g, is at the edge of those tried; beyond it may be a better one.\n", what, c.LR)
	}
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
	fmt.Fprintln(w, "group\tconcepts\tzero\tmean\tnearest\tshuffled\tgenerated\ttrained\tshare\tbetter than controls\tthan those of other concepts\ttrained is\t")
	line := func(name string, g Group) {
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f %%\t%.0f %%\t%.0f %%\t%.0f %%\t\n", name, g.Concepts,
			g.Zero, g.Mean, g.Nearest, g.Shuffled, g.Generated, g.Trained, 100*g.Share, 100*g.WinRate, 100*g.WinRateOther, 100*g.TrainedWins)
	}
	for _, name := range concept.Groups() {
		if g, ok := q.Groups[name]; ok {
			line(string(name), g)
		}
	}
	line("all", q.All)
}
