//go:build !amd64 || purego

package loop

// native are the fastest kernels that this machine can run.
var native = generic

// available are all the kernels that this machine can run.
func available() []*kernels { return []*kernels{&generic} }
