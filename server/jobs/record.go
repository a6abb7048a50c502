package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/shelf"
)

// job is a training, in the queue, at work or over. Its fields are guarded by the manager's mutex.
type job struct {
	record
	changed chan struct{}      // closed, and another made, whenever there is something new
	order   order              // what the client wants of it while it runs
	cancel  context.CancelFunc // tells it to look at its order; nil unless it runs
	live    map[string]shelf.Network
}

// record is a job as job.json has it.
type record struct {
	api.Job
	Client string  `json:"client"`
	Before int     `json:"before"` // steps of training that the effect had when the job began
	Tuned  float64 `json:"tuned_seconds"`
	Raced  float64 `json:"scratch_seconds"`

	Halted time.Time `json:"halted,omitzero"` // when it was stopped last
}

// order is what a client wants of a job that runs.
type order int

const (
	goOn order = iota
	stop
	cancel
)

// Sides of a job, as folders and in requests.
const (
	SideTuned   = "tuned"
	SideScratch = "scratch"
)

// Limits of jobs.
const (
	MaxQueued    = 64
	maxPerClient = 16
	maxRunning   = 4
	maxFinished  = 100 // jobs that are over and kept
	maxStopped   = 32  // jobs that are stopped and can be continued, from checkpoints of some MB
	maxSeconds   = 3600
	maxSteps     = 1_000_000
)

// Errors about jobs, for answers to be told apart.
var (
	ErrUnknown  = errors.New("there is no such job")
	ErrBusy     = errors.New("too many jobs wait")
	ErrConflict = errors.New("the job is not in a state for that")
	ErrInvalid  = errors.New("the job makes no sense")
)

// fill checks what was asked for and fills in what was left out.
func fill(n *api.NewJob, e api.Effect) error {
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
	}
	race := n.Kind == api.KindRace
	switch {
	case n.Kind != api.KindTune && !race:
		return invalid("kind %q is neither %s nor %s", n.Kind, api.KindTune, api.KindRace)
	case n.Pairs != "" && n.Edit != "":
		return invalid("give pairs or an edit, not both")
	case n.Pairs == "" && n.Edit == "" && e.Edit == "":
		return invalid("the prompt names no built-in edit that could make pairs: give pairs, or an edit such as one of those in nearest")
	case !(n.Seconds >= 0 && n.Seconds <= maxSeconds):
		return invalid("seconds must be from 0 to %d", maxSeconds)
	case n.Steps < 0 || n.Steps > maxSteps:
		return invalid("steps must be from 0 to %d", maxSteps)
	case !(n.Until >= 0 && n.Until < 99):
		return invalid("until must be from 0 to 99 dB")
	case n.Steps > 0 && n.Seconds > 0:
		return invalid("give steps or seconds, not both")
	case race && (n.Steps > 0 || n.Until > 0):
		return invalid("a race is run on the clock: give seconds")
	case n.Recipe != "" && !race:
		return invalid("a recipe is for the training from scratch of a race")
	case n.Recipe != "" && !slices.Contains([]string{RecipePublished, RecipeBest}, n.Recipe):
		return invalid("recipe %q is neither %s nor %s", n.Recipe, RecipePublished, RecipeBest)
	case e.Kind == api.KindWeights && !n.AllWeights:
		return invalid("all weights of the effect were trained, so that it has no adapter to train alone: set all_weights")
	}
	if n.Pairs == "" && n.Edit == "" {
		n.Edit = e.Edit
	}
	if race && n.Recipe == "" {
		n.Recipe = RecipePublished
	}
	if n.Steps == 0 && n.Seconds == 0 {
		switch {
		case n.Until > 0:
			n.Seconds = 60
		case race:
			n.Seconds = 10
		default:
			n.Seconds = 1
		}
	}
	return nil
}

// brief returns what lists and state events tell of a job.
func (j *job) brief() api.Job {
	b := j.Job
	b.Points, b.Example = nil, nil
	return b
}

// whole returns all that is known of a job.
func (j *job) whole() api.Job {
	b := j.Job
	b.Points = slices.Clone(j.Points)
	return b
}

// tell wakes who watches.
func (j *job) tell() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// addPoint appends a point. Only the newest ones keep their pictures.
func (j *job) addPoint(p api.Point) {
	const pictured = 20
	p.Number = len(j.Points) + 1
	j.Points = append(j.Points, p)
	if i := len(j.Points) - 1 - pictured; i >= 0 {
		j.Points[i] = plain(j.Points[i])
	}
	j.tell()
}

// plain returns a point without pictures.
func plain(p api.Point) api.Point {
	p.Tuned.Preview = ""
	if p.Scratch != nil {
		s := *p.Scratch
		s.Preview = ""
		p.Scratch = &s
	}
	return p
}

// stored is what job.json holds.
func (j *job) stored() record {
	r := j.record
	r.Points = slices.Clone(j.Points)
	for i := range max(len(r.Points)-1, 0) {
		r.Points[i] = plain(r.Points[i])
	}
	return r
}

func (r *record) UnmarshalJSON(text []byte) error {
	type plain record
	if err := json.Unmarshal(text, (*plain)(r)); err != nil {
		return err
	}
	if r.Created.After(time.Now().Add(24 * time.Hour)) {
		return errors.New("it is from the future")
	}
	return nil
}
