// Package pool runs the independent parts of one operation on all cores.
//
// The operations of a small network take tens of microseconds each, about as long as it takes to wake a sleeping
// thread. So the workers of a Pool stay: after an operation they watch for the next one for a short while and only
// then go to sleep.
package pool

import (
	"sync"
	"sync/atomic"
)

// Task is work that splits into independent items. Do must not touch memory that
// another item writes.
type Task interface {
	// Do performs item i. worker is in [0, Pool.Threads()): two calls of one Run that happen at the same
	// time never have the same worker, so it may index per-worker scratch memory.
	Do(worker, i int)
}

// How long to watch before going to sleep, in looks at the variable, each pauses (of 10 to 50 ns) apart. About 50 µs
// bridges the serial code between two operations; longer would take time from other processes on a busy machine.
const (
	looks  = 300
	pauses = 4
)

// Pool is a fixed set of workers. The goroutine that calls Run is one of them.
type Pool struct {
	threads int
	running sync.Mutex // held by the one Run that has the workers
	workers sync.WaitGroup
	closing sync.Once

	// The job. task and n may be read by whoever has counted itself into busy and then seen open set.
	task Task
	n    int64
	open atomic.Bool
	busy atomic.Int64
	seq  atomic.Int64 // the number of jobs so far: what idle workers watch; negative when closed

	_    [64]byte     // next changes all the time: keep it away from the rest
	next atomic.Int64 // the first item that nobody has taken
	_    [64]byte

	parked   atomic.Int64  // workers that sleep on wake, or are about to, and have not been sent a value yet
	wake     chan struct{} // one value wakes one worker
	waiting  atomic.Bool   // Run sleeps on finished until busy is 0
	finished chan struct{}
	failed   atomic.Pointer[failure]
}

// failure is what an item panicked with.
type failure struct{ value any }

// New starts a pool of that many workers, at least one. One of them is the caller of Run; the others are goroutines
// that last until Close.
func New(threads int) *Pool {
	p := &Pool{threads: max(threads, 1), finished: make(chan struct{}, 1)}
	p.wake = make(chan struct{}, p.threads)
	for w := 1; w < p.threads; w++ {
		p.workers.Add(1)
		go p.work(w)
	}
	return p
}

// Threads is the number of workers.
func (p *Pool) Threads() int { return p.threads }

// Close ends the workers and waits for them, after the Run that has them, if any. A later Run does all by itself.
func (p *Pool) Close() {
	p.closing.Do(func() {
		p.running.Lock() // for ever: Run finds the workers taken
		p.seq.Store(-1)
		close(p.wake)
		p.workers.Wait()
	})
}

// Run calls t.Do(worker, i) for every i in [0, n) and returns when all calls have. Items are handed out one by one in
// rising order to whichever worker is free. If an item panics, items not yet begun are left out and Run panics with
// the same value. Run may be called by several goroutines, and from within Do: while the workers are taken by one
// Run, another does its items by itself, as worker 0. It allocates nothing.
func (p *Pool) Run(n int, t Task) {
	if n <= 1 || p.threads == 1 || !p.running.TryLock() {
		for i := range n {
			t.Do(0, i)
		}
		return
	}
	defer p.running.Unlock()
	p.begin(n, t)
	p.items(0)
	p.open.Store(false)
	p.await()
	p.task = nil
	if f := p.failed.Swap(nil); f != nil {
		panic(f.value)
	}
}

// begin publishes a job and wakes as many sleeping workers as it can use.
func (p *Pool) begin(n int, t Task) {
	p.task, p.n = t, int64(n)
	p.next.Store(0)
	p.open.Store(true)
	p.seq.Add(1)
	for range min(n, p.threads) - 1 {
		if !p.unpark() {
			return
		}
		p.wake <- struct{}{}
	}
}

// items does items until none is left.
func (p *Pool) items(worker int) {
	defer p.recover()
	for {
		i := p.next.Add(1) - 1
		if i >= p.n {
			return
		}
		p.task.Do(worker, int(i))
	}
}

// recover keeps the first panic for Run and stops the handing out of items.
func (p *Pool) recover() {
	if v := recover(); v != nil {
		p.failed.CompareAndSwap(nil, &failure{v})
		p.next.Store(p.n)
	}
}

// await returns when no worker is busy with the job any more.
func (p *Pool) await() {
	for range 4 * looks {
		if p.busy.Load() == 0 {
			return
		}
		pause(pauses)
	}
	for {
		p.waiting.Store(true)
		if p.busy.Load() == 0 && p.waiting.CompareAndSwap(true, false) {
			return
		}
		<-p.finished // sent by the worker that cleared waiting; perhaps one that was late for an earlier job
		if p.busy.Load() == 0 {
			return
		}
	}
}

// work is the life of worker w.
func (p *Pool) work(w int) {
	defer p.workers.Done()
	for seen := int64(0); ; {
		if seen = p.watch(seen); seen < 0 {
			return
		}
		p.busy.Add(1)
		if p.open.Load() { // else all is done already, and Run may be gone
			p.items(w)
		}
		if p.busy.Add(-1) == 0 && p.waiting.CompareAndSwap(true, false) {
			p.finished <- struct{}{}
		}
	}
}

// watch returns the number of jobs when it differs from seen: it looks for a while, then sleeps.
func (p *Pool) watch(seen int64) int64 {
	for range looks {
		if seq := p.seq.Load(); seq != seen {
			return seq
		}
		pause(pauses)
	}
	p.parked.Add(1)
	if p.seq.Load() == seen || !p.unpark() { // unless a job came meanwhile and the parking can still be undone
		<-p.wake
	}
	return p.seq.Load()
}

// unpark takes one worker off the count of the parked, if there is any.
func (p *Pool) unpark() bool {
	for {
		n := p.parked.Load()
		if n <= 0 {
			return false
		}
		if p.parked.CompareAndSwap(n, n-1) {
			return true
		}
	}
}
