// Package cpu is a fast CPU backend for GoMLX, in pure Go.
//
// A blank import makes it available to any GoMLX program:
//
//	import _ "github.com/warmstart-ml/warmstart/cpu"
//
// and the environment selects it: GOMLX_BACKEND=cpu, or GOMLX_BACKEND=cpu:threads=2 for two threads rather
// than GOMAXPROCS. New makes a backend to pass on by hand.
//
// # Results do not depend on the machine's load
//
// The same program on the same inputs gives the same bits with any number of threads, and in every run, on
// processors with the same vector instructions.
//
// # What is fast
//
// Compile takes a program as a whole. In float32, matrix products and convolutions with both their gradients have kernels of their
// own; element-wise operations, broadcasts and reductions between them become loops that pass over memory once;
// and intermediate values lie in memory that is planned ahead, so that a training step allocates next to nothing.
// Donate the inputs that an execution replaces: their memory becomes that of the outputs.
//
// Everything else is right, but slow: other data types, look-ups and scatters by index, sorting, random bits and
// the bodies of While and If are carried out, operation by operation, by GoMLX's own Go backend
// (github.com/gomlx/compute/gobackend). A program with shapes that only an execution determines runs
// there as a whole. What that backend lacks is missing here too; the error names the operation and wraps
// compute.ErrNotImplemented.
//
// # Buffers
//
// Buffers are ordinary Go slices that Data gives direct access to. The memory of a buffer that is finalized or
// donated is used again: slices got from it must not be used after that.
package cpu
