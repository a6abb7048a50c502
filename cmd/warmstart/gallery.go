package main

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/metrics"
)

// example is a test pair with what the network made of its input; all of one size.
type example struct {
	input, output, target *imageio.Image
	start                 *imageio.Image // what it made of it before it was trained; nil if that is not to be shown
}

// gallery shows how well a network has learnt.
type gallery []example

// sheet draws two examples a row.
func (g gallery) sheet() *imageio.Image {
	var pictures []*imageio.Image
	var captions []string
	columns := 6
	add := func(p *imageio.Image, caption string) {
		pictures, captions = append(pictures, enlarge(p)), append(captions, caption)
	}
	for _, e := range g {
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
