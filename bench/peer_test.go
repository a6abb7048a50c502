package bench

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warmstart-ml/warmstart/imageio"
)

// TestOrder: every epoch sees each pair once, as it is or mirrored.
func TestOrder(t *testing.T) {
	const pairs = 5
	rows := order(pairs, 23)
	if len(rows) != 23 || !slices.Equal(rows, order(pairs, 23)) || slices.Equal(rows[:pairs], rows[pairs:2*pairs]) {
		t.Errorf("rows %v", rows)
	}
	mirrored := 0
	for epoch := range 4 {
		seen := map[int]bool{}
		for _, r := range rows[epoch*pairs:][:pairs] {
			seen[r%pairs] = true
			mirrored += r / pairs
		}
		if len(seen) != pairs {
			t.Errorf("epoch %d: %v", epoch, rows[epoch*pairs:][:pairs])
		}
	}
	if mirrored < 4 || mirrored > 16 {
		t.Errorf("%d of 20 are mirrored", mirrored)
	}
}

func TestMirrored(t *testing.T) {
	x := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} // one picture of 2 by 2 pixels
	if d := cmp.Diff([]float32{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9}, mirrored(x, 2)); d != "" {
		t.Error(d)
	}
}

// peerRow is a job of two turns.
func peerRow(ours, peer float64) PeerRow {
	m := imageio.New(2, 2)
	return PeerRow{
		Concept: "fog", Prompt: "a foggy day", PSNR: []float64{20, 20.1}, Input: m, Target: m, Outputs: []*imageio.Image{m, m},
		Turns: []PeerTurn{{50, []float64{ours / 2, peer / 2}, []float64{0.2, 0.2}}, {100, []float64{ours / 2, peer / 2}, []float64{0.1, 0.11}}},
	}
}

func TestPeerReport(t *testing.T) {
	r := &PeerReport{Steps: 100, Threads: 2, Wanted: 3, Partial: true, Rows: []PeerRow{peerRow(10, 20), peerRow(10, 80)}}
	r.Machine.Peer = "PyTorch 1.13"
	r.Rows[0].Trials = []TorchTrial{{TorchSetup{Threads: 1, Passive: true}, 0.07}, {TorchSetup{Threads: 1}, 0.08}}
	r.finish(time.Now())
	if r.Speedup < 3.999 || r.Speedup > 4.001 || r.Ours.Seconds != 10 || r.Peer.Seconds != 50 || r.Peer.PSNR != 20.1 {
		t.Errorf("report %+v", r)
	}
	var table bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"4.00 times as fast", "Partial: interrupted after 2 of 3", "0.1100", "8.00",
		"PyTorch 1.13 with one thread that sleeps where it waits, which is the fastest there"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	p, err := r.Page()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.TempDir(), r); err != nil {
		t.Error(err)
	}
}

// TestKeptRow: a row is what it was after it has been kept, pictures and all.
func TestKeptRow(t *testing.T) {
	row := peerRow(1, 2)
	row.Outputs[1].Set(0, 1, 1, 0, 1)
	text, err := json.Marshal(row.keep())
	if err != nil {
		t.Fatal(err)
	}
	var k keptRow
	if err := json.Unmarshal(text, &k); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(row, k.restore()); d != "" {
		t.Error(d)
	}
}
