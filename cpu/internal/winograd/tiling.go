package winograd

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
	return tiling{s, batch, image[0], image[1], channels, size, low, (out[0] + 3) / 4, (out[1] + 3) / 4}
}

// tiles is the number of patches in the batch.
func (g *tiling) tiles() int { return g.batch * g.rows * g.cols }

// each calls do for the patches in [from, to): i counts them from 0, t locates the patch and chunk its first
// channel for the given number of whole or partly filled vectors. Channels [first, first+n) are visited.
func (g *tiling) each(from, to, first, n int, do func(i int, t *tile, chunk, vectors int)) {
	full, rest := n/g.lanes(), n%g.lanes()
	var whole, part tile
	for i := from; i < to; {
		row := i / g.cols
		g.setRows(&whole, row, first, g.lanes())
		g.setRows(&part, row, first+full*g.lanes(), rest)
		for end := min(to, (row+1)*g.cols); i < end; i++ {
			g.setColumns(&whole, i%g.cols)
			if full > 0 {
				do(i-from, &whole, 0, full)
			}
			if rest > 0 {
				part.cols, part.first, part.pixel = whole.cols, whole.first, whole.pixel
				do(i-from, &part, full*g.lanes(), 1)
			}
		}
	}
}

// setRows locates the rows of row r of patches, counted over all images; n lanes are real.
func (g *tiling) setRows(t *tile, r, first, n int) {
	img, top := r/g.rows, r%g.rows*4-g.low[0]
	for k := range g.size {
		y := top + k
		t.row[k] = (img*g.height+y)*g.width*g.channels + first
		t.mask[k] = g.mask(0)
		if y >= 0 && y < g.height {
			t.mask[k] = g.mask(n)
		}
	}
}

// setColumns locates the columns of column c of patches.
func (g *tiling) setColumns(t *tile, c int) {
	left := c*4 - g.low[1]
	lo, hi := max(0, -left), max(0, min(g.size, g.width-left))
	t.cols = (1<<hi - 1) &^ (1<<lo - 1)
	t.first = left * g.channels
	t.pixel = g.channels
}
