package weightgen

import "math/rand/v2"

// Streams of random numbers that share a seed.
const (
	streamTraining = 0x7472_6169_6e00
	streamSampling = 0x7361_6d70_6c00
	streamWording  = 0x776f_7264_7300
)

// draw fills the feeds with what the next step learns from: a function of the seed and the step alone.
func (t *Trainer) draw() {
	c, l := t.model.config, t.model.layout
	rng := rand.New(rand.NewPCG(c.Seed^streamTraining, uint64(t.step)))
	blocks := t.drawBlocks(rng)
	tokens, features := t.model.Encoder.Shape()
	for i := range c.Batch {
		adapter := rng.IntN(len(t.data.Adapters))
		prompts := t.data.Prompts[adapter]
		prompt := prompts[rng.IntN(len(prompts))]
		rows, mask := part(t.feeds[feedRows].Data, i, tokens*features), part(t.feeds[feedMask].Data, i, tokens)
		t.model.Encoder.Encode(prompt, rows, mask) // has been checked for errors
		if rng.Float64() < c.Drop {
			clear(mask)
		}
		time, level := Times-1, Level{} // Level{}: the input is empty
		last := t.model.schedule.Level(time)
		if rng.Float64() >= c.Terminal {
			time = rng.IntN(Times)
			level = t.model.schedule.Level(time)
		}
		TimeEmbedding(time, part(t.feeds[feedTime].Data, i, TimeFeatures))
		noisy, target := part(t.feeds[feedNoisy].Data, i, len(blocks)*l.Size), part(t.feeds[feedTarget].Data, i, len(blocks)*l.Size)
		for j, b := range blocks {
			fill(part(noisy, j, l.Size), part(target, j, l.Size), part(t.data.Adapters[adapter], b, l.Size), level, last, c.Target, rng)
		}
	}
}

// fill writes a block's noisy values and targets. Where the input is empty, the noise is 0, and the target is that of
// the last level.
func fill(noisy, target, clean []float32, level, last Level, kind string, rng *rand.Rand) {
	if level == (Level{}) {
		for i, x0 := range clean {
			noisy[i], target[i] = 0, float32(last.Target(kind, float64(x0), 0))
		}
		return
	}
	for i, x0 := range clean {
		eps := rng.NormFloat64()
		noisy[i], target[i] = float32(level.Noisy(float64(x0), eps)), float32(level.Target(kind, float64(x0), eps))
	}
}

// drawBlocks chooses the step's blocks, and writes their indices and how much each value's error counts.
func (t *Trainer) drawBlocks(rng *rand.Rand) []int {
	l, n := t.model.layout, t.model.blocksPerStep()
	blocks := make([]int, l.Blocks)
	for i := range blocks {
		blocks[i] = i
	}
	if n < l.Blocks {
		rng.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
		blocks = blocks[:n]
	}
	count := 0
	for _, b := range blocks {
		count += t.data.used(b)
	}
	share := 1 / float32(count*t.model.config.Batch)
	index, shares := t.feeds[feedIndex].Data, t.feeds[feedShare].Data
	clear(index)
	clear(shares)
	for i, b := range blocks {
		index[i*l.Blocks+b] = 1
		for j, m := range t.data.Mask[b*l.Size:][:l.Size] {
			if m {
				shares[i*l.Size+j] = share
			}
		}
	}
	return blocks
}

// part returns the i-th of the parts of n values that s consists of.
func part(s []float32, i, n int) []float32 { return s[i*n:][:n] }
