package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReshapeView(t *testing.T) {
	tests := []struct {
		name          string
		dims, strides []int
		to, want      []int
		impossible    bool
	}{
		{name: "split", dims: []int{6, 4}, strides: []int{4, 1}, to: []int{2, 3, 4}, want: []int{12, 4, 1}},
		{name: "merge", dims: []int{2, 3, 4}, strides: []int{12, 4, 1}, to: []int{6, 4}, want: []int{4, 1}},
		{name: "ones come", dims: []int{4}, strides: []int{1}, to: []int{1, 1, 4, 1}, want: []int{4, 4, 1, 1}},
		{name: "ones go", dims: []int{1, 4, 1}, strides: []int{9, 3, 7}, to: []int{4}, want: []int{3}},
		{name: "to scalar", dims: []int{1, 1}, strides: []int{1, 1}, to: []int{}, want: []int{}},
		{name: "from scalar", dims: []int{}, strides: []int{}, to: []int{1, 1}, want: []int{0, 0}},
		{name: "broadcast merges", dims: []int{2, 3, 4}, strides: []int{0, 0, 1}, to: []int{6, 4}, want: []int{0, 1}},
		{name: "merge of transposed", dims: []int{3, 4}, strides: []int{1, 3}, to: []int{12}, impossible: true},
		{name: "split of strided", dims: []int{6, 2}, strides: []int{20, 3}, to: []int{3, 2, 2}, want: []int{40, 20, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, ok := view{dims: tt.dims, strides: tt.strides}.reshape(tt.to)
			if ok == tt.impossible {
				t.Fatalf("ok = %v", ok)
			}
			if !ok {
				return
			}
			got := view{dims: w.dims, strides: w.strides}
			for i, d := range got.dims {
				if d == 1 {
					got.strides[i], tt.want[i] = 0, 0 // the stride of a single element means nothing
				}
			}
			if d := cmp.Diff(tt.want, got.strides); d != "" {
				t.Error(d)
			}
		})
	}
}
