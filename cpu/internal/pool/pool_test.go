package pool_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// counter counts how often each item is done and that no two calls share a worker.
type counter struct {
	t     *testing.T
	items []atomic.Int32
	inUse [16]atomic.Bool
}

func (c *counter) Do(worker, i int) {
	if c.inUse[worker].Swap(true) {
		c.t.Errorf("worker %d runs two items at once", worker)
	}
	c.items[i].Add(1)
	c.inUse[worker].Store(false)
}

func (c *counter) check(n int) {
	c.t.Helper()
	for i := range n {
		if got := c.items[i].Load(); got != 1 {
			c.t.Errorf("item %d of %d was done %d times, want once", i, n, got)
		}
	}
}

func TestRunDoesEveryItemOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 3, 8} {
		p := pool.New(threads)
		for round := range 300 {
			n := round % 40
			c := &counter{t: t, items: make([]atomic.Int32, n)}
			p.Run(n, c)
			c.check(n)
			if round%100 == 99 {
				time.Sleep(2 * time.Millisecond) // long enough that the workers go to sleep
			}
		}
		p.Close()
		p.Close()
		c := &counter{t: t, items: make([]atomic.Int32, 5)}
		p.Run(5, c)
		c.check(5)
	}
}

func TestRunFromManyGoroutines(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				c := &counter{t: t, items: make([]atomic.Int32, 17)}
				p.Run(17, c)
				c.check(17)
			}
		})
	}
	wg.Wait()
}

type taskFunc func(worker, i int)

func (f taskFunc) Do(worker, i int) { f(worker, i) }

func TestRunWithinRun(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	var sum atomic.Int64
	p.Run(10, taskFunc(func(_, i int) {
		p.Run(10, taskFunc(func(_, j int) { sum.Add(int64(10*i + j)) }))
	}))
	if got, want := sum.Load(), int64(99*100/2); got != want {
		t.Errorf("sum over nested items is %d, want %d", got, want)
	}
}

func TestPanicReachesCaller(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	for bad := range 20 {
		func() {
			defer func() {
				if got, want := fmt.Sprint(recover()), fmt.Sprint("item ", bad); got != want {
					t.Errorf("Run panicked with %q, want %q", got, want)
				}
			}()
			p.Run(20, taskFunc(func(_, i int) {
				if i == bad {
					panic(fmt.Sprint("item ", i))
				}
			}))
		}()
		c := &counter{t: t, items: make([]atomic.Int32, 30)}
		p.Run(30, c)
		c.check(30)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	var sum atomic.Int64
	var task pool.Task = taskFunc(func(_, i int) { sum.Add(int64(i)) })
	if got := testing.AllocsPerRun(100, func() { p.Run(8, task) }); got != 0 {
		t.Errorf("Run allocates %v times", got)
	}
}

// BenchmarkRun is the cost of an operation that has nothing to do.
func BenchmarkRun(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			p := pool.New(threads)
			defer p.Close()
			var task pool.Task = taskFunc(func(_, _ int) {})
			for b.Loop() {
				p.Run(2, task)
			}
		})
	}
}
