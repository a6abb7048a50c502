package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warmstart-ml/warmstart/cpu"
)

func TestReport(t *testing.T) {
	r := &Report{Rows: []Row{
		{Group: "gemm", Shape: "a", Threads: 1, Unit: "ms", Ours: 1, Peer: 2, Ratio: 2},
		{Group: "gemm", Shape: "b", Threads: 1, Unit: "ms", Ours: 2, Peer: 1, Ratio: 0.5},
		{Group: "gemm", Shape: "c", Threads: 1, Unit: "ms", Ours: 1, Peer: 8, Ratio: 8},
		{Group: "step", Model: "mini", Threads: 2, Unit: "images/s", Ours: 123.4},
	}}
	r.finish()
	if d := cmp.Diff(map[string]Group{"gemm": {Geomean: 2, Min: 0.5}}, r.Groups); d != "" {
		t.Error(d)
	}
	var table, text bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"gemm   b     1        2     1     ms        0.50x", "step   mini  2        123   -     images/s  -", "gemm   2.00x"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in:\n%s", want, table.String())
		}
	}
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*r, back); d != "" {
		t.Error(d)
	}
}

func TestAgree(t *testing.T) {
	one := [][4]float64{{1, 0.5, 0.7, 0.3}}
	for _, c := range []struct {
		name   string
		theirs [][4]float64
		ok     bool
	}{
		{"equal", one, true},
		{"rounding", [][4]float64{{1.0005, 0.5, 0.7, 0.3}}, true},
		{"other work", [][4]float64{{1, 0.51, 0.7, 0.3}}, false},
		{"no number", [][4]float64{{1, math.NaN(), 0.7, 0.3}}, false},
		{"fewer steps", nil, false},
	} {
		if err := agree(one, c.theirs); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestServe asks a worker all that needs no peer.
func TestServe(t *testing.T) {
	backend, err := cpu.New("threads=1")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	files, err := stepCase{preset: "mini", size: 16, batch: 1}.prepare(backend, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "y.safetensors")
	requests := []Request{
		{Cmd: "hello"}, {Cmd: "train", File: files.batches}, {Cmd: "time"}, {Cmd: "time", Op: &Op{Kind: "frobnicate"}},
		{Cmd: "time", Op: &Op{Kind: "gemm", M: 4, N: 5, K: 6}}, {Cmd: "time", Op: &Op{Kind: "softmax", M: 4, N: 5}}, {Cmd: "load", File: "nowhere"},
		{Cmd: "load", File: files.checkpoint}, {Cmd: "train", File: files.batches}, {Cmd: "steps", N: 2}, {Cmd: "apply", File: files.batches, Out: out},
		{Cmd: "frobnicate"},
	}
	wantErrors := []string{"", "load a model first", "no op", "frobnicate", "", "", "nowhere", "", "", "", "", `unknown request "frobnicate"`, "invalid character"}
	var in, answers bytes.Buffer
	for _, r := range requests {
		if err := json.NewEncoder(&in).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	in.WriteString("rubbish\n")
	if err := Serve(&in, &answers, backend, "v1", "detail"); err != nil {
		t.Fatal(err)
	}
	var got []Response
	for lines := bufio.NewScanner(&answers); lines.Scan(); {
		var a Response
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	if len(got) != len(wantErrors) {
		t.Fatalf("%d answers, want %d", len(got), len(wantErrors))
	}
	for i, want := range wantErrors {
		if (got[i].Error == "") != (want == "") || !strings.Contains(got[i].Error, want) {
			t.Errorf("answer %d: error %q, want %q", i, got[i].Error, want)
		}
	}
	if got[0].Version != "v1" || got[4].Median <= 0 || got[5].Median <= 0 || len(got[8].Losses) != 3 || len(got[9].Durations) != 2 {
		t.Errorf("answers %+v", got)
	}
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
}

// TestWorkerDies: the error tells what the worker said last.
func TestWorkerDies(t *testing.T) {
	_, err := start(context.Background(), nil, "sh", "-c", "echo no such module >&2")
	if err == nil || !strings.Contains(err.Error(), "no such module") {
		t.Errorf("error %v", err)
	}
}
