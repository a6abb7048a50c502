package corpus

// Split returns the first n pairs and the others, to learn from and to measure with.
func (p *Pairs) Split(n int) (first, rest *Pairs) {
	p.mu.Lock()
	defer p.mu.Unlock()
	part := func(from, to int) *Pairs {
		targets := make([][]uint8, to-from)
		copy(targets, p.targets[from:to])
		return &Pairs{corpus: p.corpus, edit: p.edit, sources: p.sources[from:to:to], targets: targets}
	}
	return part(0, n), part(n, len(p.sources))
}
