package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/warmstart-ml/warmstart/tune"
)

// chart is a drawing of quality against time, with lengths in the units of an SVG picture. Time has a logarithmic axis.
type chart struct {
	W, H, Left, Right, Top, Bottom float64 // the picture, and the edges of the plot in it
	X, Y                           []tick
	Lines                          []chartLine
	Level                          tick // a horizontal line
}

// TickX is where the texts of the vertical axis end.
func (c chart) TickX() float64 { return c.Left - 8 }

// TickY is where the texts of the horizontal axis stand.
func (c chart) TickY() float64 { return c.Bottom + 18 }

// tick is a mark at an axis.
type tick struct {
	At   float64
	Text string
}

// chartLine is a curve with marks at the measurements and a label at its end.
type chartLine struct {
	Class        string // of style
	Path         string // as in SVG
	Marks        []mark
	LabelX       float64
	LabelY       float64
	Anchor, Text string
}

type mark struct {
	X, Y, R float64
	Text    string
}

// curve is what a chartLine shows.
type curve struct {
	class  string
	points []tune.Point
	below  bool // where the label is put
}

// newChart draws curves into w by h units. Level is the quality of doing nothing.
func newChart(w, h float64, curves []curve, level float64) chart {
	c := chart{W: w, H: h, Left: 44, Right: w - 20, Top: 14, Bottom: h - 44}
	firstX, lastX, low, high := math.Inf(1), 0.0, level, level
	for _, k := range curves {
		for _, p := range k.points {
			firstX, lastX = min(firstX, max(p.Seconds, 1e-3)), max(lastX, p.Seconds)
			low, high = min(low, p.PSNR), max(high, p.PSNR)
		}
	}
	firstX, lastX = firstX*0.8, max(lastX, firstX)*1.25
	low, high = math.Floor(low-0.3), math.Ceil(high+0.7)
	x := func(seconds float64) float64 {
		return c.Left + (c.Right-c.Left)*math.Log(max(seconds, firstX)/firstX)/math.Log(lastX/firstX)
	}
	y := func(psnr float64) float64 { return c.Bottom - (c.Bottom-c.Top)*(psnr-low)/(high-low) }
	c.X, c.Y = timeTicks(firstX, lastX, x), levelTicks(low, high, y)
	c.Level = tick{y(level), fmt.Sprintf("untouched input, %.1f dB", level)}
	for _, k := range curves {
		c.Lines = append(c.Lines, k.draw(x, y))
	}
	return c
}

// draw places the curve.
func (k curve) draw(x, y func(float64) float64) chartLine {
	line := chartLine{Class: k.class, Anchor: "middle"}
	var path strings.Builder
	for i, p := range k.points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, x(p.Seconds), y(p.PSNR))
		m := mark{X: x(p.Seconds), Y: y(p.PSNR), R: 2, Text: fmt.Sprintf("%.1f dB after %s, %d steps", p.PSNR, duration(p.Seconds), p.Step)}
		if i == len(k.points)-1 {
			m.R = 4.5
			line.LabelX, line.LabelY, line.Text = m.X, m.Y-11, fmt.Sprintf("%.1f", p.PSNR)
			if k.below {
				line.LabelY = m.Y + 22
			}
		}
		line.Marks = append(line.Marks, m)
	}
	line.Path = path.String()
	return line
}

// timeTicks returns ticks at 1, 2 and 5 times powers of ten; fewer if they would be dense.
func timeTicks(first, last float64, x func(float64) float64) []tick {
	var ticks []tick
	for _, steps := range [][]float64{{1, 2, 5}, {1}} {
		ticks = nil
		for power := math.Pow(10, math.Floor(math.Log10(first))); power <= last; power *= 10 {
			for _, k := range steps {
				if t := k * power; t >= first && t <= last {
					ticks = append(ticks, tick{x(t), strconv.FormatFloat(t, 'g', 3, 64)})
				}
			}
		}
		if len(ticks) < 2 || ticks[1].At-ticks[0].At > 38 {
			break
		}
	}
	return ticks
}

// levelTicks returns about five ticks at round numbers of dB.
func levelTicks(low, high float64, y func(float64) float64) []tick {
	step := 1.0
	for _, s := range []float64{1, 2, 5, 10, 20} {
		if step = s; (high-low)/step <= 6 {
			break
		}
	}
	var ticks []tick
	for v := math.Ceil(low/step) * step; v <= high; v += step {
		ticks = append(ticks, tick{y(v), fmt.Sprintf("%g", v)})
	}
	return ticks
}

// duration writes seconds with two digits that matter.
func duration(seconds float64) string {
	decimals := 0
	switch {
	case seconds < 0.995:
		decimals = 2
	case seconds < 9.95:
		decimals = 1
	}
	return strconv.FormatFloat(seconds, 'f', decimals, 64) + " s"
}
