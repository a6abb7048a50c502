// Package progress shows how a training goes: a bar with rate and time left on a terminal, a line now and then elsewhere.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Progress is told of every step.
type Progress interface {
	// Step says that so many steps are done, and how it goes ("L1 0.1234").
	Step(done int, status string)
	Close()
}

// New shows the steps from first to total on w, each of some images, or of none: then the rate is that of steps. Without w it keeps silent.
func New(w io.Writer, first, total, images int) Progress {
	if w == nil {
		return silent{}
	}
	unit := "images"
	if images == 0 {
		images, unit = 1, "steps"
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bar{w: w, total: total, images: images, ProgressBar: progressbar.NewOptions((total-first)*images,
			progressbar.OptionSetWriter(w), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30))}
	}
	now := time.Now()
	return &lines{w: w, first: first, total: total, images: images, unit: unit, begun: now, shown: now}
}

type silent struct{}

func (silent) Step(int, string) {}
func (silent) Close()           {}

// bar counts the images left.
type bar struct {
	*progressbar.ProgressBar
	w             io.Writer
	total, images int
}

func (b *bar) Step(done int, status string) {
	b.Describe(fmt.Sprintf("step %d/%d  %s", done, b.total, status))
	b.Add(b.images)
}

func (b *bar) Close() { fmt.Fprintln(b.w) }

// lineEvery is the time between lines where there is no terminal.
const lineEvery = 5 * time.Second

// lines prints a line now and then.
type lines struct {
	w                    io.Writer
	first, total, images int
	unit                 string
	begun, shown         time.Time
}

func (p *lines) Step(done int, status string) {
	now := time.Now()
	if now.Sub(p.shown) < lineEvery && done < p.total {
		return
	}
	p.shown = now
	seconds := now.Sub(p.begun).Seconds()
	left := time.Duration(seconds / float64(done-p.first) * float64(p.total-done) * float64(time.Second))
	fmt.Fprintf(p.w, "step %d/%d  %s  %.1f %s/s  %s left\n",
		done, p.total, status, float64((done-p.first)*p.images)/seconds, p.unit, left.Round(time.Second))
}

func (p *lines) Close() {}
