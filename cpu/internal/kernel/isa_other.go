//go:build !amd64 || purego

package kernel

// native lists the assembly micro-kernels that this machine can run: none.
func native() []*Micro { return nil }
