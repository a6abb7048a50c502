package page

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Chart is a drawing of numbers: either series of points, or bars.
type Chart struct {
	Name  string // of its files, without ending
	Title string
	X, Y  string // what the axes show
	// LogX and LogY make the scale of an axis logarithmic: all values are to be positive.
	LogX, LogY bool
	Series     []Series
	Bars       []Bar
	Levels     []Level
}

// Series are points.
type Series struct {
	Name   string
	Points []Point
	Style  Style
	Colour int // of the palette
}

// Point is a point of a chart.
type Point struct{ X, Y float64 }

// Style is how a series is drawn.
type Style int

// Styles.
const (
	Curve  Style = iota // a line with marks at the points
	Dashed              // a broken line without marks
	Dots                // marks alone
	Faint               // a thin, pale line, for one of many; without a name in the legend
)

// Bar is a bar with a name below it. Error, if not 0, is shown as a line of that length to both sides of its end.
type Bar struct {
	Name  string
	Value float64
	Error float64
}

// Level is a horizontal line over the whole width.
type Level struct {
	Name  string
	Value float64
}

// palette has colours that are told apart by people with colour blindness as well (Okabe and Ito), on white.
var palette = []color.NRGBA{
	{0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x72, 0xb2, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x55, 0x55, 0x55, 0xff},
}

var (
	grey = color.NRGBA{0x6b, 0x66, 0x61, 0xff}
	pale = color.NRGBA{0xe4, 0xe0, 0xda, 0xff}
)

// Size of charts.
const (
	chartWidth  = 18 * vg.Centimeter
	chartHeight = 10 * vg.Centimeter
	chartDPI    = 144
)

// PNG returns the chart as a picture.
func (c Chart) PNG() ([]byte, error) {
	p, err := c.plot()
	if err != nil {
		return nil, err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(chartWidth, chartHeight), vgimg.UseDPI(chartDPI))
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(&b)
	return b.Bytes(), err
}

// SVG returns the chart as a drawing.
func (c Chart) SVG() ([]byte, error) {
	p, err := c.plot()
	if err != nil {
		return nil, err
	}
	canvas := vgsvg.New(chartWidth, chartHeight)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	_, err = canvas.WriteTo(&b)
	return b.Bytes(), err
}

func (c Chart) plot() (*plot.Plot, error) {
	p := c.frame()
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = pale, pale
	if len(c.Bars) > 0 {
		grid.Vertical.Width = 0
	}
	p.Add(grid)
	for _, s := range c.Series {
		if err := c.add(p, s); err != nil {
			return nil, fmt.Errorf("chart %s: %w", c.Name, err)
		}
	}
	if len(c.Bars) > 0 {
		if err := c.addBars(p); err != nil {
			return nil, fmt.Errorf("chart %s: %w", c.Name, err)
		}
	}
	c.addLevels(p)
	c.widen(p)
	return p, nil
}

// frame is the plot without what it shows.
func (c Chart) frame() *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Title.Padding = vg.Points(8)
	p.Title.TextStyle.Font.Size = vg.Points(13)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(6), vg.Points(-4)
	p.Legend.Padding, p.Legend.TextStyle.Font.Size = vg.Points(2), vg.Points(9)
	p.Title.TextStyle.Font.Variant, p.Legend.TextStyle.Font.Variant = "Sans", "Sans"
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font.Variant, a.Tick.Label.Font.Variant = "Sans", "Sans"
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = vg.Points(10), vg.Points(9)
		a.LineStyle.Color, a.Tick.LineStyle.Color, a.Tick.Label.Color = grey, grey, grey
		a.Label.Padding = vg.Points(4)
	}
	if c.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.TickerFunc(logTicks)
	}
	if c.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.TickerFunc(logTicks)
	}
	return p
}

// add draws a series.
func (c Chart) add(p *plot.Plot, s Series) error {
	if len(s.Points) == 0 {
		return nil
	}
	var xys plotter.XYs
	for _, v := range s.Points {
		if math.IsNaN(v.Y) || math.IsInf(v.Y, 0) || c.LogX && v.X <= 0 || c.LogY && v.Y <= 0 {
			return fmt.Errorf("series %q has the point %g, %g", s.Name, v.X, v.Y)
		}
		xys = append(xys, plotter.XY{X: v.X, Y: v.Y})
	}
	line, marks, err := plotter.NewLinePoints(xys)
	if err != nil {
		return err
	}
	colour := palette[s.Colour%len(palette)]
	marks.Shape, marks.Radius = draw.CircleGlyph{}, vg.Points(2.2)
	line.Width = vg.Points(1.6)
	if s.Style == Faint {
		colour.A, line.Width = 0x40, vg.Points(0.7)
	}
	line.Color, marks.Color = colour, colour
	switch s.Style {
	case Curve:
		p.Add(line, marks)
		p.Legend.Add(s.Name, line, marks)
	case Dashed:
		line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
		p.Add(line)
		p.Legend.Add(s.Name, line)
	case Dots:
		marks.Radius = vg.Points(3)
		p.Add(marks)
		p.Legend.Add(s.Name, marks)
	case Faint:
		p.Add(line)
	}
	return nil
}

// addBars draws the bars.
func (c Chart) addBars(p *plot.Plot) error {
	var values plotter.Values
	var names []string
	ends := &ends{}
	for i, b := range c.Bars {
		values, names = append(values, b.Value), append(names, b.Name)
		ends.XYs = append(ends.XYs, plotter.XY{X: float64(i), Y: b.Value})
		ends.YErrors = append(ends.YErrors, struct{ Low, High float64 }{b.Error, b.Error})
	}
	bars, err := plotter.NewBarChart(values, vg.Points(min(40, 300/float64(len(values)))))
	if err != nil {
		return err
	}
	bars.Color, bars.LineStyle.Width = palette[0], 0
	whiskers, err := plotter.NewYErrorBars(ends)
	if err != nil {
		return err
	}
	p.Add(bars, whiskers)
	p.NominalX(names...)
	p.X.Tick.Label.Font.Size = vg.Points(8)
	return nil
}

// ends are the ends of bars, with their errors.
type ends struct {
	plotter.XYs
	plotter.YErrors
}

// addLevels draws the horizontal lines, over the range of x that there is.
func (c Chart) addLevels(p *plot.Plot) {
	for i, l := range c.Levels {
		line := &plotter.Line{XYs: plotter.XYs{{X: p.X.Min, Y: l.Value}, {X: p.X.Max, Y: l.Value}}}
		if len(c.Bars) > 0 {
			line.XYs[0].X, line.XYs[1].X = -0.5, float64(len(c.Bars))-0.5
		}
		line.LineStyle = draw.LineStyle{Color: palette[(i+1)%len(palette)], Width: vg.Points(1), Dashes: []vg.Length{vg.Points(3), vg.Points(3)}}
		p.Add(line)
		p.Legend.Add(l.Name, line)
	}
}

// widen makes room for the legend, which stands at the top, and for a series of a single point.
func (c Chart) widen(p *plot.Plot) {
	entries := len(c.Levels)
	for _, s := range c.Series {
		if s.Style != Faint {
			entries++
		}
	}
	share := 0.05 + 0.055*float64(entries) // of the height
	if c.LogY {
		p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, share/(1-share))
		p.Y.Min, p.Y.Max = p.Y.Min/1.1, p.Y.Max*1.1
	} else {
		p.Y.Max += (p.Y.Max - p.Y.Min) * share / (1 - share)
	}
	if p.X.Min == p.X.Max && c.LogX {
		p.X.Min, p.X.Max = p.X.Min/2, p.X.Max*2
	}
}

// logTicks are at 1, 2 and 5 times powers of ten, and over a wide range at these alone.
func logTicks(low, high float64) (ticks []plot.Tick) {
	named := []float64{1, 2, 5}
	if high/low > 1e3 {
		named = []float64{1}
	}
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
		for _, k := range named {
			if v := k * power; v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 6, 64)})
			}
		}
	}
	return ticks
}
