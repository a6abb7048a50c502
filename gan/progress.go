package gan

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how a run goes.
type progress interface {
	step(done int, l Losses)
	close()
}

func newProgress(w io.Writer, t *Trainer) progress {
	if w == nil {
		return silent{}
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return newBar(f, t)
	}
	now := time.Now()
	return &lines{w: w, config: t.config, first: t.step, begun: now, shown: now}
}

type silent struct{}

func (silent) step(int, Losses) {}
func (silent) close()           {}

// bar is a progress bar that counts the images left.
type bar struct {
	*progressbar.ProgressBar
	w      io.Writer
	config Config
}

func newBar(w io.Writer, t *Trainer) *bar {
	images := (t.config.Steps - t.step) * t.config.Batch
	return &bar{w: w, config: t.config, ProgressBar: progressbar.NewOptions(images,
		progressbar.OptionSetWriter(w), progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30))}
}

func (b *bar) step(done int, l Losses) {
	b.Describe(fmt.Sprintf("step %d/%d  L1 %.4f", done, b.config.Steps, l.L1))
	b.Add(b.config.Batch)
}

func (b *bar) close() { fmt.Fprintln(b.w) }

// lineEvery is the time between lines where there is no terminal.
const lineEvery = 5 * time.Second

// lines prints a line now and then.
type lines struct {
	w            io.Writer
	config       Config
	first        int
	begun, shown time.Time
}

func (p *lines) step(done int, l Losses) {
	now := time.Now()
	if now.Sub(p.shown) < lineEvery && done < p.config.Steps {
		return
	}
	p.shown = now
	seconds := now.Sub(p.begun).Seconds()
	left := time.Duration(seconds / float64(done-p.first) * float64(p.config.Steps-done) * float64(time.Second))
	fmt.Fprintf(p.w, "step %d/%d  L1 %.4f  GAN %.4f  disc %.4f/%.4f  %.1f images/s  %s left\n",
		done, p.config.Steps, l.L1, l.GAN, l.DiscReal, l.DiscFake,
		float64((done-p.first)*p.config.Batch)/seconds, left.Round(time.Second))
}

func (p *lines) close() {}
