package apply

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/gomlx/compute"
	"golang.org/x/sync/semaphore"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/imageio"
)

// Bounds on memory, in pixels; one takes about 700 bytes with gan's mini.
const (
	maxRunning  = 1 << 20        // of images that are computed at the same time
	maxCompiled = 2 * maxRunning // of images that there are compiled generators for
)

// Bounds and default of Engine.Side.
const (
	MinSide   = 16
	MaxSide   = 1024
	SideTimes = 4
)

// Engine runs generators on a backend. Each is compiled once for a size of pictures, whatever its weights; the latest used are kept.
type Engine struct {
	// Side is the length in pixels of the shorter side at which generators see pictures where it is longer, from MinSide to MaxSide; 0 stands
	// for SideTimes that of the pictures they were trained on. It is for the appliers that are made from now on.
	Side int

	backend compute.Backend
	running *semaphore.Weighted // maxRunning
	least   int64               // that a run takes of it: there are never more of them than threads

	mu       sync.Mutex
	idle     []program // the latest used is the last
	compiled int       // pixels of these and of those in use
}

// program is a compiled generator.
type program struct {
	form
	*gan.Program
}

// form is what a compiled generator depends on.
type form struct {
	config        gan.Config // what the network depends on, the rest zero
	height, width int
}

func (f form) pixels() int { return f.height * f.width }

// NewEngine makes an engine. The backend stays the caller's.
func NewEngine(backend compute.Backend) *Engine {
	return &Engine{
		backend: backend, running: semaphore.NewWeighted(maxRunning), least: max(int64(maxRunning/runtime.GOMAXPROCS(0)), 1),
	}
}

// Close frees the compiled generators. No applier may be in use any more.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.idle {
		p.Close()
	}
	e.idle, e.compiled = nil, 0
}

// run applies a generator to a picture. It waits its turn while there is enough to do.
func (e *Engine) run(ctx context.Context, f *effect, in *imageio.Image) (*imageio.Image, error) {
	form := form{config: f.config}
	form.height, form.width = f.network.Extended(in.H, in.W)
	share := min(max(int64(form.pixels()), e.least), maxRunning) // as much as there is for a picture that is larger
	if err := e.running.Acquire(ctx, share); err != nil {
		return nil, err
	}
	defer e.running.Release(share)
	p, err := e.take(form)
	if err != nil {
		return nil, err
	}
	defer e.giveBack(p)
	return p.Run(f.weights, in)
}

// take returns a compiled generator that nobody else uses.
func (e *Engine) take(f form) (program, error) {
	if p, ok := e.reserve(f); ok {
		return p, nil
	}
	compiled, err := gan.Compile(e.backend, f.config, f.height, f.width)
	if err != nil {
		e.mu.Lock()
		e.compiled -= f.pixels()
		e.mu.Unlock()
		return program{}, err
	}
	return program{f, compiled}, nil
}

// reserve takes an idle generator or, if there is none of this form, makes room for a new one.
func (e *Engine) reserve(f form) (program, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, p := range slices.Backward(e.idle) {
		if p.form == f {
			e.idle = slices.Delete(e.idle, i, i+1)
			return p, true
		}
	}
	e.compiled += f.pixels()
	for e.compiled > maxCompiled && len(e.idle) > 0 {
		e.idle[0].Close()
		e.compiled -= e.idle[0].pixels()
		e.idle = slices.Delete(e.idle, 0, 1)
	}
	return program{}, false
}

func (e *Engine) giveBack(p program) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.idle = append(e.idle, p)
}
