package evaluate

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// methodNames says what methods are, in the order of tables.
var methodNames = []struct{ method, name string }{
	{MethodInput, "untouched input"},
	{MethodScratch, "pix2pix from scratch, as published"},
	{MethodScratchBest, "from scratch, the best recipe found"},
	{MethodZero, "zero adapter"},
	{"zero_adapter", "… its adapter tuned for as long as ours"},
	{"zero_all", "… all weights tuned for as long as ours"},
	{"zero_e2gan", "… its adapter tuned adversarially (E2GAN)"},
	{"zero_gan", "… all weights tuned adversarially, against our discriminator"},
	{"zero_gan_cold", "… likewise, against a new discriminator"},
	{MethodGenerated, "generated from the text"},
	{"generated_adapter", "… and the adapter tuned"},
	{"generated_all", "… and all weights tuned"},
	{"generated_gan", "… and all weights tuned adversarially"},
	{MethodNearest, "control: nearest concept's adapter"},
	{"nearest_adapter", "… and the adapter tuned"},
	{"nearest_all", "… and all weights tuned"},
	{MethodMean, "control: mean adapter"},
	{"mean_adapter", "… and the adapter tuned"},
	{"mean_all", "… and all weights tuned"},
	{MethodShuffled, "control: generated from another text"},
	{"shuffled_adapter", "… and the adapter tuned"},
	{"shuffled_all", "… and all weights tuned"},
}

// Header returns the heads of the main table's columns.
func (r *ContestReport) Header() []string {
	return []string{"method", "FID", "KID × 1000", "PSNR, dB", "SSIM", "seconds", "steps"}
}

// Cells returns the main table's lines.
func (r *ContestReport) Cells() (lines [][]string) {
	for _, v := range methodNames {
		if m, ok := r.Methods[v.method]; ok {
			lines = append(lines, []string{
				v.name, fmt.Sprintf("%.3g", m.FID), fmt.Sprintf("%.3g ± %.2g", 1e3*m.KID, 1e3*m.KIDStd), fmt.Sprintf("%.2f", m.PSNR),
				fmt.Sprintf("%.3f", m.SSIM), dash(m.Seconds > 0, "%.2f", m.Seconds), dash(m.Steps > 0, "%d", m.Steps),
			})
		}
	}
	return lines
}

// dash prints a value where there is one.
func dash(is bool, format string, value any) string {
	if !is {
		return "-"
	}
	return fmt.Sprintf(format, value)
}

// WriteTable writes the report for people.
func (r *ContestReport) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%s\n", r.about())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range append([][]string{r.Header()}, r.Cells()...) {
		for _, cell := range line {
			fmt.Fprintf(t, "%s\t", cell)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range slices.Concat(r.Findings(), r.warnings()) {
		fmt.Fprintln(w, line)
	}
	return nil
}

// about says what was measured.
func (r *ContestReport) about() string {
	partial := ""
	if r.Partial {
		partial = fmt.Sprintf("Partial: interrupted after %d of %d concepts. ", len(r.Rows), r.Wanted)
	}
	return fmt.Sprintf("%sMeans over %d unseen concepts, each on %d test scenes; FID and KID by %s, %d pictures on either side; %d pairs to learn from.",
		partial, len(r.Rows), r.Config.Samples, r.Extractor, r.Config.Samples, r.Config.Pairs)
}

// Findings says what the numbers mean, a sentence each.
func (r *ContestReport) Findings() []string {
	s := r.Speedup
	lines := []string{
		fmt.Sprintf("From the text to the PSNR of pix2pix from scratch after %d steps of %d: %s times as fast as published (%d of %d concepts reached it; half of them between %s and %s), %s times as fast as the best recipe found (%d reached).",
			r.Config.Race.Steps, r.Config.Batch, ratio(s.Published), s.Reached.Published, s.Concepts, ratio(s.Spread.Published.Lower), ratio(s.Spread.Published.Upper), ratio(s.Best), s.Reached.Best),
		fmt.Sprintf("That counts reading the models and compiling on this side alone; without, it is %s and %s times. To its FID: %s times as fast as published (%d reached) and %s as the best recipe (%d).",
			ratio(s.Work.Published), ratio(s.Work.Best), ratio(s.FID.Published), s.FID.Reached.Published, ratio(s.FID.Best), s.FID.Reached.Best),
	}
	for _, v := range []struct{ end, name string }{
		{endAdapter, "the adapter tuned"}, {endAll, "all weights tuned"}, {endGAN, "all weights tuned adversarially"},
	} {
		better := r.Better[MethodGenerated+v.end]
		lines = append(lines, fmt.Sprintf("With %s in %.1f s, FID and KID are both better than published scratch's on %.0f %% of the concepts, than the best recipe's on %.0f %%, and than the zero adapter's at equal time on %.0f %% (PSNR: %.0f, %.0f and %.0f %%).",
			v.name, r.Methods[MethodGenerated+v.end].Seconds, 100*better[MethodScratch].Both, 100*better[MethodScratchBest].Both, 100*better[MethodZero+v.end].Both,
			100*better[MethodScratch].PSNR, 100*better[MethodScratchBest].PSNR, 100*better[MethodZero+v.end].PSNR))
	}
	better := r.Better[MethodGenerated+endGAN]
	e2gan, cold := better[MethodZero+endE2GAN], better[MethodZero+endGANCold]
	lines = append(lines, fmt.Sprintf("Against E2GAN at equal time, the latter is %.0f %% (PSNR: %.0f %%), and against the zero adapter tuned as generated weights are, but with a new discriminator, %.0f %% (%.0f %%).",
		100*e2gan.Both, 100*e2gan.PSNR, 100*cold.Both, 100*cold.PSNR))
	return lines
}

// ratio writes a number with two digits that matter, if it is small.
func ratio(v float64) string {
	if v < 9.95 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// warnings tell what to beware of.
func (r *ContestReport) warnings() (lines []string) {
	if w := r.Load.Warning(); w != "" {
		lines = append(lines, w)
	}
	if len(r.Config.Race.LRs) < 3 {
		return append(lines, "Few learning rates were tried from scratch and from the zero adapter: a look, not a measurement.")
	}
	for _, v := range []struct {
		c    Candidate
		what string
	}{{r.Best, "the best recipe from scratch"}, {r.Zero.Adapter, "tuning the zero adapter"}, {r.Zero.All, "tuning all weights from the zero adapter"}} {
		if v.c.Edge {
			lines = append(lines, fmt.Sprintf("Warning: %s: the best learning rate, %g, is at the edge of those tried; beyond it may be a better one.", v.what, v.c.LR))
		}
	}
	return lines
}
