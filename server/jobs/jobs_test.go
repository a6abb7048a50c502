package jobs

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/internal/diskfull"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/shelf"
	"github.com/warmstart-ml/warmstart/server/store"
)

// manager returns a manager that starts no jobs, and its folder.
func manager(t *testing.T) (*Manager, string) {
	t.Helper()
	dir := t.TempDir()
	all, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { all.Close() })
	d, err := all.Dir("jobs")
	if err != nil {
		t.Fatal(err)
	}
	return &Manager{o: Options{Dir: d, Log: slog.New(slog.DiscardHandler)}, jobs: map[string]*job{}, closed: true}, filepath.Join(dir, "jobs")
}

// add puts a job into a manager and onto the disk.
func (m *Manager) add(t *testing.T, client, state string, age time.Duration) *job {
	t.Helper()
	j := &job{changed: make(chan struct{}), live: map[string]shelf.Network{}}
	j.ID, j.Client, j.State, j.Created = store.NewID(), client, state, time.Unix(1e9, 0).Add(-age)
	if err := m.o.Dir.Make(j.ID); err != nil {
		t.Fatal(err)
	}
	if err := m.save(j); err != nil {
		t.Fatal(err)
	}
	m.jobs[j.ID] = j
	return j
}

// TestQueue: clients take turns, those first who have waited longest for one; the jobs of each begin in the order in which they came.
func TestQueue(t *testing.T) {
	m, _ := manager(t)
	names := map[*job]string{}
	for i, c := range []string{"a", "a", "a", "b", "b", "c"} {
		names[m.add(t, c, api.Queued, -time.Duration(i)*time.Second)] = fmt.Sprint(c, i)
	}
	order := func() string {
		var list []string
		for _, j := range m.queue() {
			list = append(list, names[j])
		}
		return strings.Join(list, " ")
	}
	if got := order(); got != "a0 b3 c5 a1 b4 a2" {
		t.Error(got)
	}
	m.turns = []string{"c", "a"} // a has just had its turn
	if got := order(); got != "b3 c5 a0 b4 a1 a2" {
		t.Error(got)
	}
	if list := m.List(); len(list) != 6 || !list[0].Created.After(list[5].Created) {
		t.Errorf("%+v", list)
	}
}

// TestPrune: of the jobs that are over the newest are kept, and of others all.
func TestPrune(t *testing.T) {
	m, dir := manager(t)
	for i := range maxFinished + 5 {
		m.add(t, "c", api.Done, time.Duration(i)*time.Second)
	}
	old := m.add(t, "c", api.Stopped, time.Hour)
	m.prune()
	files, _ := os.ReadDir(dir)
	if len(m.jobs) != maxFinished+1 || len(files) != len(m.jobs) || m.jobs[old.ID] == nil {
		t.Errorf("%d jobs, %d on disk", len(m.jobs), len(files))
	}
}

// TestRetire: of the jobs that are stopped those stopped last can be continued. The others are cancelled, and leave nothing to go on from.
func TestRetire(t *testing.T) {
	m, dir := manager(t)
	stopped := func(halted time.Duration) *job {
		j := m.add(t, "c", api.Queued, 0)
		j.State, j.Halted = api.Stopped, time.Unix(1e9, 0).Add(halted)
		if err := errors.Join(m.save(j), os.Mkdir(filepath.Join(dir, j.ID, SideTuned), 0o755)); err != nil {
			t.Fatal(err)
		}
		return j
	}
	var all []*job
	for i := range maxStopped + 3 {
		all = append(all, stopped(time.Duration(i)*time.Second))
	}
	check := func(m *Manager, gone int) {
		t.Helper()
		for i, j := range all {
			want := api.Stopped
			if i < gone {
				want = api.Cancelled
			}
			if got, err := m.Get(j.ID); err != nil || got.State != want {
				t.Errorf("job %d is %s instead of %s, %v", i, got.State, want, err)
			}
			if _, err := os.Stat(filepath.Join(dir, j.ID, SideTuned)); (err == nil) != (want == api.Stopped) {
				t.Errorf("job %d is %s, its checkpoint: %v", i, want, err)
			}
		}
	}
	again, err := Open(m.o) // those that piled up before
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	check(again, 3)
	waiting := m.add(t, "c", api.Queued, time.Hour) // the oldest by age
	again.jobs[waiting.ID] = waiting
	if _, err := again.Stop(waiting.ID); err != nil {
		t.Fatal(err)
	}
	check(again, 4)
	if got, err := again.Get(waiting.ID); err != nil || got.State != api.Stopped {
		t.Errorf("what was stopped last is %s, %v", got.State, err)
	}
	if _, err := again.Cancel(all[10].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, all[10].ID, SideTuned)); err == nil {
		t.Error("a stopped job that is cancelled keeps its checkpoint")
	}
}

// TestOpen: jobs on disk are there again; damaged ones are left alone.
func TestOpen(t *testing.T) {
	m, dir := manager(t)
	done, stopped := m.add(t, "c", api.Done, 0), m.add(t, "c", api.Stopped, 0)
	broken := m.add(t, "c", api.Done, 0)
	if err := os.WriteFile(filepath.Join(dir, broken.ID, recordFile), []byte(`{"state":3}`), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := Open(m.o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if c := again.Count(); c[api.Done] != 1 || c[api.Stopped] != 1 || len(again.jobs) != 2 {
		t.Errorf("%v", c)
	}
	for _, j := range []*job{done, stopped} {
		if got, err := again.Get(j.ID); err != nil || got.State != j.State || !got.Created.Equal(j.Created) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	again.closed = true
	if _, err := again.Continue(stopped.ID); !errors.Is(err, ErrBusy) {
		t.Errorf("while it shuts down: %v", err)
	}
}

// TestPictures: the newest points keep their pictures in memory, the last one on disk.
func TestPictures(t *testing.T) {
	j := &job{changed: make(chan struct{})}
	for range 50 {
		j.addPoint(api.Point{Tuned: api.Side{Preview: "x"}, Scratch: &api.Side{Preview: "y"}})
	}
	with := func(points []api.Point) (n int) {
		for i, p := range points {
			if p.Number != i+1 || (p.Tuned.Preview == "") != (p.Scratch.Preview == "") {
				t.Errorf("%+v", p)
			}
			if p.Tuned.Preview != "" {
				n++
			}
		}
		return n
	}
	if a, b := with(j.Points), with(j.stored().Points); a != 20 || b != 1 {
		t.Errorf("%d and %d points have pictures", a, b)
	}
	if b := j.brief(); b.Points != nil || len(j.whole().Points) != 50 {
		t.Errorf("%+v", b)
	}
}

// TestForget: the weights of old jobs don't stay in memory.
func TestForget(t *testing.T) {
	m, _ := manager(t)
	var all []*job
	for i := range maxLive + 3 {
		j := m.add(t, "c", api.Done, -time.Duration(i)*time.Second)
		j.live[SideTuned] = shelf.Network{Key: "k"}
		all = append(all, j)
	}
	m.forget()
	for i, j := range all {
		if _, err := m.Network(j.ID, SideTuned); (err == nil) != (i >= 3) {
			t.Errorf("job %d: %v", i, err)
		}
	}
}

// TestBlame: clients are told what they can do something about, and no paths.
func TestBlame(t *testing.T) {
	m, _ := manager(t)
	for want, err := range map[string]error{
		"disk is full": &fs.PathError{Op: "write", Path: "/secret", Err: diskfull.Errors[0]}, "its log says why": &fs.PathError{Op: "open", Path: "/secret", Err: fs.ErrPermission},
		"diverged": errors.New("training diverged"),
	} {
		j := &job{}
		if m.blame(j, err); !strings.Contains(j.Error, want) || strings.Contains(j.Error, "secret") {
			t.Errorf("%v becomes %q", err, j.Error)
		}
	}
	if states := []string{api.Queued, api.Running, api.Stopped, api.Done, api.Failed, api.Cancelled}; slices.ContainsFunc(states, func(s string) bool { return api.Over(s) && !api.Settled(s) }) {
		t.Error("a state is over and not settled")
	}
}
