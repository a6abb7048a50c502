package bench

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/contention"
	"github.com/warmstart-ml/warmstart/internal/page"
	"github.com/warmstart-ml/warmstart/metrics"
)

// PeerReport compares the main job on both sides.
type PeerReport struct {
	Machine Machine    `json:"machine"`
	Threads int        `json:"threads"`
	Steps   int        `json:"steps"`
	Job     gan.Config `json:"job"`
	Partial bool       `json:"partial,omitempty"` // interrupted: fewer jobs are done than were wanted
	Wanted  int        `json:"wanted"`
	Seconds float64    `json:"seconds"` // of this call; what the cache knew took none

	Speedup float64   `json:"speedup"` // geometric mean of the peer's time over ours; 0 without a peer
	Ours    PeerMeans `json:"ours"`
	Peer    PeerMeans `json:"peer"`
	Rows    []PeerRow `json:"concepts"`
	Notes   []string  `json:"notes,omitempty"`
}

// PeerMeans are means over the jobs.
type PeerMeans struct {
	Seconds float64 `json:"seconds"` // of all steps
	PSNR    float64 `json:"psnr"`    // at the end
}

// PeerRow is a job. Where there are two values, the first is ours, the second the peer's.
type PeerRow struct {
	Concept string            `json:"concept"`
	Prompt  string            `json:"prompt"`
	Proof   [][][4]float64    `json:"proof"`                 // losses of three steps: generator's adversarial, L1, discriminator's real and fake
	Trials  []TorchTrial      `json:"peer_setups,omitempty"` // seconds a step in PyTorch's setups; the first, the fastest, did the job
	Turns   []PeerTurn        `json:"turns"`
	PSNR    []float64         `json:"psnr"` // mean over the test pictures, in dB
	Load    contention.Shares `json:"load"`

	// The first test picture, and what both sides make of it.
	Input   *imageio.Image   `json:"-"`
	Target  *imageio.Image   `json:"-"`
	Outputs []*imageio.Image `json:"-"`
}

// keptRow is a row as the cache has it, with its pictures: input, target and outputs.
type keptRow struct {
	PeerRow
	Pictures []page.Shot
}

func (r PeerRow) keep() keptRow {
	k := keptRow{PeerRow: r}
	for _, m := range append([]*imageio.Image{r.Input, r.Target}, r.Outputs...) {
		k.Pictures = append(k.Pictures, page.Shot{Image: m})
	}
	return k
}

func (k keptRow) restore() PeerRow {
	r := k.PeerRow
	r.Input, r.Target, r.Outputs = k.Pictures[0].Image, k.Pictures[1].Image, nil
	for _, s := range k.Pictures[2:] {
		r.Outputs = append(r.Outputs, s.Image)
	}
	return r
}

// PeerTurn is a turn of some steps.
type PeerTurn struct {
	Steps   int       `json:"steps"`   // so far
	Seconds []float64 `json:"seconds"` // of this turn
	L1      []float64 `json:"l1"`      // mean over its steps
}

// seconds returns those of all turns on a side.
func (r PeerRow) seconds(side int) (sum float64) {
	for _, t := range r.Turns {
		sum += t.Seconds[side]
	}
	return sum
}

// finish computes what follows from the rows.
func (r *PeerReport) finish(begun time.Time) {
	r.Seconds = time.Since(begun).Seconds()
	n, logs := float64(len(r.Rows)), 0.0
	for _, row := range r.Rows {
		r.Machine.Others += row.Load.Others / n
		r.Machine.Stolen += row.Load.Stolen / n
		r.Ours.Seconds += row.seconds(0) / n
		r.Ours.PSNR += row.PSNR[0] / n
		if len(row.PSNR) > 1 {
			r.Peer.Seconds += row.seconds(1) / n
			r.Peer.PSNR += row.PSNR[1] / n
			logs += math.Log(row.seconds(1)/row.seconds(0)) / n
			r.Speedup = math.Exp(logs)
		}
	}
	if w := r.Machine.Warning(); w != "" {
		r.Notes = append(r.Notes, w)
	}
}

var peerHead = []string{"job", "seconds", "peer's", "times as fast", "PSNR, dB", "peer's", "L1 at the end", "peer's"}

// cells returns the table's lines.
func (r *PeerReport) cells() (lines [][]string) {
	for _, row := range r.Rows {
		last := row.Turns[len(row.Turns)-1]
		line := []string{row.Concept, fmt.Sprintf("%.1f", row.seconds(0)), "-", "-", fmt.Sprintf("%.2f", row.PSNR[0]), "-", fmt.Sprintf("%.4f", last.L1[0]), "-"}
		if len(row.PSNR) > 1 {
			line[2], line[3] = fmt.Sprintf("%.1f", row.seconds(1)), fmt.Sprintf("%.2f", row.seconds(1)/row.seconds(0))
			line[5], line[7] = fmt.Sprintf("%.2f", row.PSNR[1]), fmt.Sprintf("%.4f", last.L1[1])
		}
		lines = append(lines, line)
	}
	return lines
}

// finding states what the numbers say.
func (r *PeerReport) finding() string {
	threads := fmt.Sprintf("%d threads", r.Threads)
	if r.Threads == 1 {
		threads = "one thread"
	}
	text := fmt.Sprintf("pix2pix from scratch, %d steps of %d pairs of %d pixels with %s, takes %.1f s here and ends at %.2f dB",
		r.Steps, r.Job.Batch, r.Job.Size, threads, r.Ours.Seconds, r.Ours.PSNR)
	if r.Speedup == 0 {
		return text + "; there is no peer to compare with."
	}
	return text + fmt.Sprintf(", and %.1f s and %.2f dB in %s: %.2f times as fast for equal work, from the same weights on the same batches, proven by the losses of the first steps.",
		r.Peer.Seconds, r.Peer.PSNR, r.Machine.Peer+r.setup(), r.Speedup)
}

// setup says how PyTorch was run.
func (r *PeerReport) setup() string {
	t := r.Rows[0].Trials
	if len(t) == 0 {
		return ""
	}
	return fmt.Sprintf(" with %s, which is the fastest there", t[0])
}

// WriteTable writes the report for people.
func (r *PeerReport) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, line := range append([][]string{peerHead}, r.cells()...) {
		for _, cell := range line {
			fmt.Fprintf(t, "%s\t", cell)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range r.lines() {
		fmt.Fprintln(w, line)
	}
	return nil
}

func (r *PeerReport) lines() []string {
	lines := []string{r.finding()}
	if r.Partial {
		lines = append(lines, fmt.Sprintf("Partial: interrupted after %d of %d jobs.", len(r.Rows), r.Wanted))
	}
	return append(lines, r.Notes...)
}

// Page shows the report.
func (r *PeerReport) Page() (*page.Page, error) {
	p := &page.Page{Title: "The main job, side by side with PyTorch", Lead: r.finding()}
	if r.Speedup > 0 {
		p.Facts = []page.Fact{
			{Value: fmt.Sprintf("%.2f×", r.Speedup), Text: "as fast as " + r.Machine.Peer}, {Value: fmt.Sprintf("%.2f dB", r.Ours.PSNR), Text: "at the end here"},
			{Value: fmt.Sprintf("%.2f dB", r.Peer.PSNR), Text: "at the end there"},
		}
	}
	var charts []page.Chart
	var pictures []page.Row
	for i, row := range r.Rows {
		charts = append(charts, row.chart(i+1))
		line := page.Row{Title: "“" + row.Prompt + "”", Pictures: []page.Picture{{Image: row.Input, Name: "input"}, {Image: row.Target, Name: "target"}}}
		for side, m := range row.Outputs {
			line.Pictures = append(line.Pictures, page.Picture{Image: m, Name: []string{"here", "PyTorch"}[side], Note: fmt.Sprintf("%.1f dB", metrics.PSNR(m, row.Target))})
		}
		pictures = append(pictures, line)
	}
	p.Sections = []page.Section{
		{Title: "In numbers", Points: r.lines()[1:], Tables: []page.Table{{Head: peerHead, Lines: r.cells()}}},
		{Title: "Losses", Note: "The L1 loss of training, against each side's own time.", Charts: charts},
		{Title: "Pictures", Rows: pictures},
	}
	return p, nil
}

// chart draws the losses of both sides against their time.
func (r PeerRow) chart(number int) page.Chart {
	c := page.Chart{Name: fmt.Sprintf("job-%d", number), Title: "“" + r.Prompt + "”", X: "seconds", Y: "L1 loss"}
	for side, name := range []string{"here", "PyTorch"}[:len(r.PSNR)] {
		s := page.Series{Name: name, Colour: side}
		at := 0.0
		for _, t := range r.Turns {
			at += t.Seconds[side]
			s.Points = append(s.Points, page.Point{X: at, Y: t.L1[side]})
		}
		c.Series = append(c.Series, s)
	}
	return c
}
