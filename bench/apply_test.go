package bench

import (
	"os"
	"testing"

	"github.com/warmstart-ml/warmstart/internal/tiny"
)

func TestApply(t *testing.T) {
	packages := os.Getenv("WARMSTART_ORT")
	if packages == "" {
		t.Skip("WARMSTART_ORT does not name a folder with onnxruntime-node")
	}
	base, err := tiny.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Apply(t.Context(), base.Generator, packages, Options{Threads: []int{1, 2}, Quick: true, Log: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 2 || r.Groups["apply"].Geomean <= 0 || r.Machine.Peer != "onnxruntime-node 1.30.0" {
		t.Errorf("%+v", r)
	}
	for i, row := range r.Rows {
		if row.Threads != i+1 || row.Shape != "mini 256x256" || row.Ours <= 0 || row.Peer <= 0 || row.Ratio <= 0 {
			t.Errorf("%+v", row)
		}
	}
	base.Generator.Config.Width = 6
	if _, err := Apply(t.Context(), base.Generator, packages, Options{Threads: []int{1}, Quick: true, Log: func(string) {}}); err == nil {
		t.Error("weights of another network were measured")
	}
}
