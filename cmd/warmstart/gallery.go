package main

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path/filepath"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/metrics"
)

// example is a test pair with what the network made of its input; all of one size.
type example struct {
	input, output, target *imageio.Image
	start                 *imageio.Image // what it made of it before it was trained; nil if that is not to be shown
}

// gallery shows how well a network has learnt.
type gallery struct {
	Title, Lead string
	Facts       [][2]string // name and value
	examples    []example
}

// write stores the gallery as gallery.png and as the self-contained page gallery.html.
func (g gallery) write(dir string) (png, html string, err error) {
	png, html = filepath.Join(dir, "gallery.png"), filepath.Join(dir, "gallery.html")
	if err := imageio.WriteFile(png, g.sheet()); err != nil {
		return "", "", err
	}
	return png, html, atomicfile.Write(html, g.page)
}

// sheet draws two examples a row.
func (g gallery) sheet() *imageio.Image {
	var pictures []*imageio.Image
	var captions []string
	columns := 6
	add := func(p *imageio.Image, caption string) {
		pictures, captions = append(pictures, enlarge(p)), append(captions, caption)
	}
	for _, e := range g.examples {
		add(e.input, "input")
		if e.start != nil {
			columns = 8
			add(e.start, fmt.Sprintf("start: %.1f dB", metrics.PSNR(e.start, e.target)))
		}
		add(e.output, fmt.Sprintf("network: %.1f dB", metrics.PSNR(e.output, e.target)))
		add(e.target, "target")
	}
	return imageio.Grid(pictures, captions, columns)
}

// enlarge repeats pixels until the picture is at least 128 pixels wide: captions need the room.
func enlarge(m *imageio.Image) *imageio.Image {
	k := (127 + m.W) / m.W
	out := imageio.New(k*m.W, k*m.H)
	for y := range out.H {
		for x := range out.W {
			r, g, b := m.At(x/k, y/k)
			out.Set(x, y, r, g, b)
		}
	}
	return out
}

//go:embed gallery.html.tmpl
var galleryPage string

// page writes the page with its pictures inside.
func (g gallery) page(w io.Writer) error {
	type row struct {
		Input, Output, Target template.URL
		PSNR                  string
	}
	var rows []row
	for _, e := range g.examples {
		r := row{PSNR: fmt.Sprintf("%.1f dB", metrics.PSNR(e.output, e.target))}
		for _, p := range []struct {
			url     *template.URL
			picture *imageio.Image
		}{{&r.Input, e.input}, {&r.Output, e.output}, {&r.Target, e.target}} {
			var b bytes.Buffer
			if err := p.picture.EncodePNG(&b); err != nil {
				return err
			}
			*p.url = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
		}
		rows = append(rows, r)
	}
	page, err := template.New("gallery").Parse(galleryPage)
	if err != nil {
		return err
	}
	return page.Execute(w, struct {
		gallery
		Rows []row
	}{g, rows})
}
