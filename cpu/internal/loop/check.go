package loop

import (
	"errors"
	"fmt"
	"slices"
)

// ErrMixedReductions is the reason why New refuses a Spec whose reductions are over different axes: it takes a Loop for each.
var ErrMixedReductions = errors.New("reductions over different axes")

func (s *Spec) check() error {
	for _, d := range s.Dims {
		if d < 0 {
			return fmt.Errorf("loop: negative dimension in %v", s.Dims)
		}
	}
	for i, in := range s.Inputs {
		if err := s.checkOperand(in.Kind, in.Strides); err != nil {
			return fmt.Errorf("loop: input %d: %w", i, err)
		}
	}
	for i, ins := range s.Instrs {
		if ins.Op > Clamp {
			return fmt.Errorf("loop: instruction %d: unknown operation %d", i, ins.Op)
		}
		for _, a := range ins.Args[:ins.Op.args()] {
			if a < 0 || a >= len(s.Inputs)+i {
				return fmt.Errorf("loop: instruction %d: no value %d", i, a)
			}
		}
	}
	if s.hasRows() && (len(s.Dims) == 0 || s.Dims[len(s.Dims)-1] > MaxRow) {
		return fmt.Errorf("loop: row instructions on %v: the last axis must be there and have at most %d elements", s.Dims, MaxRow)
	}
	return s.checkOutputs()
}

func (s *Spec) checkOperand(k Kind, strides []int) error {
	if k > Bool {
		return fmt.Errorf("unknown kind %d", k)
	}
	if len(strides) != len(s.Dims) {
		return fmt.Errorf("%d strides for %d dimensions", len(strides), len(s.Dims))
	}
	for _, st := range strides {
		if st < 0 {
			return fmt.Errorf("negative stride in %v", strides)
		}
	}
	return nil
}

func (s *Spec) checkOutputs() error {
	var reducing *Output
	for i := range s.Outputs {
		out := &s.Outputs[i]
		if err := s.checkOperand(out.Kind, out.Strides); err != nil {
			return fmt.Errorf("loop: output %d: %w", i, err)
		}
		if out.Value < 0 || out.Value >= len(s.Inputs)+len(s.Instrs) {
			return fmt.Errorf("loop: output %d: no value %d", i, out.Value)
		}
		switch {
		case out.Reduce > Prod:
			return fmt.Errorf("loop: output %d: unknown reduction %d", i, out.Reduce)
		case out.Reduce == Store:
			if err := s.checkStore(out); err != nil {
				return fmt.Errorf("loop: output %d: %w", i, err)
			}
		case !s.dense(out.Strides):
			return fmt.Errorf("loop: output %d: the reduction's strides %v are not dense over %v", i, out.Strides, s.Dims)
		case reducing == nil:
			reducing = out
		case !s.sameAxes(out, reducing):
			return fmt.Errorf("loop: output %d: %w", i, ErrMixedReductions)
		}
	}
	return nil
}

// checkStore allows stride 0 only where the value cannot vary by construction: along the rows of a row program.
func (s *Spec) checkStore(out *Output) error {
	for ax, st := range out.Strides {
		last := ax == len(s.Dims)-1
		if st == 0 && s.Dims[ax] > 1 && !(last && s.hasRows()) {
			return fmt.Errorf("stored with stride 0 along axis %d of %v", ax, s.Dims)
		}
	}
	return nil
}

// dense reports whether strides cover memory without holes or overlaps, axes of stride 0 apart.
func (s *Spec) dense(strides []int) bool {
	if slices.Contains(s.Dims, 0) {
		return true
	}
	want, found := 1, true
	used := make([]bool, len(strides))
	for found {
		found = false
		for ax, st := range strides {
			if !used[ax] && s.Dims[ax] != 1 && st == want {
				used[ax], found = true, true
				want *= s.Dims[ax]
				break
			}
		}
	}
	for ax, st := range strides {
		if !used[ax] && st != 0 && s.Dims[ax] > 1 {
			return false
		}
	}
	return true
}

func (s *Spec) sameAxes(a, b *Output) bool {
	for ax, d := range s.Dims {
		if d != 1 && (a.Strides[ax] == 0) != (b.Strides[ax] == 0) {
			return false
		}
	}
	return true
}

func (s *Spec) hasRows() bool {
	for _, ins := range s.Instrs {
		if ins.Op.isRow() {
			return true
		}
	}
	return false
}
