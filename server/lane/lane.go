// Package lane decides what is computed when, so that cores are shared in a fair order: what people wait for comes before training,
// and clients take turns. A step of a training has all cores for itself, which makes its time comparable; of interactive work, as
// much runs at once as there are cores.
package lane

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// Class says how urgent work is.
type Class int

// The classes, the most urgent first.
const (
	Interactive Class = iota // someone waits for it: generating and applying
	Training                 // steps of trainings, and what prepares them
	numClasses
)

func (c Class) String() string { return [...]string{"interactive", "training"}[c] }

// Limits of the work that waits.
const (
	maxWaiting   = 512 // in all
	maxPerClient = 64
)

// ErrBusy tells that too much work waits already.
var ErrBusy = errors.New("the server is busy")

// Where both want the cores, interactive work has them for twice as long as training, which is never starved. Turns shorter than that are
// counted as that long.
const (
	interactiveShare = 2
	leastTurn        = 10 * time.Millisecond
)

// Lane hands out turns. Its zero value is ready for use.
type Lane struct {
	mu      sync.Mutex
	running [numClasses]int
	streak  time.Duration // of interactive work since the last turn of training, in time of all cores
	turn    time.Duration // that training had last
	waiting int
	queues  [numClasses]turns
	used    [numClasses]time.Duration
}

// Do does the work when its turn comes, on the calling goroutine, and returns its error. It does not when ctx ends before.
func (l *Lane) Do(ctx context.Context, class Class, client string, work func() error) error {
	if err := l.enter(ctx, class, client); err != nil {
		return err
	}
	begun := time.Now()
	defer func() { l.leave(class, time.Since(begun)) }() // also if work panics
	return work()
}

// enter waits for a turn.
func (l *Lane) enter(ctx context.Context, class Class, client string) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	l.mu.Lock()
	if l.free(class) {
		l.running[class]++
		l.mu.Unlock()
		return nil
	}
	q := &l.queues[class]
	if class == Interactive && (l.waiting >= maxWaiting || q.length(client) >= maxPerClient) {
		l.mu.Unlock()
		return ErrBusy
	}
	t := &turn{client: client, granted: make(chan struct{})}
	q.push(t)
	l.waiting++
	l.mu.Unlock()
	select {
	case <-t.granted:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	removed := q.remove(t)
	if removed {
		l.waiting--
	}
	l.mu.Unlock()
	if !removed { // granted in the meantime: the turn is passed on
		l.leave(class, 0)
	}
	return context.Cause(ctx)
}

// free tells whether work may begin.
func (l *Lane) free(class Class) bool {
	if l.running[Training] > 0 {
		return false
	}
	if class == Training {
		return l.running[Interactive] == 0
	}
	yields := l.streak >= interactiveShare*max(l.turn, leastTurn) && !l.queues[Training].empty()
	return l.running[Interactive] < runtime.GOMAXPROCS(0) && !yields
}

// leave lets those begin that may.
func (l *Lane) leave(class Class, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used[class] += took
	l.running[class]--
	switch {
	case class == Training:
		l.streak, l.turn = 0, took
	case l.queues[Training].empty():
		l.streak = 0
	default:
		l.streak += took / time.Duration(runtime.GOMAXPROCS(0))
	}
	for class := Interactive; class < numClasses; class++ {
		for !l.queues[class].empty() && l.free(class) {
			l.running[class]++
			l.waiting--
			close(l.queues[class].pop().granted)
		}
	}
}

// Waiting returns how much work waits, and Used how long work of each class has had the lane.
func (l *Lane) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

// Used is described with Waiting.
func (l *Lane) Used(class Class) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used[class]
}
