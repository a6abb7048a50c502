package onnx

import "github.com/warmstart-ml/warmstart/gan"

// extend returns the image [batch, 3, height, width] extended by reflection at its right and bottom to sides that the generator takes, and its
// own sides [height, width], for crop.
func (b *builder) extend(c gan.Config, image string) (extended, sides string) {
	sides = b.sides(image)
	unit := b.unit(c, sides)
	round := b.op("Sub", []string{unit, b.ints(1)})
	to := b.mul(b.op("Div", []string{b.add(sides, round), unit}), unit)
	zeros := b.ints(0, 0)
	pads := b.concat(0, zeros, zeros, zeros, b.op("Sub", []string{to, sides}))
	return b.op("Pad", []string{image, pads}, Attribute{"mode", "reflect"}), sides
}

// sides returns [height, width] of a value [batch, channels, height, width].
func (b *builder) sides(x string) string {
	return b.op("Shape", []string{x}, Attribute{"start", int64(2)})
}

// unit returns what the sides have to be multiples of: Network.Unit of package gan.
func (b *builder) unit(c gan.Config, sides string) string {
	switch c.Generator {
	case "mini":
		tokens := b.op("Div", []string{b.add(sides, b.ints(7)), b.ints(8)})
		return b.mul(b.cellSize(tokens), b.ints(8))
	case "resnet":
		return b.ints(4)
	}
	return b.ints(1 << c.Depth) // unet
}

// cellSize returns the sides of the cells of the attention of mini for an image of the given numbers of tokens: at most 8 of them fill a side.
func (b *builder) cellSize(tokens string) string {
	return b.op("Div", []string{b.add(tokens, b.ints(7)), b.ints(8)})
}

// crop cuts an image back to its sides [height, width].
func (b *builder) crop(image, sides string) string {
	return b.named("output", "Slice", []string{image, b.ints(0, 0), sides, b.ints(2, 3)})
}

// MinSide returns the smallest side that a picture may have: extending by reflection takes more pixels than it adds, also that of features.
func MinSide(c gan.Config) int {
	if c.Generator == "unet" {
		return 1<<(c.Depth-1) + 1
	}
	return 5 // two pixels at a quarter of the size
}
