// Package pool runs the independent parts of one operation on all cores.
package pool

// Task is work that splits into independent items. Do must not touch memory that
// another item writes.
type Task interface {
	// Do performs item i. worker is in [0, Pool.Threads()): two calls that run at the same
	// time never have the same worker, so it may index per-worker scratch memory.
	Do(worker, i int)
}
