package ablation

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/evaluate"
)

// Report is what an ablation found. Quality is mean PSNR on test scenes in dB, by the group of unseen concepts, and over all of them as "all";
// shares are those of the way from the zero adapter to one trained on the concept's own pairs.
type Report struct {
	Ablation string           `json:"ablation"`
	Question string           `json:"question"`
	Finding  string           `json:"finding"`
	Partial  bool             `json:"partial,omitempty"` // interrupted: some variants are missing
	Machine  evaluate.Machine `json:"machine"`
	Version  string           `json:"version,omitempty"` // of the program; the caller knows
	Base     string           `json:"base"`              // hash
	Zoo      string           `json:"zoo"`               // hash of all adapters
	Learnt   int              `json:"adapters"`          // that generators learn from,
	Held     int              `json:"held"`              // and those held back to measure weights on
	Concepts int              `json:"concepts"`          // unseen ones that quality is measured on
	Config   Config           `json:"config"`
	Controls Controls         `json:"controls"`
	Rows     []Row            `json:"rows"`
	Seconds  float64          `json:"seconds"` // of this call; what was trained before took none

	Pictures []Picture `json:"-"`
}

// Controls are what generators are to be compared with. Errors of weights are mean squared ones of normalised values, on the adapters
// that are held back.
type Controls struct {
	Zero         float64 `json:"zero"`          // quality of the base alone,
	Mean         float64 `json:"mean"`          // of the mean adapter,
	Nearest      float64 `json:"nearest"`       // of the zoo's adapter with the most similar words,
	Trained      float64 `json:"trained"`       // and of adapters trained on the concepts' own pairs
	WeightsMean  float64 `json:"weights_mean"`  // error of the mean adapter's weights
	WeightsOther float64 `json:"weights_other"` // error of another held-back adapter's
}

// Row is a variant.
type Row struct {
	Name          string             `json:"name"`
	Label         string             `json:"label"`
	X             float64            `json:"x,omitempty"` // on the kind's axis
	Network       string             `json:"network"`
	Target        string             `json:"target"`
	Adapters      int                `json:"adapters"` // learnt from
	Blocks        int                `json:"blocks"`   // of an adapter
	BlockSize     int                `json:"block_size"`
	Params        int                `json:"params"` // weights of the generator
	Steps         int                `json:"steps"`
	RefineSteps   int                `json:"refine_steps,omitempty"`
	SamplingSteps int                `json:"sampling_steps"`
	Seconds       float64            `json:"seconds"`          // of training
	Generate      float64            `json:"generate_seconds"` // of making an adapter
	PSNR          map[string]float64 `json:"psnr"`
	Share         map[string]float64 `json:"share"`
	WeightsError  float64            `json:"weights_error"`
	Unknown       int                `json:"unknown,omitempty"` // prompts of which it knew no word: they got the mean adapter
	// Behind is how far the variant is behind the best one, the mean over the concepts, and the standard error of that.
	Behind      float64 `json:"behind"`
	BehindError float64 `json:"behind_error"`

	quality *evaluate.Quality
	made    [][][]float32 // adapters of the concepts
}

// allGroups is the name of the mean over all concepts.
const allGroups = "all"

// qualities returns quality and share by group.
func qualities(q *evaluate.Quality) (psnr, share map[string]float64) {
	psnr, share = map[string]float64{allGroups: q.All.Generated}, map[string]float64{allGroups: q.All.Share}
	for name, g := range q.Groups {
		psnr[string(name)], share[string(name)] = g.Generated, g.Share
	}
	return psnr, share
}

// report begins a report.
func (b *bench) report() *Report {
	r := &Report{
		Ablation: b.Kind.Name, Question: b.Kind.Question, Machine: evaluate.ThisMachine(), Base: b.Zoo.Base.Hash, Zoo: hashZoo(b.Zoo),
		Learnt: len(b.learn.Entries), Held: len(b.held.Entries), Config: b.Config,
	}
	mean := b.code.Blocks.Join(b.code.Mean)
	n := len(b.held.Adapters)
	for i, truth := range b.held.Adapters {
		r.Controls.WeightsMean += b.errorOf(mean, truth) / float64(n)
		r.Controls.WeightsOther += b.errorOf(b.held.Adapters[(i+(n+1)/2)%n], truth) / float64(n)
	}
	return r
}

// finish computes what follows from all rows.
func (r *Report) finish(begun time.Time) {
	r.Seconds = time.Since(begun).Seconds()
	q := r.Rows[0].quality
	r.Concepts = q.All.Concepts
	r.Controls.Zero, r.Controls.Mean, r.Controls.Nearest, r.Controls.Trained = q.All.Zero, q.All.Mean, q.All.Nearest, q.All.Trained
	top := r.best()
	for i := range r.Rows {
		r.Rows[i].Behind, r.Rows[i].BehindError = behind(top, r.Rows[i])
	}
	r.Finding = r.finding()
}

// best returns the variant with the best pictures.
func (r *Report) best() Row {
	top := r.Rows[0]
	for _, row := range r.Rows {
		if row.PSNR[allGroups] > top.PSNR[allGroups] {
			top = row
		}
	}
	return top
}

// behind returns the mean difference of two variants over the concepts, and its standard error.
func behind(top, row Row) (mean, deviation float64) {
	n := float64(len(top.quality.Rows))
	for i, a := range top.quality.Rows {
		mean += (a.Generated - row.quality.Rows[i].Generated) / n
	}
	for i, a := range top.quality.Rows {
		d := a.Generated - row.quality.Rows[i].Generated - mean
		deviation += d * d
	}
	return mean, math.Sqrt(deviation / max(n-1, 1) / n)
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%s %s\n", r.Question, r.about())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, line := range append([][]string{r.Header()}, r.Cells()...) {
		for _, cell := range line {
			fmt.Fprintf(t, "%s\t", cell)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	c := r.Controls
	fmt.Fprintf(w, "Base alone %.2f dB, mean adapter %.2f, nearest %.2f, trained on the concept's own pairs %.2f. Error of the mean adapter's weights %.3f, of another's %.3f.\n",
		c.Zero, c.Mean, c.Nearest, c.Trained, c.WeightsMean, c.WeightsOther)
	if r.Partial {
		fmt.Fprintln(w, "Partial: interrupted before all variants were done.")
	}
	_, err := fmt.Fprintln(w, r.Finding)
	return err
}

// about says what was measured.
func (r *Report) about() string {
	return fmt.Sprintf("Mean PSNR in dB without tuning on %d unseen concepts; generators of %s, %d steps, from %d adapters.",
		r.Concepts, r.Config.Network, r.Config.Steps, r.Learnt)
}

// Header returns the heads of the table's columns.
func (r *Report) Header() []string {
	head := []string{"variant", "PSNR", "share"}
	for _, g := range concept.Groups() {
		head = append(head, string(g))
	}
	return append(head, "behind the best", "weights' error", "weights", "training", "generating")
}

// Cells returns the table's lines.
func (r *Report) Cells() [][]string {
	var lines [][]string
	for _, row := range r.Rows {
		line := []string{row.Label, fmt.Sprintf("%.2f", row.PSNR[allGroups]), fmt.Sprintf("%.0f %%", 100*row.Share[allGroups])}
		for _, g := range concept.Groups() {
			cell := "-"
			if v, ok := row.PSNR[string(g)]; ok {
				cell = fmt.Sprintf("%.2f", v)
			}
			line = append(line, cell)
		}
		lines = append(lines, append(line, fmt.Sprintf("%.2f ± %.2f", row.Behind, row.BehindError), fmt.Sprintf("%.3f", row.WeightsError),
			fmt.Sprintf("%.2f M", float64(row.Params)/1e6), fmt.Sprintf("%.0f s", row.Seconds), fmt.Sprintf("%.1f ms", 1e3*row.Generate)))
	}
	return lines
}
