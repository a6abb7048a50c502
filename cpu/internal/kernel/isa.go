package kernel

// The micro-kernels. All multiply a tile of C that is held in registers; every size, stride and offset counts float32s.
// They read and write exactly the elements named here, never past them, and need no alignment.
type (
	// rowsFunc computes C = Σ_taps A·B, or C += …, for a tile of rows that lie anywhere.
	//
	// taps points to ntaps records of Micro.record int32s: the first row of B that the tap multiplies, for every row
	// of the tile the offset from a of k contiguous values, or -1 for k zeros that are read at zero, and in the last
	// place k, at least 1. B has rows of cols values, ldb apart. Row i of the tile is written to c + coff[i].
	rowsFunc func(a, zero *float32, taps *int32, ntaps int, b *float32, ldb int, c *float32, coff *int32, cols, acc int)

	// colsFunc computes C = Σ_segments Aᵀ·B, or C += …: for each k the values of A for the rows of the tile are
	// contiguous, those of the next k are lda further.
	//
	// segs points to nsegs triples: offset from a, offset from b, number of ks (at least 1).
	colsFunc func(a *float32, lda int, b *float32, ldb int, segs *int32, nsegs int, c *float32, ldc, cols, acc int)

	// dotsFunc is a rowsFunc for Micro.dotRows rows and the columns it was made for, whose B is transposed:
	// column j is contiguous along all ks at b + j*ldb. Records name the first k in place of the row of B.
	dotsFunc func(a, zero *float32, taps *int32, ntaps int, b *float32, ldb int, c *float32, coff *int32)
)

// kernels holds the functions of one family for up to NR columns; the index is the number of rows.
type kernels[F any] struct {
	narrow, wide             []F // one or two vectors wide
	narrowMasked, wideMasked []F // the same where the last vector is not full
}

func (s *kernels[F]) pick(rows, cols, lanes int) F {
	switch {
	case cols == 2*lanes:
		return s.wide[rows]
	case cols == lanes:
		return s.narrow[rows]
	case cols > lanes:
		return s.wideMasked[rows]
	}
	return s.narrowMasked[rows]
}

func (m *Micro) rowsFunc(rows, cols int) rowsFunc { return m.rows.pick(rows, cols, m.NR/2) }
func (m *Micro) colsFunc(rows, cols int) colsFunc { return m.cols.pick(rows, cols, m.NR/2) }
