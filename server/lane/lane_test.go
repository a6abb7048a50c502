package lane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// diary notes what has the lane, and when.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// occupy takes all of a lane until release is called.
func occupy(t *testing.T, l *Lane) (release func()) {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	go l.Do(t.Context(), Training, "occupier", func() error { close(begun); <-end; return nil })
	<-begun
	return func() { close(end) }
}

// TestOrder: interactive work comes first, and clients take turns within a class.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lane
		var d diary
		var all sync.WaitGroup
		release := occupy(t, &l)
		add := func(class Class, client string, n int) {
			for i := range n {
				all.Go(func() {
					l.Do(t.Context(), class, client, func() error {
						d.note("%v %s%d", class, client, i)
						time.Sleep(time.Millisecond)
						return nil
					})
				})
				synctest.Wait() // queued
			}
		}
		add(Training, "a", 3)
		add(Training, "b", 1)
		add(Interactive, "c", 1)
		if w := l.Waiting(); w != 5 {
			t.Errorf("%d wait", w)
		}
		release()
		all.Wait()
		want := []string{"interactive c0", "training a0", "training b0", "training a1", "training a2"}
		if !slices.Equal(d.lines, want) {
			t.Errorf("%q, wanted %q", d.lines, want)
		}
		if l.Used(Interactive) != time.Millisecond || l.Waiting() != 0 {
			t.Errorf("interactive work took %v, %d wait", l.Used(Interactive), l.Waiting())
		}
	})
}

// TestExclusive: a step of a training has the cores for itself; interactive work shares them.
func TestExclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lane
		var mu sync.Mutex
		running, most := [numClasses]int{}, [numClasses]int{}
		var all sync.WaitGroup
		for i := range 40 {
			class := Class(i % 2)
			all.Go(func() {
				l.Do(t.Context(), class, "c", func() error {
					mu.Lock()
					running[class]++
					most[class] = max(most[class], running[class])
					if running[Training] > 0 && running[Interactive] > 0 {
						t.Error("both classes run at once")
					}
					mu.Unlock()
					time.Sleep(time.Millisecond)
					mu.Lock()
					running[class]--
					mu.Unlock()
					return nil
				})
			})
		}
		all.Wait()
		if most[Training] != 1 {
			t.Errorf("%d trainings at once", most[Training])
		}
	})
}

// TestShares: interactive work without end leaves training about a third of the time.
func TestShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lane
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for ctx.Err() == nil {
					l.Do(ctx, Interactive, fmt.Sprint(i), func() error { time.Sleep(20 * time.Millisecond); return nil })
				}
			})
		}
		steps := 0
		all.Go(func() {
			for ctx.Err() == nil {
				l.Do(ctx, Training, "t", func() error { steps++; time.Sleep(10 * time.Millisecond); return nil })
			}
		})
		all.Wait()
		if share := float64(steps) * 0.01 / 10; share < 0.2 || share > 0.5 {
			t.Errorf("training had %.2f of the time", share)
		}
	})
}

// TestLimits: what is too much is refused, for interactive work only; others are let in.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lane
		ctx, cancel := context.WithCancel(t.Context())
		release := occupy(t, &l)
		nothing := func() error { return nil }
		var all sync.WaitGroup
		for range maxPerClient {
			all.Go(func() { l.Do(ctx, Interactive, "greedy", nothing) })
		}
		synctest.Wait()
		if err := l.Do(ctx, Interactive, "greedy", nothing); !errors.Is(err, ErrBusy) {
			t.Errorf("one too many of a client: %v", err)
		}
		for i := range maxWaiting - maxPerClient {
			all.Go(func() { l.Do(ctx, Interactive, fmt.Sprint(i), nothing) })
		}
		synctest.Wait()
		if err := l.Do(ctx, Interactive, "another", nothing); !errors.Is(err, ErrBusy) {
			t.Errorf("one too many in all: %v", err)
		}
		all.Go(func() { l.Do(ctx, Training, "t", nothing) })
		synctest.Wait()
		cancel()
		all.Wait()
		if w := l.Waiting(); w != 0 {
			t.Errorf("%d wait after all were cancelled", w)
		}
		release()
		if err := l.Do(t.Context(), Interactive, "later", nothing); err != nil {
			t.Error(err)
		}
	})
}

// TestCancel: who gives up loses its turn, whenever that is, and nobody else does.
func TestCancel(t *testing.T) {
	var l Lane
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if err := l.Do(ctx, Training, "c", func() error { t.Error("was done"); return nil }); !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
	var all sync.WaitGroup
	done := 0
	for i := range 200 { // turns are granted and given up at the same time
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() { l.Do(ctx, Class(i%2), fmt.Sprint(i%5), func() error { return nil }) })
		all.Go(cancel)
		all.Go(func() { l.Do(t.Context(), Training, "steady", func() error { done++; return nil }) })
	}
	all.Wait()
	if done != 200 || l.Waiting() != 0 || l.running != [numClasses]int{} {
		t.Errorf("%d done, %d wait, %v run", done, l.Waiting(), l.running)
	}
}

// TestPanic: work that panics gives its turn back.
func TestPanic(t *testing.T) {
	var l Lane
	func() {
		defer func() { recover() }()
		l.Do(t.Context(), Training, "c", func() error { panic("broken") })
	}()
	if err := l.Do(t.Context(), Training, "c", func() error { return errOwn }); !errors.Is(err, errOwn) {
		t.Errorf("error %v", err)
	}
}

var errOwn = errors.New("its own")
