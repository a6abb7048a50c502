package plan

import (
	"github.com/warmstart-ml/warmstart/cpu/internal/kernel"
	"github.com/warmstart-ml/warmstart/cpu/internal/loop"
	"github.com/warmstart-ml/warmstart/cpu/internal/pool"
)

// step is one operation of a program. run may use p.scratch up to scratch() float32s.
type step interface {
	run(p *Program) error
	scratch() int
}

// steps are several operations in a row.
type steps []step

func (s steps) run(p *Program) error {
	for _, x := range s {
		if err := x.run(p); err != nil {
			return err
		}
	}
	return nil
}

func (s steps) scratch() int {
	n := 0
	for _, x := range s {
		n = max(n, x.scratch())
	}
	return n
}

// loopStep runs a fused loop.
type loopStep struct {
	l             *loop.Loop
	in, out       []ref
	inBuf, outBuf []loop.Buf
}

func newLoopStep(l *loop.Loop, in, out []ref) *loopStep {
	return &loopStep{l: l, in: in, out: out, inBuf: make([]loop.Buf, len(in)), outBuf: make([]loop.Buf, len(out))}
}

func (s *loopStep) run(p *Program) error {
	for i, r := range s.in {
		s.inBuf[i] = p.buf(r)
	}
	for i, r := range s.out {
		s.outBuf[i] = p.buf(r)
	}
	s.l.Run(p.pool, s.inBuf, s.outBuf, p.scratch)
	clear(s.inBuf) // don't keep the caller's memory alive
	clear(s.outBuf)
	return nil
}

func (s *loopStep) scratch() int { return s.l.Scratch() }

// copyStep copies between strided windows.
type copyStep struct {
	c        *loop.Copy
	src, dst ref
}

func (s *copyStep) run(p *Program) error {
	s.c.Run(p.pool, p.floatsOf(s.dst), p.floatsOf(s.src))
	return nil
}

func (s *copyStep) scratch() int { return 0 }

func (p *Program) buf(r ref) loop.Buf {
	if b, ok := p.mem[r.slot].flat.([]bool); ok {
		return loop.Bools(b[r.off : r.off+r.n])
	}
	return loop.Float32s(p.floatsOf(r))
}

// convolution is a compiled convolution in one of its three directions.
type convolution interface {
	Scratch() int
	Run(p *pool.Pool, a, b, out, scratch []float32)
}

type convStep struct {
	op        convolution
	a, b, out ref
}

func (s *convStep) run(p *Program) error {
	s.op.Run(p.pool, p.floatsOf(s.a), p.floatsOf(s.b), p.floatsOf(s.out), p.scratch)
	return nil
}

func (s *convStep) scratch() int { return s.op.Scratch() }

// gemmStep runs a batch of matrix products for every offset in at.
type gemmStep struct {
	op        *kernel.Gemm
	a, b, out ref
	at        [][3]int
}

func (s *gemmStep) run(p *Program) error {
	a, b, out := p.floatsOf(s.a), p.floatsOf(s.b), p.floatsOf(s.out)
	for _, o := range s.at {
		s.op.Run(p.pool, a[o[0]:], b[o[1]:], out[o[2]:], p.scratch)
	}
	return nil
}

func (s *gemmStep) scratch() int { return s.op.Scratch() }

// fallbackStep lets GoMLX's own Go backend compute a node.
type fallbackStep struct {
	f       Fallback
	in, out []ref
}

func (s *fallbackStep) run(p *Program) error {
	in, out := make([]any, len(s.in)), make([]any, len(s.out))
	for i, r := range s.in {
		in[i] = p.flatOf(r)
	}
	for i, r := range s.out {
		if r != nowhere {
			out[i] = p.flatOf(r)
		}
	}
	return s.f.Run(in, out)
}

func (s *fallbackStep) scratch() int { return 0 }
