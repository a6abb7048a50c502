package teacher

// Random fields are pure functions of (seed, position), so that they need no state, have no order of
// evaluation, and can be asked in any resolution. Positions are in units of the field's own cells.

// mix64 is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
func mix64(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hash01 returns a uniform value in [0,1) for a lattice point.
func hash01(seed uint64, x, y int) float32 {
	h := mix64(mix64(seed^uint64(uint32(x))) ^ uint64(uint32(y)))
	return float32(h>>40) / (1 << 24)
}

// noise is value noise: uniform values at lattice points, smoothly interpolated; range [0,1).
func noise(seed uint64, x, y float32) float32 {
	ix, iy := floor(x), floor(y)
	tx, ty := smoothstep(0, 1, x-float32(ix)), smoothstep(0, 1, y-float32(iy))
	top := mix(hash01(seed, ix, iy), hash01(seed, ix+1, iy), tx)
	bottom := mix(hash01(seed, ix, iy+1), hash01(seed, ix+1, iy+1), tx)
	return mix(top, bottom, ty)
}

// fbm sums octaves of noise, each twice as fine and half as strong; range [0,1), mean 0.5.
func fbm(seed uint64, x, y float32, octaves int) float32 {
	var sum, total float32
	amp := float32(1)
	for i := range octaves {
		sum += amp * noise(seed+uint64(i), x, y)
		total += amp
		// The offset keeps the lattices of the octaves from lying on each other.
		x, y, amp = 2*x+17.3, 2*y+5.7, amp/2
	}
	return sum / total
}

// ridges folds fbm at its mean, which gives bright branching lines; range [0,1].
func ridges(seed uint64, x, y float32, octaves int) float32 {
	return 1 - 2*abs(fbm(seed, x, y, octaves)-0.5)
}

// cell describes the nearest point of a jittered grid (Worley 1996).
type cell struct {
	x, y   int     // lattice cell that holds the nearest point
	px, py float32 // the point, in cells
	d1, d2 float32 // distance to the nearest and the second nearest point, in cells
}

// worley finds the nearest and second nearest of one point per cell; jitter 0 gives a square grid, 1 full disorder.
func worley(seed uint64, x, y, jitter float32) cell {
	best := cell{d1: 9, d2: 9}
	ix, iy := floor(x), floor(y)
	for cy := iy - 1; cy <= iy+1; cy++ {
		for cx := ix - 1; cx <= ix+1; cx++ {
			px := float32(cx) + 0.5 + jitter*(hash01(seed, cx, cy)-0.5)
			py := float32(cy) + 0.5 + jitter*(hash01(seed+1, cx, cy)-0.5)
			d := hypot(px-x, py-y)
			if d < best.d1 {
				best = cell{cx, cy, px, py, d, best.d1}
			} else if d < best.d2 {
				best.d2 = d
			}
		}
	}
	return best
}
