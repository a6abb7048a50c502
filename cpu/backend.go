package cpu

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/notimplemented"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// BackendName is the name to give in GOMLX_BACKEND.
const BackendName = "cpu"

// maxThreads bounds the configuration "threads"; more is a typing error.
const maxThreads = 1024

func init() {
	compute.Register(BackendName, New)
}

// backend implements compute.Backend.
type backend struct {
	threads   int
	gobackend compute.Backend // GoMLX's own, for shapes and for what has no fast path here
	able      compute.Capabilities
	pool      *pool.Pool
	memory    freeList
	finalized atomic.Bool
}

var _ compute.Backend = (*backend)(nil)

// New makes a backend. config is a comma-separated list of settings, and may be empty:
//
//	threads=N   use N threads, 1 to 1024 (default: GOMAXPROCS)
//
// Anything else is an error.
func New(config string) (compute.Backend, error) {
	threads, err := parseConfig(config)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: configuration %q: %w", config, err)
	}
	// One operation after the other: its programs are single operations as a rule.
	g, err := gobackend.New("ops_sequential")
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %w", err)
	}
	return &backend{threads: threads, pool: pool.New(threads), gobackend: g, able: capabilities(g)}, nil
}

func parseConfig(config string) (threads int, err error) {
	threads = runtime.GOMAXPROCS(0)
	for setting := range strings.SplitSeq(config, ",") {
		if setting == "" {
			continue
		}
		key, val, _ := strings.Cut(setting, "=")
		if key != "threads" {
			return 0, fmt.Errorf("unknown setting %q (known: threads=N)", key)
		}
		threads, err = strconv.Atoi(val)
		if err != nil || threads < 1 || threads > maxThreads {
			return 0, fmt.Errorf("threads=%q is not a number from 1 to %d", val, maxThreads)
		}
	}
	return threads, nil
}

// Name implements compute.Backend.
func (b *backend) Name() string { return BackendName }

// String implements compute.Backend.
func (b *backend) String() string { return BackendName }

// Description implements compute.Backend.
func (b *backend) Description() string {
	return fmt.Sprintf("Warmstart CPU backend (%d threads)", b.threads)
}

// NumDevices implements compute.Backend.
func (b *backend) NumDevices() int { return 1 }

// DeviceDescription implements compute.Backend.
func (b *backend) DeviceDescription(compute.DeviceNum) string { return b.Description() }

// Capabilities implements compute.Backend.
func (b *backend) Capabilities() compute.Capabilities { return b.able.Clone() }

// capabilities gives those of GoMLX's Go backend, which does whatever has no fast path here, plus what this
// package makes from them, less the fused operations that GoMLX itself can write with plain ones. It always
// writes those, for the gradient, and uses the fused operation beside them, for the value: the plain ones alone
// are less work, and the planner makes loops of them all the same.
func capabilities(g compute.Backend) compute.Capabilities {
	c := g.Capabilities().Clone()
	c.Operations[compute.OpTypeClamp] = true // is Max and Min
	for _, op := range []compute.OpType{
		compute.OpTypeFusedSoftmax, compute.OpTypeFusedGelu, compute.OpTypeFusedLayerNorm,
		compute.OpTypeFusedDense, compute.OpTypeFusedAttentionQKVProjection,
	} {
		delete(c.Operations, op)
	}
	return c
}

// Finalize implements compute.Backend.
func (b *backend) Finalize() {
	if b.finalized.Swap(true) {
		return
	}
	b.pool.Close()
	b.memory.clear()
	b.gobackend.Finalize()
}

// IsFinalized implements compute.Backend.
func (b *backend) IsFinalized() bool { return b.finalized.Load() }

// Builder implements compute.Backend.
func (b *backend) Builder(name string) compute.Builder {
	builder := &builder{
		Builder: notimplemented.Builder{ErrFn: notImplemented},
		backend: b,
		name:    name,
		shadow:  b.gobackend.Builder(name),
	}
	builder.main = builder.newFunction(compute.MainName, nil, builder.shadow.Main())
	return builder
}

// notImplemented is the error for an operation that this backend lacks.
func notImplemented(op compute.OpType) error {
	return fmt.Errorf("cpu backend: operation %s: %w", op, compute.ErrNotImplemented)
}
