package kernel

import "unsafe"

// generic returns the micro-kernels in plain Go: tiles of 4 x 4, two columns of which make a "vector".
func generic() *Micro {
	m := &Micro{Name: "generic", MR: 4, NR: 4, record: 8, dotRows: 4, dotCols: 1, dots: []dotsFunc{nil, genericDots}}
	for rows := range m.MR + 1 {
		m.rows.wide = append(m.rows.wide, genericRows(rows))
		m.cols.wide = append(m.cols.wide, genericCols(rows))
	}
	m.rows.narrow, m.rows.wideMasked, m.rows.narrowMasked = m.rows.wide, m.rows.wide, m.rows.wide
	m.cols.narrow, m.cols.wideMasked, m.cols.narrowMasked = m.cols.wide, m.cols.wide, m.cols.wide
	return m
}

// from is the slice of n float32s that begins at offset off from p.
func from(p *float32, off, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(p), 4*off)), n)
}

// int32s is the slice of n values that begins at element off of p.
func int32s(p *int32, off, n int) []int32 {
	return unsafe.Slice((*int32)(unsafe.Add(unsafe.Pointer(p), 4*off)), n)
}

const genericRecord = 8 // int32s in a tap record of the generic kernels

func genericRows(rows int) rowsFunc {
	return func(a, zero *float32, taps *int32, ntaps int, b *float32, ldb int, c *float32, coff *int32, cols, acc int) {
		var sum [4][4]float32
		for t := range ntaps {
			rec := int32s(taps, t*genericRecord, genericRecord)
			k := int(rec[genericRecord-1])
			var run [4][]float32
			for i := range run {
				off := rec[1+min(i, rows-1)]
				run[i] = from(a, max(int(off), 0), k)
				if off < 0 {
					run[i] = from(zero, 0, k)
				}
			}
			bt := from(b, int(rec[0])*ldb, (k-1)*ldb+cols)
			if cols == 4 {
				rows4x4(&sum, run, bt, ldb)
				continue
			}
			for q := range k {
				for j, v := range bt[q*ldb:][:cols] {
					for i := range rows {
						sum[i][j] += run[i][q] * v
					}
				}
			}
		}
		for i, off := range int32s(coff, 0, rows) {
			put(from(c, int(off), cols), &sum[i], acc)
		}
	}
}

// rows4x4 adds a full tile's products; the 16 sums stay in local variables, registers where there are enough.
func rows4x4(sum *[4][4]float32, a [4][]float32, b []float32, ldb int) {
	a0, a1, a2, a3 := a[0], a[1][:len(a[0])], a[2][:len(a[0])], a[3][:len(a[0])]
	var s0, s1, s2, s3 quad
	for q, v := range a0 {
		r := (*[4]float32)(b[q*ldb:])
		s0, s1, s2, s3 = s0.add(v, r), s1.add(a1[q], r), s2.add(a2[q], r), s3.add(a3[q], r)
	}
	s0.addTo(&sum[0])
	s1.addTo(&sum[1])
	s2.addTo(&sum[2])
	s3.addTo(&sum[3])
}

// quad is 4 sums. The compiler keeps a small struct in registers, but not an array.
type quad struct{ x, y, z, w float32 }

func (s quad) add(v float32, r *[4]float32) quad {
	return quad{s.x + v*r[0], s.y + v*r[1], s.z + v*r[2], s.w + v*r[3]}
}

func (s quad) addTo(sum *[4]float32) {
	sum[0] += s.x
	sum[1] += s.y
	sum[2] += s.z
	sum[3] += s.w
}

// put stores or adds the first len(dst) sums of a row.
func put(dst []float32, sum *[4]float32, acc int) {
	for j := range dst {
		if acc != 0 {
			dst[j] += sum[j]
		} else {
			dst[j] = sum[j]
		}
	}
}

func genericCols(rows int) colsFunc {
	return func(a *float32, lda int, b *float32, ldb int, segs *int32, nsegs int, c *float32, ldc, cols, acc int) {
		var sum [4][4]float32
		for s := range nsegs {
			seg := int32s(segs, 3*s, 3)
			n := int(seg[2])
			as := from(a, int(seg[0]), (n-1)*lda+rows)
			bs := from(b, int(seg[1]), (n-1)*ldb+cols)
			if rows == 4 && cols == 4 {
				cols4x4(&sum, as, lda, bs, ldb, n)
				continue
			}
			for q := range n {
				for j, v := range bs[q*ldb:][:cols] {
					for i, u := range as[q*lda:][:rows] {
						sum[i][j] += u * v
					}
				}
			}
		}
		for i := range rows {
			put(from(c, i*ldc, cols), &sum[i], acc)
		}
	}
}

func cols4x4(sum *[4][4]float32, a []float32, lda int, b []float32, ldb, n int) {
	var s0, s1, s2, s3 quad
	for q := range n {
		u, r := (*[4]float32)(a[q*lda:]), (*[4]float32)(b[q*ldb:])
		s0, s1, s2, s3 = s0.add(u[0], r), s1.add(u[1], r), s2.add(u[2], r), s3.add(u[3], r)
	}
	s0.addTo(&sum[0])
	s1.addTo(&sum[1])
	s2.addTo(&sum[2])
	s3.addTo(&sum[3])
}

func genericDots(a, zero *float32, taps *int32, ntaps int, b *float32, ldb int, c *float32, coff *int32) {
	var sum [4]float32
	for t := range ntaps {
		rec := int32s(taps, t*genericRecord, genericRecord)
		k := int(rec[genericRecord-1])
		bt := from(b, int(rec[0]), k)
		for i, off := range rec[1:5] {
			if off < 0 {
				continue
			}
			s := sum[i]
			for q, v := range from(a, int(off), k) {
				s += v * bt[q]
			}
			sum[i] = s
		}
	}
	for i, off := range int32s(coff, 0, 4) {
		from(c, int(off), 1)[0] = sum[i]
	}
}
