package concept

// dice is a small generator of random numbers (splitmix64, Steele et al. 2014), whose bits no library changes.
// The zero dice always takes the first choice.
type dice uint64

// next returns a random number.
func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	return mix(uint64(*d))
}

// chance is true once in n times.
func (d *dice) chance(n uint64) bool { return *d != 0 && d.next()%n == 0 }

// pick returns one of the choices.
func pick(choices []string, d *dice) string {
	if *d == 0 || len(choices) == 1 {
		return choices[0]
	}
	return choices[d.next()%uint64(len(choices))]
}

// shuffled returns the choices in random order.
func shuffled(choices []string, d *dice) []string {
	out := make([]string, len(choices))
	for i, c := range choices { // the inside-out shuffle of Fisher and Yates
		j := d.next() % uint64(i+1)
		out[i], out[j] = out[j], c
	}
	return out
}

// hash returns the same number for the same words, on every machine.
func hash(words ...string) uint64 {
	h := uint64(0xcbf29ce484222325) // FNV-1a
	for _, w := range words {
		for i := range len(w) {
			h = (h ^ uint64(w[i])) * 0x100000001b3
		}
		h = (h ^ 0xff) * 0x100000001b3
	}
	return mix(h)
}

// mix scrambles bits (the finalizer of splitmix64).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
