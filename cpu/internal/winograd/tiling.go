package winograd

// step is the distance of two patches: the size of an output tile.
const step = 4

// tiling cuts a batch of images [batch, height, width, channels] into patches that begin every four
// pixels and are read, or written, size x size.
type tiling struct {
	isa
	batch, height, width, channels int
	size                           int    // 6: patches of the input overlap by two; 4: of the output
	low                            [2]int // the first patch begins this many pixels outside the image
	rows, cols                     int    // patches of one image
}

// newTiling makes a tiling that has a patch for every 4x4 pixels of an image of size out.
func newTiling(s isa, batch int, image, out, low [2]int, channels, size int) tiling {
	return tiling{s, batch, image[0], image[1], channels, size, low, ceil(out[0], step), ceil(out[1], step)}
}

// tiles is the number of patches in the batch.
func (g *tiling) tiles() int { return g.batch * g.rows * g.cols }

// span is a run of channels that the transforms do in one go: vectors of which the given lanes are real.
type span struct{ first, vectors, lanes int }

// spans cuts n channels into whole vectors and a last, partly filled one; either may be empty.
func (s isa) spans(n int) [2]span {
	whole := n / s.lanes()
	parts := [2]span{{0, whole, s.lanes()}, {whole * s.lanes(), 1, n % s.lanes()}}
	if parts[1].lanes == 0 {
		parts[1].vectors = 0
	}
	return parts
}

// walk visits the patches [from, to) for the span of channels that begins at channel first.
type walk struct {
	tile
	tiling       *tiling
	i, to        int // the patch, counted over all images
	first, lanes int
}

// walk returns a walk that is about to begin: call next.
func (g *tiling) walk(from, to, first int, s span) walk {
	if s.vectors == 0 {
		to = from
	}
	w := walk{tiling: g, i: from - 1, to: to, first: first + s.first, lanes: s.lanes}
	if from < to {
		w.setRows(from / g.cols)
	}
	w.pixel = g.channels
	return w
}

// next goes to the next patch and reports whether there is one.
func (w *walk) next() bool {
	w.i++
	if w.i >= w.to {
		return false
	}
	column := w.i % w.tiling.cols
	if column == 0 {
		w.setRows(w.i / w.tiling.cols)
	}
	w.setColumns(column)
	return true
}

// setRows locates the rows of row r of patches, counted over all images.
func (w *walk) setRows(r int) {
	g := w.tiling
	image, top := r/g.rows, r%g.rows*step-g.low[0]
	for k := range g.size {
		y := top + k
		w.row[k] = (image*g.height+y)*g.width*g.channels + w.first
		w.mask[k] = g.mask(0)
		if y >= 0 && y < g.height {
			w.mask[k] = g.mask(w.lanes)
		}
	}
}

// setColumns locates the columns of column c of patches.
func (w *walk) setColumns(c int) {
	g := w.tiling
	left := c*step - g.low[1]
	lo, hi := max(0, -left), max(0, min(g.size, g.width-left))
	w.cols = (1<<hi - 1) &^ (1<<lo - 1)
	w.left = left * g.channels
}
