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

// Chart is a drawing of numbers: either series of points, or named values.
type Chart struct {
	Name  string // of its files, without ending
	Title string
	X, Y  string // what the axes show
	// LogX and LogY make the scale of an axis logarithmic: all values are to be positive.
	LogX, LogY bool
	Series     []Series
	Values     []Value
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
	Plain               // a line
	Dashed              // a broken line without marks
	Dots                // marks alone
	Faint               // a thin, pale line, for one of many; without a name in the legend
)

// Value is a number with a name below it. Error, if not 0, is shown as a line of that length to both sides.
type Value struct {
	Name     string
	Y, Error float64
}

// Level is a horizontal line over the whole width.
type Level struct {
	Name string
	Y    float64
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
	if len(c.Values) > 0 {
		grid.Vertical.Width = 0
	}
	p.Add(grid)
	for _, s := range c.Series {
		if err := c.add(p, s); err != nil {
			return nil, fmt.Errorf("chart %s: %w", c.Name, err)
		}
	}
	if len(c.Values) > 0 {
		if err := c.addValues(p); err != nil {
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
		a.Label.Padding, a.Tick.Marker = vg.Points(4), plot.TickerFunc(ticks)
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
	case Plain:
		p.Add(line)
		p.Legend.Add(s.Name, line)
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

// addValues draws the named values.
func (c Chart) addValues(p *plot.Plot) error {
	var all marked
	var names []string
	for i, v := range c.Values {
		all.XYs, names = append(all.XYs, plotter.XY{X: float64(i), Y: v.Y}), append(names, v.Name)
		all.YErrors = append(all.YErrors, struct{ Low, High float64 }{v.Error, v.Error})
	}
	marks, err := plotter.NewScatter(all)
	if err != nil {
		return err
	}
	marks.Shape, marks.Radius, marks.Color = draw.CircleGlyph{}, vg.Points(5), palette[0]
	whiskers, err := plotter.NewYErrorBars(all)
	if err != nil {
		return err
	}
	whiskers.Color = palette[0]
	p.Add(marks, whiskers)
	p.NominalX(names...)
	p.X.Tick.Label.Font.Size = vg.Points(8)
	p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5
	return nil
}

// marked are values with their errors.
type marked struct {
	plotter.XYs
	plotter.YErrors
}

// addLevels draws the horizontal lines, over the range of x that there is.
func (c Chart) addLevels(p *plot.Plot) {
	for i, l := range c.Levels {
		line := &plotter.Line{XYs: plotter.XYs{{X: p.X.Min, Y: l.Y}, {X: p.X.Max, Y: l.Y}}}
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

// ticks are at multiples of 1, 2 or 5 times a power of ten, about six of them.
func ticks(low, high float64) (list []plot.Tick) {
	power := math.Pow(10, math.Floor(math.Log10((high-low)/6)))
	step := power
	for _, k := range []float64{2, 5, 10} {
		if (high-low)/step > 8 {
			step = k * power
		}
	}
	for v := math.Ceil(low/step) * step; v <= high; v += step {
		list = append(list, plot.Tick{Value: v, Label: strconv.FormatFloat(math.Round(v/step)*step+0, 'g', 6, 64)}) // 0 has no sign
	}
	return list
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
