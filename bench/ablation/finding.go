package ablation

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// finding states in one sentence what the numbers say.
func (r *Report) finding() string {
	if len(r.Rows) == 1 {
		return fmt.Sprintf("With %s the quality is %.2f dB; there is nothing to compare it with.", r.Rows[0].Label, r.Rows[0].PSNR[allGroups])
	}
	if r.Ablation == "zoo-size" {
		return r.growth()
	}
	top := r.best()
	var equal, worse []Row
	for _, row := range r.Rows {
		switch {
		case row.Name == top.Name:
		case row.Behind <= significant*row.BehindError:
			equal = append(equal, row)
		default:
			worse = append(worse, row)
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Best on unseen concepts is %s with %.2f dB (%.0f %% of the way)", top.Label, top.PSNR[allGroups], 100*top.Share[allGroups])
	if len(equal) > 0 {
		fmt.Fprintf(&text, ", from which %s cannot be told apart (%s)", list(equal, func(r Row) string { return r.Label }),
			list(equal, func(r Row) string { return fmt.Sprintf("%.2f dB", r.PSNR[allGroups]) }))
	}
	if len(worse) > 0 {
		slices.SortStableFunc(worse, func(a, b Row) int {
			if a.Behind < b.Behind {
				return -1
			}
			return 1
		})
		verb := "are"
		if len(worse) == 1 {
			verb = "is"
		}
		fmt.Fprintf(&text, "; behind it %s %s", verb, list(worse, func(r Row) string {
			return fmt.Sprintf("%s by %.2f ± %.2f dB", r.Label, r.Behind, r.BehindError)
		}))
	}
	return text.String() + "."
}

// significant is by how many standard errors a difference is one.
const significant = 2

// growth says how quality grows along the axis.
func (r *Report) growth() string {
	from, to, before := r.Rows[0], r.Rows[len(r.Rows)-1], r.Rows[len(r.Rows)-2]
	doublings := func(a, b Row) float64 { return math.Log2(b.X / a.X) }
	gain := func(a, b Row) float64 { return (b.PSNR[allGroups] - a.PSNR[allGroups]) / doublings(a, b) }
	verdict := "more concepts would help further"
	if gain(before, to) <= 0.1 {
		verdict = "in this training more concepts have stopped to help"
	}
	return fmt.Sprintf("From %.0f to %.0f adapters the quality on unseen concepts goes from %.2f to %.2f dB, %+.2f dB with each doubling, and still %+.2f with the last one: %s.",
		from.X, to.X, from.PSNR[allGroups], to.PSNR[allGroups], gain(from, to), gain(before, to), verdict)
}

// list joins what is said of rows as in a sentence.
func list(rows []Row, say func(Row) string) string {
	var parts []string
	for _, row := range rows {
		parts = append(parts, say(row))
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return parts[0]
}
