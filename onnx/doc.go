// Package onnx writes generators as ONNX files (https://onnx.ai), which run elsewhere: in browsers, on phones, in other languages.
//
// [Export] describes a generator with the operations of opset 17, [Model.Encode] makes the file of it, and [Check] reads such a file
// back and infers the shape of every value in it, so that a file with a mistake is not reported as good.
//
// A file has one input, "image" [batch, 3, height, width], and one output, "output", of the same shape: RGB in planes, each value in [-1,1].
// Pictures of any size are taken as they are. What a network needs of a size is done in the graph, with the arithmetic of gan.Model:
// the picture is extended by reflection and the result cut back. Left to the caller it would be done wrong, since the size to
// extend to is no multiple of a fixed number: mini's attention divides large pictures into a grid of 8x8 cells.
package onnx
