package jobs

import (
	"errors"
	"fmt"
	"slices"

	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/shelf"
)

func (m *Manager) get(id string) (*job, error) {
	j, ok := m.jobs[id]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return j, nil
}

// Get returns all that is known of a job.
func (m *Manager) Get(id string) (api.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.get(id)
	if err != nil {
		return api.Job{}, err
	}
	return j.whole(), nil
}

// List returns the jobs in brief, the newest first.
func (m *Manager) List() []api.Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*job
	for _, j := range m.jobs {
		all = append(all, j)
	}
	slices.SortFunc(all, func(a, b *job) int { return byAge(b, a) })
	list := make([]api.Job, len(all))
	for i, j := range all {
		list[i] = j.brief()
	}
	return list
}

// Count returns the number of jobs in each state.
func (m *Manager) Count() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	count := map[string]int{}
	for _, j := range m.jobs {
		count[j.State]++
	}
	return count
}

// News is what has happened to a job.
type News struct {
	Job     api.Job     // in brief
	Points  []api.Point // that are new
	Changed <-chan struct{}
}

// Watch returns a job and its points after the first so many. Changed is closed when there is more.
func (m *Manager) Watch(id string, after int) (News, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.get(id)
	if err != nil {
		return News{}, err
	}
	n := News{Job: j.brief(), Changed: j.changed}
	if after < len(j.Points) {
		n.Points = slices.Clone(j.Points[max(after, 0):])
	}
	return n, nil
}

// Network returns the newest weights of a side of a job.
func (m *Manager) Network(id, side string) (shelf.Network, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.get(id)
	if err != nil {
		return shelf.Network{}, err
	}
	n, ok := j.live[side]
	if !ok {
		return n, fmt.Errorf("%w: it has no weights of the side %q: they are there once it runs, and for the last %d jobs", ErrConflict, side, maxLive)
	}
	return n, nil
}

// maxLive is the number of jobs whose weights stay in memory.
const maxLive = 16

// forget drops the weights of all but the newest jobs.
func (m *Manager) forget() {
	var list []*job
	for _, j := range m.jobs {
		if len(j.live) > 0 && j.State != api.Running {
			list = append(list, j)
		}
	}
	slices.SortFunc(list, byAge)
	for _, j := range list[:max(len(list)-maxLive, 0)] {
		clear(j.live)
	}
}

// Stop ends a job that runs early, and takes one that waits out of the queue; either may be continued.
func (m *Manager) Stop(id string) (api.Job, error) { return m.end(id, stop, api.Stopped) }

// Cancel ends a job for good. What it has trained since it last ran is dropped.
func (m *Manager) Cancel(id string) (api.Job, error) { return m.end(id, cancel, api.Cancelled) }

func (m *Manager) end(id string, how order, state string) (api.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.get(id)
	if err != nil {
		return api.Job{}, err
	}
	switch {
	case j.State == api.Running:
		j.order = max(j.order, how)
		j.cancel()
		return j.whole(), nil
	case j.State == api.Queued || j.State == api.Stopped && how == cancel:
		if err := m.settle(j, state); err != nil {
			return api.Job{}, err
		}
		m.retire()
		m.next()
		return j.whole(), nil
	}
	return api.Job{}, fmt.Errorf("%w: it is %s", ErrConflict, j.State)
}

// Continue queues a stopped job again, to go on where it stopped.
func (m *Manager) Continue(id string) (api.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.get(id)
	if err != nil {
		return api.Job{}, err
	}
	if j.State != api.Stopped {
		return api.Job{}, fmt.Errorf("%w: it is %s, and only a stopped one can be continued", ErrConflict, j.State)
	}
	if err := m.admit(j.Client, j.Effect); err != nil {
		return api.Job{}, err
	}
	j.State = api.Queued
	if err := m.save(j); err != nil {
		j.State = api.Stopped
		return api.Job{}, err
	}
	j.tell()
	m.next()
	return j.whole(), nil
}

// CancelEffect cancels the jobs of an effect.
func (m *Manager) CancelEffect(effect string) error {
	var errs []error
	for _, j := range m.List() {
		if j.Effect == effect && !api.Over(j.State) {
			if _, err := m.Cancel(j.ID); err != nil && !errors.Is(err, ErrConflict) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// Uses tells whether a job that is not over trains on pairs.
func (m *Manager) Uses(pairs string) bool {
	return slices.ContainsFunc(m.List(), func(j api.Job) bool { return j.Pairs == pairs && !api.Over(j.State) })
}
