package onnx

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/gan"
)

// The generators of package gan, layer by layer as they are there: a second description, held to the first by the tests, which compare
// what both compute, and by Export, which refuses networks whose parameters are not all used exactly as they are declared.

// network adds a generator to the graph and returns its output for x, whose sides are multiples of what it needs.
func (b *builder) network(c gan.Config, x string) (string, error) {
	switch c.Generator {
	case "mini":
		return b.mini(x, c.Width), nil
	case "resnet":
		return b.resNet(x, c.Width, c.Depth), nil
	case "unet":
		return b.uNet(x, c.Width, c.Depth), nil
	}
	return "", fmt.Errorf("package onnx does not know the generator %q", c.Generator)
}

func (b *builder) mini(x string, width int) string {
	conv := func(x, name string) string {
		return b.instanceNorm(b.conv(b.reflectPad(x, 1, 1), name, 1, 0), name)
	}
	down := func(x, name string) string {
		return b.relu(b.instanceNorm(b.conv(b.reflectPad(x, 1, 0), name, 2, 0), name))
	}
	up := func(x, name string) string { return b.relu(b.instanceNorm(b.upConv(x, name), name)) }
	res := func(x, name string) string { return b.add(x, conv(b.relu(conv(x, name+".a")), name+".b")) }

	stem := b.relu(b.conv(x, "stem", 1, 1))
	d1 := b.relu(b.instanceNorm(b.conv(stem, "down1", 2, 1), "down1"))
	d2 := res(res(down(d1, "down2"), "res1"), "res2")
	y := b.transformer(down(d2, "down3"), "transformer", int64(3*width))
	y = res(b.add(up(y, "up1"), d2), "res3")
	y = b.add(up(y, "up2"), d1)
	y = b.concat(1, up(y, "up3"), stem)
	y = b.relu(b.conv(y, "head", 1, 1))
	return b.tanh(b.conv(y, "last", 1, 1))
}

// transformer is mini's block over the pixels of x [batch, channels, height, width].
func (b *builder) transformer(x, name string, channels int64) string {
	const headSize = 32
	y := b.swap(b.reshape(x, 0, channels, -1), 0, 2, 1) // [batch, pixels, channels]
	normed := b.layerNorm(y, name+".norm1")
	cells := b.cells(normed, b.sides(x), channels)
	y = b.add(y, b.attention(normed, cells, name+".attention", max(channels/headSize, 1), channels))
	z := b.gelu(b.dense(b.layerNorm(y, name+".norm2"), name+".wide"))
	y = b.add(y, b.dense(z, name+".narrow"))
	return b.op("Reshape", []string{b.swap(y, 0, 2, 1), b.op("Shape", []string{x})})
}

// cells averages pixels [batch, pixels, channels] of an image of the given sides [height, width] over the cells of a grid:
// [batch, cells, channels].
func (b *builder) cells(pixels, sides string, channels int64) string {
	side := b.cellSize(sides)
	grid := b.op("Div", []string{sides, side})
	all := b.concat(0, b.ints(0, channels), grid, side)
	split := b.op("Gather", []string{all, b.ints(0, 1, 2, 4, 3, 5)}) // rows of cells, rows in them, columns of cells, columns in them
	y := b.op("Reshape", []string{b.swap(pixels, 0, 2, 1), split})
	y = b.op("ReduceMean", []string{y}, Attribute{"axes", []int64{3, 5}}, Attribute{"keepdims", int64(0)})
	return b.swap(b.reshape(y, 0, channels, -1), 0, 2, 1)
}

func (b *builder) resNet(x string, width, blocks int) string {
	act := func(x string, channels int) string { return b.relu(b.plainNorm(x, channels)) }
	x = act(b.conv(b.reflectPad(x, 3, 3), "first", 1, 0), width)
	x = act(b.conv(x, "down1", 2, 1), 2*width)
	x = act(b.conv(x, "down2", 2, 1), 4*width)
	for i := range blocks {
		name := fmt.Sprintf("block%d.", i+1)
		y := act(b.conv(b.reflectPad(x, 1, 1), name+"a", 1, 0), 4*width)
		x = b.add(x, b.plainNorm(b.conv(b.reflectPad(y, 1, 1), name+"b", 1, 0), 4*width))
	}
	x = act(b.convTranspose(x, "up1", 2, 1), 2*width)
	x = act(b.convTranspose(x, "up2", 2, 1), width)
	return b.tanh(b.conv(b.reflectPad(x, 3, 3), "last", 1, 0))
}

func (b *builder) uNet(x string, width, depth int) string {
	channels := func(level int) int { return width * min(1<<level, 8) }
	skips := make([]string, depth)
	for i := range depth {
		if i > 0 {
			x = b.leakyRelu(x, 0.2)
		}
		x = b.conv(x, fmt.Sprintf("down%d", i+1), 2, 1)
		if i > 0 && i < depth-1 {
			x = b.plainNorm(x, channels(i))
		}
		skips[i] = x
	}
	for i := depth - 1; i > 0; i-- {
		x = b.plainNorm(b.convTranspose(b.relu(x), fmt.Sprintf("up%d", i+1), 2, 1), channels(i-1))
		x = b.concat(1, skips[i-1], x)
	}
	return b.tanh(b.convTranspose(b.relu(x), "up1", 2, 1))
}
