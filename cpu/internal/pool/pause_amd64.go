//go:build !purego

package pool

// pause waits n times as long as the processor likes to between two looks at a shared variable.
//
//go:noescape
func pause(n uint32)
