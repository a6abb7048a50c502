//go:build !amd64 || purego

package pool

import "runtime"

// pause lets others run: there is no portable way to only slow down.
func pause(uint32) { runtime.Gosched() }
