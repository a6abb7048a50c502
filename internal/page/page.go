// Package page writes reports: pages of HTML that need nothing but themselves, with charts, tables and pictures, and the charts as files of
// their own.
package page

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"image/png"
	"os"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
)

// Page is a report.
type Page struct {
	Title    string
	Lead     string // a paragraph below the title
	Facts    []Fact
	Sections []Section
}

// Fact is a number that stands out.
type Fact struct{ Value, Text string }

// Section is a part of a report. What is empty is left out.
type Section struct {
	Title, Note string
	Points      []string // of a list
	Charts      []Chart
	Tables      []Table
	Rows        []Row
}

// Table has a head and lines of as many cells.
type Table struct {
	Head  []string
	Lines [][]string
}

// Row is a row of pictures with a text above it.
type Row struct {
	Title    string
	Pictures []Picture
}

// Picture is a picture and its captions.
type Picture struct {
	Image      *imageio.Image
	Name, Note string
}

// Files in a report's folder, besides those of the charts.
const (
	PageFile = "report.html"
	DataFile = "report.json"
)

//go:embed page.html.tmpl
var source string

// Write writes the page, its charts as PNG and SVG, and the data that it shows, as JSON, into a folder.
func (p *Page) Write(dir string, data any) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	html, err := p.html()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return err
	}
	files := map[string][]byte{PageFile: html, DataFile: append(text, '\n')}
	for _, s := range p.Sections {
		for _, c := range s.Charts {
			if files[c.Name+".png"], err = c.PNG(); err != nil {
				return err
			}
			if files[c.Name+".svg"], err = c.SVG(); err != nil {
				return err
			}
		}
	}
	for name, content := range files {
		err := atomicfile.WriteFile(filepath.Join(dir, name), content)
		if err != nil {
			return err
		}
	}
	return nil
}

// html renders the page.
func (p *Page) html() ([]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{"image": dataURL, "chart": drawing}).Parse(source)
	if err != nil {
		return nil, fmt.Errorf("the page's template: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, p)
	return b.Bytes(), err
}

// Shot is a picture that JSON has as PNG.
type Shot struct{ *imageio.Image }

// MarshalJSON encodes the picture.
func (s Shot) MarshalJSON() ([]byte, error) {
	b, err := encode(s.Image)
	if err != nil {
		return nil, err
	}
	return json.Marshal(b)
}

// UnmarshalJSON decodes it.
func (s *Shot) UnmarshalJSON(text []byte) error {
	var b []byte
	if err := json.Unmarshal(text, &b); err != nil {
		return err
	}
	m, err := png.Decode(bytes.NewReader(b))
	if err == nil {
		s.Image = imageio.FromImage(m)
	}
	return err
}

func encode(m *imageio.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, m.ToImage())
	return b.Bytes(), err
}

// dataURL returns a picture as the page holds it.
func dataURL(m *imageio.Image) (template.URL, error) {
	b, err := encode(m)
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b)), err
}

// drawing returns a chart as the page holds it. As a picture of its own its style cannot meet the page's.
func drawing(c Chart) (template.URL, error) {
	svg, err := c.SVG()
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg)), err
}
