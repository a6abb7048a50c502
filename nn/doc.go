// Package nn holds the layers that all models of this module are made of, as GoMLX graph functions,
// and the little that is needed around them: named parameters, Adam, and programs that run on buffers.
//
// A network declares its parameters once in a [Params] and keeps layer values ([Conv2D], [InstanceNorm], …) that
// refer to them. Its forward pass reads an [Env], which binds each parameter to a node of one graph: the
// same forward pass therefore serves training, inference, an exponential average of the weights, or
// weights that are themselves computed in the graph.
//
// Axis orders: images are [batch, height, width, channels], sequences [batch, width, channels],
// convolution kernels [height, width, in, out] (or [width, in, out]).
//
// Functions that build graphs panic on misuse, as GoMLX's own do; [Compile] turns that into an error.
//
// This package also owns every work-around for GoMLX v0.28.2 (see vjp.go): importing it replaces the
// gradient of convolution and adds those of Pad, Reverse and Rsqrt.
package nn
