package imageio

import (
	"image"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

const gridGap = 4 // pixels between cells and around the sheet

// Grid draws pictures on a white contact sheet, row by row with columns cells each. Cells are as large
// as the largest picture. captions, where there are any, stand below their pictures; what is too long
// for a cell is cut. A nil picture leaves its cell empty.
func Grid(pictures []*Image, captions []string, columns int) *Image {
	columns = max(1, min(columns, len(pictures)))
	rows := (len(pictures) + columns - 1) / columns
	cellW, cellH := 1, 1
	for _, p := range pictures {
		if p != nil {
			cellW, cellH = max(cellW, p.W), max(cellH, p.H)
		}
	}
	textH := 0
	if len(captions) > 0 {
		textH = basicfont.Face7x13.Height
	}
	stepX, stepY := cellW+gridGap, cellH+textH+gridGap
	sheet := New(gridGap+columns*stepX, gridGap+rows*stepY)
	for i := range sheet.Pix {
		sheet.Pix[i] = 1
	}
	for i, p := range pictures {
		x, y := gridGap+i%columns*stepX, gridGap+i/columns*stepY
		if p != nil {
			sheet.Paste(p, x, y)
		}
		if i < len(captions) {
			sheet.Paste(textLine(captions[i], cellW, textH), x, y+cellH)
		}
	}
	return sheet
}

// Lines breaks text between words into lines that Grid draws uncut below a picture of a width in pixels. A word that is too long for
// a line has one of its own.
func Lines(text string, width int) []string {
	columns := width / basicfont.Face7x13.Advance
	var lines []string
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) <= columns {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// textLine draws text in black on white, centred, cut at w pixels.
func textLine(text string, w, h int) *Image {
	face := basicfont.Face7x13
	runes := []rune(text)
	runes = runes[:min(len(runes), w/face.Advance)]
	line := image.NewGray(image.Rect(0, 0, w, h))
	for i := range line.Pix {
		line.Pix[i] = 0xff
	}
	left := (w - len(runes)*face.Advance) / 2
	d := font.Drawer{Dst: line, Src: image.Black, Face: face, Dot: fixed.P(left, face.Ascent)}
	d.DrawString(string(runes))
	return FromImage(line)
}
