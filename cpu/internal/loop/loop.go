// Package loop runs fused element-wise programs: chains of arithmetic with broadcasts and reductions become
// one pass over memory.
//
// A [Spec] is a small program in static single assignment form over an iteration space. [New] compiles it
// and [Loop.Run] carries it out tile by tile: a tile is about a thousand elements, so that all intermediate values
// stay in the L1 cache, and every instruction is one vector routine over the tile. What does not vary along
// the inner loops (say, a scale computed from the statistics of a normalisation) is computed once per change, not
// once per element.
//
// Results depend on the Spec alone, bit for bit, never on the number of threads: reductions run
// over fixed parts of the space, and the partial results are combined by a fixed tree.
package loop

import (
	"unsafe"

	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// Kind is the type of the elements of an input or output in memory. Inside a loop every value is a float32.
type Kind uint8

const (
	F32  Kind = iota
	Bool      // one byte, 0 or 1; inside a loop 0.0 or 1.0; any value but zero is stored as 1
)

func (k Kind) size() int {
	if k == Bool {
		return 1
	}
	return 4
}

// Input is an operand in memory.
type Input struct {
	Kind Kind
	// Strides has the distance in elements between neighbours along each of Spec.Dims; 0 broadcasts.
	Strides []int
}

// Instr computes one value from earlier ones.
type Instr struct {
	Op Op
	// Args are value ids, as many as the Op takes: inputs are 0 ... len(Inputs)-1, the result of instruction i
	// is len(Inputs)+i.
	Args [3]int
	Imm  float32 // the value of a Const
}

// Reduce says how the elements that fall together in an output are combined.
type Reduce uint8

const (
	Store Reduce = iota // nothing to combine
	Sum
	Max
	Min
	Prod
)

// Output is a result in memory.
type Output struct {
	Value  int // value id
	Reduce Reduce
	Kind   Kind
	// Strides has the distance in elements between neighbours along each of Spec.Dims. Stride 0 marks an axis
	// that is reduced, for Store an axis along which the value is the same everywhere. The
	// other axes of a reduction must lie densely, in any order. All reductions of a Spec are over the same axes.
	Strides []int
}

// Spec is a program over the iteration space Dims, which is of any rank and may be empty. The RowSum, RowMax and RowMin
// instructions combine a value along the last axis, which may have at most [MaxRow] elements then.
type Spec struct {
	Dims    []int
	Inputs  []Input
	Instrs  []Instr
	Outputs []Output
}

// MaxRow is the longest last axis of a Spec with row instructions.
const MaxRow = 16 << 10

// Buf is the memory of an input or output.
type Buf struct {
	ptr unsafe.Pointer
	len int // in elements
}

// Float32s makes a Buf of kind F32.
func Float32s(s []float32) Buf { return Buf{unsafe.Pointer(unsafe.SliceData(s)), len(s)} }

// Bools makes a Buf of kind Bool.
func Bools(s []bool) Buf { return Buf{unsafe.Pointer(unsafe.SliceData(s)), len(s)} }

// Loop is a compiled Spec. It keeps the state of its run: one Run at a time.
type Loop struct {
	space   space
	kernels *kernels
	direct  *program // writes stores straight from the instruction that computes them
	late    *program // writes stores at the end of a tile: where an input that is still needed lies in the same memory
	threads int
	extents [2][]int // elements that each input and output must have at least
	moves   [][]int  // [loop][operand]: bytes for one step of the loop
	carries [][]int  // [loop][operand]: bytes for one step, when all loops inside go back to their start
	workers []worker
	run     run
}

// run is what one call of Run works on.
type run struct {
	prog    *program
	in, out []Buf
	scratch []float32
}

// New compiles s. threads bounds the size of the pools that its runs use.
func New(s Spec, threads int) (*Loop, error) {
	return newLoop(s, threads, &native)
}

func newLoop(s Spec, threads int, k *kernels) (*Loop, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	l := &Loop{space: newSpace(&s), kernels: k, threads: max(threads, 1)}
	for _, in := range l.space.inputs {
		l.extents[0] = append(l.extents[0], extent(l.space.dims, in.Strides))
	}
	for _, out := range l.space.outputs {
		l.extents[1] = append(l.extents[1], extent(l.space.dims, out.Strides))
	}
	l.direct = compile(&l.space, s.Instrs, k, false)
	l.late = compile(&l.space, s.Instrs, k, true)
	l.plan()
	l.workers = make([]worker, l.threads)
	for i := range l.workers {
		l.workers[i].init(l)
	}
	return l, nil
}

// Scratch is the number of float32 that Run needs.
func (l *Loop) Scratch() int {
	return l.partials() + l.threads*l.registers()
}

// registers is the scratch space of one worker.
func (l *Loop) registers() int { return max(l.direct.scratch, l.late.scratch) }

// partials is the space for the partial results of all reductions, when they are split in parts.
func (l *Loop) partials() int {
	n := 0
	if l.space.parts > 1 {
		for _, r := range l.direct.reductions {
			n += l.space.parts * r.size
		}
	}
	return n
}

// Run computes the outputs from the inputs; both are in the order of the Spec. It allocates nothing.
// A stored output may be the very memory of an input of the same kind and strides; apart from that,
// outputs must not overlap with anything. p may be nil. Run panics if memory is shorter than the Spec says.
func (l *Loop) Run(p *pool.Pool, in, out []Buf, scratch []float32) {
	l.checkBuffers(in, out, scratch)
	l.run = run{prog: l.direct, in: in, out: out, scratch: scratch}
	if l.direct.clobbers(in, out) {
		l.run.prog = l.late
	}
	n := l.space.items()
	if p == nil || n == 1 || p.Threads() > l.threads {
		for i := range n {
			l.Do(0, i)
		}
	} else {
		p.Run(n, l)
	}
	l.finish()
	l.run = run{}
}

func (l *Loop) checkBuffers(in, out []Buf, scratch []float32) {
	if len(in) != len(l.extents[0]) || len(out) != len(l.extents[1]) {
		panic("loop: wrong number of buffers")
	}
	for i, b := range in {
		if b.len < l.extents[0][i] {
			panic("loop: input is too short")
		}
	}
	for i, b := range out {
		if b.len < l.extents[1][i] {
			panic("loop: output is too short")
		}
	}
	if len(scratch) < l.Scratch() {
		panic("loop: scratch is too short")
	}
}

// extent is the number of elements that a strided operand spans.
func extent(dims, strides []int) int {
	n := 1
	for i, d := range dims {
		switch {
		case strides[i] == 0: // a reduction over nothing still has a result
			continue
		case d == 0:
			return 0
		}
		n += (d - 1) * strides[i]
	}
	return n
}
