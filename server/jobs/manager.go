// Package jobs runs trainings that clients ask for: it queues them, lets clients take turns, keeps them over a restart, and tells
// how they go.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/shelf"
	"github.com/warmstart-ml/warmstart/server/store"
	"github.com/warmstart-ml/warmstart/server/studio"
	"github.com/warmstart-ml/warmstart/teacher"
)

// Manager is safe for concurrent use.
type Manager struct {
	o Options

	mu     sync.Mutex
	jobs   map[string]*job
	closed bool
	turns  []string // clients, the one whose job began longest ago first

	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup
}

// Options say what jobs work with.
type Options struct {
	Dir    *store.Dir
	Shelf  *shelf.Shelf
	Studio *studio.Studio
	// Pairs returns the folder of pairs that clients have brought.
	Pairs func(id string) (dir string, err error)
	// Discriminator holds the weights that trainings against one start from; nil: each starts with a new one.
	Discriminator [][]float32
	Log           *slog.Logger
}

const recordFile = "job.json"

// Open reads the jobs in a folder. Those that waited or ran when the server ended are queued again.
func Open(o Options) (*Manager, error) {
	m := &Manager{o: o, jobs: map[string]*job{}}
	m.ctx, m.stop = context.WithCancel(context.Background())
	ids, err := o.Dir.List()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		j := &job{changed: make(chan struct{}), live: map[string]shelf.Network{}}
		if err := o.Dir.ReadJSON(id, recordFile, &j.record); err != nil {
			o.Log.Warn("a job cannot be read", "id", id, "error", err)
			continue
		}
		j.ID = id
		if j.State == api.Running {
			j.State = api.Queued
		}
		m.jobs[id] = j
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retire()
	m.next()
	return m, nil
}

// Close lets running jobs save what they have, to go on at the next Open, and waits for that.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.work.Wait()
}

// Submit queues a job.
func (m *Manager) Submit(client string, n api.NewJob) (api.Job, error) {
	e, _, err := m.o.Shelf.Weights(n.Effect)
	if err != nil {
		return api.Job{}, err
	}
	if err := fill(&n, e); err != nil {
		return api.Job{}, err
	}
	if n.Pairs != "" {
		if _, err := m.o.Pairs(n.Pairs); err != nil {
			return api.Job{}, err
		}
	} else if _, err := teacher.Parse(n.Edit); err != nil {
		return api.Job{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.admit(client, n.Effect); err != nil {
		return api.Job{}, err
	}
	j := &job{changed: make(chan struct{}), live: map[string]shelf.Network{}}
	j.Job = api.Job{ID: store.NewID(), Created: time.Now().UTC().Round(time.Millisecond), NewJob: n, State: api.Queued}
	j.Client, j.Before = client, e.Steps
	if err := m.o.Dir.Make(j.ID); err != nil {
		return api.Job{}, err
	}
	if err := m.save(j); err != nil {
		m.o.Dir.Remove(j.ID)
		return api.Job{}, err
	}
	m.jobs[j.ID] = j
	m.prune()
	m.next()
	return j.whole(), nil
}

// admit refuses a job that is one too many.
func (m *Manager) admit(client, effect string) error {
	queued, own := 0, 0
	for _, j := range m.jobs {
		if j.Effect == effect && (j.State == api.Queued || j.State == api.Running) {
			return fmt.Errorf("%w: job %s trains the effect already: stop it or wait for its end", ErrConflict, j.ID)
		}
		if j.State == api.Queued {
			queued++
			if j.Client == client {
				own++
			}
		}
	}
	switch {
	case m.closed:
		return fmt.Errorf("%w: the server is shutting down", ErrBusy)
	case queued >= MaxQueued:
		return fmt.Errorf("%w: %d, the most there may be: try again later", ErrBusy, queued)
	case own >= maxPerClient:
		return fmt.Errorf("%w: %d of yours, the most there may be: try again later", ErrBusy, own)
	}
	return nil
}

// prune forgets the oldest jobs that are over.
func (m *Manager) prune() {
	var finished []*job
	for _, j := range m.jobs {
		if api.Over(j.State) {
			finished = append(finished, j)
		}
	}
	slices.SortFunc(finished, byAge)
	for _, j := range finished[:max(len(finished)-maxFinished, 0)] {
		if err := m.o.Dir.Remove(j.ID); err != nil {
			m.o.Log.Warn("a job cannot be removed", "id", j.ID, "error", err)
			continue
		}
		delete(m.jobs, j.ID)
	}
}

// retire cancels jobs that were stopped longest ago, so that what they would go on from does not pile up.
func (m *Manager) retire() {
	var stopped []*job
	for _, j := range m.jobs {
		if j.State == api.Stopped {
			stopped = append(stopped, j)
		}
	}
	slices.SortFunc(stopped, func(a, b *job) int {
		if c := a.Halted.Compare(b.Halted); c != 0 {
			return c
		}
		return byAge(a, b)
	})
	for _, j := range stopped[:max(len(stopped)-maxStopped, 0)] {
		if err := m.settle(j, api.Cancelled); err != nil {
			m.o.Log.Warn("a stopped job cannot be cancelled", "id", j.ID, "error", err)
		}
	}
}

// settle gives a job that does not run a state that it stays in.
func (m *Manager) settle(j *job, state string) error {
	before := j.record
	j.State, j.Position = state, 0
	if state == api.Stopped {
		j.Halted = time.Now().UTC()
	}
	if err := m.save(j); err != nil {
		j.record = before
		return err
	}
	if api.Over(state) {
		m.clean(j)
	}
	j.tell()
	return nil
}

func byAge(a, b *job) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// next starts jobs while there is room: those of the client who waits longest for a turn first.
func (m *Manager) next() {
	running := 0
	for _, j := range m.jobs {
		if j.State == api.Running {
			running++
		}
	}
	for ; running < maxRunning && !m.closed; running++ {
		queue := m.queue()
		if len(queue) == 0 {
			break
		}
		m.start(queue[0])
	}
	for i, j := range m.queue() {
		if j.Position != i+1 {
			j.Position = i + 1
			j.tell()
		}
	}
}

// queue returns the jobs that wait in the order in which they are to begin: clients take turns.
func (m *Manager) queue() []*job {
	by := map[string][]*job{}
	for _, j := range m.jobs {
		if j.State == api.Queued {
			by[j.Client] = append(by[j.Client], j)
		}
	}
	clients := slices.Collect(maps.Keys(by))
	for _, c := range clients {
		slices.SortFunc(by[c], byAge)
	}
	slices.SortFunc(clients, func(a, b string) int {
		if c := slices.Index(m.turns, a) - slices.Index(m.turns, b); c != 0 { // -1 for those who had none yet
			return c
		}
		return byAge(by[a][0], by[b][0])
	})
	var list []*job
	for len(clients) > 0 {
		var left []string
		for _, c := range clients {
			list = append(list, by[c][0])
			if by[c] = by[c][1:]; len(by[c]) > 0 {
				left = append(left, c)
			}
		}
		clients = left
	}
	return list
}

// start lets a job run.
func (m *Manager) start(j *job) {
	m.turns = append(slices.DeleteFunc(m.turns, func(c string) bool { return c == j.Client }), j.Client)
	if len(m.turns) > 10*MaxQueued {
		m.turns = m.turns[1:]
	}
	ctx, cancel := context.WithCancel(m.ctx)
	j.State, j.Position, j.order, j.cancel, j.Error = api.Running, 0, goOn, cancel, ""
	j.tell()
	m.work.Go(func() {
		defer cancel()
		m.run(ctx, j)
	})
}

// save writes what is known of a job. The caller holds the mutex, or the job is not known to others yet.
func (m *Manager) save(j *job) error { return m.o.Dir.WriteJSON(j.ID, recordFile, j.stored()) }
